"""Frames as seen from outside: their kinds without decoding them, and each decoded only once."""

from __future__ import annotations

import functools
from typing import Final

from p2pnet.core.codec import decode
from p2pnet.core.messages import Frame, Heartbeat


def tag_of(kind: type[Frame]) -> int:
    """The second byte of each frame of this kind."""
    tag = kind.__struct_config__.tag
    assert isinstance(tag, int)
    return tag


HEARTBEAT: Final = tag_of(Heartbeat)
"""Most frames are of this kind, and change nothing but when somebody was heard last."""


read = functools.lru_cache(maxsize=256)(decode)
"""As `decode`, for those who look on: one frame is seen by many, and nobody changes it."""
