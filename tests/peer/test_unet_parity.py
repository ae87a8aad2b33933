"""What a faithful engine has to do: UNet's scenarios 1 to 18, with whole peers, by number."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from trio.testing import MockClock

from p2pnet import (
    RECONNECT_ID_HOST,
    RECONNECT_ID_INVALID,
    CommandRefused,
    Connection,
    EndReason,
    Game,
    HostUnreachable,
    LocalProtocolError,
    MigrationManager,
    Peer,
    PeerInfo,
    PeerInfoPlayer,
    Player,
    Role,
    SceneChange,
    SessionOver,
    Settings,
    State,
    command,
    events,
    networked,
    sync_var,
)

from .conftest import Crate, Table, Tank, crash, seed, tank


class Diary(MigrationManager):
    """Writes down every hook that is called, with what."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.entries: list[tuple[Any, ...]] = []

    def named(self, kind: str) -> list[tuple[Any, ...]]:
        return [entry[1:] for entry in self.entries if entry[0] == kind]

    def on_client_disconnected_from_host(self, connection: Connection) -> SceneChange:
        self.entries.append(("host lost", connection.connection_id))
        return super().on_client_disconnected_from_host(connection)

    def on_server_host_shutdown(self) -> None:
        self.entries.append(("shutdown",))

    def on_server_reconnect_player(self, connection, player, old, extra):  # type: ignore[no-untyped-def]
        self.entries.append(("player", connection.connection_id, player.object_id, old, extra))

    def on_server_reconnect_object(self, connection, obj, old):  # type: ignore[no-untyped-def]
        self.entries.append(
            ("object", connection.connection_id, obj.object_id, old, connection.extra)
        )

    def on_peers_updated(self, roster):  # type: ignore[no-untyped-def]
        self.entries.append(("peers", [info.connection_id for info in self.peers]))

    def on_authority_updated(self, obj, connection_id, state):  # type: ignore[no-untyped-def]
        self.entries.append(("authority", obj.object_id, connection_id, state))

    def on_reconnect_rejected(self, reason, text):  # type: ignore[no-untyped-def]
        self.entries.append(("rejected", reason))

    def on_new_host_announced(self, connection):  # type: ignore[no-untyped-def]
        self.entries.append(("announced", connection.name))

    def on_became_host(self) -> None:
        self.entries.append(("became host",))


async def three(table: Table, **options: Any) -> tuple[list[Peer], list[Diary]]:
    """Ana hosts; Ben and Cat have joined. Each with a diary."""
    settings = options.pop("manager", {})
    diaries = [Diary(**settings) for _ in range(3)]
    ana = await table.host("ana", migration=diaries[0], identity=seed(1), **options)
    ben = await table.join("ben", ana, migration=diaries[1], identity=seed(2), **options)
    cat = await table.join("cat", ana, migration=diaries[2], identity=seed(3), **options)
    await trio.sleep(0.01)
    await table.agree(ana, ben, cat)
    for diary in diaries:
        diary.entries.clear()
    return [ana, ben, cat], diaries


def facts(infos: tuple[PeerInfo, ...]) -> list[tuple[int, bool, bool]]:
    return sorted((info.connection_id, info.is_host, info.is_you) for info in infos)


async def test_unet_scenario_1_everybody_knows_all_peers(clock: MockClock, table: Table) -> None:
    ana = await table.host("ana", migration=Diary())
    ben = await table.join("ben", ana, migration=Diary())
    await table.agree(ana, ben)
    assert facts(ben.migration.peers) == [(0, True, False), (1, False, True)]
    cat = await table.join("cat", ana, migration=Diary())
    await trio.sleep(0.1)
    assert facts(cat.migration.peers) == [(0, True, False), (1, False, False), (2, False, True)]
    (host, *_) = sorted(cat.migration.peers, key=lambda info: info.connection_id)
    assert (host.address, host.port, host.name, host.peer) == ("ana", 7777, "ana", ana.me)
    assert host.player_ids == (PeerInfoPlayer(tank(ana).object_id, 0),)

    peers = (ana, ben, cat)
    diaries = [peer.migration for peer in peers]
    assert all(isinstance(diary, Diary) for diary in diaries)

    async def refreshed(deed: Any) -> None:
        for diary in diaries:
            diary.entries.clear()  # type: ignore[attr-defined]
        outcome = deed()
        if outcome is not None:
            await outcome
        await trio.sleep(0.2)
        for diary in diaries:
            assert diary.named("peers"), "everybody is told"  # type: ignore[attr-defined]

    await refreshed(lambda: ben.add_player(1))
    ids = {info.connection_id: info.player_ids for info in ana.migration.peers}
    assert [each.player_controller_id for each in ids[1]] == [0, 1]  # type: ignore[index]
    await refreshed(lambda: ben.remove_player(1))
    await refreshed(lambda: table.join("dan", ana))
    await refreshed(lambda: ana.migration.send_peer_info())
    await refreshed(lambda: ana.kick(3))
    with pytest.raises(LocalProtocolError, match="host"):
        ben.migration.send_peer_info()


async def test_unet_scenario_2_a_host_loss_is_told_once_and_players_sleep(
    clock: MockClock, table: Table
) -> None:
    (ana, ben, cat), diaries = await three(table, manager={"automatic": False})
    crash(ana)
    await trio.sleep(5)
    for peer, diary in ((ben, diaries[1]), (cat, diaries[2])):
        assert diary.named("host lost") == [(0,)]
        assert all(obj.suspended for obj in peer.objects.values())
        assert diary.disconnected_from_host and peer.state is State.DOUBTING
        assert len(peer.objects) == 3, "the scene is kept"


async def test_unet_scenario_3_who_is_chosen_becomes_the_host(
    clock: MockClock, table: Table
) -> None:
    starts: list[bool] = []

    @networked
    class Hero(Player):
        gold: int = sync_var(0)

        def on_start_server(self, migrated: bool) -> None:
            starts.append(migrated)

        @command
        def earn(self, amount: int) -> int:
            self.gold += amount
            return self.gold

    table.game = Game("heroes", player=Hero, objects=[Crate])
    (ana, ben, _), diaries = await three(table, manager={"automatic": False})
    await ben.player.earn(7)  # type: ignore[union-attr]
    starts.clear()
    crash(ana)
    await trio.sleep(0.5)
    assert set(diaries[1].pending_players) == {0, 1, 2}
    found, is_me = diaries[1].find_new_host()
    assert is_me and found.connection_id == 1  # type: ignore[union-attr]
    assert await diaries[1].become_new_host() is True
    assert ben.role is Role.HOST and diaries[1].named("became host") == [()]
    assert ben.player.gold == 7 and not ben.player.suspended  # type: ignore[union-attr]
    assert starts == [True] * 3, "on all objects"
    assert set(diaries[1].pending_players) == {0, 2}
    assert not diaries[1].disconnected_from_host


async def test_unet_scenario_4_another_client_reconnects_with_its_old_id(
    clock: MockClock, table: Table
) -> None:
    (ana, ben, cat), diaries = await three(table, manager={"automatic": False})
    await tank(cat).earn(5)
    number = tank(cat).object_id
    crash(ana)
    await trio.sleep(0.5)
    await diaries[1].become_new_host()
    await trio.sleep(0.1)
    assert diaries[2].named("announced") == [("ben",)] and cat.state is State.DOUBTING
    found, is_me = diaries[2].find_new_host()
    assert not is_me and found.peer == ben.me  # type: ignore[union-attr]
    assert await diaries[2].reconnect_to_new_host("ben") is True
    await table.agree(ben, cat)
    assert diaries[1].named("player") == [(2, number, 2, None)]
    assert tank(cat).object_id == number and tank(cat).gold == 5
    assert not ben.objects[number].suspended


@pytest.mark.parametrize("extra", [None, b"", b"skin=red"])
async def test_unet_scenario_5_players_come_before_objects_with_what_was_sent_along(
    clock: MockClock, table: Table, extra: bytes | None
) -> None:
    (ana, ben, cat), diaries = await three(table)
    crate = await tank(cat).drop()
    first, second = tank(cat).object_id, await cat.add_player(1)
    diaries[2].reconnect_extra = extra
    crash(ana)
    await trio.sleep(1)
    await table.agree(ben, cat)
    assert [entry for entry in diaries[1].entries if entry[0] in ("player", "object")] == [
        ("player", 2, first, 2, extra),
        ("player", 2, second, 2, extra),
        ("object", 2, crate, 2, extra),
    ]


async def test_unet_scenario_6_a_crate_keeps_its_id_and_nobody_sees_it_twice(
    clock: MockClock, table: Table
) -> None:
    (ana, ben, cat), _ = await three(table)
    dan = await table.join("dan", ana)
    number = await tank(cat).drop()
    crash(ana)
    await trio.sleep(1)
    await table.agree(ben, cat, dan)
    for peer in (ben, cat, dan):
        crates = [obj for obj in peer.objects.values() if isinstance(obj, Crate)]
        assert [crate.object_id for crate in crates] == [number]
        assert crates[0].owner == cat.me and not crates[0].suspended


async def test_unet_scenario_7_a_host_that_stopped_on_purpose_comes_back_as_0(
    clock: MockClock, table: Table
) -> None:
    (ana, ben, cat), diaries = await three(table)
    await tank(ana).earn(9)
    number = tank(ana).object_id
    bookmark = ana.bookmark
    await ana.leave(keep_seat=True)
    assert diaries[0].named("shutdown") == [()] and diaries[0].host_was_shutdown
    hud = diaries[0].hud()
    assert hud is not None and hud.lines == ("Host Was Shutdown ID(0)",)
    await table.agree(ben, cat)
    assert ben.role is Role.HOST and ben.objects[number].suspended
    assert set(diaries[1].pending_players) == {RECONNECT_ID_HOST}
    back = await table.open("ana", identity=seed(1))
    await back.join(bookmark, address="ana")
    await table.agree(ben, cat, back)
    assert diaries[1].named("player")[-1] == (back.connection_id, number, 0, None)
    assert back.old_connection_id == RECONNECT_ID_HOST
    assert tank(back).object_id == number and tank(back).gold == 9


async def test_unet_scenario_8_authority_is_told_once_to_everybody_also_after_a_migration(
    clock: MockClock, table: Table
) -> None:
    (ana, ben, cat), diaries = await three(table)
    crate = ana.spawn(Crate())
    ana.assign_authority(crate, 1)
    ana.remove_authority(crate)
    await trio.sleep(0.2)
    told = [("authority", crate.object_id, 1, True), ("authority", crate.object_id, 1, False)]
    for diary in diaries:
        assert [entry for entry in diary.entries if entry[0] == "authority"] == told
    crash(ana)
    await trio.sleep(1)
    for diary in diaries:
        diary.entries.clear()
    late = Diary()
    dan = await table.join("dan", ben, migration=late)
    mine = ben.objects[crate.object_id]
    ben.assign_authority(mine, cat.me)
    await trio.sleep(0.2)  # it goes out with the tick
    await table.agree(ben, cat, dan)
    for diary in (diaries[1], diaries[2], late):
        assert diary.named("authority") == [(crate.object_id, 2, True)]


@pytest.mark.parametrize("how", ["on the host", "on the client", "leave"])
async def test_unet_scenario_9_who_does_not_migrate_leaves_and_nothing_stays_hidden(
    clock: MockClock, table: Table, how: str
) -> None:
    class Leaver(MigrationManager):
        def on_client_disconnected_from_host(self, connection: Connection) -> SceneChange:
            return SceneChange.SWITCH_TO_OFFLINE_SCENE

    ana = await table.host("ana", migration=Diary(host_migration=how != "on the host"))
    leaver: MigrationManager = Leaver() if how == "leave" else Diary()
    leaver.host_migration = how != "on the client"
    ben = await table.join("ben", ana, migration=leaver)
    stream = ben.events()
    crash(ana)
    ends = [event async for event in stream if isinstance(event, events.SessionEnded)]
    assert [end.reason for end in ends] == [EndReason.HOST_LOST]
    await ben._shell.stopped.wait()
    assert ben.state is State.LEFT and ben.role is None
    assert not leaver.disconnected_from_host and leaver.match_info is None


async def test_unet_scenario_10_who_was_never_really_in_gets_a_clean_error(
    clock: MockClock, table: Table
) -> None:
    ana = await table.host("ana")
    invite = ana.invite
    crash(ana)
    await trio.sleep(0.1)
    diary = Diary()
    ben = await table.open("ben", migration=diary)
    with pytest.raises(HostUnreachable):
        await ben.join(invite, address="ben")
    assert not diary.named("host lost") and not diary.disconnected_from_host
    assert diary.old_server_connection_id == RECONNECT_ID_INVALID and not diary.peers


async def test_unet_scenario_11_who_joins_after_the_migration_sees_who_is_missing(
    clock: MockClock, table: Table
) -> None:
    (ana, ben, cat), _ = await three(table)
    crash(ana)
    await trio.sleep(1)
    dan = await table.join("dan", cat, migration=Diary())
    await table.agree(ben, cat, dan)
    assert facts(dan.migration.peers)[0] == (0, True, False)
    away = {info.name: info.is_present for info in dan.migration.peers}
    assert away == {"ana": False, "ben": True, "cat": True, "dan": True}
    (missing,) = dan.migration.pending_players.values()
    assert missing.players[0].obj is dan.objects[1] and dan.objects[1].suspended
    assert set(dan.migration.pending_players) == {RECONNECT_ID_HOST}


async def test_unet_scenario_12_after_two_migrations_everybody_reclaims_its_own(
    clock: MockClock, table: Table
) -> None:
    (ana, ben, cat), _ = await three(table)
    own = {peer.name: await tank(peer).drop() for peer in (ana, ben, cat)}
    players = {peer.name: tank(peer).object_id for peer in (ana, ben, cat)}
    crash(ana)
    await trio.sleep(1)
    dan = await table.join("dan", cat)
    own["dan"], players["dan"] = await tank(dan).drop(), tank(dan).object_id
    await table.agree(ben, cat, dan)
    crash(ben)
    await trio.sleep(1)
    await table.agree(cat, dan)
    host = cat if cat.role is Role.HOST else dan
    again_ana = await table.join("ana", host, identity=seed(1))
    again_ben = await table.join("ben", host, identity=seed(2))
    everybody = {"ana": again_ana, "ben": again_ben, "cat": cat, "dan": dan}
    await table.agree(*everybody.values())
    for name, peer in everybody.items():
        assert tank(peer).object_id == players[name]
        assert peer.objects[own[name]].owner == peer.me
        assert not peer.objects[own[name]].suspended
    assert again_ben.old_connection_id == RECONNECT_ID_HOST


class Youngest(MigrationManager):
    """Wants whoever came last."""

    def find_new_host(self):  # type: ignore[no-untyped-def]
        youngest = max(self.peers, key=lambda info: info.connection_id)
        return youngest, youngest.is_you


async def test_unet_scenario_13_an_election_of_the_games_own_is_used_by_everybody(
    clock: MockClock, table: Table
) -> None:
    ana = await table.host("ana", migration=Youngest())
    others = [await table.join(name, ana, migration=Youngest()) for name in ("ben", "cat", "dan")]
    await trio.sleep(0.05)
    crash(ana)
    await trio.sleep(1)
    await table.agree(*others)
    assert [peer.role for peer in others] == [Role.CLIENT, Role.CLIENT, Role.HOST]


async def test_unet_scenario_13_an_election_that_names_somebody_dead_converges(
    clock: MockClock, table: Table
) -> None:
    ana = await table.host("ana", migration=Youngest())
    others = [await table.join(name, ana, migration=Youngest()) for name in ("ben", "cat", "dan")]
    await trio.sleep(0.05)
    crash(others.pop())
    crash(ana)
    await trio.sleep(2)
    await table.agree(*others)
    assert sorted(str(peer.role) for peer in others) == ["client", "host"]


async def test_unet_scenario_14_what_only_the_host_knows_is_lost_unless_it_is_replicated(
    clock: MockClock, table: Table
) -> None:
    @networked
    class Dealer(Player):
        deck: int = 52  # local to each peer
        dealt: int = sync_var(0)

        @command
        def deal(self) -> int:
            self.deck -= 1
            self.dealt += 1
            return self.deck

        def on_start_server(self, migrated: bool) -> None:
            if migrated:
                self.deck = 52 - self.dealt  # the hook in which a successor works it out

    table.game = Game("cards", player=Dealer)
    ana = await table.host("ana")
    ben = await table.join("ben", ana)
    assert await ben.player.deal() == 51  # type: ignore[union-attr]
    assert ben.player.deck == 52, "only the host knew"  # type: ignore[union-attr]
    crash(ana)
    await trio.sleep(1)
    assert await ben.player.deal() == 50  # type: ignore[union-attr]


async def test_unet_scenario_15_a_claim_that_can_not_be_is_rejected_and_the_claimant_told(
    clock: MockClock, table: Table
) -> None:
    settings = Settings(seat_us=2_000_000)
    (ana, ben, cat), diaries = await three(table, settings=settings, manager={"automatic": False})
    crash(ana)
    await trio.sleep(0.5)
    for wrong in (7, RECONNECT_ID_HOST):
        with pytest.raises(LocalProtocolError, match="connection id"):
            diaries[2].reset(wrong)
    await diaries[1].become_new_host()
    stranger = Connection(diaries[1].peers[0].connection_id, cat.me, "cat")
    other = ben.objects[tank(ben).object_id]
    assert diaries[1].reconnect_player_for_connection(stranger, other, 2) is False  # type: ignore[arg-type]
    await trio.sleep(3)  # its seat expires meanwhile
    with pytest.raises(SessionOver) as over:
        await diaries[2].reconnect_to_new_host(ben.me)
    assert over.value.reason is EndReason.SEAT_EXPIRED
    assert diaries[2].named("rejected") == [(EndReason.SEAT_EXPIRED,)]
    anew = await table.join("cat", ben, identity=seed(3))  # as a new player
    assert anew.connection_id not in (0, 1, 2) and tank(anew).gold == 0
    gone = anew.spawn if anew.role is Role.HOST else ben.spawn
    crate = gone(Crate(), anew.me)
    ben.despawn(crate)
    assert diaries[1].reconnect_object_for_connection(stranger, crate, 2) is False
    with pytest.raises(CommandRefused):
        await anew.add_player(0)  # that number is taken


async def test_unet_scenario_16_the_same_claim_twice_does_no_harm(
    clock: MockClock, table: Table
) -> None:
    class Waiting(Diary):
        def on_server_reconnect_player(self, connection, player, old, extra):  # type: ignore[no-untyped-def]
            super().on_server_reconnect_player(connection, player, old, extra)
            self.held = (connection, player, old)
            return False  # not before the game says so

    ana = await table.host("ana")
    waiting = Waiting()
    ben = await table.join("ben", ana, migration=waiting)
    cat = await table.join("cat", ana)
    await trio.sleep(0.05)
    crash(ana)
    await trio.sleep(1)
    await table.agree(ben, cat)
    await trio.sleep(0.2)
    assert tank(cat).suspended and cat.connection_id == 2
    for expected in (True, False):
        assert waiting.reconnect_player_for_connection(*waiting.held) is expected
        await trio.sleep(0.2)  # it goes out with the tick
        await table.agree(ben, cat)
        assert not tank(cat).suspended
    assert len(waiting.named("player")) == 1
    assert await tank(cat).earn(1) == 1


async def test_unet_scenario_17_the_panel_is_facts_and_functions(
    clock: MockClock, table: Table
) -> None:
    settings = {"automatic": False, "offset_x": 40, "offset_y": 50}
    (ana, ben, cat), (_, bens, cats) = await three(table, manager=settings)
    assert cats.hud() is None and cats.old_server_connection_id == 2
    assert cats.client is cat and cats.match_info == cat.invite
    crash(ana)
    await trio.sleep(0.5)
    hud = cats.hud()
    assert hud is not None and (hud.x, hud.y) == (40, 50)
    assert hud.lines == ("Lost Connection To Host ID(2)",)
    assert [button.text for button in hud.buttons] == ["Pick New Host", "Leave Game"]
    assert await hud.press("Pick New Host") is True
    assert cats.waiting_reconnect_to_new_host and not cats.waiting_to_become_new_host
    assert cats.new_host_address == "ben:49152"
    assert cats.hud().lines == ("New host is ben:49152",)  # type: ignore[union-attr]

    assert bens.pick_new_host() and bens.waiting_to_become_new_host
    assert bens.hud().lines == ("You are the new host",)  # type: ignore[union-attr]
    async with trio.open_nursery() as nursery:
        nursery.start_soon(cats.hud().press, "Reconnect To New Host")  # type: ignore[union-attr, arg-type]
        assert await bens.hud().press("Start As Host") is True  # type: ignore[union-attr]
    await table.agree(ben, cat)
    assert bens.hud() is None and cats.hud() is None
    assert not cats.waiting_reconnect_to_new_host and cats.new_host_address == ""
    cats.show_gui = False
    with pytest.raises(LookupError):
        hud.press("Fire")
    leave = hud.press("Leave Game")
    await leave
    assert cat.state is State.LEFT


async def test_unet_scenario_18_by_hand_the_reconnect_message_does_what_is_else_automatic(
    clock: MockClock, table: Table
) -> None:
    table.game = Game("tanks", player=Tank, objects=[Crate], auto_create_player=False)
    (ana, ben, cat), diaries = await three(table)
    assert ben.player is None
    await ben.add_player()
    number = await cat.add_player()
    await tank(cat).earn(4)
    assert await diaries[2].send_reconnect_message() is False, "nothing is waiting"
    crash(ana)
    await trio.sleep(1)
    await table.agree(ben, cat)
    assert tank(cat).suspended and not diaries[1].named("player")
    assert not tank(ben).suspended, "the new host has its own at once"
    assert await diaries[2].send_reconnect_message(b"hat") is True
    assert diaries[1].named("player") == [(2, number, 2, b"hat")]
    assert not tank(cat).suspended and await tank(cat).earn(1) == 5
    assert await diaries[2].send_reconnect_message(b"hat") is False
