from __future__ import annotations

from typing import Any

import pytest
import trio
from trio.testing import MockClock

from p2pnet import (
    Authenticator,
    CommandRefused,
    End,
    EndReason,
    Game,
    GameError,
    Player,
    Role,
    SessionHooks,
    State,
    command,
    events,
    networked,
    open_peer,
    sync_var,
)
from p2pnet.core.errors import CommandRefusal, GameCodeError
from p2pnet.core.events import HookFailed
from p2pnet.peer.farewell import Farewell, Guard
from p2pnet.peer.subscription import Fanout

from .conftest import Table


class Segfault(BaseException):
    """Ends a process before it can say another word."""


@networked
class Bomber(Player):
    fuse: bool = sync_var(False)
    steps: int = sync_var(0)

    @command
    def light(self) -> None:
        self.fuse = True

    @command
    def quit_all(self) -> None:
        raise SystemExit(3)

    @command
    def segfault(self) -> None:
        raise Segfault

    @command
    def step(self) -> int:
        self.steps += 1
        return self.steps

    def on_tick(self, dt: float) -> None:
        if self.fuse:
            raise RuntimeError("boom")


BOMBS = Game("bombs", player=Bomber)


async def hold(table: Table, name: str, failed: dict[str, BaseException], **options: Any) -> Any:
    """A peer in a task that takes what comes out of it."""

    async def live(*, task_status: trio.TaskStatus[Any]) -> None:
        try:
            async with open_peer(BOMBS, name=name, transport=table.network, **options) as peer:
                task_status.started(peer)
                await peer._shell.stopped.wait()
        except (GameError, Segfault) as error:
            failed[name] = error

    return await table.nursery.start(live)


async def bombers(table: Table, failed: dict[str, BaseException], *names: str) -> list[Any]:
    ana = await hold(table, "ana", failed)
    await ana.host("ana", 7777)
    others = [await hold(table, name, failed) for name in names or ("ben", "cat")]
    for peer in others:
        await peer.join(ana.invite, address=peer.name)
    await trio.sleep(0.05)
    return [ana, *others]


async def test_a_bug_takes_down_one_host_and_not_the_next(clock: MockClock, table: Table) -> None:
    failed: dict[str, BaseException] = {}
    ana, ben, cat = await bombers(table, failed)
    heard = ben.events()
    ben.player.light()
    await trio.sleep(3)
    assert list(failed) == ["ana"] and "boom" in str(failed["ana"])
    assert ana.state is State.LEFT
    assert ben.role is Role.HOST and cat.role is Role.CLIENT
    assert await cat.player.step() == 1, "the game goes on"
    told = []
    with trio.move_on_after(0.1):
        async for event in heard:
            told.append(event)
    lost = [event for event in told if isinstance(event, events.HostLost)]
    assert [event.cause for event in lost] == [events.LossCause.CRASHED]
    assert [event.text for event in told if isinstance(event, HookFailed)] == ["RuntimeError: boom"]


async def test_a_command_that_ends_its_host_is_not_run_by_the_next(
    clock: MockClock, table: Table
) -> None:
    failed: dict[str, BaseException] = {}
    _, ben, cat = await bombers(table, failed)
    with pytest.raises(CommandRefused, match="quit_all") as refused:
        await cat.player.quit_all()
    assert refused.value.reason is CommandRefusal.LETHAL
    await trio.sleep(1)
    assert list(failed) == ["ana"] and "quit_all" in str(failed["ana"])
    assert {ben.role, cat.role} == {Role.HOST, Role.CLIENT}
    assert await cat.player.step() == 1


async def test_a_command_that_kills_host_after_host_is_tried_once_more_and_refused(
    clock: MockClock, table: Table
) -> None:
    failed: dict[str, BaseException] = {}
    *_, dan, eve = await bombers(table, failed, "ben", "cat", "dan", "eve")
    with pytest.raises(CommandRefused, match=r"Bomber\.segfault: host after host") as refused:
        await eve.player.segfault()
    assert refused.value.reason is CommandRefusal.LETHAL
    assert (dan.role, eve.role) == (Role.HOST, Role.CLIENT)
    assert await eve.player.step() == 1
    await trio.sleep(0.1)  # the third has come to its end as well
    assert list(failed) == ["ana", "ben", "cat"]


async def test_a_game_may_decide_to_go_on(clock: MockClock, table: Table) -> None:
    caught: list[str] = []

    class Brave(SessionHooks):
        def on_hook_error(self, error: GameCodeError) -> bool:
            caught.append(str(error))
            return True

    failed: dict[str, BaseException] = {}
    ana = await hold(table, "ana", failed, hooks=Brave())
    await ana.host("ana", 7777)
    await ana.player.light()
    await trio.sleep(0.5)
    assert set(caught) == {"RuntimeError: boom"} and len(caught) > 5
    assert ana.role is Role.HOST and not failed


def test_what_is_told_once_is_not_told_with_every_tick() -> None:
    class Brave(SessionHooks):
        def on_hook_error(self, error: GameCodeError) -> bool:
            return True

    fanout = Fanout()
    stream = fanout.subscribe()
    guard = Guard(Brave(), fanout)
    for text in ("a", "a", "b"):
        guard.judge(GameCodeError([ValueError(text)]))
    assert len(stream._waiting) == 2
    with pytest.raises(GameCodeError):
        Guard(SessionHooks(), fanout).judge(GameCodeError([ValueError("x")]))


async def test_all_last_calls_are_made_whatever_they_raise() -> None:
    order: list[str] = []

    class Clumsy(SessionHooks):
        def on_stop_host(self, end: End) -> None:
            order.append("stop host")
            raise ValueError("first")

        def on_client_disconnect(self, end: End) -> None:
            super().on_client_disconnect(end)
            order.append("out")
            raise ValueError("second")

        def on_offline_scene(self, end: End) -> None:
            order.append("offline")

    class Door(Authenticator):
        def on_start(self) -> None:
            order.append("start")

        def on_stop(self) -> None:
            order.append("stop")

    farewell = Farewell(Clumsy(), Door())
    farewell.greet()
    farewell.tell(End(EndReason.LEFT), was_host=True)
    await farewell.wind_up()
    await farewell.wind_up()
    assert order == ["start", "stop host", "out", "stop", "offline", "stop"]
    assert farewell.failure is not None and "first" in str(farewell.failure)
