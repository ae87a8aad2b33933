from __future__ import annotations

import msgspec
import pytest

from p2pnet.core import frame_parts
from p2pnet.core.frame_parts import Channel
from p2pnet.core.messages import Frame

PARTS = [
    kind
    for kind in vars(frame_parts).values()
    if isinstance(kind, type) and kind.__module__ == frame_parts.__name__
]


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.__name__)
def test_a_part_is_an_array_without_a_tag_and_can_not_be_changed(
    part: type[msgspec.Struct],
) -> None:
    config = part.__struct_config__
    assert config.array_like and config.frozen and config.tag is None
    assert not issubclass(part, Frame)


def test_both_ends_of_a_relayed_link_mean_the_same_channel() -> None:
    ours = Channel(3, mine=True)
    assert ours.seen_from_there() == Channel(3, mine=False)
    assert ours.seen_from_there().seen_from_there() == ours
