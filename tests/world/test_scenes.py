from __future__ import annotations

from typing import Any

import pytest

from p2pnet.core.errors import AuthorityError, CommandRefused, DeclarationError
from p2pnet.core.events import ScenesReady
from p2pnet.world import Game, NetworkObject, Player, Scene, World, networked, sync_var
from p2pnet.world.requests import Request
from tests.world.tanks import ANA, BOB, CAT, Table


@networked
class Door(NetworkObject):
    is_open: bool = sync_var(False)


@networked
class Guest(Player):
    pass


def front_door() -> Door:
    return Door(is_open=True)


HALL = Scene("hall", objects={"front": front_door, "back": Door})
CELLAR = Scene("cellar", objects={"trap": Door})
ATTIC = Scene("attic")
GAME = Game("house", player=Guest, objects=[Door], scenes=[HALL, CELLAR, ATTIC])


@pytest.fixture
def table() -> Table:
    return Table(GAME)


def ready(world: World, nonce: int = 0, keeps: bool = True) -> Any:
    return world.request(Request.SCENES_READY, 0, world.scenes.version, nonce, keeps)


def test_what_is_loaded_is_the_same_for_all_and_for_who_comes_late(table: Table) -> None:
    poked: list[str] = []
    table.bob.on_scenes.append(lambda: poked.append("bob"))
    table.host.load_scene("hall")
    table.host.load_scene("attic")
    table.sync()
    late = World(GAME, CAT)
    late.restore(table.host.snapshot())
    for world in (table.host, *table.clients, late):
        assert dict(world.scenes.wanted) == {"hall": 1, "attic": 2}
    assert poked


def test_what_is_loaded_is_not_loaded_twice(table: Table) -> None:
    table.host.load_scene("hall")
    before = dict(table.host.objects)
    table.host.load_scene("hall")
    assert dict(table.host.objects) == before and table.host.scenes.version == 1


def test_one_that_was_unloaded_is_loaded_anew(table: Table) -> None:
    table.host.load_scene("hall")
    table.host.unload_scene("hall")
    table.host.unload_scene("hall")
    table.host.load_scene("hall")
    table.sync()
    assert dict(table.bob.scenes.wanted) == {"hall": 3}


def test_a_scene_may_take_the_place_of_all_others(table: Table) -> None:
    table.host.load_scene("hall")
    table.host.load_scene("cellar")
    table.host.load_scene("attic", additive=False)
    table.sync()
    assert list(table.bob.scenes.wanted) == ["attic"]
    assert not [obj for obj in table.bob.objects.values() if isinstance(obj, Door)]


# --- objects of a scene ---


def test_its_objects_are_found_by_their_places_on_every_peer(table: Table) -> None:
    table.host.load_scene("hall")
    table.sync()
    door = table.bob.placed("hall", "front")
    assert isinstance(door, Door) and door.is_open and door.placement == ("hall", "front")
    assert table.bob.placed("hall", "side") is None and table.bob.placed("attic", "front") is None
    assert table.host.player_of(ANA).placement is None  # type: ignore[union-attr]
    assert Door().placement is None


def test_they_stay_the_same_under_the_next_host_and_what_is_gone_stays_gone(table: Table) -> None:
    table.host.load_scene("hall")
    table.host.placed("hall", "back").is_open = True  # type: ignore[union-attr]
    table.host.despawn(table.host.placed("hall", "front"))  # type: ignore[arg-type]
    table.sync()
    bob = table.bob
    mine = bob.placed("hall", "back")
    bob.start_reign(migrated=True)
    bob.load_scene("hall")
    assert bob.placed("hall", "back") is mine and mine.is_open  # type: ignore[attr-defined,union-attr]
    assert bob.placed("hall", "front") is None
    bob.unload_scene("hall")
    assert not mine.is_spawned and bob.session.placed == {}  # type: ignore[union-attr]


def test_a_scene_has_to_make_new_objects(table: Table) -> None:
    old = table.host.spawn(Door())
    for made in (old, 3):
        scene = Scene("odd", objects={"door": lambda made=made: made})
        game = Game("house", player=Guest, objects=[Door], scenes=[scene])
        table.host.game = game
        with pytest.raises(DeclarationError, match="has to make a new object for 'door'"):
            table.host.load_scene("odd")


def test_start_hooks_know_the_place(table: Table) -> None:
    seen: list[Any] = []

    @networked
    class Sign(NetworkObject):
        def on_start_server(self, migrated: bool) -> None:
            seen.append(self.placement)

        def on_start_client(self) -> None:
            seen.append(self.placement)

    scene = Scene("road", objects={"sign": Sign})
    roads = Table(Game("roads", player=Guest, objects=[Sign], scenes=[scene]))
    roads.host.load_scene("road")
    roads.sync()
    assert seen == [("road", "sign")] * 4, "twice on the host, and once on each client"


# --- who has loaded them ---


def test_without_scenes_everybody_is_ready(table: Table) -> None:
    assert table.host.scenes.is_ready(BOB)
    table.host.load_scene("attic")
    assert not table.host.scenes.is_ready(BOB)


def test_all_are_told_who_is_ready(table: Table) -> None:
    news: list[Any] = []
    table.clients[1].on_news.append(news.append)
    table.host.load_scene("attic")
    table.sync()
    assert ready(table.bob) is True
    assert news == [ScenesReady(BOB)] and table.clients[1].scenes.is_ready(BOB)
    table.host.load_scene("hall")
    assert not table.host.scenes.is_ready(BOB)
    assert ready(table.bob) is False, "it does not know of the hall"
    table.sync()
    assert ready(table.bob) is True and news == [ScenesReady(BOB), ScenesReady(BOB)]


def test_who_is_back_sleeps_until_it_has_all_scenes(table: Table) -> None:
    table.host.load_scene("attic")
    table.host.suspend(BOB)
    table.host.resume(BOB)
    table.sync()
    assert table.host.player_of(BOB).suspended  # type: ignore[union-attr]
    ready(table.bob)
    assert not table.host.player_of(BOB).suspended  # type: ignore[union-attr]


def test_who_had_them_all_is_back_at_once(table: Table) -> None:
    table.host.load_scene("attic")
    table.sync()
    ready(table.bob)
    table.host.suspend(BOB)
    table.host.resume(BOB)
    assert not table.host.player_of(BOB).suspended  # type: ignore[union-attr]


def test_a_process_that_was_restarted_has_none(table: Table) -> None:
    table.host.load_scene("attic")
    table.sync()
    ready(table.bob)
    table.host.suspend(BOB)
    table.host.processes = {BOB: 7}  # type: ignore[dict-item]
    table.host.resume(BOB)
    assert table.host.player_of(BOB).suspended  # type: ignore[union-attr]
    ready(table.bob, nonce=7)
    assert not table.host.player_of(BOB).suspended  # type: ignore[union-attr]


def test_who_unloads_them_without_a_host_has_none(table: Table) -> None:
    table.host.load_scene("attic")
    table.sync()
    ready(table.bob, keeps=False)
    table.host.suspend(BOB)
    table.host.resume(BOB)
    assert table.host.player_of(BOB).suspended  # type: ignore[union-attr]


def test_the_last_scene_that_goes_lets_everybody_in(table: Table) -> None:
    table.host.load_scene("attic")
    table.host.suspend(BOB)
    table.host.resume(BOB)
    table.host.unload_scene("attic")
    assert not table.host.player_of(BOB).suspended  # type: ignore[union-attr]


def test_who_becomes_the_host_before_it_was_let_in_is_let_in_when_it_is_ready(
    table: Table,
) -> None:
    table.host.load_scene("attic")
    table.host.suspend(BOB)
    table.host.resume(BOB)
    table.sync()
    bob = table.bob
    bob.start_reign(migrated=True)
    assert bob.player_of(BOB).suspended  # type: ignore[union-attr]
    bob.scenes.report(BOB, bob.scenes.version, 0, True)
    assert not bob.player_of(BOB).suspended  # type: ignore[union-attr]


def test_a_seat_that_is_given_up_leaves_nothing(table: Table) -> None:
    table.host.load_scene("attic")
    table.sync()
    ready(table.bob)
    table.host.remove(BOB)
    assert dict(table.host.session.ready) == {}


# --- mistakes ---


def test_only_the_host_loads_and_only_what_the_game_declares(table: Table) -> None:
    with pytest.raises(AuthorityError, match="only the host may load a scene"):
        table.bob.load_scene("hall")
    with pytest.raises(AuthorityError, match="only the host may unload a scene"):
        table.bob.unload_scene("hall")
    with pytest.raises(DeclarationError, match="no scene 'roof'; it has 'hall', 'cellar', 'attic'"):
        table.host.load_scene("roof")
    with pytest.raises(CommandRefused, match="no version 9"):
        table.bob.request(Request.SCENES_READY, 0, 9, 0, True)


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("", {}, "must be a text"),
        (3, {}, "must be a text"),
        ("x", {"load": "file"}, "load must be a function"),
        ("x", {"unload": 1}, "unload must be a function"),
        ("x", {"objects": {"door": Door()}}, "to a class or to a function"),
        ("x", {"objects": {1: Door}}, "maps a place"),
    ],
)
def test_a_scene_that_makes_no_sense_is_refused(name: Any, options: Any, words: str) -> None:
    with pytest.raises(DeclarationError, match=words):
        Scene(name, **options)


def test_a_game_with_odd_scenes_is_refused_and_scenes_are_in_its_fingerprint() -> None:
    with pytest.raises(DeclarationError, match=r"lists Scene\(\.\.\.\)"):
        Game("house", player=Guest, scenes=["hall"])  # type: ignore[list-item]
    with pytest.raises(DeclarationError, match="two scenes have one name: attic"):
        Game("house", player=Guest, scenes=[ATTIC, Scene("attic")])
    plain = Game("house", player=Guest, objects=[Door])
    assert plain.fingerprint != GAME.fingerprint
