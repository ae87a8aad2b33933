"""Frames to bytes and back. The only place that judges bytes from a peer."""

from __future__ import annotations

import functools
from typing import Final

import msgspec

from .errors import RemoteProtocolError
from .messages import AnyFrame, Frame, Heartbeat

_SHORT_BYTES: Final = 64  # heartbeats and the like: the same bytes come again and again

_HEARTBEAT: Final = Heartbeat.__struct_config__.tag  # the second byte of a frame of that kind

_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[AnyFrame] = msgspec.msgpack.Decoder(AnyFrame)


def encode(frame: Frame) -> bytes:
    """The bytes of a frame."""
    return _encoder.encode(frame)


def decode(data: bytes) -> AnyFrame:
    """The frame in these bytes.

    Raises `RemoteProtocolError` for anything that is not exactly one well-typed frame. The size
    was limited by the link already.
    """
    return _decode_short(data) if len(data) <= _SHORT_BYTES else _decode(data)


def is_heartbeat(data: bytes) -> bool:
    """Whether these bytes are a heartbeat, if they are a frame at all."""
    return len(data) > 1 and data[1] == _HEARTBEAT


def _decode(data: bytes) -> AnyFrame:
    try:
        return _decoder.decode(data)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError, ValueError) as error:
        raise RemoteProtocolError(f"not a frame: {error}") from error


_decode_short = functools.lru_cache(maxsize=64)(_decode)
