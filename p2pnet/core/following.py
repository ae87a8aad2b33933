"""The client role: take updates in order, and hand one's commands to the host.

Theory of operation
-------------------

A client is bound to one link, the one on which it was welcomed. It takes updates and marks from
that link only, and sends its commands there, so that the order of both is the order of one stream.

Nothing of a reign is applied before its welcome; how it gets one is in `joining`. The welcome
brings the client to the host's position, and the at-most-once table in it tells which of the
client's commands were run; the others are sent again under their old numbers.
"""

from __future__ import annotations

import attrs

from .catchup import take_missing, take_update
from .codec import encode
from .condensing import take_condensed
from .credentials import Says
from .errors import RemoteProtocolError
from .events import HostChanged, HostRecovered, HostSuspected, Joined, Relayed
from .joining import Joining
from .link_state import LinkState
from .messages import (
    Command,
    Condensed,
    Confirm,
    Fenced,
    Follow,
    Handover,
    Heartbeat,
    Marks,
    Reign,
    Update,
    Welcome,
    Write,
)
from .outbox import Submission
from .policy import Standing, stand
from .session import Session
from .states import Move, State
from .values import Epoch, LinkId, PeerId, Position


@attrs.define(eq=False)
class Following:
    """What only a client needs to know. Empty while this peer is the host."""

    session: Session
    joining: Joining
    link: LinkId | None = None  # on which we were welcomed
    suspected: bool = False  # the application was told that the host may be lost, …
    doubted: bool = False  # … and that it is
    welcomed: Epoch | None = None  # the reign of the last welcome
    marks: tuple[int, int] = (0, 0)
    rival: Fenced | None = None  # a newer reign than ours, while our own host lives
    heir: tuple[int, PeerId] | None = None  # number and name of whom our host hands over to

    def on_welcome(self, link: LinkState, frame: Welcome) -> None:
        """The host lets us in, and brings us to where it is.

        Not who was promised our request, and reigns now while we ask somebody else for our seat. To
        who has none it is all the same.
        """
        s, joining = self.session, self.joining
        epoch = frame.reign.epoch
        if link.peer != epoch.host:
            return
        if s.epoch is not None and (epoch.host != joining.target or epoch < s.epoch):
            return
        first, newcomer = s.seat is None, joining.is_newcomer
        s.set_settings(frame.settings)
        try:
            roster = take_missing(s, frame.missing)
            if frame.base != Position(epoch, s.history.seq):
                raise RemoteProtocolError("the welcome does not lead to where the host is")
            s.history.begin(epoch)
        except RemoteProtocolError:
            joining.whole = True
            joining.seek(epoch.host, ())
            return
        changed = self.welcomed != epoch
        s.set_reign(frame.reign)
        self.welcomed = epoch
        self.link = link.id
        joining.welcomed()
        s.mesh.answered()
        s.move(Move.WELCOMED)
        s.replica.find_host()
        s.set_roster(roster)
        doubted, self.doubted = self.doubted, False
        if changed:
            s.outbox.change_host(lost=doubted)
        if changed and not first:
            self.suspected = False
            s.emit(HostChanged(epoch, epoch.host, frame.base))
        elif doubted and not first:
            s.emit(HostRecovered(epoch.host))  # the one that we had given up
        self.recover()  # the same host, over another link
        if newcomer:
            s.emit(Joined(s.connection_id, s.old_connection_id, epoch))
        if link.relay is not None:
            s.emit(Relayed(epoch.host, link.relay.via))
        self._weigh()
        self._resume(epoch)

    def _weigh(self) -> None:
        """A pause of which the game knows is over if enough are with the host for its policy."""
        s, members = self.session, self.session.roster.members
        present = sum(member.present for member in members)
        if s.paused and stand(s.settings.policy, present, len(members)) is not Standing.STOP:
            s.resume(present, len(members))

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
            self.joining.whole = True
            self.rejoin()
            return
        if frame.roster is not None:
            s.set_roster(frame.roster)
            self._weigh()
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
            self.joining.whole = True
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
        self._seek(s.host, s.addresses_of(s.host))

    def adopt(self, reign: Reign, addresses: tuple[str, ...]) -> None:
        """A newer reign: obey it, and ask its host for our seat."""
        s = self.session
        self.rival = self.heir = None
        s.set_reign(reign)
        s.mesh.follow_process(reign.epoch.host, reign.epoch.nonce)  # not an earlier one that died
        s.move(Move.ADOPT)
        self._seek(reign.epoch.host, addresses or s.addresses_of(reign.epoch.host))

    def _seek(self, host: PeerId, addresses: tuple[str, ...]) -> None:
        self.link = None
        self.joining.seek(host, addresses)

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
            s.send(frame.target, self.joining.request(heir, epoch))
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

    def suspect(self) -> None:
        """The host is not heard: the application is told so once."""
        s = self.session
        if s.host is not None and not self.suspected and not self.doubted:
            self.suspected = True
            s.emit(HostSuspected(s.host))

    def recover(self) -> None:
        """The host is heard again."""
        s = self.session
        if s.host is not None and self.suspected:
            self.suspected = False
            s.emit(HostRecovered(s.host))

    def lose(self) -> None:
        """The host is lost: nothing is expected of it any more."""
        self.link = None
        self.suspected, self.doubted = False, True
        self.rival = self.heir = None
        self.joining.stop()
