"""Those who do not play by the rules: what they say, and with which key.

They have what an attacker has who joined the session: a seat, links, and all that was ever said on
them. They do not have the keys of others.
"""

from __future__ import annotations

from collections import deque
from functools import partial
from random import Random

import attrs

from p2pnet.core.codec import encode
from p2pnet.core.credentials import Says, statement
from p2pnet.core.effects import Effect, Send
from p2pnet.core.messages import Claim

from .core_world import CoreWorld
from .notary import NotaryCredentials
from .sim_peer import Observer, SimPeer

_TAPE_MAX = 64  # frames from one peer to another that can be played again


@attrs.frozen
class StolenName:
    """The credentials of somebody who knows a public key, and not the secret to it."""

    public: bytes

    def sign(self, statement: bytes) -> bytes:
        return bytes(16)

    def verify(self, key: bytes, statement: bytes, signature: bytes) -> bool:
        return NotaryCredentials(self.public).verify(key, statement, signature)


@attrs.define(eq=False)
class Tape(Observer):
    """The latest frames from each peer to each other one, heartbeats left out."""

    heartbeats = False

    frames: dict[tuple[int, int], deque[bytes]] = attrs.field(factory=dict)

    def did(self, now: int, peer: SimPeer, effect: Effect, targets: tuple[SimPeer, ...]) -> None:
        if isinstance(effect, Send):
            for target in targets:
                way = peer.number, target.number
                self.frames.setdefault(way, deque(maxlen=_TAPE_MAX)).append(effect.data)

    def last(self, source: SimPeer, target: SimPeer) -> bytes | None:
        """What one peer said last to another."""
        said = self.frames.get((source.number, target.number))
        return said[-1] if said else None

    def any(self, rng: Random, source: SimPeer, target: SimPeer) -> bytes | None:
        """One of the things that one peer said to another."""
        said = self.frames.get((source.number, target.number))
        return rng.choice(said) if said else None


def slip(world: CoreWorld, source: SimPeer, target: SimPeer, data: bytes) -> None:
    """Put bytes on a link between two peers, as if the core of the first had sent them."""
    for link in world.network.links_between(source.number, target.number)[-1:]:
        deliver = partial(world.arrive, source.number, data)
        world.network.transmit(source.number, link, deliver)


def garbage(rng: Random) -> bytes:
    """Bytes that are not a frame: noise, a kind that nobody knows, a frame with wrong fields."""
    noise = rng.randbytes(rng.randrange(2, 40))
    return rng.choice((noise, b"\x91\x7f", b"\x93\x02\xc0\xc0", b"\x92\x20" + noise))


def impostor(world: CoreWorld, victim: SimPeer, target: SimPeer) -> SimPeer:
    """Somebody who goes by the key of a member asks for that one's seat."""
    liar = world.start("impostor", victim.key, StolenName(victim.key))
    liar.impostor = True
    world.enter_session(liar, target)
    return liar


def usurp(world: CoreWorld, peer: SimPeer, above: int) -> None:
    """A member claims out of turn, under a number so much above the right one."""
    core, session = peer.core, peer.core.session
    reign, position = core.reign, core.position
    if session is None or reign is None or position is None:
        return
    number = reign.epoch.number + 1 + above
    fields = number, reign.epoch, position
    signature = NotaryCredentials(peer.key).sign(statement(session, Says.CLAIM, fields))
    claim = encode(Claim(number, peer.key, reign, position, signature))
    for other in world.peers:
        if other.alive and other is not peer:
            slip(world, peer, other, claim)
