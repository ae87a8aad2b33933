"""Real WebSocket links over simulated bytes: the handshake, the frames and the good-byes are real.

Below them a wire carries bytes as TCP does: in order, with a window, in segments that need not be
whole frames. So a link can break in the middle of a frame, and a receiver gets it in crumbs.
"""

from __future__ import annotations

import random
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Final

import attrs
import trio

from p2pnet.core.errors import LinkDown, LinkEnd
from p2pnet.links.base import Handler, Limits, Link, Listener, Transport
from p2pnet.links.websocket import accepted_link, dialled_link
from p2pnet.links.wire import Wire

from .network import End
from .trio_network import Arriving, TrioNetwork

WINDOW_BYTES: Final = 65_536
_SPLIT_PERMILLE: Final = 100  # so many writes do not travel in one segment


class SimWire(Wire):
    """One end of a stream of bytes."""

    def __init__(self, ether: TrioNetwork, end: End, dice: random.Random) -> None:
        self.end = end
        """Which process it is at, and its name in the network."""
        self.unread_bytes = 0
        """Sent to this end, and not yet read."""
        self._ether = ether
        self._dice = dice
        self._arrived = bytearray()
        self._over: LinkEnd | None = None
        self._is_closed = False
        self._changed = trio.lowlevel.ParkingLot()

    async def receive_some(self, bytes_max: int) -> bytes:
        await trio.lowlevel.checkpoint_if_cancelled()
        while not self._arrived:
            if self._is_closed:
                raise trio.ClosedResourceError
            if self._over is not None:
                await trio.lowlevel.cancel_shielded_checkpoint()
                if self._over is LinkEnd.CLOSED:
                    return b""
                raise trio.BrokenResourceError("reset by the other side")
            await self._changed.park()
        data = bytes(self._arrived[:bytes_max])
        del self._arrived[:bytes_max]
        self.unread_bytes -= len(data)
        far = self._ether.far(self)
        if far is not None:
            far._changed.unpark_all()
        await trio.lowlevel.cancel_shielded_checkpoint()
        return data

    def send_now(self, data: bytes | memoryview) -> int:
        if self._is_closed:
            raise trio.ClosedResourceError
        if self._over is not None and self._over is not LinkEnd.CLOSED:
            raise trio.BrokenResourceError("reset by the other side")
        taken = bytes(data[: self._room()])
        far = self._ether.far(self)
        for segment in self._segments(taken):
            if far is not None:
                far.unread_bytes += len(segment)
            self._ether.carry(self, segment)
        return len(taken)

    def _room(self) -> int:
        far = self._ether.far(self)
        return WINDOW_BYTES if far is None else max(0, WINDOW_BYTES - far.unread_bytes)

    def _segments(self, data: bytes) -> list[bytes]:
        if len(data) < 2 or self._dice.random() * 1000 >= _SPLIT_PERMILLE:
            return [data] if data else []
        place = self._dice.randrange(1, len(data))
        return [data[:place], data[place:]]

    async def wait_writable(self) -> None:
        await trio.lowlevel.checkpoint()
        while not self._room() and self._over is None:
            if self._is_closed:
                raise trio.ClosedResourceError
            await self._changed.park()

    def close(self) -> None:
        if not self._is_closed:
            self._is_closed = True
            self._changed.unpark_all()
            self._ether.end(self, LinkEnd.CLOSED, "")

    # --- what the network does ---

    def arrive(self, data: bytes) -> None:
        if self._is_closed:
            return
        self._arrived += data
        self._changed.unpark_all()

    def go_down(self, end: LinkEnd, text: str) -> None:
        if self._over is None:
            self._over = end
            self._changed.unpark_all()


@attrs.frozen(eq=False)
class WireListener(Listener):
    """Where one process can be dialled by WebSocket."""

    transport: WireTransport
    address: str
    port: int
    handler: Handler
    limits: Limits
    nursery: trio.Nursery

    def prepare(self, end: End, remote: str) -> Arriving:
        return self.transport.wire(end)

    def accept(self, arriving: Arriving, remote: str) -> None:
        assert isinstance(arriving, SimWire)
        self.nursery.start_soon(self._handle, arriving, remote)

    async def _handle(self, wire: SimWire, remote: str) -> None:
        try:
            async with accepted_link(wire, remote, self.limits) as link:
                await self.handler(link)
        except* LinkDown:
            pass  # the handler is through with this link; the others go on


@attrs.frozen(eq=False)
class WireTransport(Transport):
    """What one process dials and listens with, if it speaks WebSocket."""

    ether: TrioNetwork
    number: int
    dice: random.Random
    """Where a segment ends."""

    def wire(self, end: End) -> SimWire:
        """One end of a new wire, at this process."""
        return SimWire(self.ether, end, self.dice)

    def dial(self, address: str, limits: Limits) -> AbstractAsyncContextManager[Link]:
        connect = partial(self.ether.dial, self.number, address, limits, self.wire)
        return dialled_link(connect, address, limits)

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
            listener = WireListener(self, address, port, handler, limits, nursery)
            with self.ether.listening(self.number, listener):
                task_status.started(listener)
                await trio.sleep_forever()
