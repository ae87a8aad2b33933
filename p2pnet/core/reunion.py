"""The host's part in a merge: meet the other host, and yield or take its members in.

Until the loser yields nothing has changed, so an exchange that breaks off in the middle can simply
begin anew. Repeating any frame of it changes nothing either: the verdict depends on the headers
alone, and a winner whose number is above the loser's has no reason to move on again.
"""

from __future__ import annotations

import attrs

from .codec import encode
from .credentials import Says
from .events import ReignsMet
from .hosting import Hosting
from .merge import Verdict, verdict
from .mesh import LinkState
from .messages import Fenced, Header, Meeting, Reign, Yield
from .session import Session
from .states import Move


@attrs.define(eq=False)
class Reunion:
    """Two hosts of one session, seen from one of them."""

    session: Session
    hosting: Hosting

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

    def is_signed(self, header: Header) -> bool:
        """Whether the host that the header is of has signed it."""
        fields = header.reign.epoch, header.position, header.worked, header.lineage
        return self.session.proves(header.reign.key, header.signature, Says.HEADER, *fields)

    def live(self, header: Header, other: Header) -> int:
        """How many live under a reign: its host, and each member that has sworn to follow it.

        Who swore to both follows the one of the higher epoch: an oath is for a reign, and nobody
        goes back to an older one.
        """
        sworn = self._sworn(header)
        if header.reign.epoch < other.reign.epoch:
            sworn -= self._sworn(other) | {other.reign.key}
        return 1 + len(sworn)

    def _sworn(self, header: Header) -> set[bytes]:
        epoch = header.reign.epoch
        return {
            oath.key
            for oath in header.oaths
            if oath.key != header.reign.key
            and self.session.proves(oath.key, oath.signature, Says.OATH, epoch)
        }

    def seek(self, rival: Reign, addresses: tuple[str, ...]) -> None:
        """Another host is known of: get in touch with it."""
        s, host = self.session, rival.epoch.host
        if s.mesh.link_to(host) is not None:
            s.send(host, Meeting(self.header(), answer=False))
        elif s.mesh.may_dial(s.now, host):
            s.dial(host, addresses)

    def on_meeting(self, link: LinkState, frame: Meeting) -> Reign | None:
        """Another host's header. Returns its reign if this peer is to obey it at once."""
        s = self.session
        self.hosting.ordering.order()
        mine, theirs = self.header(), frame.header
        if mine.reign.epoch == theirs.reign.epoch:
            return None
        my_live, their_live = self.live(mine, theirs), self.live(theirs, mine)
        ours = verdict(mine, my_live, theirs, their_live) is Verdict.MINE
        s.emit(ReignsMet(theirs.reign.epoch, ours))
        if ours:
            if not frame.answer:
                s.send_on((link.id,), encode(Meeting(mine, answer=True)))
            return None
        if theirs.reign.epoch > mine.reign.epoch:
            return theirs.reign
        s.send_on((link.id,), encode(Yield(mine.reign.epoch, self._proof(mine, theirs))))
        s.move(Move.YIELD)
        s.timers.cancel("probation")
        s.timers.set("yield", at=s.now + 2 * s.mesh.answer_us())
        return None

    def _proof(self, mine: Header, theirs: Header) -> bytes:
        return self.session.sign(Says.YIELD, mine.reign.epoch, theirs.reign.epoch)

    def on_yield(self, link: LinkState, frame: Yield) -> None:
        """The other host gives up: take it in, under a number that its members can obey."""
        s = self.session
        assert s.epoch is not None
        if frame.epoch > s.epoch:
            self.hosting.renumber(frame.epoch.number + 1)
        assert s.reign is not None
        s.send_on((link.id,), encode(Fenced(s.reign, s.addresses)))
