"""How durable the history of a host is: what its followers have confirmed.

With two or more followers the `one` mark is where the second best of them stands: whoever submitted
a command is among them, and at least one other has it too. With a single follower that follower is
the successor. With none there is nobody to wait for. Marks are told to those whose commands wait
for them, and to nobody else.
"""

from __future__ import annotations

import attrs

from .codec import encode
from .condensing import Follower
from .link_state import LinkState
from .messages import Fenced, Marks
from .session import Session
from .values import PeerId


@attrs.define(eq=False)
class Durability:
    """The marks of one reign."""

    session: Session
    followers: dict[PeerId, Follower]
    aside: set[PeerId] = attrs.field(factory=set)  # granted our claim, and may follow later

    def confirm(self, link: LinkState, seq: int) -> bool:
        """A follower says how far it is. True if it is further than it was."""
        s = self.session
        assert link.peer is not None and s.reign is not None
        follower = self.followers.get(link.peer)
        if follower is None:
            if s.roster.get(link.peer) is not None:
                # It was given up for silence, and has not noticed.
                s.send_on((link.id,), encode(Fenced(s.reign, s.addresses)))
            return False
        if follower.link != link.id or not follower.confirmed < seq <= s.history.seq:
            return False
        follower.confirmed = seq
        return True

    def advance(self) -> int | None:
        """Work out the marks; tell those who wait for them. Returns how far `one` is, if it is."""
        s = self.session
        worst = min((f.confirmed for f in self.followers.values()), default=s.history.seq)
        stands = self._witnesses(worst)
        if not stands and (self.followers or self._expects_somebody()):
            return None
        best = stands[0] if stands else s.history.seq
        # Whoever else there is may be a newcomer, and the one that stands may have submitted it.
        second = stands[1] if len(stands) > 1 else worst
        s.settle(one=best, all_=worst)
        self._tell((second, worst))
        return best

    def _witnesses(self, worst: int) -> list[int]:
        """Where those stand that the next host would ask, the furthest first.

        It can't ask a newcomer that it has never heard of, so a newcomer counts as soon as all
        others know of it.
        """
        stands = []
        for follower in self.followers.values():
            if follower.admitted <= worst or len(self.followers) == 1:
                follower.admitted = 0
                stands.append(follower.confirmed)
        return sorted(stands, reverse=True)

    def _tell(self, marks: tuple[int, int]) -> None:
        """How durable the history is, for those whose commands wait for that."""
        s, links = self.session, []
        for follower in self.followers.values():
            if follower.marks[1] < follower.waits_for and follower.marks != marks:
                follower.marks = marks
                links.append(follower.link)
        if links:
            assert s.reign is not None
            s.send_on(links, encode(Marks(s.reign.epoch, *marks)))

    def _expects_somebody(self) -> bool:
        """Whether a member that is no follower may be back soon.

        A new host has granted claims before it has followers. What it acknowledged in between
        would be lost if it died before the first of them was back. And a host that does not hear
        anybody any more may be cut off: the others have the next one by then, whose history wins.
        """
        s = self.session
        return any(
            member.peer not in (s.me, *self.aside) and s.mesh.may_be_back(s.now, member.peer)
            for member in s.roster.members
        )
