from __future__ import annotations

import typing

import pytest

from p2pnet.core import messages
from p2pnet.core.messages import AnyFrame, Frame, Hello
from p2pnet.core.routing import _ROUTES

FRAMES = typing.get_args(AnyFrame)


def test_every_frame_can_be_decoded_and_has_a_route() -> None:
    declared = {
        kind
        for kind in vars(messages).values()
        if isinstance(kind, type) and issubclass(kind, Frame) and kind is not Frame
    }
    assert set(FRAMES) == declared == set(_ROUTES)


def test_no_two_frames_share_a_tag() -> None:
    tags = [frame.__struct_config__.tag for frame in FRAMES]
    assert len(set(tags)) == len(tags) and all(isinstance(tag, int) for tag in tags)


@pytest.mark.parametrize("frame", FRAMES, ids=lambda frame: frame.__name__)
def test_a_frame_is_an_array_and_can_not_be_changed(frame: type[Frame]) -> None:
    assert frame.__struct_config__.array_like and frame.__struct_config__.frozen


def test_the_version_comes_first_so_that_any_version_can_read_it() -> None:
    assert Hello.__struct_fields__[0] == "version" and Hello.__struct_config__.tag == 1
