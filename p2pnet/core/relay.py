"""A link through a neighbour, for a peer that has lost its own link to a host that lives.

The two ends wrap their frames and the bridge passes them on, without a look inside. To everything
else such a link is like any other: its ends greet and prove who they are over it, it has a detector
of its own, and it closes. Its number is negative, because no shell knows of it.

Only members are carried, and only over links of the bridge's own, so nothing goes in circles.
"""

from __future__ import annotations

from collections.abc import Callable

import attrs

from .codec import encode
from .credentials import challenge
from .frame_parts import Channel
from .link_state import LinkState, Relayed
from .messages import PROTOCOL_VERSION, Carried, Carry, Hello
from .session import Session
from .values import LinkId, PeerId


@attrs.define(eq=False)
class Relay:
    """The relayed links that end here, and those that pass through."""

    session: Session
    _opened: int = 0
    _links: int = 0

    def open(self, far: PeerId, via: PeerId) -> None:
        """Get in touch with `far` through a neighbour, unless that is under way."""
        links = self.session.mesh.links.values()
        ways = [link.relay for link in links if link.relay is not None and link.relay.channel.mine]
        if not any((way.far, way.via) == (far, via) for way in ways):
            self._opened += 1
            self._begin(Relayed(far, via, Channel(self._opened, mine=True)), dialled=far)

    def _begin(self, way: Relayed, dialled: PeerId | None) -> LinkState:
        s = self.session
        assert s.id is not None
        self._links += 1
        link = s.mesh.relayed(s.now, LinkId(-self._links), way, dialled)
        ours = challenge(s.entropy, link.id)
        hello = Hello(PROTOCOL_VERSION, s.id, s.key, s.nonce, ours, s.fingerprint)
        s.send_on((link.id,), encode(hello))
        return link

    def on_carry(self, link: LinkState, frame: Carry) -> None:
        """Pass a frame on, if both ends are members and the other one is linked to us."""
        s = self.session
        onward = s.mesh.link_to(frame.far)
        if onward is None or onward.relay is not None or link.peer is None:
            return
        if s.roster.get(link.peer) and s.roster.get(frame.far):
            carried = Carried(link.peer, frame.channel, frame.data)
            s.send_on((onward.id,), encode(carried))

    def on_carried(
        self, bridge: LinkState, frame: Carried, take: Callable[[LinkState, bytes], None]
    ) -> LinkId | None:
        """A frame came through a bridge. Returns the link that the other end closed, if it did."""
        s = self.session
        assert bridge.peer is not None
        way = Relayed(frame.far, bridge.peer, frame.channel.seen_from_there())
        link = next((link for link in s.mesh.links.values() if link.relay == way), None)
        if not frame.data:
            return None if link is None else link.id
        if link is None:
            link = self._accept(way)
        if link is not None:
            link.detector.heard(s.now)
            take(link, frame.data)
        return None

    def _accept(self, way: Relayed) -> LinkState | None:
        """A channel that we do not know: new if a member opened it, else what is left of an old."""
        if way.channel.mine or self.session.roster.get(way.far) is None:
            return None
        return self._begin(way, dialled=None)
