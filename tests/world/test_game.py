from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from p2pnet.core.errors import DeclarationError
from p2pnet.world import Game, NetworkObject, Player, World, command, networked, sync_var
from p2pnet.world.session_state import SessionState
from tests.world.tanks import ANA, GAME, Crate, Tank


def ship_with(**fields: Any) -> type[NetworkObject]:
    body: dict[str, Any] = {name: value for name, (_, value) in fields.items()}
    body["__annotations__"] = {name: hint for name, (hint, _) in fields.items()}
    return networked(type("Ship", (NetworkObject,), body))


def fingerprint_of(cls: type[NetworkObject]) -> str:
    return Game("g", player=Player, objects=[cls]).fingerprint


def test_classes_are_numbered_with_the_player_first() -> None:
    assert (GAME.index_of(Tank), GAME.index_of(Crate)) == (0, 1)
    assert [layout.cls for layout in GAME.layouts] == [Tank, Crate, SessionState]


def test_a_class_that_is_not_registered_is_named_with_the_way_out() -> None:
    with pytest.raises(DeclarationError, match=r"add it to Game\(objects=\[\.\.\., Player\]\)"):
        GAME.index_of(Player)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"name": ""}, "not empty"),
        ({"name": 3}, "not empty"),
        ({"name": "\ud800"}, "Unicode"),
        ({"player": Crate}, "derived from Player"),
        ({"player": Tank()}, "derived from Player"),
        ({"objects": [int]}, "derived from NetworkObject"),
        ({"objects": [Crate, Crate]}, "registered twice: Crate"),
        ({"objects": [Tank]}, "registered twice: Tank"),
        ({"objects": [type("Bare", (NetworkObject,), {})]}, "put @networked above"),
        ({"tick_hz": 0}, "from 1 to 240"),
        ({"tick_hz": 241}, "from 1 to 240"),
        ({"tick_hz": 20.0}, "from 1 to 240"),
        ({"tick_hz": True}, "from 1 to 240"),
    ],
)
def test_a_game_that_can_not_be_is_refused(arguments: dict[str, Any], text: str) -> None:
    found: dict[str, Any] = {"name": "g", "player": Tank} | arguments
    with pytest.raises(DeclarationError, match=text):
        Game(**found)


def test_the_name_of_a_player_stays_a_text() -> None:
    @networked
    class Numbered(Player):
        name: int = sync_var(0)  # type: ignore[assignment]

    with pytest.raises(DeclarationError, match=r"Numbered.name: it must stay a str"):
        Game("g", player=Numbered)


def test_the_fingerprint_tells_any_difference_that_matters() -> None:
    base = fingerprint_of(ship_with(x=(int, sync_var(0))))
    assert base.startswith("g/") and len(base) == len("g/") + 16
    assert base == fingerprint_of(ship_with(x=(int, sync_var(7))))
    others = [
        fingerprint_of(ship_with(y=(int, sync_var(0)))),
        fingerprint_of(ship_with(x=(float, sync_var(0.0)))),
        fingerprint_of(ship_with(x=(int, sync_var(0)), y=(int, sync_var(0)))),
        Game("g", player=Player).fingerprint,
        Game("h", player=Player, objects=[ship_with(x=(int, sync_var(0)))]).fingerprint,
        GAME.fingerprint,
    ]
    assert len({base, *others}) == 1 + len(others)


def test_the_fingerprint_knows_commands() -> None:
    @networked
    class Ship(NetworkObject):
        x: int = sync_var(0)

        @command
        def go(self) -> None:
            pass

    assert fingerprint_of(Ship) != fingerprint_of(ship_with(x=(int, sync_var(0))))


def test_the_fingerprint_does_not_depend_on_the_hash_seed() -> None:
    code = "from tests.world.tanks import GAME; print(GAME.fingerprint)"
    for seed in ("1", "2"):
        found = subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        )
        assert found.stdout.strip() == GAME.fingerprint


def test_setup_runs_once_on_the_first_host() -> None:
    def setup(world: World) -> None:
        world.spawn(Crate(weight=7.0))

    game = Game("g", player=Tank, objects=[Crate], setup=setup)
    first, second = World(game, ANA), World(game, ANA)
    first.start_reign(migrated=False)
    second.apply(first.collect())
    second.start_reign(migrated=True)
    assert [type(obj) for obj in first.objects.values()] == [Crate]
    assert second.dump() == first.dump()
