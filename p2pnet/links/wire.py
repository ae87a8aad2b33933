"""The bytes below a WebSocket: a stream whose writers never wait.

What the kernel takes at once is sent at once, without a pass through the scheduler, which costs
more than everything else together. The rest is kept, and a task sends it when there is room.

A failed send does not end anything here. The bytes are dropped as if they had been lost on the way,
and the reading side finds out why: it may still have a good-bye to read, and then the other
side left in order and did not break.
"""

from __future__ import annotations

import abc
import contextlib
import socket
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

import trio

_CHUNK_BYTES: Final = 65_536
_UNSENT_BYTES: Final = 131_072  # that the kernel takes before the network does
_ERRORS: Final = (trio.BrokenResourceError, trio.ClosedResourceError)


class Wire(abc.ABC):
    """Raw bytes in both directions, one reader and one writer."""

    @abc.abstractmethod
    async def receive_some(self, bytes_max: int) -> bytes:
        """What has arrived; empty at the end. Raises BrokenResourceError, ClosedResourceError."""

    @abc.abstractmethod
    def send_now(self, data: bytes | memoryview) -> int:
        """Send what can be sent without waiting and say how many bytes that was.

        Raises BrokenResourceError or ClosedResourceError.
        """

    @abc.abstractmethod
    async def wait_writable(self) -> None:
        """Wait until `send_now` may take something. Raises ClosedResourceError."""

    @abc.abstractmethod
    def close(self) -> None:
        """Close at once. May be repeated."""


class SocketWire(Wire):
    """A connected TCP socket."""

    def __init__(self, stream: trio.SocketStream) -> None:
        """Takes the socket out of `stream`, which has set TCP_NODELAY and is of no use after."""
        self._socket = socket.socket(fileno=stream.socket.detach())
        self._socket.setblocking(False)
        if hasattr(socket, "TCP_NOTSENT_LOWAT"):  # not on every system
            # What can't be sent yet waits up here, where it is known that a link is slow.
            with contextlib.suppress(OSError):  # macOS says so if the other end is gone already
                self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _UNSENT_BYTES)

    async def receive_some(self, bytes_max: int) -> bytes:
        await trio.lowlevel.checkpoint_if_cancelled()
        while True:
            try:
                data = self._socket.recv(bytes_max)
            except BlockingIOError:
                await trio.lowlevel.wait_readable(self._socket)
            except OSError as error:
                raise trio.BrokenResourceError(str(error)) from error
            else:
                await trio.lowlevel.cancel_shielded_checkpoint()
                return data

    def send_now(self, data: bytes | memoryview) -> int:
        try:
            return self._socket.send(data)
        except BlockingIOError:
            return 0
        except OSError as error:
            raise trio.BrokenResourceError(str(error)) from error

    async def wait_writable(self) -> None:
        await trio.lowlevel.wait_writable(self._socket)

    def close(self) -> None:
        if self._socket.fileno() != -1:
            trio.lowlevel.notify_closing(self._socket)
            self._socket.close()


class WireStream(trio.abc.Stream):
    """What is handed to trio-websocket as its stream, and written to by the link as well.

    Each write is one whole WebSocket frame, so the two never cut into one another.
    """

    def __init__(
        self, wire: Wire, waiting_bytes_max: int, wait_room: Callable[[], Awaitable[None]]
    ) -> None:
        """`wait_room` returns when what arrives has somewhere to go; until then nothing is read."""
        self._wire = wire
        self._waiting: deque[bytes | memoryview] = deque()  # views, for a large frame's rest
        self._waiting_bytes = 0
        self._waiting_bytes_max = waiting_bytes_max
        self._wait_room = wait_room
        self._wake = trio.Event()
        self._is_mute = False
        self._is_finished = False
        self.ended = trio.Event()
        """Set when nothing more will be read."""
        self.was_given_up = False
        """trio-websocket closed the stream: after a good-bye, or because it could not read on."""
        self.has_received = False
        self.closed = trio.Event()
        """Set when all was sent that could be, and the wire is closed."""

    def write(self, data: bytes) -> bool:
        """Send or keep `data`. False if too much waits already, and then it is dropped."""
        if self._is_mute:
            return True
        if self._waiting:
            if self._waiting_bytes + len(data) > self._waiting_bytes_max:
                return False
            self._waiting.append(data)
            self._waiting_bytes += len(data)
            return True
        sent = self._send_now(data)
        if sent < len(data):
            self._waiting.append(memoryview(data)[sent:])
            self._waiting_bytes = len(data) - sent
            self._wake.set()
        return True

    @property
    def waiting_bytes(self) -> int:
        """How much was written and could not be sent yet."""
        return self._waiting_bytes

    def mute(self) -> None:
        """Drop what is written from now on. What waits is still sent, and reading goes on."""
        self._is_mute = True

    def finish(self) -> None:
        """Close as soon as what waits is sent."""
        self._is_mute = self._is_finished = True
        self._wake.set()

    def cut(self) -> None:
        """Close at once and drop what waits."""
        self._is_mute = self._is_finished = True
        self._drop_what_waits()
        self._wire.close()
        self._wake.set()
        self.ended.set()
        self.closed.set()

    async def run(self) -> None:
        """Send what waits, close after `finish`: the background task of the stream."""
        while True:
            while self._waiting:
                try:
                    await self._wire.wait_writable()
                except _ERRORS:
                    self._drop_what_waits()
                else:
                    self._send_some()
            if self._is_finished:
                self.cut()
                return
            self._wake = trio.Event()
            await self._wake.wait()

    def _send_some(self) -> None:
        """Send the first of what waits, small frames together in one system call."""
        if not self._waiting:
            return
        parts = [self._waiting.popleft()]
        size = len(parts[0])
        while self._waiting and size + len(self._waiting[0]) <= _CHUNK_BYTES:
            parts.append(self._waiting.popleft())
            size += len(parts[-1])
        data = b"".join(parts) if len(parts) > 1 else parts[0]
        sent = self._send_now(data)
        if sent < size:
            self._waiting.appendleft(memoryview(data)[sent:])
        self._waiting_bytes -= sent

    def _send_now(self, data: bytes | memoryview) -> int:
        try:
            return self._wire.send_now(data)
        except _ERRORS:
            self._is_mute = True
            return len(data)

    def _drop_what_waits(self) -> None:
        self._waiting.clear()
        self._waiting_bytes = 0

    # --- the side that trio-websocket sees --------------------------------------------------------

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        if self.was_given_up:
            raise trio.ClosedResourceError
        await self._wait_room()
        try:
            data = await self._wire.receive_some(max_bytes or _CHUNK_BYTES)
        except _ERRORS:
            self.ended.set()
            raise
        if data:
            self.has_received = True
        else:
            self.ended.set()
        return data

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Answers to pings and good-byes. Must not wait: its caller is the one who reads."""
        if not self.write(bytes(data)):
            self.cut()
            raise trio.BrokenResourceError("the other side asks for more than it reads")

    async def wait_send_all_might_not_block(self) -> None:
        await trio.lowlevel.checkpoint()

    async def aclose(self) -> None:
        self.was_given_up = True
        self.ended.set()
        self.finish()
        await trio.lowlevel.checkpoint()
