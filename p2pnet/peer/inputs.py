"""Everything that can reach the core of a peer, as values that know which input they are."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import attrs

from ..core.codec import is_heartbeat
from ..core.errors import (
    CommandRefused,
    DenyReason,
    EndReason,
    LinkEnd,
    LocalProtocolError,
    P2PNetError,
    SessionOver,
    TooManyInFlight,
)
from ..core.peer import PeerCore
from ..core.saving import Saved
from ..core.settings import AckLevel
from ..core.states import Role, State
from ..core.values import LinkId, PeerId, SessionId
from .receipts import Receipt


class Input:
    """One thing that happened."""

    __slots__ = ()

    @property
    def is_frame(self) -> bool:
        """Whether this came over a link."""
        return False

    @property
    def size_bytes(self) -> int:
        """What others made this peer keep."""
        return 0

    @property
    def is_heartbeat(self) -> bool:
        """Whether this is a frame that says no more than that its sender lives."""
        return False

    def feed(self, core: PeerCore, now: int) -> None:
        """Tell the core; `now` in microseconds. Raises what the game's code raises."""
        raise NotImplementedError

    def void(self, error: P2PNetError) -> None:
        """The core will never be told: whoever waits for an answer gets this error."""


@attrs.frozen
class FrameReceived(Input):
    link: LinkId
    data: bytes

    @property
    def is_frame(self) -> bool:
        return True

    @property
    def size_bytes(self) -> int:
        return len(self.data)

    @property
    def is_heartbeat(self) -> bool:
        return is_heartbeat(self.data)

    def feed(self, core: PeerCore, now: int) -> None:
        core.frame_received(now, self.link, self.data)


@attrs.frozen
class LinkOpened(Input):
    link: LinkId
    dialled: PeerId | None

    def feed(self, core: PeerCore, now: int) -> None:
        core.link_opened(now, self.link, self.dialled)


@attrs.frozen
class LinkClosed(Input):
    link: LinkId
    end: LinkEnd

    def feed(self, core: PeerCore, now: int) -> None:
        core.link_closed(now, self.link, self.end)


@attrs.frozen
class DialFailed(Input):
    peer: PeerId
    end: LinkEnd

    def feed(self, core: PeerCore, now: int) -> None:
        core.dial_failed(now, self.peer, self.end)


@attrs.frozen
class ClientTick(Input):
    """The moment to tell the host what was written here to fields of our own."""

    writes: Callable[[], bytes]

    def feed(self, core: PeerCore, now: int) -> None:
        if core.state is State.FOLLOWING and (payload := self.writes()):
            core.write(now, payload)


@attrs.frozen
class Tick(Input):
    """The game clock of a host."""

    def feed(self, core: PeerCore, now: int) -> None:
        core.tick(now)


@attrs.frozen
class Submit(Input):
    """A command of this peer's own player. Joins those that `waiting` for an outcome, by ticket."""

    payload: bytes
    ack: AckLevel | None
    receipt: Receipt[Any]
    waiting: dict[int, Submit]

    def feed(self, core: PeerCore, now: int) -> None:
        try:
            ticket = core.submit(now, self.payload, self.ack)
        except (TooManyInFlight, LocalProtocolError, CommandRefused, SessionOver) as error:
            self.receipt.fail(error)
        else:
            self.waiting[ticket] = self

    def void(self, error: P2PNetError) -> None:
        self.receipt.fail(error)


@attrs.frozen
class Host(Input):
    session: SessionId

    def feed(self, core: PeerCore, now: int) -> None:
        core.host(now, self.session)


@attrs.frozen
class Resume(Input):
    saved: Saved

    def feed(self, core: PeerCore, now: int) -> None:
        core.resume(now, self.saved)


@attrs.frozen
class Save(Input):
    """The receipt gives the bytes of the file."""

    receipt: Receipt[bytes]

    def feed(self, core: PeerCore, now: int) -> None:
        try:
            self.receipt.settle(core.save(now))
        except LocalProtocolError as error:
            self.receipt.fail(error)

    def void(self, error: P2PNetError) -> None:
        self.receipt.fail(error)


@attrs.frozen
class KeepSeats(Input):
    """The game changed its mind about how long the seats of absent members are kept."""

    def feed(self, core: PeerCore, now: int) -> None:
        core.keep_seats(now)


@attrs.frozen
class Join(Input):
    session: SessionId
    host: PeerId
    addresses: tuple[str, ...]
    others: tuple[tuple[PeerId, tuple[str, ...]], ...] = ()

    def feed(self, core: PeerCore, now: int) -> None:
        core.join(now, self.session, self.host, self.addresses, self.others)


@attrs.frozen
class Kick(Input):
    """Was checked when it was asked for. If it makes no sense any more, the reason is gone too."""

    peer: PeerId
    text: str
    reason: EndReason = EndReason.KICKED

    def feed(self, core: PeerCore, now: int) -> None:
        if core.state is State.REIGNING and core.roster.get(self.peer) is not None:
            with contextlib.suppress(LocalProtocolError):  # it overslept, and finds out just now
                core.kick(now, self.peer, self.text, self.reason)


@attrs.frozen
class Approve(Input):
    """A newcomer gets its seat, if it still waits for it."""

    peer: PeerId

    def feed(self, core: PeerCore, now: int) -> None:
        core.approve(now, self.peer)


@attrs.frozen
class Deny(Input):
    """A newcomer is turned away, if it still waits."""

    peer: PeerId
    reason: DenyReason
    text: str

    def feed(self, core: PeerCore, now: int) -> None:
        core.deny(now, self.peer, self.reason, self.text)


@attrs.frozen
class Announce(Input):
    """Was checked when it was asked for."""

    def feed(self, core: PeerCore, now: int) -> None:
        if core.state is State.REIGNING:
            core.announce(now)


@attrs.frozen
class Step(Input):
    """A step of a migration by hand. The receipt fails if it can't be begun."""

    receipt: Receipt[None]

    def feed(self, core: PeerCore, now: int) -> None:
        try:
            self.take(core, now)
        except LocalProtocolError as error:
            self.receipt.fail(error)
        else:
            self.receipt.settle(None)

    def take(self, core: PeerCore, now: int) -> None:
        """Raises LocalProtocolError if the core is not where this step begins."""
        raise NotImplementedError

    def void(self, error: P2PNetError) -> None:
        self.receipt.fail(error)


@attrs.frozen
class Claim(Step):
    """Ask for the host role."""

    def take(self, core: PeerCore, now: int) -> None:
        core.claim(now)


@attrs.frozen
class Follow(Step):
    """Follow a member when it is the host."""

    peer: PeerId
    addresses: tuple[str, ...]

    def take(self, core: PeerCore, now: int) -> None:
        core.follow(now, self.peer, self.addresses)


@attrs.frozen
class ListenAlso(Input):
    """This peer listens at more addresses than before."""

    addresses: tuple[str, ...]

    def feed(self, core: PeerCore, now: int) -> None:
        core.listen_also(now, self.addresses)


@attrs.frozen
class HandOver(Step):
    """The receipt fails if it can't be begun; that it has begun settles it."""

    to: PeerId | None

    def take(self, core: PeerCore, now: int) -> None:
        core.hand_over(now, self.to)


@attrs.frozen
class Leave(Input):
    """Go. The seat is given up, or with AWAY it is kept."""

    reason: EndReason = EndReason.LEFT

    def feed(self, core: PeerCore, now: int) -> None:
        core.leave(now, reason=self.reason)


@attrs.frozen
class EndSession(Input):
    """Was checked when it was asked for. Who is not the host any more just leaves."""

    text: str
    reason: EndReason = EndReason.SESSION_ENDED

    def feed(self, core: PeerCore, now: int) -> None:
        if core.role is Role.HOST:
            core.end_session(now, self.text, self.reason)
        else:
            core.leave(now)
