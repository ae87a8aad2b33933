"""Newcomers that wait for the word of the game.

A host that approves keeps the request, tells the newcomer that it is waiting, and gives the seat
when the application has said so. The seat is reserved meanwhile. A newcomer whose link breaks has
withdrawn; one that nobody decides about in time is denied.
"""

from __future__ import annotations

import attrs

from .codec import encode
from .events import ApprovalRequested
from .link_state import LinkState
from .messages import Join, Pending
from .session import Session
from .values import LinkId, PeerId, clean_name


@attrs.define(eq=False)
class Admission:
    """Requests for a first seat that nobody has decided about."""

    session: Session
    _waiting: dict[PeerId, tuple[LinkId, Join]] = attrs.field(factory=dict)

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, peer: PeerId) -> bool:
        return peer in self._waiting

    def ask(self, link: LinkState, frame: Join) -> None:
        """Ask the application about a newcomer, once for each request."""
        s, peer = self.session, link.peer
        assert peer is not None
        known = self._waiting.get(peer)
        self._waiting[peer] = (link.id, frame)
        if known is not None and (known[0], known[1].attempt) == (link.id, frame.attempt):
            return  # said again for lack of an answer
        s.timers.set("approval", peer, at=s.now + s.settings.approval_us)
        s.send_on((link.id,), encode(Pending(s.settings.approval_us)))
        s.emit(ApprovalRequested(peer, clean_name(frame.name), frame.payload))

    def take(self, peer: PeerId) -> tuple[LinkState, Join] | None:
        """The request of this newcomer, which is decided now; None if it waits no more."""
        self.session.timers.cancel("approval", peer)
        link, frame = self._waiting.pop(peer, (LinkId(0), None))
        state = self.session.mesh.links.get(link)
        return None if state is None or frame is None else (state, frame)

    def on_link_lost(self, link: LinkId) -> None:
        """Whoever asked over this link asks no more."""
        for peer in [peer for peer, (of, _) in self._waiting.items() if of == link]:
            self.take(peer)

    def end(self) -> None:
        """This peer is not the host any more: who waits asks the next one."""
        for peer in list(self._waiting):
            self.take(peer)
