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
from p2pnet.core.frame_parts import Oath, RosterProof
from p2pnet.core.history import Lineage
from p2pnet.core.messages import (
    Claim,
    Fenced,
    Follow,
    Frame,
    Header,
    Meeting,
    Reign,
    Rejoin,
    Update,
    Yield,
)
from p2pnet.core.proofs import NUMBERS_AHEAD_MAX
from p2pnet.core.values import Epoch, Position

from .sim_peer import Observer, SimPeer
from .sim_world import SimWorld

FALSE: Final = bytes(16)
"""A signature that nobody has made."""

_UNHEARD_OF = 100  # so many claims in a row come to nothing in no scenario

_TAPE_MAX = 64  # frames from one peer to another that can be played again


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


def forge(world: SimWorld, peer: SimPeer, other: SimPeer, which: int) -> bytes | None:
    """A member tells another one what it has no proof of: what is wrong in it is a signature."""
    core, session = peer.core, peer.core.session
    reign, position, roster = core.reign, other.core.position, other.core.roster
    if session is None or reign is None or other.core.reign is None or position is None:
        return None
    now = other.core.reign.epoch
    others = [p for p in world.peers if p not in (peer, other)]
    third = others[which % len(others)] if others else other
    theirs = Epoch(now.number + 1, third.id, 0)
    of_third = Reign(theirs, position, third.key, FALSE)
    ours = Epoch(now.number + 1, peer.id, 0)

    def sign(says: Says, *fields: object) -> bytes:
        return peer.credentials.sign(statement(session, says, fields))

    of_ours = Reign(ours, position, peer.key, sign(Says.REIGN, ours, position))
    here, lineage = Position(ours, position.seq), (*other.core.lineage, (ours, position.seq))
    sworn_to = statement(session, Says.OATH, (ours,))  # by all others but one, which is the lie
    oaths = (
        *(Oath(p.key, ours, p.credentials.sign(sworn_to)) for p in others[:-1]),
        *(Oath(p.key, ours, FALSE) for p in others[-1:]),
    )
    header_sign = sign(Says.HEADER, ours, here, here, lineage)
    high = now.number + _UNHEARD_OF
    shown = Claim(high - 1, third.key, other.core.reign, position, FALSE)
    claim_sign = sign(Says.CLAIM, high, now, position)
    after_third = sign(Says.CLAIM, theirs.number + 1, theirs, position)
    update = Update(now, position.seq + 1, b"", (), roster.renewed(), RosterProof(now, FALSE))
    header = Header(of_ours, here, here, lineage, oaths, header_sign)
    sworn = Meeting(header, False, core.addresses)
    unsigned = Header(Reign(ours, position, peer.key, FALSE), here, here, lineage, (), header_sign)

    def tells(lineage: Lineage) -> Meeting:
        """A story that its own teller has signed, and that can't be."""
        signature = sign(Says.HEADER, ours, here, here, lineage)
        return Meeting(Header(of_ours, here, here, lineage, (), signature), False, ())

    elsewhere = (*other.core.lineage, (ours, max(0, position.seq - 1)))
    backwards = ((theirs, 0), *other.core.lineage, (ours, position.seq))
    frames: tuple[Frame, ...] = (
        of_third,
        Fenced(of_third, third.core.addresses),
        Claim(now.number + 1, peer.key, other.core.reign, position, FALSE),
        Claim(high, peer.key, other.core.reign, position, claim_sign, encode(shown)),
        Rejoin(1 << 20, now, core.connection_id, position, False, core.addresses, FALSE),
        Follow(now, FALSE),
        Yield(ours, now, FALSE),
        Meeting(Header(of_ours, here, here, lineage, (), FALSE), False, core.addresses),
        sworn,
        update,
        Claim(theirs.number + 1, peer.key, of_third, position, after_third),
        Meeting(unsigned, False, core.addresses),
        tells(elsewhere),
        tells(backwards),
    )
    if frames[which % len(frames)] is sworn and other.core.census["followers"] < 2:
        return None  # with nobody else for either of them, oaths decide nothing
    data = encode(frames[which % len(frames)])
    world.slip(peer, other, data)
    return data


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
