"""Bugs as people make them: one too few, on one side only, forgotten once."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, Final

import msgspec

from p2pnet.core import reunion, routing
from p2pnet.core.asking import Asking
from p2pnet.core.errors import EndReason
from p2pnet.core.events import HostRecovered, PeerReturned
from p2pnet.core.following import Following
from p2pnet.core.history import History
from p2pnet.core.hosting import Hosting
from p2pnet.core.joining import Joining
from p2pnet.core.ledger import Ledger
from p2pnet.core.merge import Verdict
from p2pnet.core.mesh import Mesh
from p2pnet.core.messages import Bye
from p2pnet.core.ordering import Ordering
from p2pnet.core.outbox import Outbox
from p2pnet.core.peer import PeerCore
from p2pnet.core.promises import Promises
from p2pnet.core.pulling import Pulling
from p2pnet.core.roster import Roster
from p2pnet.core.search import Search
from p2pnet.core.session import Session
from p2pnet.core.values import RECONNECT_ID_INVALID

from .planting import Bed, always, during, nothing, patched, rerouted

BED: Final = Bed()
Planted = AbstractContextManager[None]


@BED.plants("L4", "every command that died with a host is sent again, also the last one")
def resubmits_all_but_the_last() -> Planted:
    def wrap(original: Any) -> Any:
        def resume(following: Following, epoch: Any) -> None:
            waiting = [s for s in following.session.outbox if s.update_seq is None]
            last = waiting[-1] if len(waiting) > 1 else None
            submit = Following.submit

            def all_but_last(self: Following, submission: Any) -> None:
                if submission is not last:
                    submit(self, submission)

            with patched((Following, "submit", lambda _: all_but_last)):
                original(following, epoch)

        return resume

    return patched((Following, "_resume", wrap))


@BED.plants("S14", "a claimant pulls also if it lacks a single update")
def no_pull_for_one_update() -> Planted:
    def wrap(original: Any) -> Any:
        def find(pulling: Pulling, grants: dict[Any, Any]) -> Any:
            here = pulling.session.history.position
            assert here is not None
            next_ = msgspec.structs.replace(here, seq=here.seq + 1)
            return original(pulling, {p: g for p, g in grants.items() if g.position != next_})

        return find

    return patched((Pulling, "find", wrap))


@BED.plants("S15", "a receipt of level `all` waits for all")
def all_counts_as_one() -> Planted:
    def wrap(original: Any) -> Any:
        return lambda outbox, one, all_, applied: original(outbox, one, one, applied)

    return patched((Outbox, "settle", wrap))


@BED.plants("L1", "a word becomes free again")
def never_releases_its_word() -> Planted:
    return patched((Promises, "release", nothing))


@BED.plants("S25", "the first in rank comes first")
def ranks_backwards() -> Planted:
    def wrap(original: Any) -> Any:
        return lambda roster, host: tuple(reversed(original(roster, host)))

    return patched((Roster, "successors", wrap))


@BED.plants("L4", "a snapshot holds every outcome that somebody may wait for")
def a_snapshot_loses_an_outcome() -> Planted:
    return patched((Ledger, "lines", lambda original: lambda ledger: original(ledger)[:-1]))


def _tail(first: int, last: int | None) -> Any:
    def wrap(original: Any) -> Any:
        def since(history: History, position: Any) -> Any:
            tail = original(history, position)
            return tail[first:last] if tail else tail

        return since

    return wrap


@BED.plants("S14", "a tail begins right after the position that it is asked for")
def a_tail_begins_too_late() -> Planted:
    return patched((History, "since", _tail(1, None)))


@BED.plants("S25", "a tail ends with the newest update")
def a_tail_ends_too_early() -> Planted:
    return patched((History, "since", _tail(0, -1)))


@BED.plants("S20", "the verdict with the sides swapped is the other one")
def one_side_judges_the_other_way_round() -> Planted:
    def wrap(original: Any) -> Any:
        def verdict(mine: Any, mine_live: int, theirs: Any, theirs_live: int) -> Verdict:
            found: Verdict = original(mine, mine_live, theirs, theirs_live)
            if mine.reign.epoch.host > theirs.reign.epoch.host:
                return found
            return Verdict.THEIRS if found is Verdict.MINE else Verdict.MINE

        return verdict

    return patched((reunion, "verdict", wrap))


@BED.plants("S29", "who gives up its claim waits for nothing that it has asked for")
def a_claim_is_given_up_and_its_deadlines_are_not() -> Planted:
    def end(asking: Asking) -> None:
        asking._claim = None
        asking.asked.clear()
        asking.grants.clear()

    return patched((Asking, "end", lambda original: end))


@BED.plants("L6", "who has not answered is asked again when there was time to answer")
def asks_again_with_no_time_between() -> Planted:
    def wrap(original: Any) -> Any:
        def repeat(asking: Asking) -> None:
            original(asking)
            asking.session.timers.set("answers", at=asking.session.now)

        return repeat

    return patched((Asking, "repeat", wrap))


@BED.plants("S21", "who comes back says which member it was")
def comes_back_as_nobody() -> Planted:
    nobody = property(always(RECONNECT_ID_INVALID)(None))
    return patched((Joining, "_rejoin", during((Session, "connection_id", lambda _: nobody))))


@BED.plants("L5", "who was chosen and is dead keeps nobody else waiting")
def waits_for_the_chosen_though_it_is_dead() -> Planted:
    return patched((Search, "_awaited", lambda original: lambda search: search.chosen))


@BED.plants("L3", "who is away for a while is not gone for good")
def whoever_says_good_bye_is_gone() -> Planted:
    states, fenced, on_bye = routing._ROUTES[Bye]

    def gone(router: routing.Router, link: Any, frame: Any, data: bytes) -> None:
        router.session.departed.add(link.peer)
        on_bye(router, link, frame, data)

    return rerouted(routing._ROUTES, {Bye: (states, fenced, gone)})


@BED.plants("S27", "who was there already has not come back")
def all_are_back_with_every_roster() -> Planted:
    def wrap(original: Any) -> Any:
        def set_roster(session: Session, roster: Roster) -> None:
            original(session, roster)
            for member in roster.members:
                if member.present:
                    session.emit(
                        PeerReturned(member.peer, member.connection_id, member.old_connection_id)
                    )

        return set_roster

    return patched((Session, "set_roster", wrap))


@BED.plants("S24", "what is not proved is rejected, and the game is told")
def rejects_in_silence() -> Planted:
    def reject(session: Session, link: Any, text: str) -> None:
        session.rejected += 1

    return patched((Session, "reject", lambda original: reject))


@BED.plants("S30", "nothing is remembered of the links of somebody who has no seat any more")
def habits_outlast_the_seat() -> Planted:
    return patched((Mesh, "forget", nothing))


@BED.plants("S31", "the time until the first tick of a reign is not the game's")
def time_goes_on_without_the_game() -> Planted:
    return patched((Ordering, "forget_clock", nothing))


@BED.plants("L1", "who gave its word has asked for its seat with it, and is welcomed at once")
def everybody_has_to_ask_again() -> Planted:
    return patched((Hosting, "welcome_all", nothing))


@BED.plants("S27", "that the host is heard again is told once")
def recovers_with_every_word() -> Planted:
    def recover(following: Following) -> None:
        if following.session.host is not None:
            following.session.emit(HostRecovered(following.session.host))

    return patched((Following, "recover", lambda original: recover))


@BED.plants("S27", "who was told that its host may be lost hears that it is not")
def suspicions_have_no_end() -> Planted:
    return patched((Following, "recover", nothing))


@BED.plants("L5", "who says that it crashes is gone at once")
def crashes_in_silence() -> Planted:
    return patched((PeerCore, "crash", nothing))


@BED.plants("L3", "a host that hands over can't end the session for all any more")
def ends_what_is_in_other_hands() -> Planted:
    def end(core: PeerCore, now: int, text: str = "", reason: Any = None) -> None:
        core._go(now, EndReason.SESSION_ENDED, text)

    return patched((PeerCore, "end_session", lambda original: end))


@BED.plants("S11", "the digest of a history depends on all of it")
def digests_stand_still() -> Planted:
    def wrap(original: Any) -> Any:
        def append(history: History, *details: Any) -> Any:
            digest = history.digest
            result = original(history, *details)
            history.digest = digest
            return result

        return append

    return patched((History, "append", wrap))


@BED.plants("L4", "what waits behind a command on trial is run after it")
def forgets_what_waits_behind_a_trial() -> Planted:
    return patched((Ordering, "_try_next", during((Ordering, "_run", nothing))))
