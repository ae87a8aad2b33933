"""Getting a seat: whom a client asks to let it in, how often, and for how long.

The request for a seat is repeated until the welcome comes, because the first one may have gone to a
peer that was not the host yet: with every heartbeat at first, and less and less often if nothing
comes of it. A link on which it gets no answer though the host is heard may be dead one way, so the
host is dialled anew. A newcomer that gets no answer at all asks the next member that it knows of;
who has a seat takes the host for lost.
"""

from __future__ import annotations

from typing import Final

import attrs

from .credentials import Says
from .errors import END_OF_DENIAL, DenyReason, EndReason
from .events import JoinDenied, JoinFailed, JoinPending
from .link_state import LinkState
from .messages import Join, Pending, Redirect, Reign, Rejoin
from .session import Session
from .settings import APPROVAL_US_MAX
from .states import State
from .values import Epoch, PeerId

_PATIENCE: Final = 8  # once that takes longer, a request is repeated after such a part of it


@attrs.define(eq=False)
class Joining:
    """Requests for a seat, one after the other: how often, and of whom."""

    session: Session
    target: PeerId | None = None  # whom we ask
    attempt: int = 0  # counts requests
    requested: Epoch | None = None  # the reign to come that has our next request already
    early: bool = False  # the request of now was made before the reign began
    whole: bool = False  # ask for everything: what we have does not fit
    seatless: Epoch | None = None  # the reign under which the seat that we have here is void

    others: list[tuple[PeerId, tuple[str, ...]]] = attrs.field(factory=list)
    """Whom else to ask for a first seat, if nobody answers here."""

    @property
    def is_newcomer(self) -> bool:
        """Whether this peer has no seat, or none under the reign that it obeys."""
        s = self.session
        return s.seat is None or (self.seatless is not None and self.seatless == s.epoch)

    def seek_first(self, target: PeerId, addresses: tuple[str, ...]) -> None:
        """Ask for a first seat. That takes so long at most, unless the host says otherwise."""
        s = self.session
        s.timers.set("join", at=s.now + 2 * s.settings.connect_us)
        self.seek(target, addresses)

    def seek(self, target: PeerId, addresses: tuple[str, ...]) -> None:
        """Ask `target` for a seat, and go on asking until it answers."""
        s = self.session
        self.target = target
        self.early = self.requested is not None and self.requested.host == target
        if not self.early:
            self.attempt += 1
        self.requested = None
        s.timers.set("seek", at=s.now + s.settings.heartbeat_us)
        link = s.mesh.link_to(target)
        patience_us = 2 * s.settings.red_us if link is None else s.settings.connect_us
        s.timers.set("cold", at=s.now + patience_us)
        if link is None:
            s.dial(target, addresses)
            return
        if link.detector.is_red(s.now):
            s.dial(target, addresses)
            link.detector.forgive(s.now)  # it lives, as somebody else has just said
        self.ask()

    def ask(self) -> None:
        """Send the request for a seat."""
        s = self.session
        if self.is_newcomer or s.epoch is None:
            s.send(self.target, self._join(s.choices.payload))
            return
        link = s.mesh.link_to(self.target)
        assert link is not None
        link.ask(s.now, s.epoch)
        s.send(self.target, self._rejoin(link, s.epoch, self.attempt))

    def _join(self, payload: bytes | None) -> Join:
        s = self.session
        return Join(self.attempt, s.name, s.addresses, s.can_host, payload)

    def on_claim(self, claimant: PeerId) -> None:
        """Who asks us for our word knows us as a member: we were one, and have forgotten it.

        All that we can say is that we want our seat back. The payload is for a host alone.
        """
        if self.session.state is State.JOINING:
            self.session.send(claimant, self._join(None))

    def request(self, link: LinkState, epoch: Epoch) -> Rejoin:
        """The request for a seat under a reign that is about to begin at the end of this link.

        It is the one that `seek` will make when the reign is known, so it is answered once.
        """
        self.requested = epoch
        self.attempt += 1
        return self._rejoin(link, epoch, self.attempt)

    def _rejoin(self, link: LinkState, epoch: Epoch, attempt: int) -> Rejoin:
        s = self.session
        old = s.connection_id  # under the last reign, so RECONNECT_ID_HOST if it was ours
        at, whole = s.history.position, self.whole
        signature = s.sign(Says.REJOIN, epoch, link.key, attempt, s.nonce, old)
        extra = s.choices.extra()
        return Rejoin(attempt, epoch, old, at, whole, s.addresses, signature, extra)

    def on_seek_timer(self) -> None:
        """No welcome yet: ask again, and the less often the longer nothing came of it.

        Where only what we say is lost we hear the host all the time, and would never stop.
        """
        s = self.session
        assert self.target is not None
        link = s.mesh.link_to(self.target)
        unanswered_us = 0 if link is None else link.unanswered_us(s.now)
        again_us = max(s.settings.heartbeat_us, unanswered_us // _PATIENCE)
        s.timers.set("seek", at=s.now + again_us)
        if self.early:
            # The answer may have come before we obeyed that reign, and was lost on us.
            self.early = False
            self.attempt += 1
        if link is not None:
            self.ask()
        if link is not None and not link.is_deaf(s.now):
            return
        if s.seat is not None and s.mesh.may_dial(s.now, self.target):
            s.dial(self.target, s.addresses_of(self.target))

    def oversleep(self) -> None:
        """This process stood still: that no host let it in meanwhile says nothing of that host."""
        s = self.session
        if ("cold",) in s.timers:
            s.timers.set("cold", at=s.now + 2 * s.settings.red_us)

    def on_greeted(self, peer: PeerId) -> None:
        """A link to `peer` came up."""
        s = self.session
        if s.state is State.JOINING and peer == self.target:
            s.timers.set("cold", at=s.now + s.settings.connect_us)
            self.ask()

    # --- answers ---

    def on_redirect(self, link: LinkState, frame: Redirect) -> None:
        """Whom we asked is not the host, and tells who is."""
        s = self.session
        if s.seat is None and link.peer == self.target != frame.reign.epoch.host:
            self.seek(frame.reign.epoch.host, frame.addresses)

    def on_crown(self, link: LinkState, reign: Reign) -> None:
        """A newcomer hears that whom it asked before is the host now: the one that it was sent to
        may be dead.
        """
        s = self.session
        if link.dialled == reign.epoch.host and not s.mesh.alive(s.now, self.target):
            self.seek(reign.epoch.host, ())

    def on_no_seat(self, link: LinkState) -> None:
        """Our branch lost, and the other one does not know us: we are new there."""
        if link.peer == self.target and not self.is_newcomer:
            self.seatless = self.session.epoch
            self.attempt += 1
            self.ask()

    def on_denied(self, reason: DenyReason, text: str) -> None:
        """The host does not want us."""
        self.session.emit(JoinDenied(reason, text))
        self.session.finish(END_OF_DENIAL[reason], text)

    def on_pending(self, link: LinkState, frame: Pending) -> None:
        """The game on the host decides about us: it may take its time."""
        s = self.session
        if self.is_newcomer and link.peer == self.target:
            wait_us = min(frame.wait_us, APPROVAL_US_MAX)
            deadline = "join" if s.seat is None else "cold"  # who had a seat goes on without
            s.timers.set(deadline, at=s.now + wait_us + s.settings.connect_us)
            s.emit(JoinPending(wait_us))

    def fail(self, reason: EndReason, text: str) -> None:
        """A newcomer can't reach whom it asked. If that was the last one, it is over."""
        if self.others:
            self.seek_first(*self.others.pop(0))
            return
        self.session.emit(JoinFailed(reason, text))
        self.session.finish(reason, text)

    def welcomed(self) -> None:
        """Here is our seat."""
        self.whole = False
        self.seatless = None
        self.session.timers.cancel("join")
        self._end()

    def stop(self) -> None:
        """Nobody is asked any more."""
        self.target = None
        self._end()

    def _end(self) -> None:
        self.session.timers.cancel("seek")
        self.session.timers.cancel("cold")
