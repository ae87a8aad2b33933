"""The host's part in a merge: meet the other host, and yield or take its members in.

Until the loser yields nothing has changed, so an exchange that breaks off in the middle can simply
begin anew. Repeating any frame of it changes nothing either: the verdict depends on the headers
alone, and a winner whose number is above the loser's has no reason to move on again.

Where many reigns meet at once, headers cross. A host may yield to one that has yielded to somebody
else by then, or to one that yields to it. So a yield names the reign that it is for, and whoever
gets one always answers with the reign that goes on instead. The loser obeys that if it is newer
than its own; else it takes its yield back, and meets the host of that one.
"""

from __future__ import annotations

import attrs

from .codec import encode
from .credentials import Says
from .events import ReignsMet
from .history import fork
from .hosting import Hosting
from .link_state import LinkState
from .merge import Verdict, verdict
from .messages import Fenced, Header, Meeting, Reign, Yield
from .session import Session
from .states import Move, State
from .values import Epoch, LinkId, PeerId, peer_id


@attrs.define(eq=False)
class Reunion:
    """Two hosts of one session, seen from one of them."""

    session: Session
    hosting: Hosting
    yielded_to: Epoch | None = None  # whose host is to take us in
    _said: tuple[LinkId, Yield] | None = None  # our yield, and on which link we sent it
    waiting: dict[LinkId, Yield] = attrs.field(factory=dict)  # until we reign, or know who does
    _sought: dict[PeerId, tuple[tuple[LinkId, Epoch, Epoch], int]] = attrs.field(factory=dict)

    def header(self) -> Header:
        """What this host says of itself."""
        s = self.session
        here = s.history.position
        assert s.reign is not None and here is not None
        lineage = tuple(s.history.lineage)
        worked = self.hosting.ordering.worked
        assert worked is not None
        signature = s.sign(Says.HEADER, s.reign.epoch, here, worked, lineage)
        return Header(s.reign, here, worked, lineage, self.hosting.ordering.oaths(), signature)

    def live(self, header: Header, other: Header) -> int:
        """How many live under a reign: its host, and each member that has sworn to follow it.

        Who swore to both follows the one of the higher epoch: an oath is for a reign, and nobody
        goes back to an older one. Members are those who had a seat where the branches part. Both
        hosts know who that was, and neither can add to them: a key costs nothing.
        """
        theirs = self._sworn(other)
        theirs[other.reign.key] = other.reign.epoch
        members = self._members(header, other)
        return 1 + sum(
            (members is None or peer_id(key) in members)
            and (key not in theirs or theirs[key] < epoch)
            for key, epoch in self._sworn(header).items()
        )

    def _members(self, one: Header, other: Header) -> frozenset[PeerId] | None:
        """Who had a seat where two branches part, one of them ours; None if it was long ago."""
        shared = fork(one.lineage, one.position.seq, other.lineage, other.position.seq)
        return None if shared is None else self.session.history.seated_at(shared.seq)

    def _sworn(self, header: Header) -> dict[bytes, Epoch]:
        """The members whose oaths on this reign hold, each with the epoch that it swore to."""
        host = header.reign.epoch.host
        epochs = {epoch for epoch, _ in header.lineage if epoch.host == host}
        return {
            oath.key: oath.epoch
            for oath in header.oaths
            if oath.key != header.reign.key
            and oath.epoch in epochs
            and self.session.proves(oath.key, oath.signature, Says.OATH, oath.epoch)
        }

    def seek(self, rival: Reign, addresses: tuple[str, ...]) -> None:
        """Another host is known of: get in touch with it."""
        s, host = self.session, rival.epoch.host
        s.mesh.follow_process(host, rival.epoch.nonce)  # an earlier one may be linked still
        link = s.mesh.link_to(host)
        if link is not None:
            self.meet(link, rival.epoch)
        elif s.mesh.may_dial(s.now, host):
            s.dial(host, addresses)

    def meet(self, link: LinkState, rival: Epoch) -> None:
        """Show our header, unless this pair of reigns has just met: many frames lead here."""
        s = self.session
        assert s.epoch is not None and link.peer is not None
        here = link.id, s.epoch, rival
        met, again_us = self._sought.get(link.peer, (None, 0))
        if met != here or s.now >= again_us:
            self._sought[link.peer] = here, s.now + s.settings.heartbeat_us // 2
            s.send_on((link.id,), encode(Meeting(self.header(), False, s.addresses)))

    def on_meeting(self, link: LinkState, frame: Meeting) -> Reign | None:
        """Another host's header. Returns its reign if this peer is to obey it at once."""
        s = self.session
        self.hosting.ordering.order()
        self.hosting.ordering.unfollow(link)
        mine, theirs = self.header(), frame.header
        if mine.reign.epoch == theirs.reign.epoch:
            return None
        my_live, their_live = self.live(mine, theirs), self.live(theirs, mine)
        ours = verdict(mine, my_live, theirs, their_live) is Verdict.MINE
        s.emit(ReignsMet(theirs.reign.epoch, ours))
        if ours:
            if not frame.answer:
                s.send_on((link.id,), encode(Meeting(mine, True, s.addresses)))
            return None
        if theirs.reign.epoch > mine.reign.epoch:
            return theirs.reign
        self._yield(mine.reign.epoch, theirs.reign.epoch)
        return None

    def _yield(self, mine: Epoch, theirs: Epoch) -> None:
        s = self.session
        self.yielded_to = theirs
        s.mesh.follow_process(theirs.host, theirs.nonce)
        s.move(Move.YIELD)
        s.timers.cancel("probation")
        s.timers.set("yield", at=s.now + 2 * s.mesh.answer_us())
        self._say(Yield(mine, theirs, s.sign(Says.YIELD, mine, theirs)))

    def _say(self, frame: Yield) -> None:
        """Send our yield. Without a link there is nobody to take us in."""
        s = self.session
        link = s.mesh.link_to(frame.to.host)
        if link is None:
            s.timers.set("yield", at=s.now)
        else:
            self._said = link.id, frame
            s.send_on((link.id,), encode(frame))

    def on_link_lost(self, link: LinkId) -> None:
        """What was said on this link may be lost: two hosts that dial one another close one."""
        if self._said is not None and self._said[0] == link:
            self._say(self._said[1])

    def has_yielded_to(self, peer: PeerId | None) -> bool:
        """Whether this peer waits to be taken in by that one."""
        return self.yielded_to is not None and peer == self.yielded_to.host

    def is_turned_away(self, peer: PeerId | None, reign: Epoch) -> bool:
        """Whether that is the answer to our yield, and not what was under way before it."""
        return self.has_yielded_to(peer) and self.yielded_to is not None and reign > self.yielded_to

    def on_yield(self, link: LinkState, frame: Yield) -> None:
        """The other host gives up, for us or for whom we obey by now: tell it which it is."""
        s = self.session
        if s.state is State.REIGNING:
            self._take_in(link, frame)
        elif s.state in (State.JOINING, State.FOLLOWING):
            assert s.reign is not None
            s.send_on((link.id,), encode(Fenced(s.reign, s.addresses_of(s.host))))
        else:
            self.waiting[link.id] = frame

    def _take_in(self, link: LinkState, frame: Yield) -> None:
        """Go on, under a number that the members of the other reign can obey."""
        s = self.session
        assert s.reign is not None
        self.hosting.ordering.unfollow(link)
        still_ours = any(epoch == frame.to for epoch, _ in s.history.lineage)
        if still_ours and frame.epoch > s.reign.epoch:
            self.hosting.renumber(frame.epoch.number + 1)  # the one that yields hears of it as well
        else:
            s.send_on((link.id,), encode(Fenced(s.reign, s.addresses)))

    def answer_waiting(self) -> None:
        """Answer those who yielded while this peer neither reigned nor obeyed anybody."""
        s = self.session
        if s.state not in (State.REIGNING, State.JOINING, State.FOLLOWING):
            return
        waiting, self.waiting = self.waiting, {}
        for link, frame in waiting.items():
            if (state := s.mesh.links.get(link)) is not None:
                self.on_yield(state, frame)

    def end(self) -> None:
        """This peer is not the host any more."""
        self.yielded_to = self._said = None
        self._sought.clear()
        self.session.timers.cancel("probation")
        self.session.timers.cancel("yield")
