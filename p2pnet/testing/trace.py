"""A run as one number: equal runs have equal digests, and any difference changes it."""

from __future__ import annotations

import hashlib

import attrs

from p2pnet.core.effects import Effect, Emit, Send, Settle
from p2pnet.core.events import StateChanged

from .frames import HEARTBEAT
from .sim_peer import Observer, SimPeer


@attrs.define(eq=False)
class Trace(Observer):
    """Takes in what is said, which states are come to, what is acknowledged, and when."""

    heartbeats = False

    _hash: hashlib.blake2b = attrs.field(factory=lambda: hashlib.blake2b(digest_size=16))

    @property
    def digest(self) -> bytes:
        """Of everything until now."""
        return self._hash.digest()

    def did(self, now: int, peer: SimPeer, effect: Effect, targets: tuple[SimPeer, ...]) -> None:
        if isinstance(effect, Send):
            if effect.data[1] != HEARTBEAT:
                self._hash.update(b"%d %d > " % (now, peer.number))
                self._hash.update(effect.data)
        elif isinstance(effect, Settle):
            self._hash.update(b"%d %d ! %d" % (now, peer.number, effect.ticket))
        elif isinstance(effect, Emit) and isinstance(effect.event, StateChanged):
            state = effect.event.new.value.encode()
            self._hash.update(b"%d %d = %b" % (now, peer.number, state))
