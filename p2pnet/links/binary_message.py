"""The two kinds of WebSocket frames that a link writes by itself: a binary message, and a close.

trio-websocket spends 15 µs on a message, most of it in two passes through the scheduler. A link has
nothing to wait for there: the bytes go into a socket or a buffer that it owns. So it builds these
frames here, and leaves the opening handshake and everything that arrives to trio-websocket.

See RFC 6455, section 5.2.
"""

from __future__ import annotations

import struct
from typing import Final

MASK_BYTES: Final = 4

_FINAL_BINARY: Final = 0x82
_FINAL_CLOSE: Final = 0x88
_MASKED: Final = 0x80
_LENGTH_IN_BYTE_MAX: Final = 125
_LENGTH_IN_16_BITS: Final = 126
_LENGTH_IN_64_BITS: Final = 127

_short_head: Final = struct.Struct("!BB").pack
_middle_head: Final = struct.Struct("!BBH").pack
_long_head: Final = struct.Struct("!BBQ").pack


def binary_message(payload: bytes, mask: bytes | None) -> bytes:
    """The payload as one whole message. Who dialled has to mask, with four unforeseeable bytes."""
    return _frame(_FINAL_BINARY, payload, mask)


def close_message(code: int, mask: bytes | None) -> bytes:
    """A good-bye with a code of RFC 6455, section 7.4."""
    return _frame(_FINAL_CLOSE, code.to_bytes(2, "big"), mask)


def _frame(first_byte: int, payload: bytes, mask: bytes | None) -> bytes:
    masked = 0 if mask is None else _MASKED
    length = len(payload)
    if length <= _LENGTH_IN_BYTE_MAX:
        head = _short_head(first_byte, masked | length)
    elif length < 1 << 16:
        head = _middle_head(first_byte, masked | _LENGTH_IN_16_BITS, length)
    else:
        head = _long_head(first_byte, masked | _LENGTH_IN_64_BITS, length)
    return head + payload if mask is None else head + mask + _masked(payload, mask)


def _masked(payload: bytes, mask: bytes) -> bytes:
    """Exclusive or with the mask, over and over. As two big integers, which is done in C."""
    length = len(payload)
    pattern = (mask * (length // MASK_BYTES + 1))[:length]
    mixed = int.from_bytes(payload, "little") ^ int.from_bytes(pattern, "little")
    return mixed.to_bytes(length, "little")
