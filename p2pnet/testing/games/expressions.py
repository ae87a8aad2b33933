"""Values as they are written in a test, and what that has to import for them."""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
import sys
import uuid
from collections.abc import Iterator
from typing import Any, Final

import attrs
import msgspec

from p2pnet.world.game import Game


@attrs.define
class Imports:
    """The import lines of one test."""

    _names: dict[str, set[str]] = attrs.field(factory=dict, init=False)

    def add(self, module: str, name: str) -> None:
        """`from module import name`."""
        self._names.setdefault(module, set()).add(name)

    @property
    def lines(self) -> list[str]:
        """One line a module, sorted."""
        return [
            f"from {module} import {', '.join(sorted(names, key=str.lower))}"
            for module, names in sorted(self._names.items(), key=_place_of_line)
        ]


def _place_of_line(item: tuple[str, set[str]]) -> tuple[bool, str]:
    return not item[0].startswith("p2pnet"), item[0]


def code_of(value: Any, imports: Imports) -> str:
    """An expression for a value. What it needs is added to `imports`."""
    kind = type(value)
    if isinstance(value, enum.Enum):
        cls = _class(kind, imports)
        names = value.name.split("|") if value.name else ()  # of a flag there may be several
        return " | ".join(f"{cls}.{name}" for name in names) or f"{cls}({value.value})"
    if kind is str and value.isprintable() and not set(value) & {'"', "\\"}:
        return f'"{value}"'
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return f'float("{value}")'
    if kind in _BRACKETS and value:
        inner = ", ".join(code_of(item, imports) for item in value)
        comma = "," if kind is tuple and len(value) == 1 else ""
        return _BRACKETS[kind].format(inner + comma)
    if kind is dict:
        pairs = (f"{code_of(k, imports)}: {code_of(v, imports)}" for k, v in value.items())
        return "{" + ", ".join(pairs) + "}"
    if (fields := _fields_of(value)) is not None:
        given = ", ".join(f"{name}={code_of(item, imports)}" for name, item in fields)
        return f"{_class(kind, imports)}({given})"
    if kind in _FROM_MODULES:
        imports.add(kind.__module__, kind.__name__)
        return repr(value).removeprefix(f"{kind.__module__}.")
    return repr(value)


def _fields_of(value: Any) -> list[tuple[str, Any]] | None:
    """What the class of a value was called with; None if it is no class with fields."""
    if attrs.has(type(value)):
        return [
            (field.alias or field.name, getattr(value, field.name))
            for field in attrs.fields(type(value))
            if field.init and (field.name not in _plain_defaults(value))
        ]
    if dataclasses.is_dataclass(value):
        return [(f.name, getattr(value, f.name)) for f in dataclasses.fields(value) if f.init]
    if isinstance(value, msgspec.Struct):
        return [(name, getattr(value, name)) for name in value.__struct_fields__]
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return list(zip(value._fields, value, strict=True))
    return None


def _plain_defaults(value: Any) -> set[str]:
    """The fields that have what they have anyway, where a class has many."""
    fields = attrs.fields(type(value))
    if len(fields) < _MANY:
        return set()
    return {field.name for field in fields if getattr(value, field.name) == field.default}


def _class(cls: type, imports: Imports) -> str:
    module, name = cls.__module__, cls.__qualname__.partition(".")[0]
    imports.add("p2pnet" if getattr(sys.modules["p2pnet"], name, None) is cls else module, name)
    return cls.__qualname__


def name_of(function: Any, imports: Imports) -> str | None:
    """The name of a function that a test can import; None for one that it can't."""
    module, name = str(function.__module__), str(function.__name__)
    if getattr(sys.modules.get(module), name, None) is not function:
        return None
    imports.add(module, name)
    return name


def place_of(game: Game) -> tuple[str, str]:
    """The module and the name under which a game can be imported; the module is "" if unknown.

    A module of the game goes before one of its tests.
    """
    return min(_places_of(game), default=(0, "", "game"), key=lambda place: place[0])[1:]


def _places_of(game: Game) -> Iterator[tuple[int, str, str]]:
    own = game.player.__module__
    for module in list(sys.modules.values()):
        for name, value in list(getattr(module, "__dict__", {}).items()):
            if value is game and name.isidentifier() and not name.startswith("@"):
                last = module.__name__.rpartition(".")[2]
                is_test = last.startswith("test") or last.endswith("test") or last == "conftest"
                yield (0 if module.__name__ == own else 2 if is_test else 1), module.__name__, name


_MANY: Final = 8
"""A class with so many fields is one of options: what is not said is usual."""

_FROM_MODULES: Final = (
    *(datetime.datetime, datetime.date, datetime.time, datetime.timedelta),
    *(decimal.Decimal, uuid.UUID),
)

_BRACKETS: Final[dict[type, str]] = {
    list: "[{}]",
    tuple: "({})",
    set: "{{{}}}",
    frozenset: "frozenset({{{}}})",
}
