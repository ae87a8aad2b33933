"""What a game decides for itself, where the core needs the answer at once.

Everything here is local to one peer. What all members have to agree on is in `settings`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import attrs

from .values import PeerId

PAYLOAD_BYTES_MAX: Final = 60_000
"""Longest payload of a request for a seat, whether the first one or one's own."""


def _nobody() -> PeerId | None:
    return None


def _nothing() -> bytes | None:
    return None


@attrs.define(eq=False, kw_only=True)
class Choices:
    """The say of the application in what the core does."""

    automatic: bool = True
    """Whether a lost host is replaced without being asked for. If not, see `PeerCore.claim` and
    `PeerCore.follow`."""

    approves: bool = False
    """Whether newcomers wait for `PeerCore.approve` or `PeerCore.deny`."""

    elect: Callable[[], PeerId | None] = _nobody
    """Who shall follow the host that was just lost; None for the first in rank. What it raises
    goes to whoever fed the core."""

    payload: bytes | None = None
    """What goes with the request for a first seat."""

    extra: Callable[[], bytes | None] = _nothing
    """What goes with the request for one's own seat. Empty is not None."""
