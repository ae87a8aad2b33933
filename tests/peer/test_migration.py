from __future__ import annotations

from typing import Any

import pytest
import trio
from trio.testing import MockClock

from p2pnet import (
    RECONNECT_ID_INVALID,
    Connection,
    ConnectionId,
    EndReason,
    LocalProtocolError,
    MigrationManager,
    NetworkObject,
    Peer,
    PeerId,
    Player,
    Roster,
    SceneChange,
    State,
    events,
)
from p2pnet.core.states import Role

from .conftest import Crate, Table, crash, seed, tank


class Diary(MigrationManager):
    """Writes down which hook was called with what."""

    def __init__(self, scene: SceneChange = SceneChange.STAY_IN_ONLINE_SCENE) -> None:
        self.scene = scene
        self.entries: list[tuple[Any, ...]] = []
        self.rosters: list[Roster] = []

    def take(self) -> list[tuple[Any, ...]]:
        entries, self.entries = self.entries, []
        return entries

    def on_client_disconnected_from_host(self, connection: Connection) -> SceneChange:
        self.entries.append(("disconnected", connection))
        return self.scene

    def on_server_host_shutdown(self) -> None:
        self.entries.append(("shutdown",))

    def on_server_reconnect_player(
        self, connection: Connection, player: Player, old_connection_id: ConnectionId, extra: None
    ) -> None:
        assert not player.suspended
        self.entries.append(("player", connection, player, old_connection_id, extra))

    def on_server_reconnect_object(
        self, connection: Connection, obj: NetworkObject, old_connection_id: ConnectionId
    ) -> None:
        self.entries.append(("object", connection, obj, old_connection_id))

    def on_peers_updated(self, roster: Roster) -> None:
        self.rosters.append(roster)

    def on_authority_updated(
        self, obj: NetworkObject, connection_id: ConnectionId, state: bool
    ) -> None:
        self.entries.append(("authority", obj.object_id, connection_id, state))

    def on_became_host(self) -> None:
        self.entries.append(("became host",))

    def on_migration_started(self) -> None:
        self.entries.append(("started",))

    def on_migration_finished(self) -> None:
        self.entries.append(("finished",))


def connection(peer: Peer, label: int) -> Connection:
    return Connection(ConnectionId(label), peer.me, peer.name)


async def three(table: Table, **diaries: Diary) -> tuple[Peer, Peer, Peer]:
    ana = await table.host("ana", migration=diaries.get("ana"), identity=seed(1))
    ben = await table.join("ben", ana, migration=diaries.get("ben"))
    cat = await table.join("cat", ana, migration=diaries.get("cat"))
    await trio.sleep(0.01)  # no time passes on this network, so now all links are up
    await table.agree(ana, ben, cat)
    return ana, ben, cat


async def test_a_migration_as_the_successor_sees_it(clock: MockClock, table: Table) -> None:
    diary = Diary()
    ana, ben, cat = await three(table, ben=diary)
    assert diary.take() == []
    crash(ana)
    await trio.sleep(1)
    assert diary.take() == [
        ("disconnected", connection(ana, 0)),
        ("started",),
        ("became host",),
        ("player", connection(cat, 2), ben.objects[3], 2, None),
        ("finished",),
    ]


async def test_a_migration_as_another_client_sees_it(clock: MockClock, table: Table) -> None:
    diary = Diary()
    ana, ben, cat = await three(table, cat=diary)
    crash(ana)
    await trio.sleep(1)
    await table.agree(ben, cat)
    assert diary.take() == [("disconnected", connection(ana, 0)), ("started",), ("finished",)]


async def test_a_handover_is_a_migration_without_a_loss(clock: MockClock, table: Table) -> None:
    diaries = {"ben": Diary(), "cat": Diary()}
    ana, ben, cat = await three(table, **diaries)
    await ana.leave()
    await trio.sleep(1)
    await table.agree(ben, cat)
    bens = [entry for entry in diaries["ben"].take() if entry[0] != "player"]
    assert bens == [("started",), ("became host",), ("finished",)]
    assert diaries["cat"].take() == [("started",), ("finished",)]


async def test_a_host_hands_over_and_stays_as_a_client(clock: MockClock, table: Table) -> None:
    ana, ben, cat = await three(table)
    gold = await tank(ana).drop()
    await ana.hand_over(cat.connection_id)
    await table.agree(ana, ben, cat)
    assert [peer.role for peer in (ana, ben, cat)] == [Role.CLIENT, Role.CLIENT, Role.HOST]
    assert (ana.old_connection_id, cat.connection_id) == (0, 0)
    assert ana.objects[gold].owner == ana.me
    assert await tank(ana).drop() > gold


@pytest.mark.parametrize("to", [7, 0])
async def test_there_is_nobody_to_hand_over_to(clock: MockClock, table: Table, to: int) -> None:
    ana = await table.host("ana", identity=seed(1))
    with pytest.raises(LocalProtocolError, match=str(to)):
        await ana.hand_over(to)
    with pytest.raises(LocalProtocolError, match="follower"):
        await ana.hand_over()
    assert ana.state is State.REIGNING


async def test_only_the_host_hands_over(clock: MockClock, table: Table) -> None:
    _, ben, _ = await three(table)
    with pytest.raises(LocalProtocolError, match="host"):
        await ben.hand_over()


async def test_the_ex_host_reconnects_with_0_and_its_player_and_objects(
    clock: MockClock, table: Table
) -> None:
    diary = Diary()
    ana, ben, cat = await three(table, ben=diary)
    number = await tank(ana).drop()
    await table.agree(ana, ben, cat)
    crash(ana)
    await trio.sleep(1)
    diary.take()
    back = await table.join("ana", cat, identity=seed(1))
    again = connection(back, back.connection_id)
    assert diary.take() == [
        ("player", again, ben.objects[1], 0, None),
        ("object", again, ben.objects[number], 0),
    ]


async def test_who_switches_to_the_offline_scene_leaves_and_does_not_migrate(
    clock: MockClock, table: Table
) -> None:
    diary = Diary(SceneChange.SWITCH_TO_OFFLINE_SCENE)
    ana, ben, cat = await three(table, ben=diary)
    stream = ben.events()
    crash(ana)
    ends = [event async for event in stream if isinstance(event, events.SessionEnded)]
    text = "the session has ended with its host"
    assert ends == [events.SessionEnded(EndReason.HOST_LOST, text)]
    await trio.sleep(1)
    assert ben.state is State.LEFT
    assert (cat.role, cat.state) == (Role.HOST, State.REIGNING)
    assert [member.name for member in cat.roster.members if member.present] == ["cat"]


@pytest.mark.parametrize("how", ["leave", "stop_host", "close"])
async def test_a_host_that_stops_is_told_so(clock: MockClock, table: Table, how: str) -> None:
    diary = Diary()
    ana, _, _ = await three(table, ana=diary)
    if how == "close":
        ana._shell.shut()
        await ana._shell.stopped.wait()
    else:
        await getattr(ana, how)()
    assert diary.take() == [("shutdown",)]


async def test_a_client_that_leaves_is_no_host_that_stops(clock: MockClock, table: Table) -> None:
    diary = Diary()
    _, ben, _ = await three(table, ben=diary)
    await ben.leave()
    assert diary.take() == []


async def test_authority_is_told_to_everybody_by_label(clock: MockClock, table: Table) -> None:
    diaries = {name: Diary() for name in ("ana", "ben", "cat")}
    ana, _, cat = await three(table, **diaries)
    crate = ana.spawn(Crate(), 1)
    await trio.sleep(0.1)
    ana.assign_authority(crate, cat.me)
    await trio.sleep(0.1)
    ana.remove_authority(crate)
    await trio.sleep(0.1)
    number = crate.object_id
    for diary in diaries.values():
        assert diary.take() == [
            ("authority", number, 1, True),
            ("authority", number, 1, False),
            ("authority", number, 2, True),
            ("authority", number, 2, False),
        ]


async def test_everybody_hears_of_every_roster(clock: MockClock, table: Table) -> None:
    diaries = {name: Diary() for name in ("ana", "ben", "cat")}
    ana, ben, cat = await three(table, **diaries)
    for peer in (ana, ben, cat):
        rosters = diaries[peer.name].rosters
        assert rosters[-1] == peer.roster
        versions = [roster.version for roster in rosters]
        assert versions == sorted(set(versions))


def test_the_default_is_to_stay() -> None:
    nobody = Connection(RECONNECT_ID_INVALID, PeerId("x"), "")
    choice = MigrationManager().on_client_disconnected_from_host(nobody)
    assert choice is SceneChange.STAY_IN_ONLINE_SCENE
