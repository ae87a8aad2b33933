"""A player's way into a session, out of it, and back into it: one peer after the other.

A `Peer` is one stay in one session. While it lasts, p2pnet redials and migrates by itself, and
nothing has to be started anew. A `ConnectionManager` is about what lies beyond: it opens the peer,
publishes where the player stands, and when a stay ends as nobody wanted (see `RETRIED`) it opens
another one, with the same identity, until that works, the attempts are used up, or the player has
had enough.
"""

from __future__ import annotations

import enum
import math
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Final

import attrs
import trio

from ..core.errors import (
    Denied,
    EndReason,
    HostUnreachable,
    LinkError,
    LocalProtocolError,
    SessionOver,
    SettingsError,
)
from ..core.states import Role
from ..links.base import US_PER_S
from ..world.game import Game
from .bookmark import Bookmark
from .identity import Identity
from .invite import Invite
from .migration import MigrationManager
from .opening import open_peer
from .peer import Peer
from .scenes import SceneManager
from .session_hooks import NO_WAY_BACK, RETRIED, End, SessionHooks

_DOUBLINGS_MAX: Final = 30


class ConnectionState(enum.StrEnum):
    """Where a player stands."""

    OFFLINE = "offline"  # in no session
    STARTING_HOST = "starting_host"  # opens a session
    CONNECTING = "connecting"  # asks for a seat
    HOSTING = "hosting"  # in a session, as its host
    CONNECTED = "connected"  # in a session, as a client
    MIGRATING = "migrating"  # in a session that has no host for the time being
    RECONNECTING = "reconnecting"  # the session is lost, and another attempt is made or awaited


@attrs.frozen
class ConnectionChange:
    """The player stands elsewhere. `end` says why, if that is the end of a stay or of trying."""

    old: ConnectionState
    new: ConnectionState
    end: End | None = None


@attrs.frozen
class ReconnectAttempt:
    """Attempt `number` of `of` is made after `delay_us`."""

    number: int
    of: int
    delay_us: int


@attrs.frozen
class ReconnectFailed:
    """Attempt `number` of `of` came to nothing."""

    number: int
    of: int
    end: End


ConnectionEvent = ConnectionChange | ReconnectAttempt | ReconnectFailed


def _positive(instance: object, field: attrs.Attribute[int], value: Any) -> None:
    if type(value) is not int or value < 0:
        raise SettingsError(f"{field.name} must be a whole number of at least 0, not {value!r}")


@attrs.frozen(kw_only=True)
class Reconnect:
    """How to come back. Attempt n waits for a random time up to `delay_us` doubled n - 1 times, so
    that players who lost the same host do not all call at once.
    """

    attempts: int = attrs.field(default=5, validator=_positive)
    """How often to try; 0 never tries."""

    delay_us: int = attrs.field(default=500_000, validator=_positive)
    """Longest wait before the first attempt."""

    delay_us_max: int = attrs.field(default=15_000_000, validator=_positive)
    """Longest wait before any."""

    reasons: frozenset[EndReason] = RETRIED
    """The ends after which it tries. By default none that somebody wanted."""

    def wait_us(self, number: int, chance: float) -> int:
        """How long to wait before attempt `number`, counted from 1; `chance` is from 0 to 1."""
        longest = self.delay_us << min(number - 1, _DOUBLINGS_MAX)
        return round(min(longest, self.delay_us_max) * chance)


Reset = Callable[[int], Awaitable[None]]
"""Awaited before each attempt, with its number, when the old peer is wholly closed."""

_NO_WAY_BACK: Final = NO_WAY_BACK - {EndReason.LEFT}
"""After these a bookmark leads nowhere. Who left for good has no seat, and may ask for one."""

_BETWEEN: Final = frozenset({ConnectionState.OFFLINE, ConnectionState.RECONNECTING})


@attrs.define(eq=False)
class ConnectionManager:
    """Made by `connect`. At most one peer at a time is open."""

    _open: Callable[[], Any]
    _nursery: trio.Nursery
    reconnect: Reconnect
    _hooks: SessionHooks
    _reset: Reset | None
    _chance: Callable[[], float]
    state: ConnectionState = ConnectionState.OFFLINE
    peer: Peer | None = None
    """The peer of now; None without a session."""

    last_end: End | None = None
    """How the last stay ended, or the trying."""

    bookmark: Bookmark | None = None
    """The way back to the session of now, or of the last stay; None if there is none."""

    _readers: list[trio.MemorySendChannel[ConnectionEvent]] = attrs.field(factory=list)
    _trying: trio.CancelScope | None = None
    _address: str = "0.0.0.0"  # where it listened last
    _ending: Peer | None = None  # its session is over, and it is not wholly closed
    _attempt: int | None = None  # which one this is; None before the first seat
    _between: bool = False  # a stay has ended without an offline scene, since another one follows
    _settled: trio.lowlevel.ParkingLot = attrs.field(factory=trio.lowlevel.ParkingLot)

    # --- in and out ---

    async def host(self, address: str = "0.0.0.0", port: int = 7777, **options: Any) -> Peer:
        """Open a session, and give the peer that hosts it. See `Peer.host`."""
        start = partial(Peer.host, address=address, port=port, **options)
        return await self._begin(ConnectionState.STARTING_HOST, start, address)

    async def join(
        self,
        invite: str | Invite | Bookmark,
        *,
        address: str = "0.0.0.0",
        port: int = 0,
        payload: bytes | None = None,
    ) -> Peer:
        """Get a seat in a session, and give the peer that has it. See `Peer.join`.

        One attempt is made: what it raises is raised here.
        """
        how = {"address": address, "port": port, "payload": payload}
        start = partial(Peer.join, invite=invite, **how)  # type: ignore[arg-type]
        return await self._begin(ConnectionState.CONNECTING, start, address)

    def way_back(self) -> Callable[[], Awaitable[object]] | None:
        """`rejoin`, if there is a session to come back to. For `MigrationManager.hud`."""
        return self.rejoin if self.bookmark is not None and self.peer is None else None

    async def rejoin(self, *, port: int = 0, payload: bytes | None = None) -> Peer:
        """Come back to the session of the last stay, whoever hosts it by now: also as its ex-host.

        Listens at the address of the last stay. Raises LocalProtocolError if there is no way back:
        there was no session, it has ended for all, or this player was kicked. Else as `join`.
        """
        if self.bookmark is None:
            raise LocalProtocolError("there is no session to come back to: join with an invite")
        return await self.join(self.bookmark, address=self._address, port=port, payload=payload)

    async def leave(self, *, keep_seat: bool = False) -> None:
        """Leave the session, or stop trying to come back. Nothing is retried afterwards."""
        self.cancel_reconnect()
        if self._ending is not None:
            self._ending._shell.hurry()
        if self.peer is not None:
            await self.peer.leave(keep_seat=keep_seat)
        while self.state is not ConnectionState.OFFLINE:
            await self._settled.park()

    def cancel_reconnect(self) -> None:
        """Stop trying to come back; void while that is not going on."""
        if self._trying is not None:
            self._trying.cancel()

    async def connected(self) -> Peer:
        """Wait until the player is in a session, and give its peer.

        Raises SessionOver when trying is over.
        """
        await trio.lowlevel.checkpoint()
        while self.state in _BETWEEN or self.peer is None:
            if self.state is ConnectionState.OFFLINE:
                end = self.last_end or End(EndReason.LEFT)
                raise SessionOver(end.reason, end.text)
            await self._settled.park()
        return self.peer

    # --- watching ---

    @asynccontextmanager
    async def events(self) -> AsyncIterator[trio.MemoryReceiveChannel[ConnectionEvent]]:
        """What happens from now on, for `async for`, while the context is open."""
        send, receive = trio.open_memory_channel[ConnectionEvent](math.inf)
        self._readers.append(send)
        try:
            async with receive:
                yield receive
        finally:
            self._readers.remove(send)

    def _tell(self, event: ConnectionEvent) -> None:
        for reader in self._readers:
            reader.send_nowait(event)

    def _move(self, new: ConnectionState, end: End | None = None) -> None:
        old, self.state = self.state, new
        if end is not None:
            self.last_end = end
        if old is not new or end is not None:
            self._tell(ConnectionChange(old, new, end))
        self._settled.unpark_all()

    # --- one stay after the other ---

    async def _begin(
        self, state: ConnectionState, start: Callable[[Peer], Awaitable[object]], address: str
    ) -> Peer:
        if self.state is not ConnectionState.OFFLINE:
            raise LocalProtocolError(f"this player is {self.state} already: leave() first")
        self._move(state)
        peer: Peer = await self._nursery.start(self._live, start, address)
        return peer

    async def _live(
        self,
        start: Callable[[Peer], Awaitable[object]],
        address: str,
        *,
        task_status: trio.TaskStatus[Peer],
    ) -> None:
        """One stay, and those that follow it without anybody asking."""
        end, self._address, self._attempt = None, address, None
        try:
            end = await self._stay(start, task_status)
            while end.reason in self.reconnect.reasons and self.bookmark is not None:
                end, stayed = await self._come_back(end, self.bookmark, address)
                if not stayed:
                    break
        except (Denied, LinkError, SessionOver) as error:
            end = _end_of(error)
            raise
        finally:
            self._trying = self.peer = self._ending = None
            if self._between and end is not None:
                self._between = False
                self._hooks.on_offline_scene(end)
            self._move(ConnectionState.OFFLINE, end)

    async def _stay(
        self,
        start: Callable[[Peer], Awaitable[object]],
        task_status: trio.TaskStatus[Peer] = trio.TASK_STATUS_IGNORED,
    ) -> End:
        """Open a peer, and wait for its end.

        Raises what `start` raises. When it returns, everything of the peer is closed.
        """
        async with self._open() as peer:
            peer._shell.ask_if_last(self._is_last)
            await start(peer)
            self.peer, self._attempt = peer, 0
            self.bookmark = peer.bookmark
            self._move(_standing(peer))
            task_status.started(peer)
            while peer._shell.over is None:
                self._move(_standing(peer))
                if peer.roster.members:
                    self.bookmark = peer.bookmark
                await peer._shell.moved()
            over = peer._shell.over
            self.peer, self._ending = None, peer
            if over.reason in _NO_WAY_BACK:
                self.bookmark = None
            if over.reason in self.reconnect.reasons:
                self._move(ConnectionState.RECONNECTING, End(over.reason, over.text))
        self._ending = None
        return End(over.reason, over.text)

    def _is_last(self, end: End) -> bool:
        """Whether no other stay follows one that ends like this."""
        retried = self._attempt is not None and end.reason in self.reconnect.reasons
        self._between = retried and (self._attempt or 0) < self.reconnect.attempts
        return not self._between

    async def _come_back(self, end: End, back: Bookmark, address: str) -> tuple[End, bool]:
        """Try until a stay has begun; gives how that ended, or why it never began, and which."""
        of = self.reconnect.attempts
        self._trying = trio.CancelScope()
        with self._trying:
            for number in range(1, of + 1):
                self._attempt = number
                delay_us = self.reconnect.wait_us(number, self._chance())
                self._tell(ReconnectAttempt(number, of, delay_us))
                await trio.sleep(delay_us / US_PER_S)
                if self._reset is not None:
                    await self._reset(number)
                try:
                    return await self._stay(partial(self._return, back, address)), True
                except (Denied, LinkError, SessionOver) as error:
                    end = _end_of(error)
                    self._tell(ReconnectFailed(number, of, end))
                    if end.reason not in self.reconnect.reasons:
                        return end, False
        cancelled = self._trying.cancelled_caught
        self._trying = None
        return End(EndReason.LEFT, "the player gave up waiting") if cancelled else end, False

    async def _return(self, back: Bookmark, address: str, peer: Peer) -> None:
        await peer.join(back, address=address)
        self._trying = None  # it worked: there is nothing to call off any more


def _standing(peer: Peer) -> ConnectionState:
    if not peer._shell.is_settled:
        return ConnectionState.MIGRATING
    return ConnectionState.HOSTING if peer.role is Role.HOST else ConnectionState.CONNECTED


def _end_of(error: Exception) -> End:
    if isinstance(error, Denied):
        return End(error.end, error.text)
    if isinstance(error, HostUnreachable | SessionOver):
        return End(error.reason, str(error))
    return End(EndReason.UNREACHABLE, str(error))


@asynccontextmanager
async def connect(
    game: Game,
    *,
    reconnect: Reconnect | None = None,
    reset: Reset | None = None,
    chance: Callable[[], float] = random.random,
    identity: Identity | None = None,
    **options: Any,
) -> AsyncIterator[ConnectionManager]:
    """A connection manager for as long as the context is open; leaving it leaves the session.

    `options` are those of `open_peer`, for each peer that it opens. Without an `identity` one is
    made that is the same for all of them, so that a player that comes back gets its own seat.
    `reset` is awaited before each attempt to come back: reset what the game holds on to, and
    services outside of it, such as a lobby. `chance` gives numbers from 0 to 1.
    """
    who = identity or Identity.generate()
    options.setdefault("scenes", SceneManager())  # one for all, so that no scene is loaded twice
    opener = partial(open_peer, game, identity=who, **options)
    opener().__class__  # noqa: B018  wrong options are told of now
    async with trio.open_nursery() as nursery:
        plan, hooks = reconnect or Reconnect(), options.get("hooks") or SessionHooks()
        manager = ConnectionManager(opener, nursery, plan, hooks, reset, chance)
        migration: MigrationManager | None = options.get("migration")
        if migration is not None:
            migration.way_back = manager.way_back
        try:
            yield manager
        finally:
            manager.reconnect = Reconnect(attempts=0)
            with trio.CancelScope(shield=True):
                await manager.leave()
