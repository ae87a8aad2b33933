"""Links over WebSocket and TCP. The only module that knows trio-websocket.

trio-websocket does the opening handshake and reads; the link writes (see `binary_message`), through
a stream that belongs to it (see `wire`). What trio-websocket does that a link must not do:

T1  It waits for ever if the other side closes before it has answered the handshake. Here the
    handshake has a deadline, and the end of the stream ends it too.
T2  Its `aclose` waits for ever for the other side's good-bye. Here the good-bye is a frame that
    the link writes, the wait is bounded, and then the socket is closed.
T3  A refused handshake raises in the nursery that it was given. Here that is a nursery of the
    link's own, and all that happens in it comes out as the link's end.
T4  Its limits are one queued message, 4 KiB a read, 1 MiB a message by default. Here all are given.
T5  It answers no pings while nobody takes its messages. Here a task takes them at once; reading
    stops only when the inbox is full, and then at the socket.
T6  A send that was cancelled may have sent a part. Here sending is synchronous, and the task that
    sends the rest is cancelled only when the link is closed.
T7  After a local close it drops what had arrived. Here nothing is closed before the reader is done.
"""

from __future__ import annotations

import errno
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import Final

import trio
from trio_websocket import (
    CloseReason,
    ConnectionClosed,
    ConnectionRejected,
    WebSocketConnection,
    wrap_client_stream,
    wrap_server_stream,
)

from ..core.errors import AddressError, LinkDown, LinkEnd, ListenFailed, PortTaken
from .addresses import check_port, join_address, split_address
from .base import US_PER_S, Handler, Limits, Link, Listener, Transport, background_nursery
from .binary_message import MASK_BYTES, binary_message, close_message
from .inbox import Inbox, Sink
from .wire import SocketWire, Wire, WireStream

_PATH: Final = "/p2pnet"
_SUBPROTOCOL: Final = "p2pnet.1"
"""Both sides must name it, so that no other WebSocket server or client is taken for a peer."""

_READ_BYTES: Final = 65_536
_QUEUED_MESSAGES_MAX: Final = 256  # bounded in bytes by what one read holds, see WireStream

_NORMAL: Final = 1000
_UNSUPPORTED: Final = 1003
_TOO_BIG: Final = 1009

_END_OF_CODE: Final = {
    1002: LinkEnd.NOT_P2PNET,  # protocol error
    _UNSUPPORTED: LinkEnd.NOT_P2PNET,  # a text message
    1006: LinkEnd.BROKEN,  # never sent: no good-bye came
    1007: LinkEnd.NOT_P2PNET,  # bad text
    _TOO_BIG: LinkEnd.OVERSIZE,
}

_Handshake = Callable[[WireStream, trio.Nursery, Limits], Awaitable[WebSocketConnection]]
"""Starts trio-websocket over the stream, with its tasks in the nursery."""


class WebSocketLink(Link):
    """One end of a WebSocket connection. Works while `run` does."""

    def __init__(self, wire: Wire, remote: str, limits: Limits, *, is_dialler: bool) -> None:
        self.remote = remote
        self._limits = limits
        self._is_dialler = is_dialler
        self._inbox = Inbox(limits.frame_bytes_max)
        self._stream = WireStream(wire, limits.send_bytes_max, self._inbox.wait_room)
        self._down: LinkDown | None = None
        self._finished = trio.Event()

    def send_nowait(self, frame: bytes) -> None:
        if self._down is None:
            if len(frame) > self._limits.frame_bytes_max:
                self._say_goodbye(_TOO_BIG, LinkEnd.OVERSIZE, f"{len(frame)} bytes to be sent")
                self._end(LinkEnd.OVERSIZE, "")
            elif not self._stream.write(binary_message(frame, self._mask())):
                self._end(LinkEnd.SLOW, f"{self.remote} does not read")
                self._stream.cut()
        if self._down is not None:
            raise LinkDown(self._down.end, self._down.text)

    @property
    def waiting_bytes(self) -> int:
        return self._stream.waiting_bytes

    @property
    def held_bytes(self) -> int:
        return self._inbox.waiting_bytes + self._stream.waiting_bytes

    async def receive(self) -> bytes:
        return await self._inbox.take()

    async def pour(self, sink: Sink, wait_room: Callable[[], Awaitable[None]]) -> None:
        await self._inbox.pour(sink, wait_room)

    async def aclose(self) -> None:
        self._say_goodbye(_NORMAL, LinkEnd.CLOSED, "closed here")
        try:
            with trio.move_on_after(self._limits.close_us / US_PER_S):
                await self._finished.wait()
        finally:
            self.abort()

    def abort(self) -> None:
        self._end(LinkEnd.BROKEN, "cut here")
        self._stream.cut()

    async def run(
        self,
        handshake: _Handshake,
        *,
        task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        """Shake hands, then read until the end. Raises LinkDown if the handshake fails."""
        is_open = False
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._stream.run)
                websocket = await self._shake_hands(handshake, nursery)
                is_open = True
                task_status.started()
                await self._read(websocket)
                self._stream.finish()
                with trio.move_on_after(self._limits.close_us / US_PER_S):
                    await self._stream.closed.wait()
                nursery.cancel_scope.cancel()
        except* Exception as failures:  # noqa: BLE001  # whatever comes in
            down = _down_from(failures, is_open)
            self._end(down.end, down.text)
        finally:
            self._stream.cut()
            self._finished.set()
        if not is_open and self._down is not None:
            raise self._down

    async def _shake_hands(
        self, handshake: _Handshake, nursery: trio.Nursery
    ) -> WebSocketConnection:
        async with trio.open_nursery() as race:
            race.start_soon(self._give_up_at_end_of_stream)
            websocket = await handshake(self._stream, nursery, self._limits)
            race.cancel_scope.cancel()
        return websocket

    async def _give_up_at_end_of_stream(self) -> None:
        await self._stream.ended.wait()
        if self._stream.was_given_up or self._stream.has_received:
            raise LinkDown(LinkEnd.NOT_P2PNET, f"{self.remote} does not speak WebSocket")
        raise LinkDown(LinkEnd.BROKEN, f"{self.remote} hung up in the handshake")

    async def _read(self, websocket: WebSocketConnection) -> None:
        """Move what arrives to the inbox, then put the end there."""
        try:
            while isinstance(message := await websocket.get_message(), bytes):
                self._inbox.put(message)
        except ConnectionClosed as closed:
            self._end(*_end_from(closed.reason))
        else:
            self._say_goodbye(_UNSUPPORTED, LinkEnd.NOT_P2PNET, "a text message came")
        self._end(LinkEnd.CLOSED, "")

    def _say_goodbye(self, code: int, end: LinkEnd, text: str) -> None:
        """Send a close frame and nothing after it. The other side's close frame ends the link."""
        if self._down is None:
            self._down = LinkDown(end, text)
            self._stream.write(close_message(code, self._mask()))
            self._stream.mute()

    def _end(self, end: LinkEnd, text: str) -> None:
        """No frame will arrive any more. The first reason stands."""
        if self._down is None:
            self._down = LinkDown(end, text)
        self._inbox.end(self._down.end, self._down.text)

    def _mask(self) -> bytes | None:
        return os.urandom(MASK_BYTES) if self._is_dialler else None


class WebSocketListener(Listener):
    """Sockets that listen at one port."""

    def __init__(self, listeners: list[trio.SocketListener]) -> None:
        host, port, *_ = listeners[0].socket.getsockname()
        self.address = str(host)
        self.port = int(port)


class WebSocketTransport(Transport):
    """Links over WebSocket. Addresses are "host:port" with an IPv4 address, a name, or "[IPv6]"."""

    def dial(self, address: str, limits: Limits) -> AbstractAsyncContextManager[Link]:
        return dialled_link(partial(_connect, address), address, limits)

    async def serve(
        self,
        address: str,
        port: int,
        handler: Handler,
        limits: Limits,
        *,
        task_status: trio.TaskStatus[Listener] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        listeners = await _listen(address, port)
        async with trio.open_nursery() as nursery:
            handle = partial(_handle, handler, limits)
            await nursery.start(trio.serve_listeners, handle, listeners)
            task_status.started(WebSocketListener(listeners))


async def _connect(address: str) -> Wire:
    """A TCP connection. Raises LinkDown."""
    try:
        host, port = split_address(address)
        return SocketWire(await trio.open_tcp_stream(host, port))
    except (AddressError, UnicodeError) as error:
        raise LinkDown(LinkEnd.UNREACHABLE, str(error)) from None
    except OSError as error:
        # Trio tries every address of a name, and raises one error whose cause has one of each.
        causes = _leaves(error.__cause__ or error)
        was_refused = any(isinstance(cause, ConnectionRefusedError) for cause in causes)
        end = LinkEnd.REFUSED if was_refused else LinkEnd.UNREACHABLE
        raise LinkDown(end, f"{address}: {error.strerror or error}") from error


async def _listen(address: str, port: int) -> list[trio.SocketListener]:
    """Sockets that listen. Raises PortTaken, ListenFailed.

    Trio sets SO_REUSEADDR where that is right, which is not so on Windows. With it, a port that
    only has remains of closed connections is free, and one that has a listener is taken.
    """
    check_port(port)
    try:
        listeners = await trio.open_tcp_listeners(port, host=address)
    except (OSError, UnicodeError) as error:
        if getattr(error, "errno", None) == errno.EADDRINUSE:
            raise PortTaken(
                f"port {port} of {address} is taken by another program, or by another peer: "
                "stop it, choose another port, or choose 0 for any that is free"
            ) from error
        raise ListenFailed(f"can't listen at {join_address(address, port)}: {error}") from error
    if port == 0:
        # A name may stand for several addresses, and each would get another port.
        for listener in listeners[1:]:
            listener.socket.close()
        del listeners[1:]
    return listeners


async def _handle(handler: Handler, limits: Limits, stream: trio.SocketStream) -> None:
    """One accepted connection, whatever it turns out to be."""
    try:
        host, port, *_ = stream.socket.getpeername()
        remote = join_address(str(host), int(port))
    except OSError:
        return  # gone already
    try:
        async with accepted_link(SocketWire(stream), remote, limits) as link:
            await handler(link)
    except* LinkDown:
        pass  # the handler is through with this link; the others go on


def dialled_link(
    connect: Callable[[], Awaitable[Wire]], remote: str, limits: Limits
) -> AbstractAsyncContextManager[Link]:
    """A link over the wire that `connect` gives. Raises as `Transport.dial` does."""

    async def start(nursery: trio.Nursery) -> WebSocketLink:
        link = WebSocketLink(await connect(), remote, limits, is_dialler=True)
        await nursery.start(link.run, partial(_ask, host=remote))
        return link

    return _link(start, remote, limits)


def accepted_link(wire: Wire, remote: str, limits: Limits) -> AbstractAsyncContextManager[Link]:
    """A link over a wire by which a handshake has to come. Raises LinkDown if none does."""

    async def start(nursery: trio.Nursery) -> WebSocketLink:
        link = WebSocketLink(wire, remote, limits, is_dialler=False)
        await nursery.start(link.run, _answer)
        return link

    return _link(start, remote, limits)


@asynccontextmanager
async def _link(
    start: Callable[[trio.Nursery], Awaitable[WebSocketLink]], remote: str, limits: Limits
) -> AsyncIterator[Link]:
    """A link for as long as the context is open, started before `connect_us` have passed."""
    async with background_nursery() as nursery:
        link = None
        with trio.move_on_after(limits.connect_us / US_PER_S):
            link = await start(nursery)
        if link is None:
            raise LinkDown(LinkEnd.UNREACHABLE, f"no answer from {remote} in time")
        try:
            yield link
            await link.aclose()
        finally:
            link.abort()


async def _ask(
    stream: WireStream, nursery: trio.Nursery, limits: Limits, *, host: str
) -> WebSocketConnection:
    """The dialler's part of the handshake."""
    websocket = await wrap_client_stream(
        nursery,
        stream,  # type: ignore[arg-type]  # it is annotated more narrowly than what it uses
        host,
        _PATH,
        subprotocols=[_SUBPROTOCOL],
        message_queue_size=_QUEUED_MESSAGES_MAX,
        max_message_size=limits.frame_bytes_max,
        receive_buffer_size=_READ_BYTES,
    )
    if websocket.subprotocol != _SUBPROTOCOL:
        raise LinkDown(LinkEnd.NOT_P2PNET, f"{host} is a WebSocket server, but not ours")
    return websocket


async def _answer(stream: WireStream, nursery: trio.Nursery, limits: Limits) -> WebSocketConnection:
    """The listener's part of the handshake."""
    request = await wrap_server_stream(
        nursery,
        stream,
        message_queue_size=_QUEUED_MESSAGES_MAX,
        max_message_size=limits.frame_bytes_max,
        receive_buffer_size=_READ_BYTES,
    )
    if _SUBPROTOCOL not in request.proposed_subprotocols:
        await request.reject(400, body=b"This is a p2pnet peer. It talks to other peers only.\n")
        raise LinkDown(LinkEnd.NOT_P2PNET, "a WebSocket client, but not ours")
    return await request.accept(subprotocol=_SUBPROTOCOL)


def _end_from(reason: CloseReason | None) -> tuple[LinkEnd, str]:
    """What a close frame means, or its absence."""
    if reason is None:
        return LinkEnd.NOT_P2PNET, "bytes came that are not WebSocket"
    return _END_OF_CODE.get(reason.code, LinkEnd.CLOSED), reason.reason or ""


def _down_from(failures: BaseExceptionGroup[BaseException], is_open: bool) -> LinkDown:
    """The end of a link whose background tasks raised. Our own reasons go before others."""
    leaves = list(_leaves(failures))
    for leaf in leaves:
        if isinstance(leaf, LinkDown):
            return leaf
    for leaf in leaves:
        if isinstance(leaf, ConnectionRejected):
            return LinkDown(LinkEnd.NOT_P2PNET, f"refused with HTTP status {leaf.status_code}")
    return LinkDown(LinkEnd.BROKEN if is_open else LinkEnd.NOT_P2PNET, repr(leaves[0]))


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error
