"""A claimant that is behind fetches what it lacks before it is crowned.

A grant tells the grantor's position. Under one epoch histories are prefixes of one another, so the
freshest grantor has everything that anybody acknowledged. If it fails, or gave less than it said it
has, the next one is asked. Who is late but heard has not failed, until it could have been missed.

The freshest may be a newcomer: whoever was admitted just before the host was lost is known only to
those who had that update. So somebody unknown that claims from further on is asked as well, and
nobody waits for it. Its answer counts if it holds a roster in which it has a seat, signed by a host
that is known here.
"""

from __future__ import annotations

import attrs

from .catchup import check_seated, check_told, missing_for, take_missing
from .events import PullStarted
from .link_state import LinkState
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
    unknown: set[PeerId] = attrs.field(factory=set)  # asked, and perhaps they are newcomers
    _asked_us: int = 0  # when the first of the sources was asked

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
        s.timers.cancel("pull")
        ahead = (peer for peer in self.sources if self.positions[peer] > here)
        self.sources = [peer for peer in ahead if s.mesh.alive(s.now, peer)]
        if not self.sources:
            return False
        s.emit(PullStarted(self.sources[0], self.positions[self.sources[0]]))
        s.send(self.sources[0], Pull(here))
        self._asked_us = s.now
        s.timers.set("pull", at=s.now + 2 * s.mesh.answer_us())
        return True

    def may_answer(self) -> bool:
        """Whether who was asked is heard, and has not had the time in which it would be missed."""
        s, asked = self.session, self.sources[0] if self.sources else None
        heard = s.mesh.is_green(s.now, asked)
        return heard and s.mesh.has_time(s.now, asked, self._asked_us)

    def meet(self, peer: PeerId, position: Position) -> None:
        """Somebody unknown claims: where it says it stands, it may have been admitted."""
        s = self.session
        here, newest = s.history.position, s.epoch
        if here is None or newest is None or not here < position or position.epoch > newest:
            return
        if s.state is not State.PULLING:
            self.unknown.add(peer)
            s.send(peer, Pull(here))
        elif peer not in self.positions:  # when those before it have answered, or failed
            self.sources.append(peer)
            self.positions[peer] = position

    def answer(self, link: LinkState, frame: Pull) -> None:
        """A claimant is behind us."""
        s, peer = self.session, link.peer
        assert peer is not None
        if s.history.position is not None and s.roster.get(peer) is not None:
            s.send(peer, Tail(missing_for(s, frame.position)))

    def take(self, link: LinkState, frame: Tail) -> bool:
        """Apply what we lacked. False if it is not from whom we asked.

        Raises `RemoteProtocolError` if it does not fit to what is here.
        """
        s, peer = self.session, link.peer
        assert peer is not None
        pulls = s.state is State.PULLING
        if not self.is_asking(peer) if pulls else peer not in self.unknown:
            return False
        self.unknown.clear()  # what others answer does not go on from here any more
        check_told(s, frame.missing)
        if s.roster.get(peer) is None:
            check_seated(s, frame.missing, peer)
        s.set_roster(take_missing(s, frame.missing))
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
        self.unknown.clear()
