from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from p2pnet import GameError, Peer, open_peer
from p2pnet.core.states import Role
from p2pnet.links import MemoryNetwork
from p2pnet.peer.inbox import Inbox
from p2pnet.peer.inputs import Tick
from p2pnet.peer.machine import Machine
from p2pnet.peer.roles import Roles

from .conftest import GAME, Table, crash


class Logged:
    """A task of the game that says when it begins and ends."""

    def __init__(self, log: list[str], name: str) -> None:
        self.log = log
        self.name = name

    async def __call__(self, *peer: Peer) -> None:
        self.log.append(f"{self.name} begins")
        try:
            await trio.sleep_forever()
        finally:
            self.log.append(f"{self.name} ends")


async def test_one_role_at_a_time_and_the_old_one_ends_first(clock: MockClock) -> None:
    log: list[str] = []
    tasks = {Role.HOST: Logged(log, "host"), Role.CLIENT: Logged(log, "client")}
    roles = Roles(Inbox(), 20, dict(tasks), Machine())
    async with trio.open_nursery() as nursery:
        nursery.start_soon(roles.run)
        for role in (Role.CLIENT, Role.HOST, None):
            roles.take(role)
            await trio.sleep(1)
        assert log == ["client begins", "client ends", "host begins", "host ends"]
        nursery.cancel_scope.cancel()


async def test_the_role_that_was_taken_before_it_runs_is_held(clock: MockClock) -> None:
    log: list[str] = []
    roles = Roles(Inbox(), 20, {Role.HOST: Logged(log, "host")}, Machine())
    roles.take(Role.HOST)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(roles.run)
        await trio.sleep(1)
        assert log == ["host begins"]
        nursery.cancel_scope.cancel()


async def test_a_task_that_returns_is_not_begun_again(clock: MockClock) -> None:
    count = 0

    async def once() -> None:
        nonlocal count
        count += 1

    roles = Roles(Inbox(), 20, {Role.HOST: once}, Machine())
    roles.take(Role.HOST)
    with trio.move_on_after(1):
        await roles.run()
    assert count == 1


async def test_only_a_host_ticks_and_it_does_so_at_even_distances(clock: MockClock) -> None:
    inbox = Inbox()
    roles = Roles(inbox, 20, {}, Machine())
    async with trio.open_nursery() as nursery:
        nursery.start_soon(roles.run)
        roles.take(Role.CLIENT)
        await trio.sleep(10.01)
        assert len(inbox) == 0
        roles.take(Role.HOST)
        await trio.sleep(10.01)
        assert inbox.take(1000) == [Tick()] * 200
        roles.take(None)
        await trio.sleep(10.01)
        assert len(inbox) == 0
        nursery.cancel_scope.cancel()


def test_after_a_pause_there_is_one_tick_and_no_burst_and_the_rhythm_is_kept() -> None:
    clock = MockClock()
    inbox = Inbox()

    async def main() -> list[int]:
        counts = []
        async with trio.open_nursery() as nursery:
            roles = Roles(inbox, 10, {}, Machine())
            roles.take(Role.HOST)
            nursery.start_soon(roles.run)
            for jump in (0.05, 0.1, 3.0, 0.1, 0.1):
                clock.jump(jump)
                for _ in range(10):
                    await wait_all_tasks_blocked()
                counts.append(len(inbox.take(100)))
            nursery.cancel_scope.cancel()
        return counts

    assert trio.run(main, clock=clock) == [0, 1, 1, 1, 1]


async def test_what_a_task_raises_is_an_error_of_the_game(clock: MockClock) -> None:
    async def bad() -> None:
        raise ZeroDivisionError("mine")

    roles = Roles(Inbox(), 20, {Role.HOST: bad}, Machine())
    roles.take(Role.HOST)
    with pytest.RaisesGroup(
        pytest.RaisesExc(GameError, check=lambda e: isinstance(e.__cause__, ZeroDivisionError))
    ):
        await roles.run()


# --- with whole peers ---


async def test_the_game_runs_what_belongs_to_its_role(clock: MockClock, table: Table) -> None:
    log: list[str] = []
    tasks = {"host_task": Logged(log, "host"), "client_task": Logged(log, "client")}
    ana = await table.host("ana")
    ben = await table.join("ben", ana, **tasks)
    await trio.sleep(1)
    assert log == ["client begins"]
    crash(ana)
    await trio.sleep(1)
    assert log == ["client begins", "client ends", "host begins"]
    await ben.leave()
    assert log[-1] == "host ends"


async def test_a_failing_role_task_ends_the_peer_and_the_others_migrate(
    clock: MockClock, table: Table
) -> None:
    async def bad(peer: Peer) -> None:
        await trio.sleep(1)
        raise ZeroDivisionError(peer.name)

    with pytest.raises(GameError, match="host task") as caught:  # noqa: PT012
        async with open_peer(GAME, name="ana", transport=table.network, host_task=bad) as ana:
            await ana.host("ana", 7777)
            ben = await table.join("ben", ana)
            await trio.sleep_forever()
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    await trio.sleep(1)
    assert ben.role is Role.HOST
    assert {m.name: m.present for m in ben.roster.members} == {"ana": False, "ben": True}


async def test_a_role_task_may_leave(clock: MockClock) -> None:
    async def quitter(peer: Peer) -> None:
        await peer.leave()

    async with open_peer(GAME, transport=MemoryNetwork(), host_task=quitter) as ana:
        await ana.host("ana", 1)
        with trio.fail_after(1):
            await ana._shell.stopped.wait()
