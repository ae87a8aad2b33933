"""Frames that have arrived on a link and are not yet taken, and the end that follows them."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable

import trio

from ..core.errors import LinkDown, LinkEnd

_FRAME_COST_BYTES = 64  # what an empty frame takes in memory; else empty frames would be free
_TAKEN_IN_A_ROW_MAX = 32  # then other tasks get their turn, however many frames wait


Sink = Callable[[bytes], bool]
"""Takes a frame at once, or says False: there is no room for it."""


class Inbox:
    """A bounded queue of frames with an end. The bound is kept by whoever puts frames in."""

    def __init__(self, bytes_max: int) -> None:
        self._frames: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._bytes_max = bytes_max
        self._down: LinkDown | None = None
        self._taken_in_a_row = 0
        self._sink: Sink | None = None
        self._takers = trio.lowlevel.ParkingLot()
        self._putters = trio.lowlevel.ParkingLot()

    @property
    def is_full(self) -> bool:
        return self._waiting_bytes > self._bytes_max

    @property
    def waiting_bytes(self) -> int:
        return self._waiting_bytes

    def put(self, frame: bytes) -> None:
        if self._sink is not None and not self._frames and self._sink(frame):
            return
        self._frames.append(frame)
        self._waiting_bytes += len(frame) + _FRAME_COST_BYTES
        self._takers.unpark()

    async def wait_room(self) -> None:
        """Wait until frames were taken and the inbox is not full."""
        while self.is_full:
            await self._putters.park()

    def end(self, end: LinkEnd, text: str) -> None:
        """No more frames will come. The first end stands."""
        if self._down is None:
            self._down = LinkDown(end, text)
            self._takers.unpark_all()

    async def take(self) -> bytes:
        """The next frame. Raises LinkDown when there is none and the end has been put."""
        if self._frames and self._taken_in_a_row >= _TAKEN_IN_A_ROW_MAX:
            self._taken_in_a_row = 0
            await trio.lowlevel.checkpoint()
        while not self._frames:
            if self._down is not None:
                await trio.lowlevel.checkpoint_if_cancelled()
                raise LinkDown(self._down.end, self._down.text)
            self._taken_in_a_row = 0
            await self._takers.park()
        self._taken_in_a_row += 1
        frame = self._frames[0]
        self._drop_first()
        return frame

    async def pour(self, sink: Sink, wait_room: Callable[[], Awaitable[None]]) -> None:
        """Hand each frame to `sink` in the moment in which it is put, as long as there is room.

        Spares a frame the way through another task. `wait_room` waits until the sink has room
        again. Raises LinkDown when there is no frame left and the end has been put.
        """
        await trio.lowlevel.checkpoint()
        self._sink = sink
        try:
            while True:
                while self._frames and sink(self._frames[0]):
                    self._drop_first()
                if self._frames:
                    await wait_room()
                elif self._down is not None:
                    raise LinkDown(self._down.end, self._down.text)
                else:
                    await self._takers.park()
        finally:
            self._sink = None

    def _drop_first(self) -> None:
        self._waiting_bytes -= len(self._frames.popleft()) + _FRAME_COST_BYTES
        if self._putters and not self.is_full:
            self._putters.unpark_all()
