"""Links of real peers over a simulated network.

Each is one end of a pair of pipes of a `Network`, which says when a frame arrives, and whether. No
task belongs to a link: what arrives is put into the inbox of the far end by the clock.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import attrs
import trio

from p2pnet.core.errors import LinkDown, LinkEnd
from p2pnet.links.base import Handler, Limits, Link, Listener, Transport, ending, handle
from p2pnet.links.inbox import Inbox, Sink

from .network import End
from .trio_network import Arriving, TrioNetwork

_GONE = (LinkEnd.BROKEN, "cut by the other side")


class SimLink(Link):
    """One end of a link. What it sends is under way for a while."""

    def __init__(self, ether: TrioNetwork, end: End, remote: str, limits: Limits) -> None:
        self.remote = remote
        self.end = end
        """Which process it is at, and its name in the network."""
        self.unread_bytes = 0
        """Sent to this end, and not yet put into its inbox."""
        self._ether = ether
        self._limits = limits
        self._inbox = Inbox(limits.send_bytes_max)
        self._down: LinkDown | None = None

    @property
    def is_full(self) -> bool:
        """Whether more waits for this end than it may be sent."""
        return self._inbox.is_full or self.unread_bytes > self._limits.send_bytes_max

    def send_nowait(self, frame: bytes) -> None:
        if self._down is None:
            far = self._ether.far(self)
            if len(frame) > self._limits.frame_bytes_max:
                self.go_down(LinkEnd.OVERSIZE, f"a frame of {len(frame)} bytes")
                self._ether.end(self, LinkEnd.OVERSIZE, "a frame was too large")
            elif far is None:
                self._ether.carry(self, frame)  # nobody is there any more, and this is not known
            elif far.is_full:
                self.go_down(LinkEnd.SLOW, f"{self.remote} does not read")
                self._ether.end(self, *_GONE)
            else:
                far.unread_bytes += len(frame)
                # As `carry` does, but that the far end is known.
                self._ether.network.transmit(self.end[1], lambda peer, link: far.arrive(frame))
        if self._down is not None:
            raise LinkDown(self._down.end, self._down.text)

    def arrive(self, frame: bytes) -> None:
        """A frame has come to this end."""
        self.unread_bytes -= len(frame)
        if self._down is None:
            self._inbox.put(frame)

    def go_down(self, end: LinkEnd, text: str) -> None:
        """This end is over, whatever the other one knows of it."""
        if self._down is None:
            self._down = LinkDown(end, text)
            self._inbox.end(end, text)

    @property
    def held_bytes(self) -> int:
        return self._inbox.waiting_bytes

    async def receive(self) -> bytes:
        return await self._inbox.take()

    async def pour(self, sink: Sink, wait_room: Callable[[], Awaitable[None]]) -> None:
        await self._inbox.pour(sink, wait_room)

    async def aclose(self) -> None:
        if self._down is None:
            self.go_down(LinkEnd.CLOSED, "closed here")
            self._ether.end(self, LinkEnd.CLOSED, "")
        await trio.lowlevel.checkpoint()

    def abort(self) -> None:
        if self._down is None:
            self.go_down(LinkEnd.BROKEN, "cut here")
            self._ether.end(self, *_GONE)


@attrs.frozen(eq=False)
class SimListener(Listener):
    """Where one process can be dialled: each link gets a task in its nursery."""

    ether: TrioNetwork
    address: str
    port: int
    handler: Handler
    limits: Limits
    nursery: trio.Nursery

    def prepare(self, end: End, remote: str) -> Arriving:
        return SimLink(self.ether, end, remote, self.limits)

    def accept(self, arriving: Arriving, remote: str) -> None:
        assert isinstance(arriving, SimLink)
        self.nursery.start_soon(handle, self.handler, arriving)


@attrs.frozen(eq=False)
class SimTransport(Transport):
    """What one process dials and listens with."""

    ether: TrioNetwork
    number: int

    @asynccontextmanager
    async def dial(self, address: str, limits: Limits) -> AsyncIterator[Link]:
        def prepare(end: End) -> SimLink:
            return SimLink(self.ether, end, address, limits)

        link = await self.ether.dial(self.number, address, limits, prepare)
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
        async with trio.open_nursery() as nursery:
            listener = SimListener(self.ether, address, port, handler, limits, nursery)
            with self.ether.listening(self.number, listener):
                task_status.started(listener)
                await trio.sleep_forever()
