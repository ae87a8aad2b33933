"""What is between real peers in a simulation: who can dial whom, and which link ends where.

When anything arrives is for `Network` to say, the same that carries frames between mere cores.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Final, Protocol, TypeVar

import attrs
import trio

from p2pnet.core.errors import LinkDown, LinkEnd
from p2pnet.core.values import LinkId
from p2pnet.links.addresses import join_address
from p2pnet.links.base import US_PER_S, Limits

from .network import End, Network
from .sim_peer import Dials

PORT: Final = 7777
_ASK_AGAIN_S: Final = 0.2  # between two attempts of one dial
_PREFIX: Final = "peer"


class Dialled(Protocol):
    """What a network has to know of a process that somebody dials."""

    alive: bool
    vanished: bool
    dials: Dials


class Arriving(Protocol):
    """One end of something that carries bytes from process to process."""

    end: End
    """Which process it is at, and its name in the network."""

    def arrive(self, data: bytes) -> None:
        """Bytes have come to this end."""

    def go_down(self, end: LinkEnd, text: str) -> None:
        """This end is over: it learns so from the network."""


E = TypeVar("E", bound=Arriving)


class Place(Protocol):
    """Where one process can be dialled."""

    def prepare(self, end: End, remote: str) -> Arriving:
        """The accepting end of what somebody dials."""

    def accept(self, arriving: Arriving, remote: str) -> None:
        """Have it looked after, from now on."""


def address_of(number: int) -> str:
    """Where the process with this number can be dialled."""
    return join_address(host_of(number), PORT)


def host_of(number: int) -> str:
    """The name of the machine that the process with this number runs on."""
    return f"{_PREFIX}{number}"


def number_at(address: str) -> int | None:
    """Which process is there, by an address or the name of a machine; None for no possible one."""
    host, colon, port = address.partition(":")
    digits = host.removeprefix(_PREFIX)
    is_place = host != digits and digits.isdecimal() and (not colon or port == str(PORT))
    return int(digits) if is_place else None


@attrs.define(eq=False)
class TrioNetwork:
    """All links between the processes of one world."""

    network: Network
    process: Callable[[int], Dialled]
    """Who has this number; raises IndexError for nobody."""
    ends: dict[End, Arriving] = attrs.field(factory=dict)
    listeners: dict[int, Place] = attrs.field(factory=dict)
    _mute: list[End] = attrs.field(factory=list)
    """Ends that no process knows of, but the machine that it runs on."""

    # --- bytes ---

    def far(self, here: E) -> E | None:
        """The other end, if it is still there. It is of the same kind."""
        pipe = self.network.pipes.get(here.end[1])
        if pipe is None:
            return None
        return self.ends.get((pipe.target, pipe.link_at_target))  # type: ignore[return-value]

    def carry(self, here: Arriving, data: bytes) -> None:
        """Have bytes arrive at the far end, in their time."""
        self.network.transmit(here.end[1], partial(self._arrive, data))

    def _arrive(self, data: bytes, peer: int, link: LinkId) -> None:
        there = self.ends.get((peer, link))
        if there is not None:
            there.arrive(data)

    def end(self, here: Arriving, end: LinkEnd, text: str) -> None:
        """An end is gone. The other one is told behind all that was sent."""

        def ended(peer: int, there: LinkId) -> None:
            self.ended(peer, there, end, text)

        self.network.transmit(here.end[1], ended)
        self.network.forget(here.end[1])
        self.ends.pop(here.end, None)

    def end_at(self, place: End, end: LinkEnd) -> None:
        """A process is gone, or let go of a link: neither end of it is of use any more."""
        here = self.ends.get(place)
        if here is not None:
            here.go_down(end, "cut here")
            self.end(here, end, "cut by the other side")

    def ended(self, peer: int, link: LinkId, end: LinkEnd, text: str = "") -> None:
        """An end of a link learns that the link is over."""
        self.network.forget(link)
        there = self.ends.pop((peer, link), None)
        if there is not None:
            there.go_down(end, text)

    # --- dialling ---

    @contextmanager
    def listening(self, number: int, listener: Place) -> Iterator[None]:
        """A process can be dialled, as long as this context is open."""
        self.listeners[number] = listener
        try:
            yield
        finally:
            del self.listeners[number]
            for end in [end for end in self._mute if end[0] == number]:
                self._mute.remove(end)
                self.end_at(end, LinkEnd.BROKEN)

    async def dial(
        self, source: int, address: str, limits: Limits, prepare: Callable[[End], E]
    ) -> E:
        """What leads to whoever is at this address; `prepare` makes this end of it.

        Raises LinkDown, after `connect_us` at most.
        """
        target = number_at(address)
        if target is None:
            raise LinkDown(LinkEnd.UNREACHABLE, f"there is no {address}")
        with trio.move_on_after(limits.connect_us / US_PER_S):
            # As the network stack does, which asks again and again.
            while not await self._is_answered(source, target):  # noqa: ASYNC110
                await trio.sleep(_ASK_AGAIN_S)
            return await self._connect(source, target, prepare)
        raise LinkDown(LinkEnd.UNREACHABLE, f"no answer from {address} in time")

    async def _is_answered(self, source: int, target: int) -> bool:
        """Ask a machine for a link. False for silence. Raises LinkDown if it says no."""
        await self._knock(source, target)
        try:
            process = self.process(target)
        except IndexError:
            return False
        cuts = self.network.cuts
        if process.vanished or process.dials is Dials.IGNORED or (source, target) in cuts:
            return False
        if target in self.listeners and process.alive and process.dials is not Dials.REFUSED:
            return True
        await self._knock(target, source)
        if (target, source) in cuts:
            return False
        raise LinkDown(LinkEnd.REFUSED, f"nobody listens at {address_of(target)}")

    async def _knock(self, source: int, target: int) -> None:
        arrived = trio.Event()
        self.network.knock((source, target), arrived=arrived.set)
        await arrived.wait()

    async def _connect(self, source: int, target: int, prepare: Callable[[End], E]) -> E:
        """The accepting end is there at once; the dialling one when it has heard of it."""
        here, there = self.network.connect(source, target)
        mine = prepare((source, here))
        listener = self.listeners[target]
        theirs = listener.prepare((target, there), host_of(source))
        self.ends[mine.end], self.ends[theirs.end] = mine, theirs
        heard = trio.Event()
        self.network.transmit(there, lambda peer, link: heard.set())
        if self.process(target).dials is Dials.MUTE:
            self._mute.append(theirs.end)
        else:
            listener.accept(theirs, host_of(source))
        try:
            await heard.wait()
        except BaseException:
            self.end_at(mine.end, LinkEnd.BROKEN)
            raise
        return mine
