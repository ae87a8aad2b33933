"""Links inside one process: for tests, and for a host and a client in one program.

Nothing here is random, timed or dependent on the operating system, so a run under a simulated
clock repeats itself exactly. A frame is in the other side's inbox as soon as it is sent.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

import trio

from ..core.errors import AddressError, LinkDown, LinkEnd, ListenFailed, PortTaken
from .addresses import PORT_MAX, check_port, split_address
from .base import Handler, Limits, Link, Listener, Transport, ending, handle
from .inbox import Inbox, Sink

_FREE_PORT_FIRST: Final = 49_152  # the range that operating systems take free ports from


class MemoryLink(Link):
    """One end of a pair. What it sends goes into the inbox of the other end."""

    def __init__(self, remote: str, limits: Limits) -> None:
        self.remote = remote
        self._frame_bytes_max = limits.frame_bytes_max
        self._inbox = Inbox(limits.send_bytes_max)
        self._down: LinkDown | None = None
        self._other = self

    def join(self, other: MemoryLink) -> None:
        """Make the two the ends of one link."""
        self._other, other._other = other, self

    def send_nowait(self, frame: bytes) -> None:
        if self._down is None:
            self._check(frame)
        if self._down is not None:
            raise LinkDown(self._down.end, self._down.text)
        self._other._inbox.put(frame)

    @property
    def waiting_bytes(self) -> int:
        return self._other._inbox.waiting_bytes

    @property
    def held_bytes(self) -> int:
        return self._inbox.waiting_bytes

    def _check(self, frame: bytes) -> None:
        """End the link if the frame can't go over it."""
        other = self._other
        if len(frame) > min(self._frame_bytes_max, other._frame_bytes_max):
            text = f"a frame of {len(frame)} bytes"
            self._end(LinkEnd.OVERSIZE, text)
            other._end(LinkEnd.OVERSIZE, text)
        elif other._inbox.is_full:
            self._end(LinkEnd.SLOW, f"{self.remote} does not read")
            other._end(LinkEnd.BROKEN, "cut by the other side")

    def _end(self, end: LinkEnd, text: str) -> None:
        if self._down is None:
            self._down = LinkDown(end, text)
            self._inbox.end(end, text)

    async def receive(self) -> bytes:
        return await self._inbox.take()

    async def pour(self, sink: Sink, wait_room: Callable[[], Awaitable[None]]) -> None:
        await self._inbox.pour(sink, wait_room)

    async def aclose(self) -> None:
        self._end(LinkEnd.CLOSED, "closed here")
        self._other._end(LinkEnd.CLOSED, "")
        await trio.lowlevel.checkpoint()

    def abort(self) -> None:
        self._end(LinkEnd.BROKEN, "cut here")
        self._other._end(LinkEnd.BROKEN, "cut by the other side")


class MemoryListener(Listener):
    """Accepts links: starts a task in its nursery for each."""

    def __init__(
        self, address: str, port: int, handler: Handler, limits: Limits, nursery: trio.Nursery
    ) -> None:
        self.address = address
        self.port = port
        self._handler = handler
        self._limits = limits
        self._nursery = nursery

    def accept(self, dialler: str) -> MemoryLink:
        """The accepting end of a new link; its handler runs from now on."""
        link = MemoryLink(dialler, self._limits)
        self._nursery.start_soon(handle, self._handler, link)
        return link


class MemoryNetwork(Transport):
    """Everything that can reach one another. Addresses are "name:port", with any name."""

    def __init__(self) -> None:
        self._listeners: dict[tuple[str, int], MemoryListener] = {}
        self._dials = 0

    @asynccontextmanager
    async def dial(self, address: str, limits: Limits) -> AsyncIterator[Link]:
        await trio.lowlevel.checkpoint()
        try:
            listener = self._listeners.get(split_address(address))
        except AddressError as error:
            raise LinkDown(LinkEnd.UNREACHABLE, str(error)) from None
        if listener is None:
            raise LinkDown(LinkEnd.REFUSED, f"nobody listens at {address}")
        self._dials += 1
        link = MemoryLink(address, limits)
        link.join(listener.accept(f"dialler:{self._dials}"))
        async with ending(link):
            yield link

    async def serve(
        self,
        address: str,
        port: int,
        handler: Handler,
        limits: Limits,
        *,
        task_status: trio.TaskStatus[Listener] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        check_port(port)
        port = port or self._free_port(address)
        if (address, port) in self._listeners:
            raise PortTaken(f"port {port} of {address} is taken; choose another, or 0 for any")
        async with trio.open_nursery() as nursery:
            listener = MemoryListener(address, port, handler, limits, nursery)
            self._listeners[address, port] = listener
            try:
                task_status.started(listener)
                await trio.sleep_forever()
            finally:
                del self._listeners[address, port]

    def _free_port(self, address: str) -> int:
        free = (
            p for p in range(_FREE_PORT_FIRST, PORT_MAX + 1) if (address, p) not in self._listeners
        )
        port = next(free, None)
        if port is None:
            raise ListenFailed(f"no port of {address} is free")
        return port
