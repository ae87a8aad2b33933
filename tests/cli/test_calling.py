from __future__ import annotations

from typing import Any

import pytest

from p2pnet import CommandFailed, CommandRefused, NetworkObject, Peer
from p2pnet.cli.calling import NoSuchCommand, Word, call, usages

from .playing import Place, hosting


def player_of(peer: Peer) -> NetworkObject:
    assert peer.player is not None
    return peer.player


@pytest.mark.parametrize(
    ("name", "args", "kwargs", "expected"),
    [
        ("drive", [1.5], {}, 1.5),
        ("drive", [2], {}, 2.0),
        ("take", ["sword"], {}, 1),
        ("take", ["sword"], {"times": 3}, 3),
        ("paint", ["red"], {}, "RED"),
        ("move_to", [{"x": 1, "y": 2}], {"fast": True}, True),
        ("drive", [Word("1.5")], {}, 1.5),
        ("take", [Word("15"), Word("2")], {}, 2),  # a word that reads as a number stays a word
        ("take", [Word('"sword of fire"')], {}, 1),
        ("paint", [Word("blue")], {}, "BLUE"),
        ("move_to", [Word('{"x": 1, "y": 2}')], {"fast": Word("true")}, True),
    ],
)
async def test_json_and_words_become_what_the_command_expects(
    name: str, args: list[Any], kwargs: dict[str, Any], expected: Any
) -> None:
    async with hosting() as peer:
        assert await call(player_of(peer), name, args, kwargs) == expected


async def test_structured_arguments_arrive_as_their_class() -> None:
    async with hosting() as peer:
        await call(player_of(peer), "move_to", [{"x": 1.0, "y": 2.0}], {})
        assert peer.player.place == Place(1.0, 2.0)  # type: ignore[union-attr]


@pytest.mark.parametrize("name", ["nix", "not_a_command", "__init__", "on_tick", "despawn"])
async def test_only_commands_can_be_called(name: str) -> None:
    async with hosting() as peer:
        with pytest.raises(NoSuchCommand, match="it has drive, take"):
            call(player_of(peer), name, [], {})


@pytest.mark.parametrize(
    ("args", "kwargs"),
    [([], {}), (["far"], {}), ([1.0, 2.0], {}), ([1.0], {"nix": 1}), ([Word("far")], {})],
)
async def test_what_does_not_fit_is_refused_by_the_command(
    args: list[Any], kwargs: dict[str, Any]
) -> None:
    async with hosting() as peer:
        with pytest.raises(CommandRefused, match=r"drive|dx"):
            await call(player_of(peer), "drive", args, kwargs)


async def test_a_command_that_raises_fails_its_receipt() -> None:
    async with hosting() as peer:
        with pytest.raises(CommandFailed, match="ValueError"):
            await call(player_of(peer), "fail", [], {})


async def test_usages_name_each_command_with_its_types() -> None:
    async with hosting() as peer:
        lines = usages(player_of(peer))
    assert "drive dx:float -> float" in lines
    assert "take what:str times:int -> int" in lines
    assert len(lines) == 5
