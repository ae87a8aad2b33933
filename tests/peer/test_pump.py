from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, cast

import attrs
import pytest
import trio
from trio.testing import MockClock

from p2pnet import GameError, State
from p2pnet.core.effects import Effect
from p2pnet.core.errors import GameCodeError
from p2pnet.core.peer import PeerCore
from p2pnet.peer.inbox import Inbox
from p2pnet.peer.inputs import Input
from p2pnet.peer.machine import Machine
from p2pnet.peer.pump import Pump


class Say(Effect, frozen=True):
    text: str


@attrs.frozen
class Note(Input):
    """An input that the fake core writes down."""

    text: str

    def feed(self, core: Any, now: int) -> None:
        core.log.append((now, self.text))
        core.then(self.text)


@attrs.frozen
class Beat(Note):
    """An input that says no more than that somebody lives."""

    @property
    def is_heartbeat(self) -> bool:
        return True


@attrs.frozen
class Frame(Note):
    """An input that came over a link."""

    @property
    def is_frame(self) -> bool:
        return True


class FakeCore:
    """A core that logs its calls, and can be told to want things."""

    def __init__(self) -> None:
        self.state = State.REIGNING
        self.log: list[tuple[int, str]] = []
        self.effects: list[Effect] = []
        self.wake_us: int | None = None
        self.then: Callable[[str], None] = lambda text: None
        self.on_wake: Callable[[], None] = self.sleep

    def sleep(self) -> None:
        self.wake_us = None

    def wake(self, now: int) -> None:
        self.log.append((now, "wake"))
        self.on_wake()

    def flush(self, now: int) -> None:
        self.log.append((now, "flush"))

    def next_wake(self) -> int | None:
        return self.wake_us

    @property
    def has_effects(self) -> bool:
        return bool(self.effects)

    def take_effects(self) -> list[Effect]:
        effects, self.effects = self.effects, []
        return effects

    def leave(self) -> None:
        self.state = State.LEFT


def make(core: FakeCore, inbox: Inbox, finish_batch: Callable[[], None] = lambda: None) -> Pump:
    def perform(effect: Say) -> None:
        core.log.append((-1, effect.text))

    return Pump(cast(PeerCore, core), inbox, {Say: perform}, finish_batch, Machine())


def texts(core: FakeCore) -> list[str]:
    return [text for _, text in core.log]


async def test_one_batch_one_flush_then_the_effects_in_order(clock: MockClock) -> None:
    core, inbox = FakeCore(), Inbox()

    def then(text: str) -> None:
        core.effects += [Say(f"{text} done")]
        if text == "c":
            core.leave()

    core.then = then
    for text in "abc":
        inbox.put_nowait(Note(text))
    await make(core, inbox, lambda: core.log.append((-1, "batch"))).run(Note("first"))
    assert texts(core) == [
        *("first", "flush", "first done", "batch"),
        *("a", "b", "c", "flush", "a done", "b done", "c done", "batch"),
    ]


class Busy(Inbox):
    """Whenever somebody looks how much there is, there is one more, for a while."""

    def __init__(self) -> None:
        super().__init__()
        self.coming = [Frame("d"), Frame("c"), Frame("b")]

    def __len__(self) -> int:
        if self.coming:
            self.put_nowait(self.coming.pop())
        return super().__len__()


@pytest.mark.parametrize(
    ("state", "first", "batch"),
    [
        (State.REIGNING, Frame("a"), ["a", "b", "c", "d", "flush"]),
        (State.REIGNING, Note("a"), ["a", "flush"]),
        (State.FOLLOWING, Frame("a"), ["a", "flush"]),
    ],
)
async def test_a_host_waits_for_frames_that_come_with_others_and_for_nothing_else(
    clock: MockClock, state: State, first: Note, batch: list[str]
) -> None:
    core, inbox = FakeCore(), Busy()
    core.state = state
    async with trio.open_nursery() as nursery:
        nursery.start_soon(make(core, inbox).run, Note("first"))
        await trio.sleep(1)
        inbox.put_nowait(first)
        await trio.sleep(1)
        core.then = lambda text: core.leave()
        inbox.put_nowait(Note("last"))
    assert texts(core)[2 : 2 + len(batch)] == batch


async def test_effects_that_come_while_effects_are_performed_are_performed_too(
    clock: MockClock,
) -> None:
    core, inbox = FakeCore(), Inbox()
    core.effects = [Say("one")]

    def perform(effect: Say) -> None:
        core.log.append((-1, effect.text))
        if effect.text == "one":
            core.effects.append(Say("two"))
            core.leave()

    pump = Pump(cast(PeerCore, core), inbox, {Say: perform}, lambda: None, Machine())
    await pump.run(Note("first"))
    assert texts(core) == ["first", "flush", "one", "two"]


async def test_a_flood_is_taken_in_batches_so_that_effects_do_not_wait(clock: MockClock) -> None:
    core, inbox = FakeCore(), Inbox()
    for _ in range(1000):
        inbox.put_nowait(Note("x"))
    inbox.put_nowait(Note("end"))
    core.then = lambda text: core.leave() if text == "end" else None
    await make(core, inbox).run(Note("first"))
    assert texts(core).count("flush") == 1 + 4


async def test_it_wakes_the_core_exactly_when_it_asked_for_it(clock: MockClock) -> None:
    core, inbox = FakeCore(), Inbox()
    # Figures whose quotient by a million is a hair below what a float can say.
    wanted = [1_100_001, 2_300_003, 4_999_999]
    left = list(wanted)
    core.wake_us = left.pop(0)

    def on_wake() -> None:
        core.wake_us = left.pop(0) if left else None
        if core.wake_us is None:
            core.leave()

    core.on_wake = on_wake
    await make(core, inbox).run(Note("first"))
    assert [now for now, text in core.log if text == "wake"] == wanted


@pytest.mark.parametrize("beats", [False, True])
async def test_an_alarm_that_goes_off_too_early_is_set_again(clock: MockClock, beats: bool) -> None:
    class Hasty(Machine):
        """Its clock went slower after the alarm was set."""

        def deadline_s(self, at_us: int | None) -> float:
            early_us = 1_000_000 if self.now_us() < 3_000_000 else 0
            return math.inf if at_us is None else (at_us - early_us) / 1_000_000

    core, inbox = FakeCore(), Inbox()
    core.wake_us = 4_000_000
    core.on_wake = core.leave
    pump = Pump(cast(PeerCore, core), inbox, {}, lambda: None, Hasty())
    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(pump.run, Note("first"))
            await trio.sleep_until(2.999_999)
            if beats:
                # They are all that the pump finds as the alarm goes off.
                clock.jump(0.000_001)
                inbox.put_nowait(Beat("beat"))
    assert core.log[-2:] == [(4_000_000, "wake"), (4_000_000, "flush")]


async def test_input_before_the_deadline_does_not_wake(clock: MockClock) -> None:
    core, inbox = FakeCore(), Inbox()
    core.wake_us = 5_000_000
    core.on_wake = core.leave
    async with trio.open_nursery() as nursery:
        nursery.start_soon(make(core, inbox).run, Note("first"))
        await trio.sleep(2)
        inbox.put_nowait(Note("early"))
    assert core.log[2:] == [
        *((2_000_000, "early"), (2_000_000, "flush")),
        *((5_000_000, "wake"), (5_000_000, "flush")),
    ]


def test_what_has_arrived_is_fed_before_a_deadline_that_has_passed() -> None:
    clock = MockClock()
    core, inbox = FakeCore(), Inbox()
    core.wake_us = 1_000_000
    core.on_wake = core.leave

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(make(core, inbox).run, Note("first"))
            await trio.testing.wait_all_tasks_blocked()
            inbox.put_nowait(Note("late"))
            clock.jump(3)

    trio.run(main, clock=clock)
    assert core.log[2:] == [(3_000_000, "late"), (3_000_000, "wake"), (3_000_000, "flush")]


async def test_a_heartbeat_of_which_nothing_comes_wakes_nobody(clock: MockClock) -> None:
    core, inbox = FakeCore(), Inbox()
    core.wake_us = 5_000_000
    core.on_wake = core.leave
    async with trio.open_nursery() as nursery:
        nursery.start_soon(make(core, inbox).run, Note("first"))
        await trio.sleep(2)
        assert inbox.offer(Beat("beat")) and core.log[-1] == (2_000_000, "beat")
    assert core.log[3:] == [(5_000_000, "wake"), (5_000_000, "flush")]
    assert inbox.offer(Beat("afterwards")) and len(inbox) == 1


async def test_what_comes_of_a_heartbeat_is_performed_by_the_pump(clock: MockClock) -> None:
    core, inbox = FakeCore(), Inbox()

    def then(text: str) -> None:
        if text == "beat":
            core.effects.append(Say("said"))
            core.leave()

    core.then = then
    async with trio.open_nursery() as nursery:
        nursery.start_soon(make(core, inbox).run, Note("first"))
        await trio.sleep(1)
        assert inbox.offer(Beat("beat")) and texts(core)[-1] == "beat"
    assert texts(core)[2:] == ["beat", "flush", "said"]


async def test_a_heartbeat_waits_behind_what_came_before_it(clock: MockClock) -> None:
    core, inbox = FakeCore(), Inbox()
    core.then = lambda text: core.leave() if text == "beat" else None
    async with trio.open_nursery() as nursery:
        nursery.start_soon(make(core, inbox).run, Note("first"))
        await trio.sleep(1)
        assert inbox.offer(Note("before")) and inbox.offer(Beat("beat")) and len(inbox) == 2
    assert texts(core)[2:] == ["before", "beat", "flush"]


async def test_what_a_heartbeat_raises_is_raised_by_the_pump(clock: MockClock) -> None:
    core, inbox = FakeCore(), Inbox()

    def then(text: str) -> None:
        if text == "beat":
            raise ZeroDivisionError("mine")

    async def beat() -> None:
        await trio.sleep(1)
        assert inbox.offer(Beat("beat"))

    core.then = then
    async with trio.open_nursery() as nursery:
        nursery.start_soon(beat)
        with pytest.raises(GameError, match="mine"):
            await make(core, inbox).run(Note("first"))


async def test_an_error_is_one_of_the_game_with_its_cause(clock: MockClock) -> None:
    core = FakeCore()
    error = ZeroDivisionError("mine")

    def then(text: str) -> None:
        raise error

    core.then = then
    with pytest.raises(GameError, match="mine") as caught:
        await make(core, Inbox()).run(Note("first"))
    assert caught.value.__cause__ is error


@pytest.mark.parametrize("count", [1, 2])
async def test_a_single_error_is_the_cause_itself_and_several_stay_together(
    clock: MockClock, count: int
) -> None:
    core = FakeCore()
    errors = [ZeroDivisionError(str(number)) for number in range(count)]

    def then(text: str) -> None:
        raise GameCodeError(errors)

    core.then = then
    with pytest.raises(GameError) as caught:
        await make(core, Inbox()).run(Note("first"))
    cause = caught.value.__cause__
    if count == 1:
        assert cause is errors[0]
    else:
        assert isinstance(cause, GameCodeError) and cause.errors == tuple(errors)


async def test_heartbeats_of_which_nothing_comes_cost_no_more_than_being_heard(
    clock: MockClock,
) -> None:
    core, inbox = FakeCore(), Inbox()
    core.then = lambda text: core.leave() if text == "end" else None
    async with trio.open_nursery() as nursery:
        nursery.start_soon(make(core, inbox).run, Note("begin"))
        await trio.sleep(1)
        inbox.put_nowait(Beat("beat"))
        await trio.sleep(1)
        assert texts(core) == ["begin", "flush", "beat"]
        core.then = lambda text: core.effects.append(Say("yes"))
        inbox.put_nowait(Beat("beat"))
        await trio.sleep(1)
        assert texts(core)[3:] == ["beat", "flush", "yes"]
        core.then = lambda text: core.leave() if text == "end" else None
        inbox.put_nowait(Beat("beat"))
        inbox.put_nowait(Note("end"))
    assert texts(core)[6:] == ["beat", "end", "flush"]
