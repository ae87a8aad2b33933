"""A claimant that is behind fetches what it lacks before it is crowned.

A grant tells the grantor's position. Under one epoch histories are prefixes of one another, so the
freshest grantor has everything that anybody acknowledged. If it fails, or gave less than it said it
has, the next one is asked.
"""

from __future__ import annotations

import attrs

from .catchup import check_told, missing_for, take_missing
from .events import PullStarted
from .mesh import LinkState
from .messages import Grant, Pull, Tail
from .session import Session
from .states import State
from .values import PeerId, Position


@attrs.define(eq=False)
class Pulling:
    """Who is ahead of this claimant, and what it is asked for."""

    session: Session
    sources: list[PeerId] = attrs.field(factory=list)  # freshest first
    positions: dict[PeerId, Position] = attrs.field(factory=dict)

    def find(self, grants: dict[PeerId, Grant]) -> bool:
        """Whether any of the grantors is ahead of us."""
        here, newest = self.session.history.position, self.session.epoch
        assert here is not None and newest is not None
        self.positions = {
            peer: grant.position
            for peer, grant in grants.items()
            if grant.position > here and grant.position.epoch <= newest
        }
        ahead = sorted(((at, peer) for peer, at in self.positions.items()), reverse=True)
        self.sources = [peer for _, peer in ahead]
        return bool(ahead)

    def ask(self) -> bool:
        """Ask the freshest that lives. False if nobody is left who has more than we have."""
        s = self.session
        here = s.history.position
        assert here is not None
        ahead = (peer for peer in self.sources if self.positions[peer] > here)
        self.sources = [peer for peer in ahead if s.mesh.alive(s.now, peer)]
        if not self.sources:
            return False
        s.emit(PullStarted(self.sources[0], self.positions[self.sources[0]]))
        s.send(self.sources[0], Pull(here))
        s.timers.set("pull", at=s.now + 2 * s.mesh.answer_us())
        return True

    def answer(self, link: LinkState, frame: Pull) -> None:
        """A claimant is behind us."""
        if self.session.history.position is not None:
            self.session.send(link.peer, Tail(missing_for(self.session, frame.position)))

    def take(self, link: LinkState, frame: Tail) -> bool:
        """Apply what we lacked. False if it is not from whom we asked.

        Raises `RemoteProtocolError` if it does not fit to what is here.
        """
        s = self.session
        if s.state is not State.PULLING or not self.is_asking(link.peer):
            return False
        check_told(s, frame.missing)
        s.set_roster(take_missing(s, frame.missing))
        s.timers.cancel("pull")
        return True

    def is_asking(self, peer: PeerId | None) -> bool:
        """Whether we wait for this peer's answer."""
        return self.sources[:1] == [peer]

    def skip(self) -> None:
        """The freshest fails us."""
        del self.sources[:1]

    def end(self) -> None:
        """Nothing is lacking any more, or it is no business of ours."""
        self.sources.clear()
        self.positions.clear()
