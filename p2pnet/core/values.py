"""The small values that everything else is made of: who, which reign, where in history.

They are `msgspec.Struct`s and not attrs classes because they travel inside frames as they are.
"""

from __future__ import annotations

import functools
import hashlib
from base64 import b32encode
from typing import Annotated, Final, NewType

import msgspec

PeerId = NewType("PeerId", str)
"""Who a peer is: 16 letters and digits, a short hash of its public key. Never changes."""

ConnectionId = NewType("ConnectionId", int)
"""The small label of a member: 0 for the host, the others count up from 1 as they are admitted."""

SessionId = NewType("SessionId", str)
"""Which game is being played: 16 letters and digits, drawn when a host opens it."""

LinkId = NewType("LinkId", int)
"""The shell's number for one open link. Never used again within a process."""

Count = Annotated[int, msgspec.Meta(ge=0, le=1 << 53)]
"""A number that others send and that is counted on from: one more of it has to fit in a frame."""

RECONNECT_ID_HOST: Final = ConnectionId(0)
"""The `old_connection_id` with which a peer comes back that was the host when it was lost."""

RECONNECT_ID_INVALID: Final = ConnectionId(-1)
"""The `old_connection_id` of a peer that has not been in this session before."""

_ID_BYTES = 10  # 80 bits, which base32 writes as 16 characters without padding


def short_id(data: bytes) -> str:
    """Sixteen characters that stand for `data`: lower case letters and the digits 2 to 7."""
    digest = hashlib.blake2b(data, digest_size=_ID_BYTES).digest()
    return b32encode(digest).decode("ascii").lower()


@functools.lru_cache(maxsize=256)  # asked for with each header that is checked
def peer_id(public_key: bytes) -> PeerId:
    """The id of the peer that holds this key."""
    return PeerId(short_id(public_key))


class Epoch(msgspec.Struct, frozen=True, order=True, array_like=True):
    """One reign of one host. Ordered by number, then by host, so that any two can be compared.

    `nonce` tells apart two reigns that one peer began under one number, which happens when it
    crowned itself, lost its memory, and did so again.
    """

    number: Count
    host: PeerId
    nonce: int

    def __str__(self) -> str:
        return f"{self.number}:{self.host[:4]}"


class Position(msgspec.Struct, frozen=True, order=True, array_like=True):
    """A point in the history of updates: the reign that wrote it, and how many came before.

    Two positions with equal `seq` and different epochs are different histories, which is why a
    position is never a length.
    """

    epoch: Epoch
    seq: Count

    def __str__(self) -> str:
        return f"{self.epoch}/{self.seq}"


_NAME_CHARS_MAX: Final = 32


def clean_name(name: str, chars_max: int = _NAME_CHARS_MAX) -> str:
    """A name that can be shown anywhere: one line of at most 32 characters that print.

    A name comes from another peer, and ends up in everybody's terminal.
    """
    printable = "".join(char for char in name if char.isprintable())
    return printable.strip()[:chars_max] or "player"
