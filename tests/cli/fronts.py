"""A front whose lines go into a list."""

from __future__ import annotations

import json
from typing import Any

import trio

from p2pnet import Peer
from p2pnet.cli.session import Front


class Written:
    """Takes the place of the `LineWriter` of a front."""

    def __init__(self, front: Front) -> None:
        self.lines: list[str] = []
        self.write = self.lines.append
        front._writer = self  # type: ignore[attr-defined]

    @property
    def records(self) -> list[dict[str, Any]]:
        """The lines as JSON."""
        return [json.loads(line) for line in self.lines]

    @property
    def text(self) -> str:
        """All lines."""
        return "\n".join(self.lines)


async def order(front: Front, peer: Peer, *lines: str) -> None:
    """Type these lines and wait for all that comes of them."""
    async with trio.open_nursery() as calls:
        for line in lines:
            await front.order(peer, line, calls)
