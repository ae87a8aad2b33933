"""Bugs in history and state: order, gaps, receipts, resubmission and at-most-once."""

from __future__ import annotations

from contextlib import AbstractContextManager, ExitStack
from typing import Any, Final

import msgspec

from p2pnet.core import hosting, routing
from p2pnet.core.codec import encode
from p2pnet.core.condensing import SlowLinks
from p2pnet.core.durability import Durability
from p2pnet.core.errors import EndReason
from p2pnet.core.following import Following
from p2pnet.core.frame_parts import Executed
from p2pnet.core.history import History
from p2pnet.core.ledger import Ledger
from p2pnet.core.mesh import Mesh
from p2pnet.core.messages import Bye, Command, Update
from p2pnet.core.ordering import Ordering
from p2pnet.core.outbox import Outbox
from p2pnet.core.routing import Router
from p2pnet.core.session import Session
from p2pnet.core.states import State

from .planting import Bed, always, nothing, patched, rerouted

BED: Final = Bed()
Planted = AbstractContextManager[None]


@BED.plants("S11", "positions are compared by epoch first")
def compares_lengths_only() -> Planted:
    return patched((History, "contains", lambda original: _by_length))


def _by_length(history: History, position: Any) -> bool:
    return bool(position.seq <= history.seq)


@BED.plants("S12", "an update is applied right after the one before it")
def applies_updates_again() -> Planted:
    def wrap(original: Any) -> Any:
        def on_update(following: Following, link: Any, frame: Update, raw: bytes) -> None:
            s = following.session
            if link.id == following.link and frame.seq <= s.history.seq:
                s.replica.apply(frame.payload)
                s.history.append(raw)
            else:
                original(following, link, frame, raw)

        return on_update

    return patched((Following, "on_update", wrap))


@BED.plants("S13", "nothing of a reign is applied before its welcome")
def skips_the_welcome() -> Planted:
    """A host sends its updates to all members, and they take them whether they are welcome yet."""

    def to_all_members(
        slow: SlowLinks, session: Session, followers: Any, at_once: bool
    ) -> tuple[Any, ...]:
        peers = session.mesh.peers()
        return tuple(link.id for peer, link in peers if session.roster.get(peer) is not None)

    def take(router: Router, link: Any, frame: Update, data: bytes) -> None:
        if router.session.state is State.JOINING and link.peer == router.session.host:
            router.roles.following.link = link.id
        on_update(router, link, frame, data)

    states, fenced, on_update = routing._ROUTES[Update]
    stack = ExitStack()
    stack.enter_context(patched((SlowLinks, "keeping_up", lambda original: to_all_members)))
    route = states | {State.JOINING}, fenced, take
    stack.enter_context(rerouted(routing._ROUTES, {Update: route}))
    return stack


@BED.plants("S15", "a receipt is given when a successor has the update")
def receipts_before_anybody_has_it() -> Planted:
    def wrap(original: Any) -> Any:
        def settle(outbox: Outbox, one: int, all_: int, applied: int) -> Any:
            return original(outbox, applied, all_, applied)

        return settle

    return patched((Outbox, "settle", wrap))


@BED.plants("S15", "a new host gives no receipts before somebody is back")
def receipts_right_after_the_crown() -> Planted:
    return patched((Durability, "_expects_somebody", always(False)))


@BED.plants("S22", "who lacks a little gets that")
def everybody_gets_everything() -> Planted:
    return patched((History, "since", always(None)))


@BED.plants("S15", "who hears nobody any more may be the one that is cut off")
def receipts_as_soon_as_nobody_is_heard() -> Planted:
    return patched((Mesh, "may_be_back", lambda original: Mesh.alive))


@BED.plants("S15", "the mark `one` counts somebody besides who submitted")
def marks_count_the_submitter() -> Planted:
    """The mark is where the best follower stands, and the submitter itself may be the best."""

    def wrap(original: Any) -> Any:
        def advance_marks(ordering: Ordering) -> None:
            followers = ordering.followers
            best = max((f.confirmed for f in followers.values()), default=0)
            before = {name: f.confirmed for name, f in followers.items()}
            for follower in followers.values():
                follower.confirmed = best
            original(ordering)
            for name, confirmed in before.items():
                if name in followers:
                    followers[name].confirmed = confirmed

        return advance_marks

    return patched((Ordering, "advance_marks", wrap))


@BED.plants("S16", "what a merge drops is named to its owner")
def discards_in_silence() -> Planted:
    return patched((Outbox, "retract", always([])))


@BED.plants("S16", "what the winner has as well is not called lost")
def calls_all_of_it_lost() -> Planted:
    def wrap(original: Any) -> Any:
        return lambda outbox, fork, end, holds: original(outbox, fork, end, lambda lost: False)

    return patched((Outbox, "retract", wrap))


@BED.plants("S16", "who played on in another branch was not away")
def sends_the_losers_away() -> Planted:
    def answer(role: hosting.Hosting, link: Any, frame: Any) -> None:
        bye = Bye(EndReason.SEAT_EXPIRED, "the seat was given up; join anew")
        role.session.send_on((link.id,), encode(bye))
        role.session.close(link.id)

    return patched((hosting.Hosting, "_answer_unseated", lambda original: answer))


def _lenient(original: Any) -> Any:
    """The table records whatever it is told."""

    def record(ledger: Ledger, line: Executed) -> None:
        ledger.marks[line.peer] = (line.nonce, line.seq)
        ledger._outcomes.setdefault(line.peer, {})[line.seq] = line

    return record


@BED.plants("S17", "a command that was run is not run again")
def no_at_most_once() -> Planted:
    def on_command(ordering: Ordering, link: Any, frame: Command) -> None:
        follower = ordering.followers.get(link.peer)
        if follower is not None and follower.link == link.id:
            ordering._run(link.peer, link.nonce, frame.seq, frame.floor, frame.payload)

    return patched(
        (Ledger, "record", _lenient),
        (Ledger, "admits", always(True)),
        (Ordering, "on_command", lambda original: on_command),
    )


@BED.plants("S17", "a new host looks up which of its own commands were run")
def runs_its_own_again() -> Planted:
    def run_own(ordering: Ordering) -> None:
        for submission in list(ordering.session.outbox):
            ordering.submit(submission)

    return patched((Ledger, "record", _lenient), (Ordering, "run_own", lambda original: run_own))


@BED.plants("S18", "the commands of one player are run in the order submitted")
def runs_its_own_backwards() -> Planted:
    def run_own(ordering: Ordering) -> None:
        ordering.session.look_up_submissions()
        for submission in reversed(list(ordering.session.outbox)):
            if submission.update_seq is None:
                ordering.submit(submission)

    return patched((Ledger, "record", _lenient), (Ordering, "run_own", lambda original: run_own))


@BED.plants("S25", "the roster of an update counts from that update on")
def misses_rosters() -> Planted:
    """A client does not take in a roster that comes with the outcome of a command, or a loss."""

    def wrap(original: Any) -> Any:
        def on_update(following: Following, link: Any, frame: Update, raw: bytes) -> None:
            if frame.roster is not None and len(frame.roster.members) % 2:
                frame = msgspec.structs.replace(frame, roster=None)
            original(following, link, frame, raw)

        return on_update

    return patched((Following, "on_update", wrap))


@BED.plants("L4", "commands that died with a host are sent again")
def forgets_to_resubmit() -> Planted:
    def resume(following: Following, epoch: Any) -> None:
        from p2pnet.core.messages import Confirm

        following.marks = (0, 0)
        following.session.look_up_submissions()
        following._send(Confirm(epoch, following.session.history.seq))
        following._swear(epoch)
        following._settle()

    return patched((Following, "_resume", lambda original: resume))


@BED.plants("L4", "a new host runs its own commands that the branch does not hold")
def forgets_its_own_commands() -> Planted:
    return patched((Ordering, "run_own", nothing))


@BED.plants("L4", "the table knows the processes of a peer apart")
def takes_a_restarted_peer_for_the_old_one() -> Planted:
    def last_of(ledger: Ledger, peer: Any, nonce: int) -> int:
        return ledger.marks.get(peer, (nonce, 0))[1]

    return patched((Ledger, "last_of", lambda original: last_of))
