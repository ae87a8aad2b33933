"""Values that can be compared later: what an attribute held at one moment, whatever it is.

What the game's own classes make is looked into, that of libraries only as far as it is known. A
value of a kind that nobody can compare (a window, a random generator, a task) counts as equal to
any other of its class.
"""

from __future__ import annotations

import enum
import functools
import itertools
import sys
import sysconfig
from collections import deque
from collections.abc import Hashable, Iterator, Mapping
from pathlib import Path
from types import FunctionType, MethodType
from typing import Any, Final

import attrs

from p2pnet.world.containers import SyncContainer
from p2pnet.world.objects import NetworkObject

_DEPTH_MAX: Final = 6
_SHOWN_CHARS_MAX: Final = 60
_SIMPLE: Final = (type(None), bool, int, float, str, bytes, bytearray, enum.Enum, itertools.count)
_SIMPLE_NAMES: Final = {cls.__name__ for cls in _SIMPLE}
_SHOWN_BEFORE: Final = 12  # characters in front of where two long texts begin to differ


def still(value: Any, depth: int = 0) -> Any:
    """A picture of the value: equal pictures, equal values. Its `repr` is the same too."""
    if isinstance(value, _SIMPLE):
        return f"{type(value).__name__} {value!r}"
    name = type(value).__name__
    if depth >= _DEPTH_MAX:
        return name
    if isinstance(value, NetworkObject):
        return f"{name} {value.object_id}"
    if isinstance(value, SyncContainer):
        value = value._data
    if isinstance(value, Mapping):
        pairs = ((still(key, depth + 1), still(item, depth + 1)) for key, item in value.items())
        return (name, sorted(pairs, key=repr))
    if isinstance(value, set | frozenset):
        return (name, sorted((still(item, depth + 1) for item in value), key=repr))
    if isinstance(value, list | tuple | deque):
        return (name, [still(item, depth + 1) for item in value])
    if attrs.has(type(value)):
        fields = attrs.fields(type(value))
        return (name, [still(getattr(value, f.name, None), depth + 1) for f in fields])
    if is_their_object(value):
        return (name, [(key, still(item, depth + 1)) for key, item in _members(value)])
    return name


def is_their_object(value: Any) -> bool:
    """Whether it is an object of a class of the game's own, and none that p2pnet replicates."""
    if isinstance(value, type | FunctionType | MethodType | NetworkObject):
        return False
    return is_theirs(type(value))  # type: ignore[arg-type]  # classes are hashable


@functools.cache
def is_theirs(cls: Hashable) -> bool:
    """Whether a class comes with the game, and not with Python, a library or p2pnet."""
    assert isinstance(cls, type)
    package = cls.__module__.partition(".")[0]
    if package == __name__.partition(".")[0]:
        return False
    if package in {known.__module__.partition(".")[0] for known in _networked(NetworkObject)}:
        return True
    file = getattr(sys.modules.get(cls.__module__), "__file__", None)
    return file is not None and not _INSTALLED & {Path(file).parent, *Path(file).parents}


def _networked(cls: type[Any]) -> Iterator[type]:
    for below in cls.__subclasses__():
        yield below
        yield from _networked(below)


_INSTALLED: Final = {
    Path(path) for name, path in sysconfig.get_paths().items() if name.endswith(("lib", "stdlib"))
}


def _members(value: Any) -> list[tuple[str, Any]]:
    """What lies in an object, by name."""
    slots = [
        name
        for cls in type(value).__mro__
        for name in tuple(cls.__dict__.get("__slots__") or ())
        if not name.startswith("__") and hasattr(value, name)
    ]
    found = {name: getattr(value, name) for name in slots} | getattr(value, "__dict__", {})
    return sorted(found.items())


def plain_attributes(obj: NetworkObject) -> dict[str, Any]:
    """Pictures of everything that is on the object and is not replicated."""
    values = vars(obj)
    fields = obj.__layout__.field_of
    if len(values) == len(fields):  # the usual case, and it costs nothing
        return {}
    return {name: still(value) for name, value in values.items() if name not in fields}


def synced_values(obj: NetworkObject) -> dict[str, Any]:
    """Pictures of everything that is replicated of the object."""
    return {field.name: still(field.dumped(obj)) for field in obj.__layout__.fields}


def shown(value: Any) -> str:
    """A value for a message."""
    return _cut(whole(value))


def whole(value: Any, depth: int = 0) -> str:
    """A value in words, however long."""
    unnamed = is_their_object(value) and "__repr__" not in vars(type(value))
    if unnamed and depth < _DEPTH_MAX:
        inner = ", ".join(f"{name}={whole(item, depth + 1)}" for name, item in _members(value))
        return f"{type(value).__name__}({inner})"
    try:
        return repr(value)
    except Exception:  # noqa: BLE001  the game's own __repr__, in the making of a message
        return f"a {type(value).__name__}"


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARS_MAX else text[: _SHOWN_CHARS_MAX - 1] + "…"


def shown_apart(one: str, other: str) -> tuple[str, str]:
    """Two texts of values: if both are long, from about where they begin to differ."""
    if _cut(one) != _cut(other):
        return _cut(one), _cut(other)
    same = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), None)
    if same is None:
        same = min(len(one), len(other))
    start = max(0, same - _SHOWN_BEFORE)
    return _cut("…" + one[start:]), _cut("…" + other[start:])


def told(picture: Any) -> str:
    """A picture for a message."""
    return _cut(_told(picture))


def _told(picture: Any) -> str:
    if isinstance(picture, str):
        kind, _, text = picture.partition(" ")
        return text if kind in _SIMPLE_NAMES else picture
    if isinstance(picture, tuple) and isinstance(picture[1], list):
        items = [_told(item) for item in picture[1]]
        return f"{picture[0]} of {', '.join(items)}" if items else f"an empty {picture[0]}"
    return repr(picture)
