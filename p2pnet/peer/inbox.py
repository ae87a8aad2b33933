"""What waits for the pump: one bounded queue for all that happens to a peer."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

import trio

from .bell import Bell
from .inputs import Input

_WAITING_MAX: Final = 1_024

WAITING_BYTES_MAX: Final = 1 << 20
"""With so many bytes an inbox is full. The frame that filled it may be longer than that."""


class Inbox:
    """First in, first out. Links wait when it is full; what happens on this machine never does."""

    def __init__(self) -> None:
        self._waiting: deque[Input] = deque()
        self._waiting_bytes = 0
        self._is_closed = False
        self._is_rung = False
        self._bell = Bell()  # for the pump, which takes
        self._putters = trio.lowlevel.ParkingLot()
        self.at_once: Callable[[Input], bool] | None = None
        """Takes a heartbeat in the moment in which it comes, if nothing waits before it. Says
        False if it can't, and the heartbeat waits as well."""

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def waiting_bytes(self) -> int:
        """The size of the frames that wait."""
        return self._waiting_bytes

    @property
    def is_full(self) -> bool:
        """Whether links have to wait."""
        return len(self._waiting) >= _WAITING_MAX or self._waiting_bytes >= WAITING_BYTES_MAX

    @property
    def has_frames(self) -> bool:
        """Whether anything waits that came over a link."""
        return any(item.is_frame for item in self._waiting)

    def put_nowait(self, item: Input) -> None:
        """Add something, over the bound if need be: for what there is little of."""
        if not self._is_closed:
            self._waiting.append(item)
            self._waiting_bytes += item.size_bytes
            self._bell.ring()

    def offer(self, item: Input) -> bool:
        """Add something if there is room; says whether there was."""
        if not self._waiting and item.is_heartbeat and self._is_taken_at_once(item):
            return True
        if self.is_full:
            return False
        self.put_nowait(item)
        return True

    def _is_taken_at_once(self, item: Input) -> bool:
        return self.at_once is not None and self.at_once(item)

    async def put(self, item: Input) -> None:
        """Add something as soon as there is room. The wait is felt at the other end of the link."""
        await self.wait_room()
        self.put_nowait(item)

    async def wait_room(self) -> None:
        """Until there is room for something."""
        while self.is_full:
            await self._putters.park()

    async def wait(self) -> None:
        """Until there is something to take, or the bell is rung. Others get a turn in any case."""
        if self._waiting or self._is_rung:
            await trio.lowlevel.checkpoint()
        while not self._waiting and not self._is_rung:
            await self._bell.wait()
        self._is_rung = False

    def ring(self) -> None:
        """End the wait of whoever takes, though there may be nothing to take."""
        self._is_rung = True
        self._bell.ring()

    def take(self, count_max: int) -> list[Input]:
        """Remove and return the first so many."""
        waiting = self._waiting
        if len(waiting) <= count_max:
            taken = list(waiting)
            waiting.clear()
            self._waiting_bytes = 0
        else:
            taken = [waiting.popleft() for _ in range(count_max)]
            self._waiting_bytes -= sum(item.size_bytes for item in taken)
        if self._putters and not self.is_full:
            self._putters.unpark_all()
        return taken

    def put_back(self, items: list[Input]) -> None:
        """What was taken comes first again: nobody has looked at it, and nobody will."""
        self._waiting.extendleft(reversed(items))
        self._waiting_bytes += sum(item.size_bytes for item in items)

    def close(self) -> list[Input]:
        """Remove and return all, and drop what comes from now on, so that no link has to wait."""
        self._is_closed = True
        return self.take(len(self._waiting))
