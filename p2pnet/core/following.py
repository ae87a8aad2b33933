"""The client role: get a seat, take updates in order, and hand one's commands to the host.

Theory of operation
-------------------

A client is bound to one link, the one on which it was welcomed. It takes updates and marks from
that link only, and sends its commands there, so that the order of both is the order of one stream.

Nothing of a reign is applied before its welcome. The request for a seat is repeated until the
welcome comes, because the first one may have gone to a peer that was not the host yet: with every
heartbeat at first, and less and less often if nothing comes of it. A link on which it gets no
answer though the host is heard may be dead one way, so the host is dialled anew. The welcome brings
the client to the host's position, and the at-most-once table in it tells which of the client's
commands were run; the others are sent again under their old numbers.
"""

from __future__ import annotations

from typing import Final

import attrs

from .catchup import take_missing, take_update
from .codec import encode
from .condensing import take_condensed
from .credentials import Says
from .errors import (
    ADVICE,
    END_OF_DENIAL,
    DenyReason,
    EndReason,
    LinkEnd,
    RemoteProtocolError,
    SessionOver,
)
from .events import (
    HostChanged,
    HostRecovered,
    JoinDenied,
    Joined,
    JoinFailed,
    JoinPending,
    Relayed,
    SessionEnded,
)
from .link_state import LinkState
from .messages import (
    Command,
    Condensed,
    Confirm,
    Fenced,
    Follow,
    Handover,
    Heartbeat,
    Join,
    Marks,
    Pending,
    Redirect,
    Reign,
    Rejoin,
    Update,
    Welcome,
    Write,
)
from .outbox import Submission
from .session import Session
from .settings import APPROVAL_US_MAX
from .states import Move, State
from .values import RECONNECT_ID_HOST, ConnectionId, Epoch, LinkId, PeerId, Position

_PATIENCE: Final = 8  # once that takes longer, a request is repeated after such a part of it


@attrs.define(eq=False)
class Following:
    """What only a client needs to know. Empty while this peer is the host."""

    session: Session
    target: PeerId | None = None  # whom we ask for a seat
    link: LinkId | None = None  # on which we were welcomed
    attempt: int = 0  # counts requests for a seat
    doubted: bool = False  # the application was told that the host is lost
    requested: Epoch | None = None  # the reign to come that has our next request already
    early: bool = False  # the request of now was made before the reign began
    was_host: bool = False  # since the last welcome: we come back as RECONNECT_ID_HOST
    whole: bool = False  # ask for everything: what we have does not fit
    welcomed: Epoch | None = None  # the reign of the last welcome
    marks: tuple[int, int] = (0, 0)
    rival: Fenced | None = None  # a newer reign than ours, while our own host lives
    heir: tuple[int, PeerId] | None = None  # number and name of whom our host hands over to
    seatless: Epoch | None = None  # the reign under which the seat that we have here is void

    others: list[tuple[PeerId, tuple[str, ...]]] = attrs.field(factory=list)
    """Whom else to ask for a first seat, if nobody answers here."""

    # --- getting a seat ---

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
        self.link = None
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
        old = RECONNECT_ID_HOST if self.was_host else s.connection_id
        at, whole = s.history.position, self.whole
        signature = s.sign(Says.REJOIN, epoch, link.key, attempt, s.nonce, ConnectionId(old))
        extra = s.choices.extra()
        return Rejoin(attempt, epoch, ConnectionId(old), at, whole, s.addresses, signature, extra)

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
        self.finish(END_OF_DENIAL[reason], text)

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
        self.finish(reason, text)

    def on_welcome(self, link: LinkState, frame: Welcome) -> None:
        """The host lets us in, and brings us to where it is.

        Not who was promised our request, and reigns now while we ask somebody else for our seat. To
        who has none it is all the same.
        """
        s = self.session
        epoch = frame.reign.epoch
        if link.peer != epoch.host:
            return
        if s.epoch is not None and (epoch.host != self.target or epoch < s.epoch):
            return
        first, newcomer = s.seat is None, self.is_newcomer
        s.set_settings(frame.settings)
        try:
            roster = take_missing(s, frame.missing)
            if frame.base != Position(epoch, s.history.seq):
                raise RemoteProtocolError("the welcome does not lead to where the host is")
            s.history.begin(epoch)
        except RemoteProtocolError:
            self.whole = True
            self.seek(epoch.host, ())
            return
        changed = self.welcomed != epoch
        s.set_reign(frame.reign)
        self.welcomed = epoch
        self.link, self.whole, self.was_host = link.id, False, False
        self.seatless = None
        self._stop_seeking()
        s.mesh.answered()
        s.move(Move.WELCOMED)
        s.replica.find_host()
        s.set_roster(roster)
        doubted, self.doubted = self.doubted, False
        if changed:
            s.outbox.change_host(lost=doubted)
        if changed and not first:
            s.emit(HostChanged(epoch, epoch.host, frame.base))
        elif doubted and not first:
            s.emit(HostRecovered(epoch.host))  # the one that we had given up
        if newcomer:
            s.emit(Joined(s.connection_id, s.old_connection_id, epoch))
        if link.relay is not None:
            s.emit(Relayed(epoch.host, link.relay.via))
        self._resume(epoch)

    def _resume(self, epoch: Epoch) -> None:
        s = self.session
        self.marks = (0, 0)
        s.look_up_submissions()
        self._send(Confirm(epoch, s.history.seq))
        self._swear(epoch)
        for submission in s.outbox:
            if submission.update_seq is None:
                self.submit(submission)
        self._settle()

    def _swear(self, epoch: Epoch) -> None:
        """Give the host our oath, which it may show to a rival."""
        self._send(Follow(epoch, self.session.sign(Says.OATH, epoch)))

    # --- playing ---

    def _send(self, frame: Command | Confirm | Follow | Write) -> None:
        assert self.link is not None
        if self.link in self.session.mesh.links:
            self.session.send_on((self.link,), encode(frame))

    def submit(self, submission: Submission) -> None:
        """Hand a command to the host."""
        s = self.session
        assert s.epoch is not None
        seq, payload, lost = submission.seq, submission.payload, submission.hosts_lost
        after = s.outbox.before(seq)
        self._send(Command(s.epoch, seq, s.outbox.floor, payload, lost, after))
        submission.sent = True

    def write(self, payload: bytes) -> None:
        """Tell the host what was written here to fields of our own."""
        assert self.session.epoch is not None
        self._send(Write(self.session.epoch, payload))

    def on_update(self, link: LinkState, frame: Update, raw: bytes) -> None:
        """The next change; anything but the next one means that something got lost."""
        s = self.session
        if link.id != self.link or frame.seq <= s.history.seq:
            return
        if frame.seq != s.history.seq + 1:
            self.rejoin()
            return
        try:
            take_update(s, frame, raw)
        except RemoteProtocolError:
            self.whole = True
            self.rejoin()
            return
        if frame.roster is not None:
            s.set_roster(frame.roster)
        if frame.executed:
            self._send(Confirm(frame.epoch, frame.seq))
            self._settle()

    def on_condensed(self, link: LinkState, frame: Condensed) -> None:
        """Our link was slow: many changes in one."""
        s = self.session
        if link.id != self.link or frame.seq <= s.history.seq:
            return
        if frame.base != s.history.seq:
            self.rejoin()
            return
        try:
            take_condensed(s, frame)
        except RemoteProtocolError:
            self.whole = True
            self.rejoin()
            return
        self._send(Confirm(frame.epoch, frame.seq))
        self._settle()

    def on_heartbeat(self, frame: Heartbeat) -> None:
        """The host says how far it is. On one ordered link nothing may be missing before that."""
        if frame.seq > self.session.history.seq:
            self.rejoin()

    def on_marks(self, link: LinkState, frame: Marks) -> None:
        """How durable the history is by now."""
        if link.id == self.link:
            self.marks = (frame.one, frame.all)
            self._settle()

    def _settle(self) -> None:
        """Give receipts. In a game of two this peer is the one successor: having it is enough."""
        s = self.session
        if not len(s.outbox):
            return
        assert s.host is not None
        alone = len(s.roster.successors(s.host)) == 1
        one, all_ = (s.history.seq, s.history.seq) if alone else self.marks
        s.settle(one, all_)

    # --- changes ---

    def rejoin(self) -> None:
        """Missed something, or was given up for silence: get the seat back from the same host."""
        s = self.session
        assert s.host is not None
        s.move(Move.REJOIN)
        self.seek(s.host, s.addresses_of(s.host))

    def adopt(self, reign: Reign, addresses: tuple[str, ...]) -> None:
        """A newer reign: obey it, and ask its host for our seat."""
        s = self.session
        self.rival = self.heir = None
        s.set_reign(reign)
        s.mesh.follow_process(reign.epoch.host, reign.epoch.nonce)  # not an earlier one that died
        s.move(Move.ADOPT)
        self.seek(reign.epoch.host, addresses or s.addresses_of(reign.epoch.host))

    def is_settled_against(self, link: LinkState, reign: Reign) -> bool:
        """Whether our own host lives, and the newer reign comes neither from it nor by its will."""
        s = self.session
        if s.state not in (State.JOINING, State.FOLLOWING) or link.peer == s.host:
            return False
        if self.heir == (reign.epoch.number, reign.epoch.host):
            return False
        return s.mesh.alive(s.now, s.host)

    def on_handover(self, link: LinkState, frame: Handover) -> bool:
        """Our host names its successor. True if that is this peer, and it has all updates."""
        s = self.session
        if link.id != self.link:
            return False
        self.heir = (frame.number, frame.target)
        heir = s.mesh.link_to(frame.target)
        if heir is not None:
            epoch = Epoch(frame.number, frame.target, heir.nonce)
            s.send(frame.target, self.request(heir, epoch))
        return frame.target == s.me and frame.seq == s.history.seq

    def on_renumber(self, link: LinkState, reign: Reign) -> bool:
        """Our host goes on under a higher number. False if we have not all that came before it."""
        s = self.session
        if link.id != self.link or reign.parent != s.history.position:
            return False
        s.set_reign(reign)
        self.welcomed = reign.epoch
        s.history.begin(reign.epoch)
        self._swear(reign.epoch)
        self.rival = None  # the two hosts have settled it: this is the one that goes on
        return True

    def lose(self) -> None:
        """The host is lost: nothing is expected of it any more."""
        self.link = None
        self.doubted = True
        self.target = None
        self.rival = self.heir = None
        self._stop_seeking()

    def _stop_seeking(self) -> None:
        self.session.timers.cancel("seek")
        self.session.timers.cancel("cold")

    def finish(self, reason: EndReason, text: str) -> None:
        """Out of the session for good."""
        s, text = self.session, text or ADVICE.get(reason, "")
        s.give_up_submissions(SessionOver(reason, text))
        s.emit(SessionEnded(reason, text))
        s.move(Move.LEAVE)
        s.timers.clear()
        for link in list(s.mesh.links):
            s.close(link, LinkEnd.CLOSED)
