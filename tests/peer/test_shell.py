"""What the game's own code raises inside p2pnet ends that peer, and nobody else."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from trio.testing import MockClock

from p2pnet import (
    EndReason,
    Game,
    GameError,
    MigrationManager,
    Player,
    Role,
    Roster,
    SessionOver,
    State,
    command,
    events,
    networked,
    open_peer,
    sync_var,
)
from p2pnet.core.errors import GameCodeError
from p2pnet.links import MemoryNetwork

from .conftest import GAME, Table, crash, tank


class Mine(Exception):
    """Raised by the games below."""


@networked
class Bomb(Player):
    """Goes off where and when it is told to."""

    fuse: str = sync_var("", on_change="fuse_changed")

    def fuse_changed(self, old: str, new: str) -> None:
        if new == "hook":
            raise Mine("hook")
        if new == "client hook" and not self.is_host:
            raise Mine("client hook")

    def on_tick(self, dt: float) -> None:
        if self.fuse == "tick":
            raise Mine("tick")

    def on_start_server(self, migrated: bool) -> None:
        if migrated:
            raise Mine("start")

    @command
    def light(self, fuse: str) -> None:
        self.fuse = fuse


BOMBS = Game("bombs", player=Bomb, tick_hz=20)


class Failing(MigrationManager):
    def on_migration_started(self) -> None:
        raise Mine("migration hook")


def is_mine(error: GameError, text: str) -> bool:
    return isinstance(error.__cause__, Mine) and str(error.__cause__) == text


async def test_an_error_in_a_tick_comes_out_and_the_others_migrate(
    clock: MockClock, table: Table
) -> None:
    table.game = GAME
    with pytest.raises(GameError, match="Mine: tick") as caught:  # noqa: PT012
        async with open_peer(BOMBS, name="ana", transport=table.network) as ana:
            await ana.host("ana", 1)
            ana.player.fuse = "tick"  # type: ignore[union-attr]
            await trio.sleep_forever()
    assert is_mine(caught.value, "tick")


async def test_hard_case_33_the_host_falls_over_its_own_game_and_a_client_takes_over(
    clock: MockClock, table: Table
) -> None:
    @networked
    class Trap(Player):
        armed: bool = sync_var(False)

        def on_tick(self, dt: float) -> None:
            if self.armed:
                raise Mine("tick")

    table.game = Game("traps", player=Trap)
    with pytest.raises(GameError):  # noqa: PT012
        async with open_peer(table.game, name="ana", transport=table.network) as ana:
            await ana.host("ana", 1)
            ben = await table.join("ben", ana)
            ana.player.armed = True  # type: ignore[union-attr]
            await trio.sleep_forever()
    await trio.sleep(1)
    assert ben.role is Role.HOST
    assert {m.name: m.present for m in ben.roster.members} == {"ana": False, "ben": True}


async def test_an_error_in_a_hook_of_a_client_ends_that_client_alone(
    clock: MockClock, table: Table
) -> None:
    table.game = BOMBS
    ana = await table.host("ana")
    with pytest.raises(GameError) as caught:  # noqa: PT012
        async with open_peer(BOMBS, name="ben", transport=table.network) as ben:
            await ben.join(ana.invite, address="ben")
            ana.player.fuse = "client hook"  # type: ignore[union-attr]
            await trio.sleep_forever()
    assert is_mine(caught.value, "client hook")
    assert ben.state is State.LEFT
    await trio.sleep(1)
    assert ana.state is State.REIGNING
    assert [member.present for member in ana.roster.members] == [True, False]


async def test_all_errors_of_one_step_are_told(clock: MockClock, table: Table) -> None:
    table.game = BOMBS
    ana = await table.host("ana")
    with pytest.raises(GameError) as caught:  # noqa: PT012
        async with open_peer(BOMBS, name="ben", transport=table.network) as ben:
            await ben.join(ana.invite, address="ben")
            crash(ana)
            await trio.sleep_forever()
    cause = caught.value.__cause__
    assert isinstance(cause, GameCodeError)  # one for each player
    assert [str(error) for error in cause.errors] == ["start", "start"]


async def test_an_error_in_a_migration_hook_is_one_of_the_game(
    clock: MockClock, table: Table
) -> None:
    ana = await table.host("ana")
    with pytest.raises(GameError) as caught:  # noqa: PT012
        async with open_peer(GAME, name="ben", transport=table.network, migration=Failing()) as ben:
            await ben.join(ana.invite, address="ben")
            crash(ana)
            await trio.sleep_forever()
    assert is_mine(caught.value, "migration hook")


async def test_receipts_and_events_tell_of_the_crash(clock: MockClock) -> None:
    async def play() -> None:
        async with open_peer(BOMBS, transport=MemoryNetwork()) as ana:
            await ana.host("ana", 1)
            stream = ana.events()
            with trio.CancelScope(shield=True):  # so that its end is seen in here
                ana.player.fuse = "tick"  # type: ignore[union-attr]
                told.extend([event async for event in stream])
                with pytest.raises(SessionOver) as caught:
                    await ana.settled()
                reasons.append(caught.value.reason)
                with pytest.raises(SessionOver) as caught:
                    await ana.player.light("late")  # type: ignore[union-attr]
                reasons.append(caught.value.reason)

    told: list[events.Event] = []
    reasons: list[EndReason] = []
    with pytest.raises(GameError):
        await play()
    assert isinstance(told[-1], events.SessionEnded)
    assert told[-1].reason is EndReason.CRASHED and "Mine: tick" in told[-1].text
    assert reasons == [EndReason.CRASHED] * 2


async def test_a_body_that_waits_for_a_receipt_gets_the_error_of_the_game(
    clock: MockClock, table: Table
) -> None:
    ana = await table.host("ana", game=BOMBS)
    with pytest.raises(GameError):  # noqa: PT012
        async with open_peer(BOMBS, name="ben", transport=table.network) as ben:
            await ben.join(ana.invite, address="ben")
            await ben.player.light("client hook")  # type: ignore[union-attr]
            await trio.sleep_forever()


async def test_what_the_body_raises_comes_before_the_error_of_the_game(clock: MockClock) -> None:
    with pytest.raises(KeyError):  # noqa: PT012
        async with open_peer(BOMBS, transport=MemoryNetwork()) as ana:
            await ana.host("ana", 1)
            ana.player.fuse = "tick"  # type: ignore[union-attr]
            try:
                await trio.sleep_forever()
            finally:
                raise KeyError("body")


async def test_an_error_in_a_hook_on_the_host_outside_of_the_pump_is_the_writers(
    clock: MockClock,
) -> None:
    async with open_peer(BOMBS, transport=MemoryNetwork()) as ana:
        await ana.host("ana", 1)
        with pytest.raises(Mine):
            ana.player.fuse = "hook"  # type: ignore[union-attr]
        await trio.sleep(1)
        assert ana.state is State.REIGNING


async def test_an_interrupt_in_the_pump_comes_out_as_itself(clock: MockClock) -> None:
    class Interrupting(MigrationManager):
        def on_peers_updated(self, roster: Roster) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):  # noqa: PT012
        async with open_peer(GAME, transport=MemoryNetwork(), migration=Interrupting()) as ana:
            await ana.host("ana", 1)
            await trio.sleep_forever()


async def test_a_peer_that_can_not_say_good_bye_is_gone_in_bounded_time(
    clock: MockClock, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana, ben, _ = await table.three()

    async def for_ever(*_: Any) -> None:
        await trio.sleep_forever()

    monkeypatch.setattr(ben._shell.mesh, "aclose", for_ever)
    began = trio.current_time()
    await ben.leave()
    assert trio.current_time() - began == pytest.approx(2.0)
    assert await tank(ana).earn(1) == 1
