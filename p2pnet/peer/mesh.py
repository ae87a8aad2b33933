"""The links of one peer: dialled and accepted, each in a task and a small nursery of its own.

Nothing is decided here but which of several addresses leads to whom we dial. All of them are tried
side by side. The same numbers mean different machines in different networks (`127.0.0.1:7777` is
everybody's own), so the first link to open may lead to a stranger. That is why a dial is won by the
first link on which the right peer greets; the acceptor greets at once, so this costs no time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import partial
from typing import Final

import attrs
import trio

from ..core.codec import decode
from ..core.effects import CloseLink, Dial, Send
from ..core.errors import GameCodeError, LinkDown, LinkEnd, RemoteProtocolError
from ..core.messages import Hello
from ..core.settings import Settings
from ..core.values import LinkId, PeerId, peer_id
from ..links.addresses import join_address, local_addresses
from ..links.base import US_PER_S, Limits, Link, Listener, Transport
from .inbox import Inbox
from .inputs import DialFailed, FrameReceived, LinkClosed, LinkOpened
from .session_hooks import SessionHooks

_CROWDED_BYTES: Final = 64 << 10  # that wait on one link: it can't keep up
_FREE_BYTES: Final = 16 << 10  # it has caught up
_ANY_ADDRESS = ("", "0.0.0.0", "::")


@attrs.define(eq=False)
class _OpenLink:
    link: Link
    nursery: trio.Nursery
    is_closing: bool = False

    def close(self) -> None:
        """Have a task close it in order; the reader goes on until it is."""
        if not self.is_closing:
            self.is_closing = True
            self.nursery.start_soon(self.link.aclose)


@attrs.define(eq=False)
class _Race:
    """One dial: several addresses, at most one link."""

    peer: PeerId
    attempts: dict[str, trio.CancelScope] = attrs.field(factory=dict)
    failures: dict[str, LinkDown] = attrs.field(factory=dict)
    winner: str | None = None

    def win(self, address: str) -> bool:
        """Whether this is the first; then the others are called off."""
        if self.winner is not None:
            return False
        self.winner = address
        for other, scope in self.attempts.items():
            if other == address:
                scope.deadline = math.inf
            else:
                scope.cancel()
        return True

    @property
    def end(self) -> LinkEnd:
        """What to call it if nobody won."""
        ends = {down.end for down in self.failures.values()}
        return LinkEnd.REFUSED if ends == {LinkEnd.REFUSED} else LinkEnd.UNREACHABLE

    @property
    def text(self) -> str:
        """What came of each address, for people."""
        outcomes = {address: "it answered" for address in self.attempts if address == self.winner}
        outcomes.update((address, str(down)) for address, down in self.failures.items())
        if not self.attempts:
            return "there was no address to try"
        tried = (f"{each} ({outcomes.get(each, 'called off')})" for each in self.attempts)
        return "tried " + ", ".join(tried)


class Mesh:
    """All links of one peer, by number."""

    def __init__(
        self,
        transport: Transport,
        inbox: Inbox,
        nursery: trio.Nursery,
        settings: Settings,
        hooks: SessionHooks | None = None,
        guard: Callable[[GameCodeError], None] | None = None,
    ) -> None:
        """`guard` judges what a hook raises: it raises that again, or this peer goes on."""
        self._transport = transport
        self._inbox = inbox
        self._nursery = nursery
        self._hooks = hooks or SessionHooks()
        self._guard = guard
        self._limits = Limits(
            frame_bytes_max=settings.frame_bytes_max,
            send_bytes_max=settings.send_bytes_max,
            connect_us=settings.connect_us,
        )
        self._open: dict[LinkId, _OpenLink] = {}
        self._next_link = 1
        self._is_closed = False
        self._all_gone = trio.Event()
        self.addresses: tuple[str, ...] = ()
        """Where this peer listens, as others may dial it."""
        self.crowded: frozenset[LinkId] = frozenset()
        """The links that can't keep up, when last looked at."""
        self._latest_race = _Race(PeerId(""))

    @property
    def tried(self) -> str:
        """What came of the latest dial, address by address, for people."""
        return self._latest_race.text

    def remote(self, number: LinkId) -> str | None:
        """Address of the other side of an open link."""
        entry = self._open.get(number)
        return None if entry is None else entry.link.remote

    @property
    def numbers(self) -> frozenset[LinkId]:
        """The links that are open."""
        return frozenset(self._open)

    @property
    def held_bytes(self) -> int:
        """How much all links keep, besides what is in the inbox of this peer."""
        return sum(entry.link.held_bytes for entry in self._open.values())

    # --- accepting ---

    async def listen(self, address: str, port: int) -> Listener:
        """Accept links from now on. Raises PortTaken or ListenFailed."""
        serve = partial(self._transport.serve, address, port, self._accept, self._limits)
        listener: Listener = await self._nursery.start(serve)
        hosts = [listener.address]
        if address in _ANY_ADDRESS:
            # Asks the name system, which may take its time.
            hosts = await trio.to_thread.run_sync(local_addresses)
        self.addresses = tuple(join_address(host, listener.port) for host in hosts)
        return listener

    async def _accept(self, link: Link) -> None:
        await self._keep(link, None, ())

    # --- effects ---

    def send(self, effect: Send) -> None:
        """Queue the same bytes on each link. One that is gone says so itself, to its reader."""
        for number in effect.links:
            if (entry := self._open.get(number)) is not None:
                try:
                    entry.link.send_nowait(effect.data)
                except LinkDown:
                    continue

    def watch_backlogs(self) -> bool:
        """Look on which links more waits than they carry. True if these are others than before."""
        before = self.crowded
        self.crowded = frozenset(
            number
            for number, entry in self._open.items()
            if entry.link.waiting_bytes > (_FREE_BYTES if number in before else _CROWDED_BYTES)
        )
        return self.crowded != before

    def dial(self, effect: Dial) -> None:
        """Begin to look for a peer; the outcome goes to the inbox."""
        self._nursery.start_soon(self._dial, effect.peer, effect.addresses)

    def close(self, effect: CloseLink) -> None:
        """Begin to close a link in order."""
        if (entry := self._open.get(effect.link)) is not None:
            entry.close()

    # --- the end ---

    async def aclose(self) -> None:
        """Close all links in order, in the bounded time that each of them takes."""
        self._is_closed = True
        for entry in self._open.values():
            entry.close()
        if self._open:
            await self._all_gone.wait()

    # --- one dial ---

    async def _dial(self, peer: PeerId, addresses: tuple[str, ...]) -> None:
        # Whoever is dialled can't listen where this peer does itself.
        others = [address for address in addresses if address not in self.addresses]
        deadline = trio.current_time() + self._limits.connect_us / US_PER_S
        scopes = {address: trio.CancelScope(deadline=deadline) for address in others}
        race = self._latest_race = _Race(peer, scopes)
        async with trio.open_nursery() as nursery:
            for address in race.attempts:
                nursery.start_soon(self._attempt, race, address)
        if race.winner is None:
            self._inbox.put_nowait(DialFailed(peer, race.end))
            self._tell(self._hooks.on_transport_error, peer, race.end)

    async def _attempt(self, race: _Race, address: str) -> None:
        with race.attempts[address] as scope:
            try:
                async with self._transport.dial(address, self._limits) as link:
                    greeting = await _greeting(link, race.peer)
                    if race.win(address):
                        await self._keep(link, race.peer, (greeting,))
            except LinkDown as down:
                race.failures[address] = down
        if scope.cancelled_caught:
            race.failures[address] = LinkDown(LinkEnd.UNREACHABLE, "no answer in time")

    # --- one link ---

    async def _keep(self, link: Link, dialled: PeerId | None, read: Iterable[bytes]) -> None:
        """Pass on what comes in, until the link ends. `read` are frames that were taken before."""
        if self._is_closed:
            return
        number = LinkId(self._next_link)
        self._next_link += 1
        end = LinkEnd.BROKEN  # if this task is cancelled
        try:
            async with trio.open_nursery() as nursery:
                entry = self._open[number] = _OpenLink(link, nursery)
                self._tell(self._hooks.on_transport_connect, link.remote)
                await self._inbox.put(LinkOpened(number, dialled))
                for data in read:
                    await self._inbox.put(FrameReceived(number, data))
                end = await self._read(link, number)
                entry.is_closing = True  # by itself; the nursery takes no more tasks
        finally:
            self._forget(number, end)
            self._tell(self._hooks.on_transport_disconnect, link.remote, end)

    def _tell(self, hook: Callable[..., None], *details: object) -> None:
        try:
            hook(*details)
        except Exception as error:
            if self._guard is None:
                raise
            self._guard(GameCodeError([error]))

    def _forget(self, number: LinkId, end: LinkEnd) -> None:
        del self._open[number]
        self._inbox.put_nowait(LinkClosed(number, end))
        if self._is_closed and not self._open:
            self._all_gone.set()

    async def _read(self, link: Link, number: LinkId) -> LinkEnd:
        offer = self._inbox.offer

        def sink(data: bytes) -> bool:
            return offer(FrameReceived(number, data))

        try:
            await link.pour(sink, self._inbox.wait_room)
        except LinkDown as down:
            return down.end
        return LinkEnd.CLOSED  # not reached: a link ends in no other way


async def _greeting(link: Link, peer: PeerId) -> bytes:
    """The first frame of a new link. Raises LinkDown unless `peer` is who sent it."""
    data = await link.receive()
    try:
        hello = decode(data)
    except RemoteProtocolError as error:
        raise LinkDown(LinkEnd.NOT_P2PNET, str(error)) from None
    if not isinstance(hello, Hello) or peer_id(hello.key) != peer:
        raise LinkDown(LinkEnd.NOT_P2PNET, "somebody else answers there")
    return data
