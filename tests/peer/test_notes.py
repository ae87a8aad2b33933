from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from p2pnet.core.errors import Denied, DenyReason, EndReason, HostUnreachable
from p2pnet.core.events import (
    ApprovalRequested,
    BecameHost,
    Event,
    HookFailed,
    HostLost,
    JoinDenied,
    Joined,
    JoinFailed,
    LossCause,
    RoleChanged,
    RosterChanged,
    SessionEnded,
    StateChanged,
)
from p2pnet.core.roster import Member, Roster
from p2pnet.core.states import State
from p2pnet.core.values import ConnectionId, Epoch, PeerId, Position, SessionId
from p2pnet.peer.bookmark import Bookmark
from p2pnet.peer.farewell import Guard
from p2pnet.peer.notes import Notes
from p2pnet.peer.receipts import Receipt
from p2pnet.peer.session_hooks import SessionHooks
from p2pnet.peer.subscription import Fanout
from p2pnet.peer.view import View

ANA = PeerId("a" * 16)
EPOCH = Epoch(1, ANA, 7)
JOINED = Joined(ConnectionId(1), ConnectionId(-1), EPOCH)
HOSTING = BecameHost(EPOCH, Position(EPOCH, 0), False)
SEAT = Member(ANA, b"key", "ana", ConnectionId(0), ConnectionId(-1), ("ana:1",))
ROSTER = Roster(members=(SEAT,))


class Core:
    session = SessionId("s" * 16)
    host_peer = ANA


class Desk:
    """Notes, and what is around them."""

    me = ANA
    core: Core | None = Core()

    def __init__(self, bookmark: Path | None = None) -> None:
        self.fanout = Fanout()
        self.guard = Guard(SessionHooks(), self.fanout)
        self.opened: Receipt[None] = Receipt()
        self.judged: list[Event] = []
        self.states = 0
        self.notes = Notes(
            *(cast(View, self), self.fanout, self.guard, self.opened, bookmark),
            *(lambda: "tried ana:1 (refused)", self.judged.append, self.count_state),
        )

    def count_state(self) -> None:
        self.states += 1


@pytest.mark.parametrize(("event", "hosts"), [(JOINED, False), (HOSTING, True)])
def test_a_seat_is_what_is_waited_for(event: Event, hosts: bool) -> None:
    desk = Desk()
    desk.notes.take(event)
    assert desk.opened.done and desk.opened.result() is None
    assert desk.notes.was_host is hosts


def test_who_was_the_host_once_has_been() -> None:
    desk = Desk()
    desk.notes.take(HOSTING)
    desk.notes.take(JOINED)
    assert desk.notes.was_host


def test_why_there_is_no_seat() -> None:
    desk = Desk()
    desk.notes.take(JoinFailed(EndReason.UNREACHABLE, "nobody there"))
    with pytest.raises(HostUnreachable, match=r"nobody there; tried ana:1 \(refused\)"):
        desk.opened.result()
    desk = Desk()
    desk.notes.take(JoinDenied(DenyReason.FULL, "four play"))
    with pytest.raises(Denied, match="four play") as caught:
        desk.opened.result()
    assert caught.value.reason is DenyReason.FULL


def test_only_after_a_host_that_its_game_took_down_the_game_must_go_on() -> None:
    desk = Desk()
    desk.notes.take(HostLost(ANA, LossCause.CLOSED))
    assert not desk.guard.must_go_on
    desk.notes.take(HostLost(ANA, LossCause.CRASHED))
    assert desk.guard.must_go_on


def test_how_the_session_ended_and_for_whom() -> None:
    desk = Desk()
    desk.notes.take(StateChanged(State.FOLLOWING, State.LEFT))
    assert not desk.notes.stopped_hosting and desk.notes.end is None
    desk.notes.take(StateChanged(State.REIGNING, State.FOLLOWING))
    assert not desk.notes.stopped_hosting
    desk.notes.take(StateChanged(State.REIGNING, State.LEFT))
    desk.notes.take(SessionEnded(EndReason.SESSION_ENDED, "that was it"))
    assert desk.notes.stopped_hosting and desk.states == 3
    assert desk.notes.end is not None and desk.notes.end.reason is EndReason.SESSION_ENDED


def test_a_bookmark_is_kept_until_there_is_no_way_back(tmp_path: Path) -> None:
    path = tmp_path / "bookmark"
    desk = Desk(path)
    desk.notes.take(RosterChanged(ROSTER))
    assert Bookmark.load(path) == Bookmark(Core.session, ((ANA, ("ana:1",)),))
    desk.notes.take(SessionEnded(EndReason.AWAY, ""))
    assert path.exists()
    desk.notes.take(SessionEnded(EndReason.KICKED, ""))
    assert not path.exists()


def test_a_bookmark_that_can_not_be_written_is_told_of(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "nowhere" / "bookmark")
    stream = desk.fanout.subscribe()
    desk.notes.take(RosterChanged(ROSTER))
    told = list(stream._waiting)
    assert [type(event) for event in told] == [HookFailed]


def test_without_a_bookmark_or_a_session_nothing_is_kept(tmp_path: Path) -> None:
    Desk().notes.take(RosterChanged(ROSTER))
    desk = Desk(tmp_path / "bookmark")
    desk.core = None
    desk.notes.take(RosterChanged(ROSTER))
    assert list(tmp_path.iterdir()) == []


def test_who_asks_for_a_seat_is_judged_and_nothing_else_is_noted() -> None:
    desk = Desk()
    asked = ApprovalRequested(ANA, "ana", None)
    desk.notes.take(asked)
    desk.notes.take(RoleChanged(None))
    assert desk.judged == [asked] and not desk.opened.done
