"""Migration by hand, beyond what UNet's manual tells; its own steps are in `test_unet_parity`."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from p2pnet import LocalProtocolError, MigrationManager, PortTaken, State

from .conftest import Table, crash
from .test_unet_parity import Diary, three


async def test_by_hand_whoever_is_picked_may_be_dead_and_another_is_picked(
    clock: MockClock, table: Table
) -> None:
    (ana, ben, cat), (_, _, cats) = await three(table, manager={"automatic": False})
    dans = Diary(automatic=False)
    dan = await table.join("dan", ana, migration=dans)
    await trio.sleep(0.05)
    crash(ana)
    await trio.sleep(0.5)
    assert dans.pick_new_host() and dans.new_host_address.startswith("ben:")
    outcomes: list[bool] = []

    async def reconnect() -> None:
        outcomes.append(await dans.reconnect_to_new_host())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(reconnect)
        await trio.sleep(0.2)
        crash(ben)
    assert outcomes == [False] and not dans.waiting_reconnect_to_new_host
    assert cats.pick_new_host() and cats.waiting_to_become_new_host
    assert await cats.become_new_host(4321) is True
    assert "cat:4321" in cat.roster.get(cat.me).addresses  # type: ignore[union-attr]
    assert dans.pick_new_host()
    assert await dans.reconnect_to_new_host("cat", 4321) is True
    await table.agree(cat, dan)


async def test_by_hand_nothing_is_done_at_the_wrong_time(clock: MockClock, table: Table) -> None:
    (_, _, cat), (anas, bens, _) = await three(table, manager={"automatic": False})
    assert not bens.pick_new_host()
    for manager in (anas, bens):
        with pytest.raises(LocalProtocolError):
            await manager.become_new_host()
        with pytest.raises(LocalProtocolError):
            await manager.reconnect_to_new_host(cat.me)
    with pytest.raises(LocalProtocolError, match="pick"):
        await bens.reconnect_to_new_host()
    with pytest.raises(LocalProtocolError, match="nobody:1"):
        await bens.reconnect_to_new_host("nobody", 1)
    with pytest.raises(LocalProtocolError, match="serves no peer"):
        _ = MigrationManager().client
    with pytest.raises(LocalProtocolError, match="one peer"):
        await table.open("eva", migration=bens)


async def test_by_hand_a_port_that_is_taken_changes_nothing(clock: MockClock, table: Table) -> None:
    (ana, ben, _), (_, bens, _) = await three(table, manager={"automatic": False})
    eva = await table.open("eva")
    await eva.host("ben", 5555)
    crash(ana)
    await trio.sleep(0.5)
    with pytest.raises(PortTaken):
        await bens.become_new_host(5555)
    assert ben.state is State.DOUBTING
    assert await bens.become_new_host() is True
