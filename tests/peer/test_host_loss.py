"""The host is lost and the others go on: whole peers over a memory network, on virtual time."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import trio
from trio.testing import MockClock

from p2pnet import RECONNECT_ID_HOST, LocalProtocolError, Peer, Role, State, events
from p2pnet.peer.pump import Pump

from .conftest import Table, crash, labels, seed, tank


async def test_the_first_in_rank_becomes_the_host_and_everybody_keeps_everything(
    clock: MockClock, table: Table
) -> None:
    ana, ben, cat = await table.three()
    await tank(cat).earn(5)
    cats_tank, bens_tank = tank(cat), tank(ben)
    crash(ana)
    await trio.sleep(1)
    await table.agree(ben, cat)
    assert (ben.role, cat.role) == (Role.HOST, Role.CLIENT)
    assert labels(ben, cat) == [0, 2]
    assert (ben.old_connection_id, cat.old_connection_id) == (1, 2)
    assert tank(cat) is cats_tank and tank(ben) is bens_tank
    assert tank(cat).gold == 5
    assert ben.objects[1].suspended and not tank(cat).suspended


async def test_the_game_goes_on_under_the_new_host(clock: MockClock, table: Table) -> None:
    ana, ben, cat = await table.three()
    crash(ana)
    assert await tank(cat).earn(1) == 1
    assert await tank(ben).earn(2) == 2
    number = await tank(cat).drop()
    await table.agree(ben, cat)
    assert ben.objects[number].owner == cat.me


async def test_a_change_of_host_takes_no_time_when_the_link_breaks(
    clock: MockClock, table: Table
) -> None:
    ana, ben, cat = await table.three()
    began = trio.current_time()
    crash(ana)
    await ben.wait_for(events.BecameHost)
    await cat.settled()
    assert trio.current_time() == began


async def test_commands_on_their_way_are_run_exactly_once(clock: MockClock, table: Table) -> None:
    ana, ben, cat = await table.three()
    receipts = [tank(cat).earn(1) for _ in range(50)]
    await trio.lowlevel.checkpoint()
    crash(ana)
    receipts += [tank(cat).earn(1) for _ in range(50)]
    assert [await receipt for receipt in receipts] == list(range(1, 101))
    await table.agree(ben, cat)
    assert tank(cat).gold == 100


@pytest.mark.parametrize("steps", range(30))
async def test_a_crash_at_any_moment_loses_nothing_that_was_acknowledged(
    clock: MockClock, table: Table, steps: int
) -> None:
    ana, ben, cat = await table.three()
    receipts = [tank(peer).earn(1) for peer in (ben, cat) for _ in range(3)]
    for _ in range(steps):
        await trio.lowlevel.checkpoint()
    crash(ana)
    assert [await receipt for receipt in receipts] == [1, 2, 3] * 2
    await table.agree(ben, cat)
    assert (tank(ben).gold, tank(cat).gold) == (3, 3)


async def test_events_tell_the_story_in_order(clock: MockClock, table: Table) -> None:
    ana, ben, cat = await table.three()
    streams = {peer.name: peer.events() for peer in (ben, cat)}
    crash(ana)
    await trio.sleep(1)
    await table.agree(ben, cat)
    told = {}
    for peer in (ben, cat):
        await peer.leave()
        told[peer.name] = [event async for event in streams[peer.name]]
    kinds = (events.HostLost, events.MigrationStarted, events.BecameHost, events.HostChanged)
    bens = [event for event in told["ben"] if isinstance(event, kinds)]
    assert [type(event) for event in bens] == [
        *(events.HostLost, events.MigrationStarted, events.BecameHost)
    ]
    cats = [event for event in told["cat"] if isinstance(event, kinds)]
    assert [type(event) for event in cats[:3]] == [
        *(events.HostLost, events.MigrationStarted, events.HostChanged)
    ]
    assert bens[0] == events.HostLost(ana.me, events.LossCause.CLOSED)
    assert isinstance(bens[1], events.MigrationStarted) and bens[1].you


async def test_a_second_and_a_third_migration(clock: MockClock, table: Table) -> None:
    ana, ben, cat = await table.three()
    dan = await table.join("dan", ana)
    await table.agree(ana, ben, cat, dan)
    left = [ana, ben, cat, dan]
    for number in (2, 3, 4):
        for peer in left:
            await tank(peer).earn(1)
        host = next(peer for peer in left if peer.role is Role.HOST)
        left.remove(host)
        crash(host)
        await trio.sleep(1)
        await table.agree(*left)
        assert [peer.role for peer in left].count(Role.HOST) == 1
        assert {peer.epoch and peer.epoch.number for peer in left} == {number}
    (last,) = left
    assert (last.role, last.connection_id) == (Role.HOST, 0)
    assert await tank(last).earn(1) == 4


async def test_the_first_host_and_its_successor_die_together(
    clock: MockClock, table: Table
) -> None:
    ana, ben, cat = await table.three()
    crash(ana)
    crash(ben)
    await trio.sleep(1)
    await cat.settled()
    assert cat.role is Role.HOST
    assert await tank(cat).earn(1) == 1


async def test_two_players_survive_the_loss_of_either(clock: MockClock, table: Table) -> None:
    ana = await table.host("ana")
    ben = await table.join("ben", ana)
    assert await tank(ben).earn(1) == 1
    crash(ana)
    assert await tank(ben).earn(1) == 2
    assert (ben.role, ben.connection_id) == (Role.HOST, 0)


@pytest.mark.parametrize("members", [2, 3])
async def test_an_ex_host_comes_back_as_0_and_gets_its_player(
    clock: MockClock, table: Table, members: int
) -> None:
    ana = await table.host("ana", identity=seed(1))
    others = [await table.join(name, ana) for name in ("ben", "cat")[: members - 1]]
    await tank(ana).earn(7)
    tank(ana).bag.append("crown")
    await trio.sleep(0.1)  # nobody waits for this, so it goes out with the tick
    crash(ana)
    await trio.sleep(1)
    back = await table.join("ana", others[0], identity=seed(1))
    await table.agree(back, *others)
    assert back.me == ana.me
    assert back.role is Role.CLIENT
    assert back.old_connection_id == RECONNECT_ID_HOST
    assert (tank(back).gold, list(tank(back).bag)) == (7, ["crown"])
    assert not tank(back).suspended
    assert await tank(back).earn(1) == 8


async def test_a_client_comes_back_with_its_key_and_its_label(
    clock: MockClock, table: Table
) -> None:
    ana = await table.host("ana")
    ben = await table.join("ben", ana, identity=seed(2))
    cat = await table.join("cat", ana)
    await tank(ben).earn(7)
    crash(ben)
    await trio.sleep(1)
    assert ana.objects[2].suspended
    back = await table.join("ben", ana, identity=seed(2))
    await table.agree(ana, back, cat)
    assert back.connection_id == 1
    assert tank(back).gold == 7
    assert await tank(back).earn(1) == 8


async def test_a_seat_that_is_not_claimed_in_time_is_given_up(
    clock: MockClock, table: Table
) -> None:
    ana, ben, cat = await table.three()
    crash(ben)
    await trio.sleep(ana._shell.settings.seat_us / 1e6 + 1)
    await table.agree(ana, cat)
    assert [member.name for member in ana.roster.members] == ["ana", "cat"]
    assert 2 not in cat.objects


async def test_newcomers_join_the_new_host(clock: MockClock, table: Table) -> None:
    ana, ben, cat = await table.three()
    crash(ana)
    await trio.sleep(1)
    dan = await table.join("dan", cat)
    await table.agree(ben, cat, dan)
    assert dan.epoch == ben.epoch


async def test_spawns_and_kicks_work_under_the_new_host(clock: MockClock, table: Table) -> None:
    ana, ben, cat = await table.three()
    crash(ana)
    await trio.sleep(1)
    ben.kick(2, "out")
    with trio.fail_after(1):
        await cat._shell.stopped.wait()
    assert cat.state is State.LEFT
    assert await tank(ben).earn(1) == 1


async def test_a_large_table_changes_hosts(clock: MockClock, table: Table) -> None:
    ana = await table.host("ana")
    others: list[Peer] = [await table.join(f"peer{n}", ana) for n in range(11)]
    await table.agree(ana, *others)
    crash(ana)
    receipts = [tank(peer).earn(1) for peer in others]
    assert [await receipt for receipt in receipts] == [1] * len(others)
    await table.agree(*others)
    assert [peer.role for peer in others].count(Role.HOST) == 1


# --- silence ---


@pytest.fixture
def freeze(monkeypatch: pytest.MonkeyPatch) -> Callable[[Peer], trio.Event]:
    """Stop the pump of a peer until the event is set: links stay open, and nothing is said."""
    gather = Pump._gather
    frozen: dict[object, trio.Event] = {}

    async def gather_later(pump: Pump) -> None:
        await gather(pump)
        if pump._inbox in frozen:
            await frozen[pump._inbox].wait()

    monkeypatch.setattr(Pump, "_gather", gather_later)

    def stop(peer: Peer) -> trio.Event:
        thaw = frozen[peer._shell.inbox] = trio.Event()
        return thaw

    return stop


async def test_a_silent_host_is_replaced_and_comes_back_as_a_client(
    clock: MockClock, table: Table, freeze: Callable[[Peer], trio.Event]
) -> None:
    ana, ben, cat = await table.three()
    assert await tank(ana).earn(7) == 7
    lost = ben.events()
    began = trio.current_time()
    thaw = freeze(ana)
    assert await tank(cat).earn(1) == 1
    assert ben.role is Role.HOST
    assert trio.current_time() - began < 2
    heard = [await anext(lost) for _ in range(3)]
    assert events.HostSuspected(ana.me) in heard
    await trio.sleep(5)

    thaw.set()
    await trio.sleep(3)
    await table.agree(ana, ben, cat)
    assert (ana.role, ana.old_connection_id) == (Role.CLIENT, RECONNECT_ID_HOST)
    assert await tank(ana).earn(1) == 8


async def test_a_host_that_stops_for_a_moment_stays_the_host(
    clock: MockClock, table: Table, freeze: Callable[[Peer], trio.Event]
) -> None:
    ana, ben, cat = await table.three()
    thaw = freeze(ana)
    await trio.sleep(0.25)
    thaw.set()
    await trio.sleep(1)
    await table.agree(ana, ben, cat)
    assert ana.role is Role.HOST
    assert ana.epoch is not None and ana.epoch.number == 1


async def test_a_silent_client_is_suspended_and_wakes_again(
    clock: MockClock, table: Table, freeze: Callable[[Peer], trio.Event]
) -> None:
    ana, ben, cat = await table.three()
    thaw = freeze(cat)
    receipt = tank(cat).earn(1)
    await trio.sleep(5)
    assert ana.objects[3].suspended and ben.objects[3].suspended
    thaw.set()
    assert await receipt == 1
    await table.agree(ana, ben, cat)
    assert not ana.objects[3].suspended


async def test_who_can_not_host_is_passed_over(clock: MockClock, table: Table) -> None:
    ana = await table.host("ana")
    ben = await table.join("ben", ana, can_host=False)
    cat = await table.join("cat", ana)
    await table.agree(ana, ben, cat)
    crash(ana)
    await cat.wait_for(events.BecameHost)
    await table.agree(ben, cat)
    assert (ben.role, cat.role) == (Role.CLIENT, Role.HOST)
    with pytest.raises(LocalProtocolError, match="can't host"):
        await cat.hand_over(ben.connection_id)


async def test_who_can_not_host_opens_no_session(clock: MockClock, table: Table) -> None:
    peer = await table.open("ana", can_host=False)
    with pytest.raises(LocalProtocolError, match="can_host"):
        await peer.host("ana", 1)
