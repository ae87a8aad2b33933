"""What the tests of links share: limits, transports, and wires without sockets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import pytest
import trio

from p2pnet.links import Handler, Limits, Listener, MemoryNetwork, Transport, WebSocketTransport
from p2pnet.links.wire import Wire

HOST = "127.0.0.1"


class MemoryWire(Wire):
    """One end of a wire that holds `window` bytes in each direction."""

    other: MemoryWire

    def __init__(self, window: int) -> None:
        self.arrived = bytearray()
        self.is_closed = False
        self.is_frozen = False
        self._window = window
        self._changed = trio.lowlevel.ParkingLot()

    @classmethod
    def pair(cls, window: int = 1 << 16) -> tuple[MemoryWire, MemoryWire]:
        left, right = cls(window), cls(window)
        left.other, right.other = right, left
        return left, right

    async def receive_some(self, bytes_max: int) -> bytes:
        await trio.lowlevel.checkpoint()
        while self.is_frozen or not (self.arrived or self.is_closed or self.other.is_closed):
            if self.is_closed:
                break
            await self._changed.park()
        if self.is_closed:
            raise trio.ClosedResourceError
        data = bytes(self.arrived[:bytes_max])
        del self.arrived[:bytes_max]
        self.other._changed.unpark_all()
        return data

    def send_now(self, data: bytes | memoryview) -> int:
        if self.is_closed:
            raise trio.ClosedResourceError
        if self.other.is_closed:
            raise trio.BrokenResourceError
        taken = bytes(data[: self._window - len(self.other.arrived)])
        self.other.arrived += taken
        self.other._changed.unpark_all()
        return len(taken)

    async def wait_writable(self) -> None:
        await trio.lowlevel.checkpoint()
        while len(self.other.arrived) >= self._window and not self.other.is_closed:
            if self.is_closed:
                raise trio.ClosedResourceError
            await self._changed.park()

    def close(self) -> None:
        self.is_closed = True
        self._changed.unpark_all()
        self.other._changed.unpark_all()

    def freeze(self) -> None:
        """Read nothing any more, as a process that was stopped."""
        self.is_frozen = True


@pytest.fixture
def limits() -> Limits:
    return Limits(frame_bytes_max=1 << 16, send_bytes_max=1 << 18, connect_us=5_000_000)


@pytest.fixture
def wires() -> tuple[MemoryWire, MemoryWire]:
    return MemoryWire.pair()


@pytest.fixture(params=[MemoryNetwork, WebSocketTransport], ids=["memory", "websocket"])
def transport(request: pytest.FixtureRequest) -> Transport:
    made: Transport = request.param()
    return made


@pytest.fixture
def listening():
    """`async with listening(transport, handler, limits) as listener`, on a free port."""

    @asynccontextmanager
    async def listen(
        transport: Transport, handler: Handler, limits: Limits, host: str = HOST
    ) -> AsyncIterator[Listener]:
        async with trio.open_nursery() as nursery:
            with trio.fail_after(30):
                serve = partial(transport.serve, host, 0, handler, limits)
                yield await nursery.start(serve)
            nursery.cancel_scope.cancel()

    return listen
