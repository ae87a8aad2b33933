"""Values of the library and of games as JSON has them."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping, Sequence, Set
from typing import Any, Final

import attrs
import msgspec

from ..core.events import Event
from ..core.roster import Member, Roster
from ..core.values import Epoch, Position

_HUMP: Final = re.compile(r"(?<!^)(?=[A-Z])")


def kind_of(event: Event) -> str:
    """The name of an event in the stream: `host_lost` for `HostLost`."""
    return kind_name(type(event))


def kind_name(kind: type[Event]) -> str:
    """The name of all events of a kind in the stream."""
    return _HUMP.sub("_", kind.__name__).lower()


def fields_of(event: Event) -> dict[str, Any]:
    """The fields of an event. `peer` is called `who`: in the stream `peer` is who tells it."""
    fields = {a.name: jsonable(getattr(event, a.name)) for a in attrs.fields(type(event))}
    return {"who" if name == "peer" else name: value for name, value in fields.items()}


def member_fields(member: Member) -> dict[str, Any]:
    """A seat, without its key."""
    return {
        "peer": member.peer,
        "name": member.name,
        "connection_id": member.connection_id,
        "old_connection_id": member.old_connection_id,
        "addresses": list(member.addresses),
        "can_host": member.can_host,
        "present": member.present,
    }


def jsonable(value: Any) -> Any:
    """`value` in terms of JSON. Bytes become hexadecimal, sets sorted lists.

    What has no counterpart is given as its `repr`, so that a stream never breaks off for the sake
    of one value.
    """
    match value:
        case enum.Enum():
            return jsonable(value.value)
        case None | bool() | int() | float() | str():
            return value
        case bytes() | bytearray() | memoryview():
            return bytes(value).hex()
        case Epoch():
            return value.number
        case Position():
            return str(value)
        case Roster():
            return [member_fields(member) for member in value.members]
        case Mapping():
            return {_key(key): jsonable(item) for key, item in value.items()}
        case Set():
            return sorted((jsonable(item) for item in value), key=msgspec.json.encode)
        case Sequence():
            return [jsonable(item) for item in value]
        case msgspec.Struct():
            return {name: jsonable(getattr(value, name)) for name in value.__struct_fields__}
    if attrs.has(type(value)):
        return {a.name: jsonable(getattr(value, a.name)) for a in attrs.fields(type(value))}
    return repr(value)


def _key(key: object) -> str:
    plain = jsonable(key)
    return plain if isinstance(plain, str) else msgspec.json.encode(plain).decode()
