from __future__ import annotations

from typing import Any, cast

import pytest

from p2pnet import (
    AckLevel,
    DenyReason,
    EndReason,
    LinkEnd,
    LocalProtocolError,
    PeerId,
    Role,
    Roster,
    SessionId,
    SessionOver,
    State,
    TooManyInFlight,
)
from p2pnet.core.peer import PeerCore
from p2pnet.core.values import LinkId
from p2pnet.peer.inputs import (
    Announce,
    Approve,
    Claim,
    Deny,
    DialFailed,
    EndSession,
    Follow,
    FrameReceived,
    HandOver,
    Host,
    Input,
    Join,
    Kick,
    Leave,
    LinkClosed,
    LinkOpened,
    ListenAlso,
    Submit,
    Tick,
)
from p2pnet.peer.receipts import Receipt

BEN = PeerId("ben")
LINK = LinkId(3)
NOW = 1_000_000


class FakeCore:
    """Writes down which of its inputs was called."""

    def __init__(self, state: State = State.REIGNING, role: Role | None = Role.HOST) -> None:
        self.state = state
        self.role = role
        self.roster = Roster().admit(BEN, b"", "Ben", ())
        self.calls: list[tuple[Any, ...]] = []
        self.error: Exception | None = None

    def __getattr__(self, name: str) -> Any:
        def call(*arguments: Any, **options: Any) -> int:
            if self.error is not None:
                raise self.error
            self.calls.append((name, *arguments, *options.values()))
            return 7

        return call


def feed(item: Input, core: FakeCore) -> list[tuple[Any, ...]]:
    item.feed(cast(PeerCore, core), NOW)
    return core.calls


@pytest.mark.parametrize(
    ("item", "call"),
    [
        (FrameReceived(LINK, b"x"), ("frame_received", NOW, LINK, b"x")),
        (LinkOpened(LINK, BEN), ("link_opened", NOW, LINK, BEN)),
        (LinkClosed(LINK, LinkEnd.SLOW), ("link_closed", NOW, LINK, LinkEnd.SLOW)),
        (DialFailed(BEN, LinkEnd.REFUSED), ("dial_failed", NOW, BEN, LinkEnd.REFUSED)),
        (Tick(), ("tick", NOW)),
        (Host(SessionId("s")), ("host", NOW, "s")),
        (Join(SessionId("s"), BEN, ("a:1",)), ("join", NOW, "s", BEN, ("a:1",), ())),
        (Kick(BEN, "why"), ("kick", NOW, BEN, "why", EndReason.KICKED)),
        (Approve(BEN), ("approve", NOW, BEN)),
        (Deny(BEN, DenyReason.APPROVAL, "x"), ("deny", NOW, BEN, DenyReason.APPROVAL, "x")),
        (Announce(), ("announce", NOW)),
        (Claim(Receipt()), ("claim", NOW)),
        (Follow(Receipt(), BEN, ("a:1",)), ("follow", NOW, BEN, ("a:1",))),
        (HandOver(Receipt(), BEN), ("hand_over", NOW, BEN)),
        (ListenAlso(("a:1",)), ("listen_also", NOW, ("a:1",))),
        (Leave(), ("leave", NOW, EndReason.LEFT)),
        (EndSession("why"), ("end_session", NOW, "why", EndReason.SESSION_ENDED)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_each_input_is_one_call_of_the_core(item: Input, call: tuple[Any, ...]) -> None:
    assert feed(item, FakeCore()) == [call]


def test_a_kick_that_has_become_pointless_is_dropped() -> None:
    assert feed(Kick(BEN, ""), FakeCore(State.FOLLOWING, Role.CLIENT)) == []
    assert feed(Kick(PeerId("gone"), ""), FakeCore()) == []
    assert feed(Announce(), FakeCore(State.FOLLOWING, Role.CLIENT)) == []


@pytest.mark.parametrize("error", [None, LocalProtocolError("not now")])
def test_whoever_asks_for_a_step_hears_whether_it_was_begun(error: Exception | None) -> None:
    core = FakeCore()
    core.error = error
    step = Claim(Receipt())
    feed(step, core)
    assert step.receipt.done
    if error is not None:
        with pytest.raises(LocalProtocolError):
            step.receipt.result()
    over = Claim(Receipt())
    over.void(SessionOver(EndReason.LEFT))
    with pytest.raises(SessionOver):
        over.receipt.result()


def test_who_ceased_to_be_the_host_leaves_instead_of_ending_the_session() -> None:
    core = FakeCore(State.FOLLOWING, Role.CLIENT)
    assert feed(EndSession(""), core) == [("leave", NOW)]


def test_a_submitted_command_waits_under_its_ticket() -> None:
    waiting: dict[int, Submit] = {}
    item = Submit(b"x", AckLevel.ALL, Receipt(), waiting)
    assert feed(item, FakeCore()) == [("submit", NOW, b"x", AckLevel.ALL)]
    assert waiting == {7: item}
    assert not item.receipt.done


@pytest.mark.parametrize(
    "error",
    [
        TooManyInFlight("1024"),
        LocalProtocolError("no seat"),
        SessionOver(EndReason.LEFT),
    ],
)
def test_a_command_that_the_core_does_not_take_fails_its_receipt(error: Exception) -> None:
    waiting: dict[int, Submit] = {}
    core = FakeCore()
    core.error = error
    item = Submit(b"x", None, Receipt(), waiting)
    feed(item, core)
    with pytest.raises(type(error)):
        item.receipt.result()
    assert not waiting


def test_any_other_error_in_a_command_is_passed_on() -> None:
    core = FakeCore()
    core.error = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        feed(Submit(b"x", None, Receipt(), {}), core)


def test_a_void_command_fails_its_receipt_and_other_input_is_just_gone() -> None:
    item = Submit(b"x", None, Receipt(), {})
    for each in (item, Tick(), Leave()):
        each.void(SessionOver(EndReason.KICKED))
    with pytest.raises(SessionOver):
        item.receipt.result()


def test_a_host_that_finds_out_that_it_overslept_does_not_end_over_a_kick() -> None:
    core = FakeCore()
    core.error = LocalProtocolError("only the host can kick")
    assert feed(Kick(BEN, ""), core) == []
