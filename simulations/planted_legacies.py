"""Bugs in what one host leaves to the next, in proofs, and in what too few may do."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, Final

import msgspec

from p2pnet.core import catchup, minority, reunion, search
from p2pnet.core.errors import EndReason, RefuseReason
from p2pnet.core.granting import Granting
from p2pnet.core.hosting import Hosting
from p2pnet.core.ledger import Ledger
from p2pnet.core.merge import Verdict
from p2pnet.core.mesh import Mesh
from p2pnet.core.minority import Minority
from p2pnet.core.ordering import Ordering
from p2pnet.core.policy import Standing
from p2pnet.core.relay import Relay
from p2pnet.core.roster import Member, Roster
from p2pnet.core.search import Search
from p2pnet.core.session import Session
from p2pnet.core.succession import Succession
from p2pnet.core.values import RECONNECT_ID_INVALID, ConnectionId

from .planting import Bed, always, nothing, patched

BED: Final = Bed()
Planted = AbstractContextManager[None]

_replace: Final = msgspec.structs.replace


@BED.plants("S33", "too few stand still, as the policy says")
def minorities_play_on() -> Planted:
    go = always(Standing.GO)
    return patched((minority, "stand", go), (search, "stand", go))


@BED.plants("S33", "who is away does not count")
def the_absent_count() -> Planted:
    def here(minority: Minority) -> int:
        return len(minority.session.roster.members)

    return patched((Minority, "_here", lambda original: here))


@BED.plants("S34", "who can't host gets nobody's word")
def anybody_may_host() -> Planted:
    def wrap(original: Any) -> Any:
        def objection(grantor: Granting, claimant: Any, claim: Any) -> Any:
            found = original(grantor, claimant, claim)
            return None if found is RefuseReason.UNABLE else found

        return objection

    return patched((Granting, "_objection", wrap))


@BED.plants("S24", "a new host knows who was kicked")
def bans_die_with_the_host() -> Planted:
    def wrap(original: Any) -> Any:
        return lambda roster, host: _replace(original(roster, host), banned=())

    return patched((Roster, "crown", wrap))


@BED.plants("S24", "a reign counts with the signature of its host")
def any_reign_is_genuine() -> Planted:
    return patched((Session, "is_genuine", always(True)))


@BED.plants("S21", "a label is given once")
def labels_are_given_again() -> Planted:
    def wrap(original: Any) -> Any:
        def admit(roster: Roster, *details: Any) -> Roster:
            last = max((m.connection_id for m in roster.members), default=-1)
            return original(_replace(roster, next_connection_id=last + 1), *details)  # type: ignore[no-any-return]

        return admit

    return patched((Roster, "admit", wrap))


@BED.plants("S21", "a new host knows which label each member had")
def old_labels_are_forgotten() -> Planted:
    def change(member: Member) -> Member:
        return _replace(member, old_connection_id=ConnectionId(RECONNECT_ID_INVALID))

    def wrap(original: Any) -> Any:
        def crown(roster: Roster, host: Any) -> Roster:
            crowned: Roster = original(roster, host)
            return _replace(crowned, members=tuple(change(m) for m in crowned.members))

        return crown

    return patched((Roster, "crown", wrap))


@BED.plants("S25", "who is lost is away")
def the_lost_are_present() -> Planted:
    def lose(roster: Roster, peer: Any) -> Roster:
        return roster._put_last(peer)

    return patched((Roster, "lose", lambda original: lose))


@BED.plants("S11", "the settings are those of the first host")
def everybody_keeps_its_settings() -> Planted:
    return patched((Session, "set_settings", nothing))


@BED.plants("S11", "a snapshot tells which commands were run")
def marks_are_lost_in_a_snapshot() -> Planted:
    def wrap(original: Any) -> Any:
        return lambda ledger, marks, lines: original(ledger, {}, lines)

    return patched((Ledger, "reset", wrap))


@BED.plants("S30", "a new host keeps seats no longer than the one before")
def seats_are_kept_for_ever() -> Planted:
    def wrap(original: Any) -> Any:
        def inherit(host: Hosting) -> None:
            original(host)
            host.session.timers.cancel_all("seat")

        return inherit

    return patched((Hosting, "_inherit", wrap))


@BED.plants("S30", "who leaves gives up its seat")
def who_left_keeps_a_seat() -> Planted:
    def wrap(original: Any) -> Any:
        def on_bye(host: Hosting, peer: Any, reason: EndReason, text: str) -> None:
            host.lose(peer, reason, text)

        return on_bye

    return patched((Hosting, "on_bye", wrap))


@BED.plants("S09", "a claimant that overslept asks anew")
def claimants_reign_in_their_sleep() -> Planted:
    return patched((Succession, "oversleep", nothing))


@BED.plants("S20", "of two reigns the larger goes on")
def size_does_not_matter() -> Planted:
    def wrap(original: Any) -> Any:
        def verdict(mine: Any, mine_live: int, theirs: Any, theirs_live: int) -> Verdict:
            return original(mine, 1, theirs, 1)  # type: ignore[no-any-return]

        return verdict

    return patched((reunion, "verdict", wrap))


@BED.plants("L4", "a neighbour passes on what it is asked to")
def nobody_helps_a_neighbour() -> Planted:
    return patched((Relay, "on_carry", nothing))


@BED.plants("L1", "who died with the host is not waited for")
def the_dead_are_waited_for() -> Planted:
    def better(search: Search) -> list[Any]:
        s = search.session
        ranked = [m.peer for m in s.roster.successors(search.lost or s.me)]
        return ranked[: ranked.index(s.me)] if s.me in ranked else ranked

    return patched((Search, "better", lambda original: better))


@BED.plants("S19", "what a host did to the seats alone does not count")
def seats_count_as_work() -> Planted:
    def wrap(original: Any) -> Any:
        def verdict(mine: Any, mine_live: int, theirs: Any, theirs_live: int) -> Verdict:
            mine, theirs = (_replace(h, worked=h.position) for h in (mine, theirs))
            return original(mine, mine_live, theirs, theirs_live)  # type: ignore[no-any-return]

        return verdict

    return patched((reunion, "verdict", wrap))


@BED.plants("L1", "who was told that the host lives asks again, though not at once")
def isolated_for_ever() -> Planted:
    def wrap(original: Any) -> Any:
        def isolate(search: Succession, voucher: Any) -> None:
            original(search, voucher)
            search.session.timers.cancel("claim")

        return isolate

    return patched((Succession, "_isolate", wrap))


@BED.plants("S30", "a host that leaves and finds no heir has no seat either")
def hosts_leave_and_keep_a_seat() -> Planted:
    def wrap(original: Any) -> Any:
        def begin(search: Succession, *details: Any) -> None:
            original(search, *details)
            search.session.departed.discard(search.session.host)  # type: ignore[arg-type]

        return begin

    return patched((Succession, "begin", wrap))


@BED.plants("L1", "who was started again listens somewhere else")
def addresses_outlast_a_process() -> Planted:
    def relocate(roster: Roster, peer: Any, addresses: Any, nonce: int = 0) -> Roster:
        return roster._put_last(peer, present=True, nonce=nonce)

    return patched((Roster, "relocate", lambda original: relocate))


@BED.plants("S27", "who plays on with few knows that it may be on a branch")
def branches_are_not_told_of() -> Planted:
    return patched((Minority, "_tell_branch", nothing))


@BED.plants("S16", "it is said how much of a branch is lost")
def branches_are_lost_to_the_root() -> Planted:
    def wrap(original: Any) -> Any:
        return lambda fork, updates, *details: original(fork, updates + 1, *details)

    return patched((catchup, "BranchDiscarded", wrap))


@BED.plants("S33", "what came during a pause is run after it")
def pauses_swallow_commands() -> Planted:
    def wrap(original: Any) -> Any:
        def go_on(ordering: Ordering) -> None:
            ordering._held = []
            original(ordering)

        return go_on

    return patched((Ordering, "go_on", wrap))


@BED.plants("S33", "nothing is written during a pause")
def writes_during_a_pause() -> Planted:
    def on_write(ordering: Ordering, link: Any, frame: Any) -> None:
        ordering.session.replica.write(link.peer, frame.payload)

    return patched((Ordering, "on_write", lambda original: on_write))


@BED.plants("L1", "who doubts its host asks at once who else is there")
def doubts_are_kept_to_oneself() -> Planted:
    return patched((Mesh, "disturb", nothing))
