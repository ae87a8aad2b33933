"""The host role: begin a reign, give out seats, and take them back.

A member whose link closed or went silent is no follower any more: its players are suspended and its
seat is kept for `Settings.seat_us`. When it is heard again on a link that never closed, it is told
to rejoin. What followers do for the history is in `ordering`.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from .admission import Admission
from .catchup import missing_for
from .codec import encode
from .credentials import Says
from .errors import ADVICE, DenyReason, EndReason
from .events import (
    BecameHost,
    ClientDisconnected,
    SeatReclaimed,
)
from .link_state import LinkState
from .lookout import Lookout
from .messages import Bye, Denied, Fenced, Grant, Join, NoSeat, Reign, Rejoin, Renumber, Welcome
from .minority import Minority
from .ordering import Ordering
from .ranking import RANK_EVERY_US, ranked
from .session import Session
from .values import Epoch, LinkId, PeerId, Position, clean_name


@attrs.define(eq=False)
class Hosting:
    """What only a host needs to know. Empty while this peer is a client."""

    session: Session
    ordering: Ordering = attrs.field(init=False)
    admission: Admission = attrs.field(init=False)
    minority: Minority = attrs.field(init=False)
    lookout: Lookout = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.ordering = Ordering(self.session)
        self.admission = Admission(self.session)
        self.minority = Minority(self.session, self.ordering)
        self.lookout = Lookout(self.session)

    # --- reigns ---

    def begin(self, reign: Reign) -> None:
        """This peer is the host from now on."""
        s = self.session
        migrated = reign.parent is not None
        s.set_reign(reign)
        s.mesh.answered()
        s.history.begin(reign.epoch)
        self.ordering.begin(reign.parent)
        if migrated:
            self._inherit()
            self.ordering.uphold_refusals()
        else:
            s.set_roster(s.roster.admit(s.me, s.key, s.name, s.addresses, s.can_host, s.nonce))
            s.replica.start_reign(migrated)
            s.replica.admit(s.me, s.name)
        s.timers.set("rank", at=s.now + RANK_EVERY_US)
        self.lookout.begin()
        s.emit(BecameHost(reign.epoch, Position(reign.epoch, s.history.seq), migrated))
        self.ordering.run_own()
        self._changed()

    def _inherit(self) -> None:
        """Take over a session: everybody else is away until it asks for its seat.

        Who left on purpose keeps no seat, whether a host was there to hear the good-bye or not.
        """
        s = self.session
        gone = [member.peer for member in s.roster.members if member.peer in s.departed]
        for peer in gone:
            s.set_roster(s.roster.remove(peer))
        before = s.seat
        s.set_roster(s.roster.crown(s.me))
        if before is not None and before.addresses != s.addresses:
            s.set_roster(s.roster.relocate(s.me, s.addresses, s.nonce))
        s.replica.start_reign(migrated=True)
        if before is not None and not before.present:
            s.replica.resume(s.me)  # it was given up, and learned of that by what it pulled
        for peer in gone:
            s.replica.remove(peer)
        for member in s.roster.members:
            if member.peer != s.me:
                s.replica.suspend(member.peer)
                self._keep_seat(member.peer)
        s.replica.find_host()  # not before, so that nobody's objects wake for an instant

    def end(self) -> None:
        """This peer is not the host any more."""
        self.ordering.seal()
        self.session.replica.stop_reign()
        self.session.timers.cancel_all("seat")
        self.session.timers.cancel("pause")
        self.session.timers.cancel("rank")
        self.ordering.end()
        self.admission.end()
        self.minority.end()
        self.lookout.end()

    def renumber(self, number: int) -> None:
        """The same reign goes on under a higher number: one history, and every older claim void."""
        s = self.session
        self.ordering.order_for_all()
        reign = s.reign_of(Epoch(number, s.me, s.nonce), s.history.position)
        s.set_reign(reign)
        s.history.begin(reign.epoch)
        followers = self.ordering.links()
        s.send_on(followers, encode(Renumber(reign)))
        others = (link.id for _, link in s.mesh.peers() if link.id not in followers)
        s.send_on(tuple(others), encode(Fenced(reign, s.addresses)))

    def resume(self) -> None:
        """Go on after a probation: the time slept through is not the game's."""
        self.ordering.forget_clock()
        self.ordering.run_own()
        for member in self.session.roster.members:
            if member.present and self.session.mesh.link_to(member.peer) is None:
                self.lose(member.peer, EndReason.UNREACHABLE, "the link broke")

    def _changed(self) -> None:
        """The seats changed: everybody learns of it, and it may matter who is here to go on."""
        self.ordering.order()
        self.ordering.advance_marks()  # there may be nobody left to wait for
        self.minority.weigh()

    # --- seats ---

    def on_join(self, link: LinkState, frame: Join) -> None:
        """A newcomer, or a member that lost its memory and knows only its key."""
        s, peer = self.session, link.peer
        assert peer is not None
        if self._answered(link, frame.attempt):
            return
        if peer in s.roster.banned:
            self._deny(link, DenyReason.BANNED, "who was kicked is not let in again")
        elif s.roster.get(peer) is not None:
            for other in s.mesh.other_processes(peer, link.nonce):
                self._dismiss(other)
            self._seat_again(link, frame.attempt, frame.addresses, None, frame.payload)
        elif peer not in self.admission and self._seats_taken() >= s.settings.players_max:
            limit = s.settings.players_max
            text = f"all {limit} seats are taken; try again when somebody has left"
            self._deny(link, DenyReason.FULL, text)
        elif s.choices.approves:
            self.admission.ask(link, frame)
        else:
            self._admit(link, frame)

    def _seats_taken(self) -> int:
        return len(self.session.roster.members) + len(self.admission)

    def _admit(self, link: LinkState, frame: Join) -> None:
        s, peer = self.session, link.peer
        assert peer is not None
        name = clean_name(frame.name)
        s.set_roster(
            s.roster.admit(peer, link.key, name, frame.addresses, frame.can_host, link.nonce)
        )
        s.replica.admit(peer, name)
        self._welcome(link, frame.attempt, None)

    def approve(self, peer: PeerId) -> None:
        """The game wants to have this newcomer."""
        if (request := self.admission.take(peer)) is not None:
            self._admit(*request)

    def turn_away(self, peer: PeerId, reason: DenyReason, text: str) -> None:
        """The game does not want it."""
        if (request := self.admission.take(peer)) is not None:
            self._deny(request[0], reason, text)

    def welcome_all(self, grants: Mapping[PeerId, Grant], reign: Reign) -> None:
        """Those who granted have asked for their seats already."""
        for peer, grant in grants.items():
            link = self.session.mesh.link_to(peer)
            if grant.rejoin is None:
                self.ordering.durability.aside.add(peer)
            elif link is not None and grant.rejoin.epoch == reign.epoch:
                self.on_rejoin(link, grant.rejoin)

    def on_rejoin(self, link: LinkState, frame: Rejoin) -> None:
        """A member that followed this reign or an earlier one."""
        s, peer = self.session, link.peer
        assert peer is not None
        if self._answered(link, frame.attempt):
            return
        fields = frame.epoch, s.key, frame.attempt, link.nonce, frame.old_connection_id
        if not s.proves(link.key, frame.signature, Says.REJOIN, *fields):
            s.reject(link, "a request for a seat that its owner did not sign")
            return
        member = s.roster.get(peer)
        if member is None:
            self._answer_unseated(link, frame)
        elif member.nonce != link.nonce and s.mesh.is_here(s.now, peer, member.nonce):
            self._dismiss(link.id)
        else:
            at = None if frame.whole else frame.position
            self._seat_again(link, frame.attempt, frame.addresses, at, frame.extra)

    def _answer_unseated(self, link: LinkState, frame: Rejoin) -> None:
        """Who was kicked or away for too long is out. Who played on elsewhere was not away."""
        s, at = self.session, frame.position
        banned = link.peer in s.roster.banned
        if not banned and at is not None and not s.history.contains(at):
            s.send_on((link.id,), encode(NoSeat(frame.epoch)))
            return
        reason = EndReason.KICKED if banned else EndReason.SEAT_EXPIRED
        s.send_on((link.id,), encode(Bye(reason, ADVICE[reason])))
        s.close(link.id)

    def _dismiss(self, link: LinkId) -> None:
        """A process whose seat another one with the same key has taken: it is over for it."""
        text = "another process with the same identity has taken the seat"
        self.session.send_on((link,), encode(Bye(EndReason.REPLACED, text)))
        self.session.close(link)

    def _answered(self, link: LinkState, attempt: int) -> bool:
        """Whether this request was served already, or a later one of the same process.

        It was sent again before we answered. Or it was held up on a link that is used no more.
        """
        follower = None if link.peer is None else self.ordering.followers.get(link.peer)
        if follower is None or link.peer is None:
            return False
        member = self.session.roster.get(link.peer)
        if attempt < follower.attempt and member is not None and member.nonce == link.nonce:
            return True
        return (follower.link, follower.attempt) == (link.id, attempt)

    def _seat_again(
        self,
        link: LinkState,
        attempt: int,
        addresses: tuple[str, ...],
        position: Position | None,
        extra: bytes | None,
    ) -> None:
        s, peer = self.session, link.peer
        assert peer is not None
        member = s.roster.get(peer)
        assert member is not None
        self.ordering.followers.pop(peer, None)
        s.timers.cancel("seat", peer)
        if (member.addresses, member.nonce) != (addresses, link.nonce):
            s.set_roster(s.roster.relocate(peer, addresses, link.nonce))
        elif not member.present:
            s.set_roster(s.roster.restore(peer))
        if not member.present:
            s.replica.resume(peer)
        if not member.present or member.nonce != link.nonce:
            ids = member.connection_id, member.old_connection_id
            s.emit(SeatReclaimed(peer, *ids, extra))
        self._welcome(link, attempt, position)

    def _welcome(self, link: LinkState, attempt: int, position: Position | None) -> None:
        s = self.session
        assert link.peer is not None and s.reign is not None
        self.ordering.order()  # the others learn of it by this, the newcomer by its welcome
        here = s.history.position
        assert here is not None
        welcome = Welcome(s.reign, s.settings, missing_for(s, position), here)
        s.send_on((link.id,), encode(welcome))
        self.ordering.follow(link.peer, link.id, attempt, new=position is None)
        self.minority.weigh()

    def _deny(self, link: LinkState, reason: DenyReason, text: str) -> None:
        self.session.send_on((link.id,), encode(Denied(reason, text)))
        self.session.close(link.id)

    def lose(self, peer: PeerId, reason: EndReason, text: str = "") -> None:
        """A member is away: its seat and its players are kept for a while."""
        s = self.session
        member = s.roster.get(peer)
        self.ordering.followers.pop(peer, None)
        if member is None or not member.present or peer == s.me:
            return
        s.emit(ClientDisconnected(peer, member.connection_id, reason, text, kept=True))
        s.replica.suspend(peer)
        s.set_roster(s.roster.lose(peer))
        self._keep_seat(peer)
        self._changed()

    def _keep_seat(self, peer: PeerId) -> None:
        """The seat of an absent member is kept for as long as the game says."""
        s = self.session
        grace_us = s.replica.grace_us(peer, s.settings.seat_us)
        if grace_us is None:
            s.timers.cancel("seat", peer)
        else:
            s.timers.set("seat", peer, at=s.now + grace_us)

    def keep_seats(self) -> None:
        """The game changed its mind about how long seats are kept."""
        for member in self.session.roster.members:
            if not member.present:
                self._keep_seat(member.peer)

    def on_link_lost(self, link: LinkId, peer: PeerId | None) -> None:
        """A link is gone; `peer` can't be reached any more, None if another link leads there.

        A follower that has another link is not lost. It notices the end of this one as well, and
        asks for its welcome on the other.
        """
        followers = self.ordering.followers
        for name in [name for name, follower in followers.items() if follower.link == link]:
            del followers[name]
        self.admission.on_link_lost(link)
        if peer is not None:
            self.lose(peer, EndReason.UNREACHABLE, "the link broke")
        self.ordering.advance_marks()
        self.minority.weigh()

    def on_bye(self, peer: PeerId, reason: EndReason, text: str) -> None:
        """A member goes. Only who leaves for good gives up its seat by it."""
        if self.session.roster.get(peer) is None:
            return
        if reason is EndReason.LEFT:
            self._remove(peer, reason, text)
            self._changed()
        else:
            self.lose(peer, reason, text)

    def put_out(self, peer: PeerId, reason: EndReason, text: str) -> None:
        """Remove a member, and tell it why. KICKED is never let in again, INACTIVE keeps its seat,
        anybody else may join anew.
        """
        s = self.session
        s.send(peer, Bye(reason, text))
        if reason is EndReason.INACTIVE:
            self.lose(peer, reason, text)
        else:
            self._remove(peer, reason, text, ban=reason is EndReason.KICKED)
        link = s.mesh.link_to(peer)
        if link is not None:
            s.close(link.id)
        self._changed()

    def expire(self, peer: PeerId) -> None:
        """The seat of an absent member was kept for long enough.

        While too few are here to go on, time stands still for the seats as well: else a minority
        would become the majority by waiting.
        """
        if self.ordering.is_paused:
            self._keep_seat(peer)
            return
        self._remove(peer, EndReason.SEAT_EXPIRED, "")
        self.lookout.begin()
        self._changed()

    def announce(self) -> None:
        """Tell everybody the roster once more."""
        self.session.set_roster(self.session.roster.renewed())
        self._changed()

    def watch(self, now: int) -> None:
        """Give up on followers that have been silent for too long, or idle if that matters."""
        for peer in self.ordering.silent(now):
            self.lose(peer, EndReason.TIMED_OUT, "it was silent for too long")
        for peer in self.ordering.inactive(now):
            self.put_out(peer, EndReason.INACTIVE, "no command for too long")
        if len(self.session.outbox) or self.ordering.trials.current is not None:
            self.ordering.advance_marks()  # those that were expected back may have died
        self.minority.weigh()

    def _remove(self, peer: PeerId, reason: EndReason, text: str, ban: bool = False) -> None:
        s = self.session
        member = s.roster.get(peer)
        assert member is not None
        s.emit(ClientDisconnected(peer, member.connection_id, reason, text, kept=False))
        self.ordering.followers.pop(peer, None)
        s.timers.cancel("seat", peer)
        s.replica.remove(peer)
        expired = reason is EndReason.SEAT_EXPIRED
        s.set_roster(s.roster.expire(peer) if expired else s.roster.remove(peer, ban))

    def on_rank_timer(self) -> None:
        """Look at the order of succession, and measure the round trips for the next look."""
        s = self.session
        s.timers.set("rank", at=s.now + RANK_EVERY_US)
        for peer in self.ordering.followers:
            s.ping(peer)
        s.set_roster(s.roster.reorder(ranked(s.roster.members, s.me, s.mesh.link_to)))
        self.ordering.order()
