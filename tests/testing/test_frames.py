from __future__ import annotations

import typing

from p2pnet.core.codec import encode
from p2pnet.core.messages import AnyFrame, Frame, Ping
from p2pnet.testing.frames import tag_of


def test_the_second_byte_of_a_frame_is_its_kind() -> None:
    assert encode(Ping(3))[1] == tag_of(Ping)


def test_no_two_kinds_have_one_tag() -> None:
    kinds: tuple[type[Frame], ...] = typing.get_args(AnyFrame)
    assert len({tag_of(kind) for kind in kinds}) == len(kinds)
