"""Scenes with whole peers, over the loss of the host and the return of players."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import pytest
import trio
import trio.lowlevel
from trio.testing import MockClock

from p2pnet import (
    Connection,
    ConnectionId,
    DeclarationError,
    Game,
    GameError,
    MigrationManager,
    NetworkObject,
    Peer,
    Player,
    Scene,
    SceneManager,
    SessionOver,
    command,
    networked,
    open_peer,
    sync_var,
)
from p2pnet.core.events import (
    Event,
    PeerReturned,
    SceneLoaded,
    SceneLoading,
    ScenesReady,
    SceneUnloaded,
    SceneVetoed,
)

from .conftest import Table, crash, seed

LOAD_S = 2.0
LONG_S = 30.0


@networked
class Chest(NetworkObject):
    gold: int = sync_var(10)

    @command(anyone=True)
    def take(self) -> int:
        self.gold -= 1
        return self.gold


@networked
class Knight(Player):
    pass


async def slow_load(progress: Callable[[float], None]) -> None:
    for share in (0.5, 1.0):
        await trio.sleep(LOAD_S / 2)
        progress(share)


async def very_slow_load(progress: Callable[[float], None]) -> None:
    await trio.sleep(LONG_S)


async def quick_unload() -> None:
    await trio.sleep(0.01)


def load_in_thread(progress: Callable[[float], None]) -> None:
    progress(0.25)


def bad_load(progress: Callable[[float], None]) -> None:
    raise FileNotFoundError("castle.obj")


CASTLE = Scene("castle", load=slow_load, unload=quick_unload, objects={"chest": Chest})
VALLEY = Scene("valley")
PLAIN = Scene("plain", load=load_in_thread, unload=lambda: None)
SWAMP = Scene("swamp", load=bad_load)
MOUNTAIN = Scene("mountain", load=very_slow_load)
GAME = Game(
    "knights",
    player=Knight,
    objects=[Chest],
    scenes=[CASTLE, VALLEY, PLAIN, SWAMP, MOUNTAIN],
)
ABOUT_SCENES = (SceneLoading, SceneLoaded, SceneUnloaded, SceneVetoed, ScenesReady, PeerReturned)


@attrs.define(eq=False)
class Watch:
    """What a peer tells of scenes and returns, by name and without progress."""

    told: list[str] = attrs.field(factory=list)
    events: list[Event] = attrs.field(factory=list)

    async def run(self, peer: Peer) -> None:
        async for event in peer.events():
            if isinstance(event, ABOUT_SCENES):
                self.events.append(event)
                what = getattr(event, "scene", "") or getattr(event, "peer", "")
                self.told.append(f"{type(event).__name__} {what}")


def watch(table: Table, peer: Peer) -> Watch:
    found = Watch()
    table.nursery.start_soon(found.run, peer)
    return found


@pytest.fixture
def house(table: Table) -> Table:
    table.game = GAME
    return table


async def test_everybody_loads_and_says_how_far_it_is(clock: MockClock, house: Table) -> None:
    ana, ben, _ = await house.three()
    seen = watch(house, ben)
    await trio.lowlevel.checkpoint()
    ana.load_scene("castle")
    assert ana.loaded_scenes == frozenset() and ana.scenes == ("castle",)
    await trio.sleep(LOAD_S + 0.5)
    await ben.scenes_ready()
    assert ana.loaded_scenes == ben.loaded_scenes == {"castle"}
    loading = [event for event in seen.events if isinstance(event, SceneLoading)]
    assert loading == [SceneLoading("castle", share) for share in (0.0, 0.5, 1.0)]
    assert seen.told.count("SceneLoaded castle") == 1
    ready = {event.peer for event in seen.events if isinstance(event, ScenesReady)}
    assert len(ready) == 3


async def test_a_long_load_keeps_nobody_waiting_and_survives_a_change_of_host(
    clock: MockClock, house: Table
) -> None:
    ana, ben, cat = await house.three()
    ana.load_scene("mountain")
    ana.load_scene("castle")
    await trio.sleep(0.2)
    chest = ben.world.placed("castle", "chest")
    assert isinstance(chest, Chest) and await chest.take() == 9
    crash(ana)
    await trio.sleep(3)
    await house.agree(ben, cat)
    assert await chest.take() == 8, "the game goes on while they load"
    await trio.sleep(LONG_S + LOAD_S)
    assert cat.loaded_scenes == {"mountain", "castle"}


async def test_who_comes_late_loads_what_there_is(clock: MockClock, house: Table) -> None:
    ana, _, _ = await house.three()
    ana.load_scene("castle")
    ana.load_scene("valley")
    await trio.sleep(5)
    dan = await house.join("dan", ana)
    seen = watch(house, dan)
    await dan.scenes_ready()
    await trio.sleep(1)
    assert dan.loaded_scenes == {"castle", "valley"}
    assert [told for told in seen.told if told.startswith("SceneLoaded")] == [
        "SceneLoaded castle",
        "SceneLoaded valley",
    ]
    assert dan.world.placed("castle", "chest").placement == ("castle", "chest")  # type: ignore[union-attr]


async def test_after_a_change_of_host_nothing_is_loaded_twice(
    clock: MockClock, house: Table
) -> None:
    ana, ben, cat = await house.three()
    ana.load_scene("castle")
    await trio.sleep(5)
    chest = cat.world.placed("castle", "chest")
    seen, heir = watch(house, cat), watch(house, ben)
    crash(ana)
    await trio.sleep(5)
    await house.agree(ben, cat)
    assert not [told for told in seen.told + heir.told if "castle" in told]
    assert f"PeerReturned {cat.me}" in heir.told, "who had it all was back at once"
    assert cat.world.placed("castle", "chest") is chest
    ben.load_scene("valley")
    await trio.sleep(1)
    assert cat.loaded_scenes == {"castle", "valley"}


class Reconnects(MigrationManager):
    def __init__(self) -> None:
        self.back: list[tuple[float, bool]] = []

    def on_server_reconnect_player(
        self, connection: Connection, player: Player, old_connection_id: ConnectionId, extra: Any
    ) -> None:
        self.back.append((trio.current_time(), player.suspended))


async def test_nobody_is_back_before_its_scenes_are(clock: MockClock, house: Table) -> None:
    manager = Reconnects()
    ana = await house.host("ana", migration=manager)
    ben = await house.join("ben", ana, identity=seed(2))
    cat = await house.join("cat", ana)
    ana.load_scene("castle")
    await trio.sleep(5)
    crash(ben)
    await trio.sleep(1)
    told = watch(house, cat)
    ben = await house.join("ben2", ana, identity=seed(2))
    returned = trio.current_time()
    await trio.sleep(LOAD_S - 0.5)
    assert ana.world.player_of(ben.me).suspended and not manager.back  # type: ignore[union-attr]
    assert f"PeerReturned {ben.me}" not in told.told
    await trio.sleep(1)
    assert not ana.world.player_of(ben.me).suspended  # type: ignore[union-attr]
    [(at, suspended)] = manager.back
    assert at >= returned + LOAD_S and not suspended
    assert told.told[-2:] == [f"ScenesReady {ben.me}", f"PeerReturned {ben.me}"]


async def test_who_loads_when_the_host_is_lost_is_let_in_by_the_next(
    clock: MockClock, house: Table
) -> None:
    ana, ben, cat = await house.three()
    ana.load_scene("castle")
    await trio.sleep(5)
    crash(cat)
    await trio.sleep(1)
    cat = await house.join("cat2", ana, identity=cat.identity)
    await trio.sleep(0.5)
    crash(ana)
    await trio.sleep(0.5)
    assert ben.world.player_of(cat.me).suspended  # type: ignore[union-attr]
    await trio.sleep(LOAD_S)
    await house.agree(ben, cat)
    assert not ben.world.player_of(cat.me).suspended  # type: ignore[union-attr]


class Picky(SceneManager):
    def verify_scene_before_loading(self, scene: Scene) -> bool:
        return scene is not CASTLE


async def test_a_peer_may_keep_a_scene_out(clock: MockClock, house: Table) -> None:
    ana = await house.host("ana")
    ben = await house.join("ben", ana, scenes=Picky())
    seen = watch(house, ben)
    await trio.lowlevel.checkpoint()
    ana.load_scene("castle")
    ana.load_scene("valley")
    await trio.sleep(5)
    assert ben.loaded_scenes == {"valley"} and ana.loaded_scenes == {"castle", "valley"}
    assert seen.told[:2] == ["SceneVetoed castle", "SceneLoading valley"]
    assert ana.world.scenes.is_ready(ben.me), "it has dealt with all of them"
    ana.unload_scene("castle")
    await trio.sleep(1)
    assert "SceneUnloaded castle" not in seen.told


class Tidy(SceneManager):
    unload_on_disconnect = True


async def test_scenes_are_unloaded_without_a_host_if_asked_and_loaded_anew(
    clock: MockClock, house: Table
) -> None:
    ana = await house.host("ana")
    ben = await house.join("ben", ana)
    cat = await house.join("cat", ana, scenes=Tidy())
    await trio.sleep(0.1)
    ana.load_scene("castle")
    await trio.sleep(5)
    seen = watch(house, cat)
    crash(ana)
    await trio.sleep(LOAD_S - 0.5)
    assert ben.world.player_of(cat.me).suspended  # type: ignore[union-attr]
    await trio.sleep(3)
    assert [told for told in seen.told if "castle" in told and "Loading" not in told] == [
        "SceneUnloaded castle",
        "SceneLoaded castle",
    ]
    assert not ben.world.player_of(cat.me).suspended  # type: ignore[union-attr]
    await cat.leave()
    assert cat.loaded_scenes == frozenset()
    with pytest.raises(SessionOver):
        await cat.scenes_ready()


async def test_another_peer_with_the_same_manager_loads_nothing_twice(
    clock: MockClock, house: Table
) -> None:
    """As when a player is thrown out and the game joins again by itself."""
    manager = SceneManager()
    ana = await house.host("ana")
    ben = await house.join("ben", ana, identity=seed(2), scenes=manager)
    ana.load_scene("castle")
    ana.load_scene("valley")
    await trio.sleep(5)
    crash(ben)
    ana.unload_scene("valley")
    await trio.sleep(1)
    assert manager.loaded == {"castle": 1, "valley": 2}
    again = await house.open("ben2", identity=seed(2), scenes=manager)
    seen = watch(house, again)
    await again.join(ana.invite, address="ben2")
    await again.scenes_ready()
    await trio.sleep(0.5)
    about = [told for told in seen.told if told.startswith("Scene")]
    assert about == ["SceneUnloaded valley", f"ScenesReady {again.me}"]
    assert again.loaded_scenes == {"castle"}
    assert not ana.world.player_of(again.me).suspended  # type: ignore[union-attr]


async def test_a_manager_that_can_not_be_called_is_refused(house: Table, clock: MockClock) -> None:
    class Wrong(SceneManager):
        def verify_scene_before_loading(self) -> bool:  # type: ignore[override]
            return True

    with pytest.raises(DeclarationError, match="verify_scene_before_loading"):
        open_peer(GAME, scenes=Wrong())


async def test_a_scene_is_unloaded_by_all_with_its_objects(clock: MockClock, house: Table) -> None:
    ana, ben, _ = await house.three()
    ana.load_scene("castle")
    ana.load_scene("valley")
    await trio.sleep(5)
    seen = watch(house, ben)
    await trio.lowlevel.checkpoint()
    ana.load_scene("valley", additive=False)
    await trio.sleep(1)
    assert ben.loaded_scenes == {"valley"} and "SceneUnloaded castle" in seen.told
    assert not [obj for obj in ben.objects.values() if isinstance(obj, Chest)]


async def test_a_plain_loader_runs_in_a_thread(house: Table, clock: MockClock) -> None:
    ana = await house.host("ana")
    seen = watch(house, ana)
    await trio.lowlevel.checkpoint()
    ana.load_scene("plain")
    while "SceneLoaded plain" not in seen.told:  # noqa: ASYNC110  a thread is at it
        await trio.sleep(0.01)
    assert SceneLoading("plain", 0.25) in seen.events
    ana.unload_scene("plain")
    while "SceneUnloaded plain" not in seen.told:  # noqa: ASYNC110
        await trio.sleep(0.01)


async def test_a_loader_that_raises_ends_the_peer_like_any_code_of_the_game(
    clock: MockClock, house: Table
) -> None:
    with pytest.raises(GameError, match=r"castle\.obj") as caught:  # noqa: PT012
        async with open_peer(GAME, transport=house.network) as ana:
            await ana.host("ana", 7777)
            ana.load_scene("swamp")
            await trio.sleep_forever()
    assert isinstance(caught.value.__cause__, FileNotFoundError)


async def test_scenes_are_there_when_a_session_is_resumed(
    clock: MockClock, house: Table, tmp_path: Any
) -> None:
    ana = await house.host("ana", identity=seed(1))
    ana.load_scene("castle")
    await trio.sleep(3)
    await ana.world.placed("castle", "chest").take()  # type: ignore[union-attr]
    await ana.save(tmp_path / "x")
    await ana.stop_host()
    again = await house.open("ana2", identity=seed(1))
    await again.host("ana2", 7777, resume=tmp_path / "x")
    assert again.loaded_scenes == frozenset()
    await trio.sleep(3)
    assert again.loaded_scenes == {"castle"}
    assert again.world.placed("castle", "chest").gold == 9  # type: ignore[union-attr]
