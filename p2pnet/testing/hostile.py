"""Those who do not play by the rules: what they say, and with which key.

They have what an attacker has who joined the session: a seat, links, and all that was ever said on
them. They do not have the keys of others.
"""

from __future__ import annotations

from collections import deque
from random import Random
from typing import Final

import attrs

from p2pnet.core.codec import encode
from p2pnet.core.credentials import Says, statement
from p2pnet.core.effects import Effect, Send
from p2pnet.core.frame_parts import Oath
from p2pnet.core.messages import Claim, Header, Meeting, Reign
from p2pnet.core.proofs import NUMBERS_AHEAD_MAX
from p2pnet.core.values import Epoch, Position

from .sim_peer import Observer, SimPeer
from .sim_world import SimWorld

_TAPE_MAX: Final = 64  # frames from one peer to another that can be played again


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
        """One of the things that one peer said to another, each kind as often as any other."""
        said = self.frames.get((source.number, target.number))
        if not said:
            return None
        kind = rng.choice(sorted({data[1] for data in said}))
        return rng.choice([data for data in said if data[1] == kind])


def garbage(rng: Random) -> bytes:
    """Bytes that are not a frame: noise, a kind that nobody knows, a frame with wrong fields."""
    noise = rng.randbytes(rng.randrange(2, 40))
    return rng.choice((noise, b"\x91\x7f", b"\x93\x02\xc0\xc0", b"\x92\x20" + noise))


def usurp(world: SimWorld, peer: SimPeer, above: int) -> None:
    """A member claims out of turn, under a number so much above the right one."""
    core, session = peer.core, peer.core.session
    reign, position = core.reign, core.position
    if session is None or reign is None or position is None:
        return
    number, key = reign.epoch.number + 1 + above, peer.credentials.public

    def claim_under(number: int, evidence: bytes = b"") -> bytes:
        fields = number, reign.epoch, position
        signature = peer.credentials.sign(statement(session, Says.CLAIM, fields))
        return encode(Claim(number, key, reign, position, signature, evidence))

    # Everybody can sign that it has spent a number. So high a one nobody has led up to.
    claim = claim_under(number, claim_under(number - 1) if above > NUMBERS_AHEAD_MAX else b"")
    for other in world.peers:
        if other.alive and other is not peer:
            world.slip(peer, other, claim)


def proclaim(world: SimWorld, peer: SimPeer, above: int) -> None:
    """A member announces a reign of its own that nobody granted, so much above the right number."""
    core, session = peer.core, peer.core.session
    if session is None or core.epoch is None or core.position is None:
        return
    fields = Epoch(core.epoch.number + 1 + above, peer.id, 0), core.position
    signature = peer.credentials.sign(statement(session, Says.REIGN, fields))
    reign = encode(Reign(*fields, peer.credentials.public, signature))
    for other in world.peers:
        if other.alive and other is not peer:
            world.slip(peer, other, reign)


def usurp_by_lineage(world: SimWorld, peer: SimPeer, host: SimPeer, ahead: int) -> None:
    """A member tells the host of a reign of its own, built on a point so far ahead of the host."""
    core, session = peer.core, peer.core.session
    if session is None or core.epoch is None or core.position is None:
        return

    def sign(says: Says, *fields: object) -> bytes:
        return peer.credentials.sign(statement(session, says, fields))

    parent = Position(core.epoch, core.position.seq + ahead)
    epoch = Epoch(core.epoch.number + 1, peer.id, 0)
    reign = Reign(epoch, parent, peer.credentials.public, sign(Says.REIGN, epoch, parent))
    here, lineage = Position(epoch, parent.seq + 1), (*core.lineage, (epoch, parent.seq))
    signature = sign(Says.HEADER, epoch, here, here, lineage)
    header = Header(reign, here, here, lineage, (), signature)
    world.slip(peer, host, encode(Meeting(header, False, core.addresses)))


def meet_with_old_oaths(world: SimWorld, peer: SimPeer, friend: SimPeer, host: SimPeer) -> None:
    """A member meets the host, as one that parted from it and has the oath of a friend. It shows
    those as well that the others swore to the host, which prove nothing about it.
    """
    core, session, reign = peer.core, peer.core.session, host.core.reign
    if session is None or reign is None or host.core.position is None:
        return

    def sign(by: SimPeer, says: Says, *fields: object) -> bytes:
        return by.credentials.sign(statement(session, says, fields))

    def oath(by: SimPeer, epoch: Epoch) -> Oath:
        return Oath(by.key, epoch, sign(by, Says.OATH, epoch))

    others = [p for p in world.members if p not in (peer, friend, host)]
    epoch, fork = Epoch(reign.epoch.number + 1, peer.id, 0), host.core.position.seq - 1
    parent, here = Position(reign.epoch, fork), Position(epoch, fork + 2)
    lineage = (*host.core.lineage, (epoch, fork))
    own = Reign(epoch, parent, peer.key, sign(peer, Says.REIGN, epoch, parent))
    oaths = (oath(friend, epoch), *(oath(other, reign.epoch) for other in others))
    signature = sign(peer, Says.HEADER, epoch, here, here, lineage)
    header = Header(own, here, here, lineage, oaths, signature)
    world.slip(peer, host, encode(Meeting(header, False, core.addresses)))
