"""What the peers of a test are called."""

from __future__ import annotations

from typing import Final

NAMES: Final = (
    *("ana", "bea", "cid", "dan", "eve", "fay", "gus", "hal", "ida", "jon", "kim", "leo"),
    *("mia", "ned", "oda", "pia", "quin", "rea", "sam", "tom", "una", "val", "wim", "xia"),
)


def peer_name(number: int) -> str:
    """The name of the peer that came as so many-th, counted from 0."""
    return NAMES[number] if number < len(NAMES) else f"peer{number}"
