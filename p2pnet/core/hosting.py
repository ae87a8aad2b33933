"""The host role: give out seats, run commands, order updates, and say how durable they are.

Theory of operation
-------------------

Everything that the session agrees on changes in one place: `order`. It takes what the world
collected, the outcomes of the commands that were run, and the roster if it changed, makes one
update of it, and sends the same bytes to every follower. A command runs as soon as it comes in and
its update goes out at the end of the batch of input, because somebody waits for it. What nobody
waits for goes out with the tick.

A follower is a member that was welcomed on a link. It has everything up to its welcome, and gets
every update from there on over that very link, so it never has a gap unless the link had one. A
member whose link closed or went silent is no follower any more: its players are suspended and its
seat is kept for `Settings.seat_us`. When it is heard again on a link that never closed, it is told
to rejoin.

Marks say how far the history is durable. With two or more followers the `one` mark is where the
second best of them stands: whoever submitted a command is among them, and at least one other has
it too. With a single follower that follower is the successor. With none there is nobody to wait
for.
"""

from __future__ import annotations

import attrs

from .codec import encode
from .credentials import Says
from .detector import Light
from .errors import DenyReason, EndReason
from .events import BecameHost
from .mesh import LinkState
from .messages import (
    Bye,
    Command,
    Confirm,
    Denied,
    Executed,
    Fenced,
    Follow,
    Heartbeat,
    Join,
    Marks,
    Oath,
    Reign,
    Rejoin,
    RosterProof,
    Update,
    Welcome,
)
from .outbox import Submission
from .session import Session
from .values import Epoch, LinkId, PeerId, Position


@attrs.define
class Follower:
    """A member that was welcomed."""

    link: LinkId
    attempt: int  # of the request that the welcome answered
    confirmed: int  # it has the history up to here
    oath: Oath | None = None  # on the reign of now


@attrs.define(eq=False)
class Hosting:
    """What only a host needs to know. Empty while this peer is a client."""

    session: Session
    followers: dict[PeerId, Follower] = attrs.field(factory=dict)
    _executed: list[Executed] = attrs.field(factory=list)
    _roster_version: int = 0  # the last one that went out in an update
    _waited_for: int = 0  # the last update that holds an outcome
    _marks: tuple[int, int] = (0, 0)  # as last sent
    _ticked_us: int | None = None

    # --- reigns ---

    def begin(self, reign: Reign, departed: PeerId | None = None) -> None:
        """This peer is the host from now on. `departed` left on purpose and keeps no seat."""
        s = self.session
        migrated = reign.parent is not None
        s.reign = reign
        s.history.begin(reign.epoch)
        self._marks = (0, 0)
        self._ticked_us = None
        if migrated:
            self._inherit(departed)
        else:
            s.set_roster(s.roster.admit(s.me, s.key, s.name, s.addresses, s.can_host))
            s.replica.start_reign(migrated)
            s.replica.admit(s.me, s.name)
        s.emit(BecameHost(reign.epoch, Position(reign.epoch, s.history.seq), migrated))
        self._run_own()
        self.order()
        self.advance_marks()

    def _inherit(self, departed: PeerId | None) -> None:
        """Take over a session: everybody else is away until it asks for its seat."""
        s = self.session
        gone = None if departed is None else s.roster.get(departed)
        if gone is not None:
            s.set_roster(s.roster.remove(gone.peer))
        s.set_roster(s.roster.crown(s.me))
        s.replica.start_reign(migrated=True)
        if gone is not None:
            s.replica.remove(gone.peer)
        for member in s.roster.members:
            if member.peer != s.me:
                s.replica.suspend(member.peer)
                s.timers.set("seat", member.peer, at=s.now + s.settings.seat_us)
        s.replica.find_host()  # not before, so that nobody's objects wake for an instant

    def end(self) -> None:
        """This peer is not the host any more."""
        self.session.replica.stop_reign()
        self.session.timers.cancel_all("seat")
        self.followers.clear()
        self._executed.clear()

    def relabel(self, number: int) -> None:
        """The same reign goes on under a higher number: one history, and every older claim void."""
        s = self.session
        self.order()
        s.reign = s.reign_of(Epoch(number, s.me, s.nonce), s.history.position)
        for follower in self.followers.values():
            follower.oath = None
        s.history.begin(s.reign.epoch)
        everybody = [follower.link for follower in self.followers.values()]
        everybody += [link.id for _, link in s.mesh.peers()]
        s.send_on(tuple(dict.fromkeys(everybody)), encode(s.reign))

    def resume(self) -> None:
        """Go on after a probation: the time slept through is not the game's."""
        self._ticked_us = None
        self._run_own()
        for member in self.session.roster.members:
            if member.present and self.session.mesh.link_to(member.peer) is None:
                self.lose(member.peer)

    # --- seats ---

    def on_join(self, link: LinkState, frame: Join) -> None:
        """A newcomer, or a member that lost its memory and knows only its key."""
        s, peer = self.session, link.peer
        assert peer is not None
        if self._answered(link, frame.attempt):
            return
        if peer in s.roster.banned:
            self._deny(link, DenyReason.BANNED, "this peer was kicked from the session")
        elif s.roster.get(peer) is not None:
            self._seat_again(link, frame.attempt, frame.addresses, None)
        elif len(s.roster.members) >= s.settings.players_max:
            limit = s.settings.players_max
            self._deny(link, DenyReason.FULL, f"all {limit} seats of the session are taken")
        else:
            s.set_roster(
                s.roster.admit(peer, link.key, frame.name, frame.addresses, frame.can_host)
            )
            s.replica.admit(peer, frame.name)
            self._welcome(link, frame.attempt, None)

    def on_rejoin(self, link: LinkState, frame: Rejoin) -> None:
        """A member that followed this reign or an earlier one."""
        s, peer = self.session, link.peer
        assert peer is not None
        if self._answered(link, frame.attempt):
            return
        if s.roster.get(peer) is None:
            kicked = peer in s.roster.banned
            reason = EndReason.KICKED if kicked else EndReason.SEAT_EXPIRED
            s.send_on((link.id,), encode(Bye(reason, "the seat was given up; join anew")))
            s.close(link.id)
            return
        self._seat_again(link, frame.attempt, frame.addresses, frame.position)

    def _answered(self, link: LinkState, attempt: int) -> bool:
        """Whether this very request was served already: it was sent again before we answered."""
        follower = None if link.peer is None else self.followers.get(link.peer)
        return follower is not None and (follower.link, follower.attempt) == (link.id, attempt)

    def _seat_again(
        self, link: LinkState, attempt: int, addresses: tuple[str, ...], position: Position | None
    ) -> None:
        s, peer = self.session, link.peer
        assert peer is not None
        member = s.roster.get(peer)
        assert member is not None
        self.followers.pop(peer, None)
        s.timers.cancel("seat", peer)
        if member.addresses != addresses:
            s.set_roster(s.roster.relocate(peer, addresses))
        elif not member.present:
            s.set_roster(s.roster.restore(peer))
        if not member.present:
            s.replica.resume(peer)
        self._welcome(link, attempt, position)

    def _welcome(self, link: LinkState, attempt: int, position: Position | None) -> None:
        s = self.session
        assert link.peer is not None and s.reign is not None
        self.order()  # the others learn of it by this update, the newcomer by its welcome
        here = s.history.position
        assert here is not None
        welcome = Welcome(s.reign, s.settings, s.missing_for(position), here)
        s.send_on((link.id,), encode(welcome))
        self.followers[link.peer] = Follower(link.id, attempt, confirmed=0)
        # It may wait for an outcome that it finds in its welcome, so it has to hear the marks.
        self._waited_for, self._marks = here.seq, (0, 0)

    def _deny(self, link: LinkState, reason: DenyReason, text: str) -> None:
        self.session.send_on((link.id,), encode(Denied(reason, text)))
        self.session.close(link.id)

    def lose(self, peer: PeerId) -> None:
        """A member can't be reached: its seat and its players are kept for a while."""
        s = self.session
        member = s.roster.get(peer)
        self.followers.pop(peer, None)
        if member is None or not member.present or peer == s.me:
            return
        s.replica.suspend(peer)
        s.set_roster(s.roster.lose(peer))
        s.timers.set("seat", peer, at=s.now + s.settings.seat_us)
        self.order()
        self.advance_marks()  # there may be nobody left to wait for

    def on_link_lost(self, link: LinkId, peer: PeerId | None) -> None:
        """A link is gone; `peer` can't be reached any more, None if another link leads there.

        A follower that has another link is not lost. It notices the end of this one as well, and
        asks for its welcome on the other.
        """
        for follower_peer, follower in list(self.followers.items()):
            if follower.link == link:
                del self.followers[follower_peer]
        if peer is not None:
            self.lose(peer)
        self.advance_marks()

    def on_bye(self, peer: PeerId) -> None:
        """A member leaves on purpose."""
        if self.session.roster.get(peer) is not None:
            self._remove(peer)
            self.order()
            self.advance_marks()

    def kick(self, peer: PeerId, text: str) -> None:
        """Remove a member for good. It is told why, and never let in again."""
        s = self.session
        s.send(peer, Bye(EndReason.KICKED, text))
        self._remove(peer, ban=True)
        self.order()
        link = s.mesh.link_to(peer)
        if link is not None:
            s.close(link.id)
        self.advance_marks()

    def expire(self, peer: PeerId) -> None:
        """The seat of an absent member was kept for long enough."""
        self._remove(peer)
        self.order()

    def _remove(self, peer: PeerId, ban: bool = False) -> None:
        s = self.session
        self.followers.pop(peer, None)
        s.timers.cancel("seat", peer)
        s.replica.remove(peer)
        s.set_roster(s.roster.remove(peer, ban))

    # --- commands ---

    def on_command(self, link: LinkState, frame: Command) -> None:
        """Run a command of a follower, unless the table says that it was run."""
        s, peer = self.session, link.peer
        assert peer is not None and s.reign is not None
        follower = self.followers.get(peer)
        if follower is None or follower.link != link.id:
            s.send_on((link.id,), encode(Fenced(s.reign, s.addresses)))
            return
        last = s.ledger.last_of(peer, link.nonce)
        if frame.seq <= last:
            return  # run before; the update that holds its outcome is on this link already
        if frame.seq > last + 1 and frame.floor <= last + 1:
            # Commands in between got lost on the way: back to the last point both agree on.
            self.followers.pop(peer)
            s.send_on((link.id,), encode(Fenced(s.reign, s.addresses)))
            return
        self._run(peer, link.nonce, frame.seq, frame.floor, frame.payload)

    def submit(self, submission: Submission) -> None:
        """Run a command of this peer's own player: the same path, without a link."""
        s = self.session
        self._run(s.me, s.nonce, submission.seq, s.outbox.floor, submission.payload)

    def _run_own(self) -> None:
        """Commands of this peer that the branch does not hold: they were on the way to a host."""
        self.session.look_up_submissions()
        for submission in list(self.session.outbox):
            if submission.update_seq is None:
                self.submit(submission)

    def _run(self, peer: PeerId, nonce: int, seq: int, floor: int, payload: bytes) -> None:
        outcome = self.session.replica.execute(peer, payload)
        line = Executed(peer, nonce, seq, floor, outcome)
        self.session.ledger.record(line)
        self._executed.append(line)

    # --- updates ---

    def tick(self, now: int) -> None:
        """The game advances by the time since the last tick, and changes go out."""
        dt_us = 0 if self._ticked_us is None else now - self._ticked_us
        self._ticked_us = now
        if dt_us > 0:
            self.session.replica.tick(dt_us)
        self.order()

    def flush(self) -> None:
        """After a batch of input: what somebody waits for goes out now, not with the tick."""
        if self._executed:
            self.order()
            self.advance_marks()

    def order(self) -> None:
        """Make one update of all that changed, and send it to every follower."""
        s = self.session
        assert s.reign is not None
        payload = s.replica.collect()
        roster = s.roster if s.roster.version != self._roster_version else None
        if not payload and not self._executed and roster is None:
            return
        if roster is not None:
            signature = s.sign(Says.ROSTER, s.reign.epoch, roster.digest())
            s.roster_proof = RosterProof(s.reign.epoch, signature)
        update = Update(
            s.reign.epoch,
            s.history.seq + 1,
            payload,
            tuple(self._executed),
            roster,
            None if roster is None else s.roster_proof,
        )
        raw = encode(update)
        s.history.append(raw)
        s.send_on(tuple(f.link for f in self.followers.values()), raw)
        for line in self._executed:
            self._waited_for = update.seq
            if line.peer == s.me:
                s.outbox.executed(line.seq, line.outcome, update.seq)
        self._executed.clear()
        self._roster_version = s.roster.version

    # --- durability ---

    def on_confirm(self, link: LinkState, frame: Confirm | Heartbeat) -> None:
        """A follower says how far it is."""
        s = self.session
        assert link.peer is not None and s.reign is not None
        follower = self.followers.get(link.peer)
        if follower is None:
            if s.roster.get(link.peer) is not None:
                # It was given up for silence, and has not noticed.
                s.send_on((link.id,), encode(Fenced(s.reign, s.addresses)))
        elif follower.link == link.id and follower.confirmed < frame.seq <= s.history.seq:
            follower.confirmed = frame.seq
            self.advance_marks()

    def on_follow(self, link: LinkState, frame: Follow) -> None:
        """A follower swears to this reign."""
        follower = None if link.peer is None else self.followers.get(link.peer)
        if follower is not None:
            follower.oath = Oath(link.key, frame.signature)

    def oaths(self) -> tuple[Oath, ...]:
        """Those of all followers, to be shown to a rival."""
        return tuple(f.oath for f in self.followers.values() if f.oath is not None)

    def advance_marks(self) -> None:
        """Work out how durable the history is; tell those who wait for it."""
        s = self.session
        assert s.reign is not None
        stands = sorted((f.confirmed for f in self.followers.values()), reverse=True)
        if not stands and self._expects_somebody():
            return
        applied = s.history.seq
        best = stands[0] if stands else applied
        second = stands[1] if len(stands) > 1 else best
        worst = stands[-1] if stands else applied
        s.settle(one=best, all_=worst)
        marks = (second, worst)
        if marks != self._marks and self._marks[1] < self._waited_for:
            self._marks = marks
            frame = Marks(s.reign.epoch, *marks)
            s.send_on(tuple(f.link for f in self.followers.values()), encode(frame))

    def _expects_somebody(self) -> bool:
        """Whether a member that is no follower yet can be reached.

        A new host has granted claims before it has followers. What it acknowledged in between
        would be lost if it died before the first of them was back.
        """
        s = self.session
        return any(
            member.peer != s.me and s.mesh.alive(s.now, member.peer) for member in s.roster.members
        )

    # --- time ---

    def watch_us(self) -> int | None:
        """When the next follower would turn red."""
        links = self.session.mesh.links
        return min(
            (links[f.link].detector.red_us for f in self.followers.values() if f.link in links),
            default=None,
        )

    def watch(self, now: int) -> None:
        """Give up on followers that have been silent for too long."""
        s = self.session
        links = s.mesh.links
        for peer, follower in list(self.followers.items()):
            link = links.get(follower.link)
            if link is None or link.detector.light(now) is Light.RED:
                self.lose(peer)
        if len(s.outbox):
            self.advance_marks()  # those that were expected back may have died
