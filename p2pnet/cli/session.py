"""One peer of a game in this process, from the first dial to the last line.

A *front* is what the person or the program at the other end of the terminal deals with: it gets the
events, and it gives orders, line by line.
"""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Final, Protocol

import attrs
import trio

from ..core.errors import EndReason, P2PNetError
from ..core.events import BecameHost, Event, Joined, SessionEnded
from ..core.settings import Settings
from ..peer import Identity, Peer, open_peer
from ..world.game import Game
from .complaints import COMPLAINT, CRASHED, INTERRUPTED, OK, TERMINATED, leaves
from .loading import GameName

_STATUS: Final[dict[EndReason, int]] = {
    EndReason.LEFT: OK,
    EndReason.AWAY: OK,
    EndReason.SESSION_ENDED: OK,
    EndReason.HOST_LOST: CRASHED,
    EndReason.KICKED: CRASHED,
    EndReason.DISCONNECTED: CRASHED,
    EndReason.INACTIVE: CRASHED,
    EndReason.REPLACED: CRASHED,
    EndReason.SEAT_EXPIRED: CRASHED,
    EndReason.CRASHED: CRASHED,
    EndReason.DENIED: COMPLAINT,
    EndReason.FULL: COMPLAINT,
    EndReason.INCOMPATIBLE: COMPLAINT,
    EndReason.TIMED_OUT: COMPLAINT,
    EndReason.UNREACHABLE: COMPLAINT,
}

_STATUS_OF_SIGNAL: Final[dict[int, int]] = {
    signal.SIGINT: INTERRUPTED,
    signal.SIGTERM: TERMINATED,
}

_LAST_RESULTS_S: Final = 1.0


@attrs.frozen(kw_only=True)
class Plan:
    """What to play, as whom, and where. With an invite the peer joins, without it hosts."""

    game: Game
    game_name: GameName
    name: str
    settings: Settings
    identity: Identity | None
    address: str
    port: int
    invite: str | None = None
    resume: Path | None = None
    exit_on_eof: bool = False


class Front(Protocol):
    """The other end of the terminal."""

    def opened(self, peer: Peer) -> None:
        """The peer is in the session."""

    def event(self, peer: Peer, event: Event) -> None:
        """Something happened."""

    def lines(self) -> AsyncIterator[str]:
        """What is typed, line by line, until end of file."""

    async def order(self, peer: Peer, line: str, calls: trio.Nursery) -> None:
        """A line was typed. What takes longer goes on in `calls`."""

    def ended(self, reason: EndReason, text: str) -> None:
        """The session is over for this peer."""

    async def run(self) -> None:
        """What the front does by itself, until cancelled."""

    async def closed(self) -> None:
        """Wait until nobody is at the other end any more."""

    async def finish(self) -> None:
        """Show what is not shown yet."""


@attrs.define(eq=False)
class SessionRun:
    """Runs one peer."""

    plan: Plan
    front: Front
    _end: SessionEnded | None = None
    _opened: trio.Event = attrs.field(factory=trio.Event)
    _over: trio.Event = attrs.field(factory=trio.Event)
    _scope: trio.CancelScope = attrs.field(factory=trio.CancelScope)
    _signal: int | None = None

    async def main(self) -> int:
        """Run it to its end. Returns the exit status; raises errors of the library one by one."""
        failure: BaseException | None = None
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._watch_for_signals)
            nursery.start_soon(self._watch_for_close)
            nursery.start_soon(self.front.run)
            try:
                with self._scope:
                    await self._play()
            except* P2PNetError as group:
                failure = next(leaves(group))
            else:
                end = self._end or SessionEnded(EndReason.LEFT, "")
                self.front.ended(end.reason, end.text)
            with trio.CancelScope(shield=True):
                await self.front.finish()
            nursery.cancel_scope.cancel()
        if failure is not None:
            raise failure
        return self._status()

    async def _play(self) -> None:
        plan = self.plan
        async with (
            open_peer(
                plan.game, name=plan.name, settings=plan.settings, identity=plan.identity
            ) as peer,
            trio.open_nursery() as nursery,
        ):
            nursery.start_soon(self._follow, peer)
            if plan.invite is None:
                await peer.host(plan.address, plan.port, resume=plan.resume)
            else:
                await peer.join(plan.invite, address=plan.address, port=plan.port)
            await self._opened.wait()
            async with trio.open_nursery() as calls:
                nursery.start_soon(self._take_orders, peer, calls)
                await self._over.wait()
                # Whoever waits for a result now learns that there will be none.
                calls.cancel_scope.deadline = trio.current_time() + _LAST_RESULTS_S
            nursery.cancel_scope.cancel()

    async def _follow(self, peer: Peer) -> None:
        async for event in peer.events():
            self.front.event(peer, event)
            if isinstance(event, SessionEnded):
                self._end = event
            elif isinstance(event, Joined | BecameHost) and not self._opened.is_set():
                self.front.opened(peer)
                self._opened.set()
        self._over.set()

    async def _take_orders(self, peer: Peer, calls: trio.Nursery) -> None:
        async for line in self.front.lines():
            await self.front.order(peer, line, calls)
        if self.plan.exit_on_eof:
            self._scope.cancel()

    async def _watch_for_signals(self) -> None:
        with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            async for number in signals:
                if self._signal is not None:
                    os._exit(_STATUS_OF_SIGNAL[number])  # asked twice: no good-byes any more
                self._signal = number
                self._scope.cancel()  # leaving the peer's context says good-bye

    async def _watch_for_close(self) -> None:
        await self.front.closed()
        self._scope.cancel()

    def _status(self) -> int:
        if self._signal is not None:
            return _STATUS_OF_SIGNAL[self._signal]
        return OK if self._end is None else _STATUS[self._end.reason]


def run_session(plan: Plan, front: Front) -> int:
    """Run one peer to its end. Returns the exit status; raises `P2PNetError`."""
    return trio.run(partial(SessionRun(plan, front).main))
