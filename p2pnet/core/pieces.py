"""Long frames are sent in pieces, so that a link that carries one is never silent for long.

A snapshot can take longer to transmit than a host may be silent. Each piece of it that comes in is
a sign of life. A link keeps the order of what is sent on it, so the pieces of a frame come one
after another, and whoever takes them in needs to keep those of one frame only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import attrs

from .codec import encode
from .errors import RemoteProtocolError
from .messages import Piece

PIECE_BYTES: Final = 16 << 10
"""At 30 kB/s a piece takes less time than the shortest silence that counts as death by default."""


def cut(data: bytes) -> Sequence[bytes]:
    """An encoded frame as it goes over the wire: whole, or in pieces if it is long."""
    if len(data) <= PIECE_BYTES:
        return (data,)
    starts = range(0, len(data), PIECE_BYTES)
    parts = [(start, data[start : start + PIECE_BYTES]) for start in starts]
    return [encode(Piece(len(data) - start - len(part), part)) for start, part in parts]


@attrs.define
class Assembly:
    """The pieces of one frame that have come so far."""

    parts: list[bytes] = attrs.field(factory=list)
    size: int = 0
    rest: int = 0  # bytes that are still to come

    def add(self, piece: Piece, limit: int) -> bytes | None:
        """The next piece. Returns the frame when it is whole.

        Raises `RemoteProtocolError` if it does not fit to the one before, or the frame would be
        longer than `limit` bytes.
        """
        begun = bool(self.parts)
        if not piece.data or piece.rest < 0 or self.size + len(piece.data) + piece.rest > limit:
            raise RemoteProtocolError("a frame in pieces that is longer than the limit")
        if begun and self.rest != len(piece.data) + piece.rest:
            raise RemoteProtocolError("a piece that does not fit to the one before")
        self.parts.append(piece.data)
        self.size, self.rest = self.size + len(piece.data), piece.rest
        if self.rest:
            return None
        whole = b"".join(self.parts)
        self.parts, self.size = [], 0
        return whole
