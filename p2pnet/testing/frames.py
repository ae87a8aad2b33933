"""Frames as seen from outside, without decoding them: the kind of a frame is its second byte."""

from __future__ import annotations

from typing import Final

from p2pnet.core.messages import Frame, Heartbeat


def tag_of(kind: type[Frame]) -> int:
    """The second byte of each frame of this kind."""
    tag = kind.__struct_config__.tag
    assert isinstance(tag, int)
    return tag


HEARTBEAT: Final = tag_of(Heartbeat)
"""Most frames are of this kind, and change nothing but when somebody was heard last."""
