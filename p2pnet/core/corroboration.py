"""A second opinion on a silent host, before anything drastic is done.

When the host's light turns yellow, a client pings it, and pings all its neighbours as well: who is
dead by then as well will not have answered when the light turns red, and is not waited for. And it
asks the first of them to ping the host in its stead (SWIM's indirect probe). If that one vouches
for the host, the host lives and it is this peer that is cut off.
"""

from __future__ import annotations

import attrs

from .messages import Ask, Vouch
from .session import Session
from .values import PeerId


@attrs.define(eq=False)
class Corroboration:
    """Who asked us about the host, and who vouched for it."""

    session: Session
    askers: list[PeerId] = attrs.field(factory=list)
    voucher: PeerId | None = None  # it has heard the host since we began to suspect it

    def suspect(self) -> None:
        """The host has been silent for unusually long."""
        s = self.session
        self.voucher = None
        assert s.epoch is not None
        neighbours = [peer for peer, _ in s.mesh.peers() if peer != s.host]
        for peer in (s.host, *neighbours):
            s.ping(peer)
        healthy = (peer for peer in neighbours if s.mesh.is_green(s.now, peer))
        s.send(next(healthy, None), Ask(s.epoch))

    def on_ask(self, peer: PeerId) -> None:
        """A neighbour suspects the host that we share."""
        if peer not in self.askers:
            self.askers.append(peer)
        self.session.ping(self.session.host)

    def on_host_proof(self) -> None:
        """The host answered us: tell those who asked."""
        s = self.session
        assert s.epoch is not None
        for asker in self.askers:
            s.send(asker, Vouch(s.epoch))
        self.askers.clear()

    def on_vouch(self, peer: PeerId) -> None:
        """A neighbour hears the host."""
        self.voucher = peer

    def end(self) -> None:
        """The host is lost, or heard again."""
        self.askers.clear()
        self.voucher = None
