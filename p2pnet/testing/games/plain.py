"""Values that can be compared later: what an attribute held at one moment, whatever it is.

A value of a kind that nobody can compare (a window, a random generator, a task) counts as equal to
any other of its class.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any, Final

import attrs

from p2pnet.world.containers import SyncContainer
from p2pnet.world.objects import NetworkObject

_DEPTH_MAX: Final = 6
_SHOWN_CHARS_MAX: Final = 60
_SIMPLE: Final = (type(None), bool, int, float, str, bytes, enum.Enum)


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
    if isinstance(value, list | tuple):
        return (name, [still(item, depth + 1) for item in value])
    if attrs.has(type(value)):
        fields = attrs.fields(type(value))
        return (name, [still(getattr(value, f.name, None), depth + 1) for f in fields])
    return name


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
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001  the game's own __repr__, in the making of a message
        text = f"a {type(value).__name__}"
    return text if len(text) <= _SHOWN_CHARS_MAX else text[: _SHOWN_CHARS_MAX - 1] + "…"


def told(picture: Any) -> str:
    """A picture for a message."""
    return picture.partition(" ")[2] if isinstance(picture, str) else shown(picture)
