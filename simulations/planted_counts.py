"""Bugs in who counts when two hosts meet, who goes before whom, and what a snapshot tells."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, Final

import msgspec

from p2pnet.core import catchup
from p2pnet.core.errors import EndReason
from p2pnet.core.events import SessionPaused
from p2pnet.core.granting import Granting
from p2pnet.core.handover import HandingOver
from p2pnet.core.history import History
from p2pnet.core.hosting import Hosting
from p2pnet.core.joining import Joining
from p2pnet.core.ledger import Ledger
from p2pnet.core.messages import Header
from p2pnet.core.outbox import Outbox
from p2pnet.core.peer import PeerCore
from p2pnet.core.reunion import Reunion
from p2pnet.core.roster import Roster
from p2pnet.core.session import Session
from p2pnet.core.values import peer_id

from .planting import Bed, always, during, nothing, patched

BED: Final = Bed()
Planted = AbstractContextManager[None]


@BED.plants("S20", "who had no seat when two sides parted has no say in who goes on")
def newcomers_have_a_say() -> Planted:
    return patched((Reunion, "_members", always(None)))


@BED.plants("S20", "who swore to two hosts counts for the later one")
def oaths_count_twice() -> Planted:
    def live(reunion: Reunion, header: Header, other: Header) -> int:
        members = reunion._members(header, other)
        sworn = reunion._sworn(header)
        return 1 + sum(members is None or peer_id(key) in members for key in sworn)

    return patched((Reunion, "live", lambda original: live))


@BED.plants("S20", "an oath counts for the host that it was sworn to")
def oaths_count_for_anybody() -> Planted:
    def sworn(reunion: Reunion, header: Header) -> dict[bytes, Any]:
        return {oath.key: oath.epoch for oath in header.oaths if oath.key != header.reign.key}

    return patched((Reunion, "_sworn", lambda original: sworn))


@BED.plants("L1", "nobody waits for ever to be welcomed")
def waits_to_be_welcomed() -> Planted:
    def wrap(original: Any) -> Any:
        def seek(joining: Joining, *details: Any) -> None:
            original(joining, *details)
            joining.session.timers.cancel("cold")

        return seek

    return patched((Joining, "seek", wrap))


@BED.plants("S20", "a host remembers who had a seat, and when")
def hosts_forget_who_had_a_seat() -> Planted:
    return patched((History, "seat", nothing))


@BED.plants("S20", "a snapshot tells who had a seat, and when")
def snapshots_forget_who_had_a_seat() -> Planted:
    def wrap(original: Any) -> Any:
        return lambda session: msgspec.structs.replace(original(session), seats=())

    return patched((catchup, "snapshot_of", wrap))


@BED.plants("S33", "who stands still is told so each time")
def stands_still_and_says_so_once() -> Planted:
    told: set[int] = set()

    def pause(session: Session, present: int, seats: int) -> None:
        if id(session) not in told:
            told.add(id(session))
            session.paused = True
            session.emit(SessionPaused(present, seats))

    return patched((Session, "pause", lambda original: pause))


@BED.plants("S27", "who was told of a pause hears when it is over")
def pauses_have_no_end() -> Planted:
    return patched((Session, "resume", nothing))


@BED.plants("S17", "a command on trial has come to nothing so far")
def trials_are_taken_for_outcomes() -> Planted:
    def outcome(ledger: Ledger, peer: Any, nonce: int, seq: int) -> bytes | None:
        line = ledger._outcomes.get(peer, {}).get(seq)
        return None if line is None or line.nonce != nonce else line.outcome

    return patched((Ledger, "outcome", lambda original: outcome))


@BED.plants("S17", "who hands over is not lost")
def handovers_count_as_losses() -> Planted:
    def wrap(original: Any) -> Any:
        return lambda outbox, lost: original(outbox, lost=True)

    return patched((Outbox, "change_host", wrap))


@BED.plants("L4", "a snapshot tells of commands on trial")
def trials_are_lost_in_a_snapshot() -> Planted:
    def wrap(original: Any) -> Any:
        return lambda ledger: tuple(line for line in original(ledger) if not line.trial)

    return patched((Ledger, "lines", wrap))


@BED.plants("S06", "who gave its word and hears the host again says so")
def words_outlive_the_absence_of_the_host() -> Planted:
    return patched((Granting, "granted", always(None)))


@BED.plants("S25", "who is near goes before who is far")
def the_order_stays_as_it_is() -> Planted:
    return patched((Roster, "reorder", lambda original: lambda roster, members: roster))


@BED.plants("S34", "nobody hands over to who can't host")
def hands_over_to_anybody() -> Planted:
    return patched(
        (
            HandingOver,
            "begin",
            during((Roster, "successors", lambda _: lambda roster, host: roster.members)),
        )
    )


@BED.plants("S14", "who got everything anew has nothing of what came before")
def old_updates_are_told_for_new_ones() -> Planted:
    def wrap(original: Any) -> Any:
        def reset(history: History, *details: Any) -> None:
            kept = list(history._tail)
            original(history, *details)
            history._tail.extend(kept)

        return reset

    return patched((History, "reset", wrap))


@BED.plants("S10", "a host that leaves hands over first")
def hosts_leave_without_a_word() -> Planted:
    return patched((PeerCore, "leave", during((HandingOver, "successor", always(None)))))


@BED.plants("L3", "who goes away for a while keeps its seat")
def who_is_away_has_left() -> Planted:
    def wrap(original: Any) -> Any:
        return lambda host, peer, reason, text: original(host, peer, EndReason.LEFT, text)

    return patched((Hosting, "on_bye", wrap))


@BED.plants("S15", "who was not welcomed so far has nothing of its host's reign")
def counts_what_another_branch_has() -> Planted:
    return patched((Session, "reached", lambda _: property(lambda s: s.history.seq)))
