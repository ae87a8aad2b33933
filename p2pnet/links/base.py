"""The contract of a link: a pipe between two peers that carries whole frames, in order.

A link knows nothing of the protocol. It either delivers every frame that was sent before its end,
or ends; it never loses one in the middle. The rules that every transport keeps:

* Sending never waits. What the other side does not take is kept, up to a bound, and above it the
  link ends: a peer that cannot keep up must not make everybody else wait.
* A link ends once, for one reason. Frames that arrived before the end are received before it.
* A link lives in a context (`Transport.dial`) or in its handler (`Transport.serve`). Whatever goes
  wrong with it stays in there. Leaving closes it, in bounded time.
"""

from __future__ import annotations

import abc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import attrs
import trio

from ..core.errors import LinkDown
from .inbox import Sink

US_PER_S = 1_000_000


@attrs.frozen(kw_only=True)
class Limits:
    """How much a link may hold, and how long it may take. See `Settings` for the first three."""

    frame_bytes_max: int
    send_bytes_max: int
    connect_us: int
    close_us: int = 500_000
    """Longest time to flush what is queued and to exchange good-byes."""


class Link(abc.ABC):
    """One open pipe to another peer."""

    remote: str
    """Address of the other side, to be printed: `127.0.0.1:7777`."""

    @abc.abstractmethod
    def send_nowait(self, frame: bytes) -> None:
        """Send a frame, or queue it. Never waits.

        Raises LinkDown: SLOW if more than `send_bytes_max` would wait, OVERSIZE if the frame is
        above `frame_bytes_max` (both end the link), or why the link had ended before.
        """

    @property
    def waiting_bytes(self) -> int:
        """How much of what was sent still waits on this machine for a slow other side."""
        return 0

    @property
    def held_bytes(self) -> int:
        """How much this end keeps in all: of what came in, and of what waits to go out."""
        return 0

    @abc.abstractmethod
    async def receive(self) -> bytes:
        """The next frame. Raises LinkDown once the link has ended and all frames are taken.

        Does not give way to other tasks each time when frames are waiting.
        """

    @abc.abstractmethod
    async def pour(self, sink: Sink, wait_room: Callable[[], Awaitable[None]]) -> None:
        """Hand each frame to `sink` as it arrives, instead of to `receive`. See `Inbox.pour`.

        Raises LinkDown once the link has ended and all frames are handed over.
        """

    @abc.abstractmethod
    async def aclose(self) -> None:
        """Flush what is queued, say good-bye, close. Takes `close_us` at most; may be repeated.

        Frames that arrive until the other side has said good-bye too can still be received.
        If cancelled, the link is cut as by `abort`.
        """

    @abc.abstractmethod
    def abort(self) -> None:
        """Cut the link at once and without a good-bye. The other side sees it as BROKEN."""


class Listener(abc.ABC):
    """A place where links are accepted."""

    address: str
    """The host that it is bound to, without the port."""

    port: int
    """The port that it is bound to; never 0."""


Handler = Callable[[Link], Awaitable[None]]
"""What is done with an accepted link. The link is closed when it returns."""


class Transport(abc.ABC):
    """A way to make links."""

    @abc.abstractmethod
    def dial(self, address: str, limits: Limits) -> AbstractAsyncContextManager[Link]:
        """Open a link to `address` ("host:port") for as long as the context is open.

        Entering takes `connect_us` at most. Raises LinkDown: REFUSED, UNREACHABLE, NOT_P2PNET or
        BROKEN. What the body raises comes out as it is.
        """

    @abc.abstractmethod
    async def serve(
        self,
        address: str,
        port: int,
        handler: Handler,
        limits: Limits,
        *,
        task_status: trio.TaskStatus[Listener] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        """Accept links and run `handler` for each, until cancelled. Port 0 means any free port.

        A LinkDown that a handler raises ends that handler alone; any other exception comes out.
        Raises PortTaken or ListenFailed, before it reports that it has started.
        """


@asynccontextmanager
async def ending(link: Link) -> AsyncIterator[Link]:
    """A link that is closed when the body is left, and cut if that goes wrong."""
    try:
        yield link
        await link.aclose()
    finally:
        link.abort()


async def handle(handler: Handler, link: Link) -> None:
    """Run the handler of an accepted link. Its end ends nobody else."""
    try:
        async with ending(link):
            await handler(link)
    except* LinkDown:
        pass  # the handler is through with this link; the others go on


@asynccontextmanager
async def background_nursery() -> AsyncIterator[trio.Nursery]:
    """A nursery for background tasks, of a link say, cancelled when the body is left.

    Those tasks contain their own failures. So what the body raises comes out as it is and not
    wrapped in a group, and `except LinkDown` around a dial does what it says.
    """
    from_body: BaseException | None = None
    try:
        async with trio.open_nursery() as nursery:
            try:
                yield nursery
            except BaseException as error:
                from_body = error
                raise
            nursery.cancel_scope.cancel()
    except BaseExceptionGroup as group:
        others = [error for error in group.exceptions if error is not from_body]
        if from_body is None or not all(_is_cancelled(error) for error in others):
            raise
    if from_body is not None:
        raise from_body


def _is_cancelled(error: BaseException) -> bool:
    if isinstance(error, BaseExceptionGroup):
        return all(_is_cancelled(inner) for inner in error.exceptions)
    return isinstance(error, trio.Cancelled)
