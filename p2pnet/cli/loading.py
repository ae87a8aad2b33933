"""From `MODULE:GAME` on the command line to the `Game` that it names.

The current directory is searched first, as if the module were run from there.
"""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from types import ModuleType

import attrs

from ..world.game import Game
from .complaints import Complaint, one_line


@attrs.frozen
class GameName:
    """Where a game is: `tanks.rules:game` is the object `game` in the module `tanks.rules`."""

    module: str
    attribute: str

    @classmethod
    def parse(cls, text: str) -> GameName:
        """Raises `Complaint` for anything but dotted names with one colon between them."""
        module, colon, attribute = text.partition(":")
        names = (*module.split("."), *attribute.split("."))
        if not colon or not all(name.isidentifier() for name in names):
            raise Complaint(f"{text!r} is not of the form MODULE:GAME, such as tanks:game")
        return cls(module, attribute)

    def __str__(self) -> str:
        return f"{self.module}:{self.attribute}"


def load_game(name: GameName) -> Game:
    """Import the module and take the game out of it. Raises `Complaint`."""
    value = load_value(name)
    if not isinstance(value, Game):
        kind = type(value).__name__
        raise Complaint(f"{name} is of type {kind}; it has to be a p2pnet.Game")
    return value


def load_value(name: GameName) -> object:
    """Import the module and take whatever has that name out of it. Raises `Complaint`."""
    value: object = _import(name.module)
    for part in name.attribute.split("."):
        try:
            value = getattr(value, part)
        except AttributeError:
            raise Complaint(f"there is no {name.attribute!r} in the module {name.module}") from None
    return value


def _import(module: str) -> ModuleType:
    try:
        here = os.getcwd()
    except OSError as error:
        raise Complaint(f"there is no current directory any more: {error.strerror}") from None
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is not None and (module == error.name or module.startswith(f"{error.name}.")):
            raise Complaint(
                f"there is no module {module!r}: is it in {here}, or installed in this Python?"
            ) from None
        raise Complaint(_why_it_raised(module, error)) from error
    except Exception as error:  # whatever the game's module raises
        raise Complaint(_why_it_raised(module, error)) from error
    except SystemExit as error:
        raise Complaint(f"the module {module} ended the program when imported") from error


def _why_it_raised(module: str, error: Exception) -> str:
    """The error of somebody's module, and the line where it came from."""
    if isinstance(error, SyntaxError):
        place = f"{error.filename}, line {error.lineno}"
        return f"the module {module} can't be read: {error.msg} ({place})"
    frames = traceback.extract_tb(error.__traceback__)
    theirs = [f for f in frames if "importlib" not in f.filename and f.filename != __file__]
    place = f" ({theirs[-1].filename}, line {theirs[-1].lineno})" if theirs else ""
    return f"the module {module} raised {type(error).__name__}: {one_line(error)}{place}"
