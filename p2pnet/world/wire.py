"""What travels: the operations of an update, snapshots, commands and their outcomes.

All are msgspec Structs written as arrays behind a small number that tells which. Field values stay
untyped here, since only the object's class knows their types; `intake` gives them to the fields.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, TypeVar

import msgspec

from ..core.errors import CommandRefusal, RemoteProtocolError
from ..core.values import PeerId
from .hints import BAD_BYTES, ENCODER

Edit = tuple[int, Any, Any]
"""One change of one element: the `SyncOp`, the index or key, and the new element."""


class Vars(msgspec.Struct, tag=0, array_like=True):
    """New values of those plain fields of an object whose bits are set in `mask`, lowest first."""

    object_id: int
    mask: int
    values: list[Any]


class Edits(msgspec.Struct, tag=1, array_like=True):
    """Changes of one container, element by element, in order."""

    object_id: int
    field: int
    edits: list[Edit]


class Tie(msgspec.Struct, frozen=True, array_like=True):
    """What ties an object to its owner, beside the owner's name. See `custody`."""

    controller: int = -1  # of a player: which of its member's players it is
    rule: Annotated[int, msgspec.Meta(ge=0, le=3)] | None = None  # None: that of the class
    home: PeerId | None = None  # whose it was before the rule moved it
    locked: bool = False
    held: bool = False  # it sleeps although its owner is there


NO_TIE: Final = Tie()


class Spawn(msgspec.Struct, tag=2, array_like=True):
    """A whole object: it appeared, or it is part of a snapshot."""

    object_id: int
    class_index: int
    owner: PeerId | None
    values: list[Any]
    tie: Tie = NO_TIE


class Despawn(msgspec.Struct, tag=3, array_like=True):
    """An object is gone."""

    object_id: int


class Assign(msgspec.Struct, tag=4, array_like=True):
    """An object has another owner, or none."""

    object_id: int
    owner: PeerId | None


class Suspend(msgspec.Struct, tag=5, array_like=True):
    """A peer was lost: everything that it owns sleeps."""

    peer: PeerId


class Resume(msgspec.Struct, tag=6, array_like=True):
    """A peer is back, or its seat was given up."""

    peer: PeerId


class Rpc(msgspec.Struct, tag=7, array_like=True):
    """The host calls a method on one client, or on all."""

    object_id: int
    method: int
    to: PeerId | None
    arguments: Any  # a list; already encoded on the host, so that nobody changes it meanwhile


class Retie(msgspec.Struct, tag=12, array_like=True):
    """An object has another tie."""

    object_id: int
    tie: Tie


class Refusal(msgspec.Struct, array_like=True):
    """What the owner of an object wrote to one of its fields was not taken."""

    object_id: int
    field: int
    text: str


class Wrote(msgspec.Struct, tag=8, array_like=True):
    """The host has dealt with what this peer wrote to fields of its own, up to this message."""

    peer: PeerId
    number: int
    refused: list[Refusal]


Op = Vars | Edits | Spawn | Despawn | Assign | Suspend | Resume | Rpc | Retie | Wrote


class State(msgspec.Struct, array_like=True):
    """A snapshot: all that a newcomer needs. Objects are in the order of their ids."""

    next_id: int
    suspended: list[PeerId]
    objects: list[Spawn]
    session: list[Any]  # the fields of the session's own object


class Call(msgspec.Struct, array_like=True):
    """A command on its way to the host. The class is there to read the outcome when the object
    itself is gone."""

    class_index: int
    command: int
    object_id: int
    arguments: list[Any]


class Writes(msgspec.Struct, array_like=True):
    """What the owner of objects wrote to fields of its own. Numbers count up within a process."""

    number: int
    objects: list[Vars]


class Done(msgspec.Struct, tag=0, array_like=True):
    """The command ran."""

    result: Any


class Refused(msgspec.Struct, tag=1, array_like=True):
    """The command was not run."""

    reason: CommandRefusal
    text: str


class Failed(msgspec.Struct, tag=2, array_like=True):
    """The command ran and raised."""

    error: str
    text: str


Outcome = Done | Refused | Failed

UPDATE: msgspec.msgpack.Decoder[list[Op]] = msgspec.msgpack.Decoder(list[Op])
STATE = msgspec.msgpack.Decoder(State)
WRITES = msgspec.msgpack.Decoder(Writes)
CALL = msgspec.msgpack.Decoder(Call)
OUTCOME: msgspec.msgpack.Decoder[Outcome] = msgspec.msgpack.Decoder(Outcome)

_T = TypeVar("_T")


def encode(value: Any) -> bytes:
    """The bytes of one of the above, or of plain values."""
    return ENCODER.encode(value)


def decode(decoder: msgspec.msgpack.Decoder[_T], data: bytes, what: str) -> _T:
    """What the bytes hold. Raises `RemoteProtocolError` for bytes that are not `what`."""
    try:
        return decoder.decode(data)
    except BAD_BYTES as error:
        raise RemoteProtocolError(f"not {what}: {error}") from error
