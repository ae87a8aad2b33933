from __future__ import annotations

from typing import Any

import pytest
import trio
from trio.testing import MockClock

from p2pnet import (
    AuthorityError,
    CommandRefusal,
    CommandRefused,
    LocalProtocolError,
    MigrationManager,
    Peer,
    Settings,
    State,
    TooManyInFlight,
)
from p2pnet.core.events import WriteRefused
from p2pnet.core.settings import WhileDown
from p2pnet.core.values import LinkId
from p2pnet.links.memory import MemoryLink

from .conftest import Table, Tank, crash, tank

# --- time ---


async def test_a_timer_survives_two_hosts_and_fires_once(clock: MockClock, table: Table) -> None:
    ana, ben, cat = await table.three()
    await tank(cat).save_up(3.0, 7)
    begun = trio.current_time()
    await trio.sleep(0.5)
    crash(ana)
    await table.agree(ben, cat)
    await trio.sleep(0.5)
    crash(ben)
    await cat.settled()
    while tank(cat).gold == 0:  # noqa: ASYNC110  a field has no event
        await trio.sleep(0.05)
    assert 2.9 < trio.current_time() - begun < 4.5, "three seconds, and the time without a host"
    await trio.sleep(10)
    assert tank(cat).gold == 7 and not cat.world.session.timers


async def test_time_is_one_for_all_and_goes_on_over_a_change_of_host(
    clock: MockClock, table: Table
) -> None:
    ana, ben, cat = await table.three()
    shown: dict[Peer, float] = {}
    for moment in range(40):
        if moment == 20:
            crash(ana)
        await trio.sleep(0.1)
        for peer in (ben, cat) if moment >= 20 else (ana, ben, cat):
            assert peer.time_s >= shown.get(peer, 0.0)
            shown[peer] = peer.time_s
    # Idle hosts say nothing, and each peer counts for itself.
    assert shown[ben] == pytest.approx(shown[cat], abs=0.3)
    assert shown[ben] == pytest.approx(4.0, abs=0.3)


async def test_timers_are_set_on_the_host_on_a_player_or_on_any_object(
    clock: MockClock, table: Table
) -> None:
    ana, ben, _ = await table.three()
    ana.after(1, "grow", 2)
    ana.after(1, "grow", 3, on=ana.world.player_of(ben.me))
    gone = ana.after(1, "grow", 4)
    assert ana.cancel_timer(gone) and not ana.cancel_timer(gone)
    await trio.sleep(2)
    assert (tank(ana).gold, tank(ben).gold) == (2, 3)
    with pytest.raises(AuthorityError):
        ben.after(1, "grow", 1)
    lone = await table.open("lone")
    with pytest.raises(LocalProtocolError, match="no player yet"):
        lone.after(1, "grow", 1)


# --- fields that their owner writes ---


async def test_the_owner_is_ahead_and_the_others_follow_over_a_change_of_host(
    clock: MockClock, table: Table
) -> None:
    ana, ben, cat = await table.three()
    copy = cat.world.player_of(ben.me)
    tank(ben).x = 1.0
    await trio.sleep(0.2)
    assert copy.x == 1.0  # type: ignore[union-attr]
    crash(ana)
    tank(ben).x = 2.0  # there is no host to tell
    tank(cat).x = 3.0
    assert tank(ben).x == 2.0
    await trio.sleep(1)
    await table.agree(ben, cat)
    assert copy.x == tank(ben).x == 2.0  # type: ignore[union-attr]
    assert tank(cat).x == ben.world.player_of(cat.me).x == 3.0  # type: ignore[union-attr]
    assert not ben.world.mine.overlays and not cat.world.mine.overlays


async def test_who_writes_what_the_host_refuses_is_told(clock: MockClock, table: Table) -> None:
    _, ben, _ = await table.three()
    events = ben.events()
    tank(ben).x = -1.0
    async for event in events:
        if isinstance(event, WriteRefused):
            break
    assert event == WriteRefused(tank(ben).object_id, "x", "there is a wall")
    assert tank(ben).x == 0.0


async def test_a_peer_that_does_not_keep_up_misses_values_in_between_and_nobody_else_does(
    clock: MockClock, table: Table
) -> None:
    ana, ben, cat = await table.three()
    mine = tank(ana)
    copies = [peer.world.player_of(ana.me) for peer in (ben, cat)]
    seen: list[list[float]] = [[], []]

    async def walk(steps: int) -> None:
        for values in seen:
            values.clear()
        for _ in range(steps):
            mine.x, mine.gold = mine.x + 1, mine.gold + 1
            await trio.sleep(0.05)
            for copy, values in zip(copies, seen, strict=True):
                assert isinstance(copy, Tank)
                values.append(copy.x)

    await walk(20)
    assert all(len(set(values)) > 15 for values in seen)
    crowd(ana, link_to(ana, cat))
    await walk(40)
    assert len(set(seen[0])) > 35, "Ben keeps up"
    assert len(set(seen[1])) <= 2, "Cat does not"
    crowd(ana)
    await trio.sleep(0.2)
    await table.agree(ana, ben, cat)
    assert mine.x == 60.0 and cat.state is State.FOLLOWING


def link_to(host: Peer, client: Peer) -> LinkId:
    core = host._shell.core
    assert core is not None
    link = core._s.mesh.link_to(client.me)
    assert link is not None
    return link.id


def crowd(host: Peer, *links: LinkId) -> None:
    """As if more waited on these links than they carry."""
    mesh = host._shell.mesh

    def watch() -> bool:
        before, mesh.crowded = mesh.crowded, frozenset(links)
        return before != mesh.crowded

    mesh.watch_backlogs = watch  # type: ignore[method-assign]


async def test_it_is_known_on_which_links_more_waits_than_they_carry(
    clock: MockClock, table: Table
) -> None:
    ana, _, cat = await table.three()
    mesh, slow = ana._shell.mesh, link_to(ana, cat)
    assert not mesh.watch_backlogs() and mesh.crowded == frozenset()
    link = mesh._open[slow].link
    assert isinstance(link, MemoryLink)
    link._other._inbox._sink = lambda frame: False  # the other end has no room
    link.send_nowait(bytes(40_000))
    assert not mesh.watch_backlogs()
    link.send_nowait(bytes(40_000))
    assert mesh.watch_backlogs() and mesh.crowded == {slow}
    link._other._inbox._drop_first()
    assert not mesh.watch_backlogs() and mesh.crowded == {slow}, "not free yet"
    link._other._inbox._drop_first()
    assert mesh.watch_backlogs() and mesh.crowded == frozenset()


# --- commands that are called while there is no host ---


class Eager(MigrationManager):
    """Calls three commands as soon as the host is lost."""

    def __init__(self) -> None:
        self.peer: Peer | None = None
        self.receipts: list[Any] = []

    def on_migration_started(self) -> None:
        assert self.peer is not None
        self.receipts = [tank(self.peer).earn(1) for _ in range(3)]


async def eager(table: Table, settings: Settings) -> tuple[Peer, Eager]:
    """Ana's game goes on without her, and Cat could not wait."""
    ana = await table.host("ana", settings=settings)
    ben = await table.join("ben", ana)
    manager = Eager()
    cat = manager.peer = await table.join("cat", ana, migration=manager)
    await trio.sleep(0.1)
    crash(ana)
    await trio.sleep(1)
    await table.agree(ben, cat)
    return cat, manager


async def test_commands_without_a_host_are_kept_up_to_a_limit(
    clock: MockClock, table: Table
) -> None:
    cat, manager = await eager(table, Settings(kept_commands_max=2))
    first, second, third = manager.receipts
    assert [await first, await second] == [1, 2]
    with pytest.raises(TooManyInFlight, match="wait for the next host"):
        await third
    assert await tank(cat).earn(1) == 3


async def test_commands_without_a_host_are_refused_if_the_settings_say_so(
    clock: MockClock, table: Table
) -> None:
    cat, manager = await eager(table, Settings(while_down=WhileDown.REFUSE))
    for receipt in manager.receipts:
        with pytest.raises(CommandRefused) as caught:
            await receipt
        assert caught.value.reason is CommandRefusal.NO_HOST
    assert await tank(cat).earn(1) == 1
