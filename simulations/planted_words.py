"""Bugs in what is told: who says it, and whether it is heard."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, Final
from unittest.mock import ANY

from msgspec.structs import replace

from p2pnet.core import catchup, proofs, routing, session
from p2pnet.core.condensing import SlowLinks
from p2pnet.core.errors import EndReason
from p2pnet.core.events import Deposed, Event, HostChanged, Joined, SessionEnded
from p2pnet.core.frame_parts import Snapshot
from p2pnet.core.hosting import Hosting
from p2pnet.core.outbox import Outbox
from p2pnet.core.peer import PeerCore
from p2pnet.core.reunion import Reunion
from p2pnet.core.session import Session
from p2pnet.core.succession import Succession
from p2pnet.core.values import LinkId
from p2pnet.testing.journal import Journal

from .planting import Bed, always, during, nothing, patched

BED: Final = Bed()
Planted = AbstractContextManager[None]


def _reign_unproved(check: str) -> Planted:
    """What comes with the header of a reign is proved, and that header is not."""

    return patched((routing, check, during((proofs, "check_reign", nothing))))


@BED.plants("S24", "the reign that a claim is to follow was signed by its host")
def claims_after_a_reign_that_never_was() -> Planted:
    return _reign_unproved("check_claim")


@BED.plants("S24", "who meets a host has signed its own reign")
def meets_for_a_reign_that_never_was() -> Planted:
    return _reign_unproved("check_header")


@BED.plants("S24", "the id of a host is that of the key which a roster gives it")
def a_roster_says_whose_key_is_whose() -> Planted:
    """Whoever makes up a roster puts its own key into it."""
    return patched((catchup, "peer_id", always(ANY)))


def _unsaid(kind: type[Event]) -> Planted:
    def wrap(original: Any) -> Any:
        def emit(session: Session, event: Event) -> None:
            if not isinstance(event, kind):
                original(session, event)

        return emit

    return patched((Session, "emit", wrap))


@BED.plants("S27", "a host that others have replaced is told so")
def deposed_in_silence() -> Planted:
    return _unsaid(Deposed)


@BED.plants("S27", "who is out of the session is told so")
def out_in_silence() -> Planted:
    return _unsaid(SessionEnded)


@BED.plants("S27", "who is out of the session is told why")
def out_for_no_reason() -> Planted:
    return patched((session, "ADVICE", lambda original: {}))


@BED.plants("S27", "who is gone was kicked, or away for too long, or has left")
def who_is_gone_has_left() -> Planted:
    return patched((Session, "_why_gone", always(EndReason.LEFT)))


@BED.plants("S24", "what a host says of its reign is one story")
def stories_need_not_fit() -> Planted:
    return patched((proofs, "_is_coherent", always(True)))


@BED.plants("L4", "who is out hears of each of its commands that nobody will ever answer")
def only_the_first_command_is_given_up() -> Planted:
    def wrap(original: Any) -> Any:
        return lambda outbox: original(outbox)[:1]

    return patched((Outbox, "drain", wrap))


@BED.plants("S27", "for a newcomer there was no host before")
def newcomers_hear_of_another_host() -> Planted:
    def wrap(original: Any) -> Any:
        def emit(s: Session, event: Event) -> None:
            if isinstance(event, Joined) and s.history.position is not None:
                original(s, HostChanged(event.epoch, event.epoch.host, s.history.position))
            original(s, event)

        return emit

    return patched((Session, "emit", wrap))


@BED.plants("S27", "a host can end the session for all")
def others_go_on_with_a_session_that_is_over() -> Planted:
    def end_session(core: PeerCore, now: int, text: str = "") -> None:
        core._go(now, EndReason.LEFT, text)

    return patched((PeerCore, "end_session", lambda original: end_session))


@BED.plants("S30", "who yields to somebody that does not know who goes on hears of it in the end")
def yields_are_not_answered() -> Planted:
    return patched((Reunion, "answer_waiting", nothing))


@BED.plants("S33", "who was started again stands behind whoever will be the host")
def who_is_back_stands_behind_nobody() -> Planted:
    return patched((Succession, "on_back", nothing))


@BED.plants("S25", "the game of a new host hears that its own player is back")
def a_host_is_away_from_its_own_game() -> Planted:
    return patched((Hosting, "_inherit", during((Journal, "resume", nothing))))


@BED.plants("S16", "what another member did ran, which says nothing about one's own command")
def taken_for_the_command_of_another() -> Planted:
    def wrap(original: Any) -> Any:
        def holds(session: Session, snapshot: Snapshot) -> Any:
            ours = {"peer": session.me, "nonce": session.nonce}
            lines = tuple(replace(line, **ours) for line in snapshot.executed)
            return original(session, replace(snapshot, executed=lines))

        return holds

    return patched((catchup, "_holds", wrap))


@BED.plants("S11", "who lacks more than is known any more hears of it at once")
def what_was_kept_back_for_too_long_is_forgotten() -> Planted:
    def wrap(original: Any) -> Any:
        def catch_up(slow: SlowLinks, *details: Any) -> list[LinkId]:
            original(slow, *details)
            return []

        return catch_up

    return patched((SlowLinks, "catch_up", wrap))
