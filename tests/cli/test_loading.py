from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from p2pnet.cli.complaints import Complaint
from p2pnet.cli.loading import GameName, load_game

GAME = """
import p2pnet

@p2pnet.networked
class Tank(p2pnet.Player):
    x: float = p2pnet.sync_var(0.0)

class rules:
    game = p2pnet.Game("tanks", player=Tank)

game = rules.game
number = 3
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty current directory, and no module of it left over afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


def load(text: str) -> object:
    return load_game(GameName.parse(text))


def test_the_current_directory_is_searched(folder: Path) -> None:
    (folder / "my_tanks.py").write_text(GAME)
    assert load_game(GameName.parse("my_tanks:game")).name == "tanks"


def test_modules_and_attributes_may_be_dotted(folder: Path) -> None:
    (folder / "my_pack").mkdir()
    (folder / "my_pack" / "tanks.py").write_text(GAME)
    assert load_game(GameName.parse("my_pack.tanks:rules.game")).name == "tanks"


@pytest.mark.parametrize(
    "text", ["", "tanks", "tanks:", ":game", "tanks.py:game:x", "a b:game", "../x:game", "x:1"]
)
def test_anything_but_names_is_refused(text: str) -> None:
    with pytest.raises(Complaint, match="MODULE:GAME"):
        GameName.parse(text)


def test_a_name_reads_as_it_was_written() -> None:
    assert str(GameName.parse("my.tanks:game")) == "my.tanks:game"


@pytest.mark.parametrize("text", ["no_such_module:game", "no_such.module:game", "json.nix:game"])
def test_a_missing_module_is_named_with_the_place_searched(text: str, folder: Path) -> None:
    with pytest.raises(Complaint, match="there is no module") as caught:
        load(text)
    assert str(folder) in str(caught.value)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (
            "raise RuntimeError('two\\nlines')",
            r"raised RuntimeError: two lines \(.*faulty.py, line 1",
        ),
        ("\n\ndef f(:\n", r"can't be read: .*faulty.py, line 3"),
        ("import no_such_dependency", r"raised ModuleNotFoundError: .*no_such_dependency"),
        ("import sys; sys.exit(0)", "ended the program"),
    ],
)
def test_a_module_that_fails_is_told_in_one_line(code: str, expected: str, folder: Path) -> None:
    (folder / "faulty.py").write_text(code)
    with pytest.raises(Complaint, match=expected) as caught:
        load("faulty:game")
    assert "\n" not in str(caught.value)


def test_what_is_there_has_to_be_a_game(folder: Path) -> None:
    (folder / "my_tanks.py").write_text(GAME)
    with pytest.raises(Complaint, match="there is no 'nix' in the module my_tanks"):
        load("my_tanks:nix")
    with pytest.raises(Complaint, match="of type int"):
        load("my_tanks:number")
