"""What a member can tell another one that it has no proof of, lie by lie.

In most of them what is wrong is a signature. Two are signed by their teller, and can't be true.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import attrs

from p2pnet.core.codec import encode
from p2pnet.core.credentials import Says, statement
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
from p2pnet.core.values import Epoch, Position, SessionId

from .sim_peer import SimPeer
from .sim_world import SimWorld

FALSE: Final = bytes(16)
"""A signature that nobody has made."""

_UNHEARD_OF: Final = 100  # so many claims in a row come to nothing in no scenario
_LATE: Final = 1 << 20  # a request later than any that was made


@attrs.frozen
class Forger:
    """Who lies to whom, and in whose name: its own, or that of a third member."""

    peer: SimPeer
    other: SimPeer
    third: SimPeer
    others: list[SimPeer]  # all but those two
    session: SessionId
    lost: Reign  # under which the other one lives
    position: Position  # where it is

    @property
    def ours(self) -> Epoch:
        return Epoch(self.lost.epoch.number + 1, self.peer.id, 0)

    @property
    def theirs(self) -> Epoch:
        return Epoch(self.lost.epoch.number + 1, self.third.id, 0)

    @property
    def lineage(self) -> Lineage:
        """As if a reign of our own had begun where the other one is."""
        return (*self.other.core.lineage, (self.ours, self.position.seq))

    @property
    def addresses(self) -> tuple[str, ...]:
        return self.peer.core.addresses

    def sign(self, says: Says, *fields: object) -> bytes:
        return self.peer.credentials.sign(statement(self.session, says, fields))

    def reign_of_third(self) -> Reign:
        return Reign(self.theirs, self.position, self.third.key, FALSE)

    def reign(self, signature: bytes | None = None) -> Reign:
        """One of our own: that anybody can sign for."""
        signature = signature or self.sign(Says.REIGN, self.ours, self.position)
        return Reign(self.ours, self.position, self.peer.key, signature)

    def claim(self, number: int, reign: Reign, signature: bytes, evidence: bytes = b"") -> Claim:
        return Claim(number, self.peer.key, reign, self.position, signature, evidence)

    def meeting(
        self,
        lineage: Lineage,
        signature: bytes | None = None,
        reign: Reign | None = None,
        oaths: tuple[Oath, ...] = (),
    ) -> Meeting:
        """A story of a reign of our own, and who followed it."""
        here = Position(self.ours, self.position.seq)
        signature = signature or self.sign(Says.HEADER, self.ours, here, here, lineage)
        header = Header(reign or self.reign(), here, here, lineage, oaths, signature)
        return Meeting(header, False, self.addresses)


# --- what can be told -----------------------------------------------------------------------------


def _reign_of_another(by: Forger) -> Frame:
    return by.reign_of_third()


def _fenced_by_another(by: Forger) -> Frame:
    return Fenced(by.reign_of_third(), by.third.core.addresses)


def _claim_unsigned(by: Forger) -> Frame:
    return by.claim(by.ours.number, by.lost, FALSE)


def _claim_on_false_evidence(by: Forger) -> Frame:
    number = by.lost.epoch.number + _UNHEARD_OF
    shown = Claim(number - 1, by.third.key, by.lost, by.position, FALSE)
    signature = by.sign(Says.CLAIM, number, by.lost.epoch, by.position)
    return by.claim(number, by.lost, signature, encode(shown))


def _claim_after_another(by: Forger) -> Frame:
    number = by.theirs.number + 1
    signature = by.sign(Says.CLAIM, number, by.theirs, by.position)
    return by.claim(number, by.reign_of_third(), signature)


def _seat_of_our_own(by: Forger) -> Frame:
    label = by.peer.core.connection_id
    return Rejoin(_LATE, by.lost.epoch, label, by.position, False, by.addresses, FALSE)


def _oath(by: Forger) -> Frame:
    return Follow(by.lost.epoch, FALSE)


def _yield(by: Forger) -> Frame:
    return Yield(by.ours, by.lost.epoch, FALSE)


def _update(by: Forger) -> Frame:
    roster, proof = by.other.core.roster.renewed(), RosterProof(by.lost.epoch, FALSE)
    return Update(by.lost.epoch, by.position.seq + 1, b"", (), roster, proof)


def _story_unsigned(by: Forger) -> Frame:
    return by.meeting(by.lineage, FALSE)


def _story_of_a_reign_unsigned(by: Forger) -> Frame:
    return by.meeting(by.lineage, reign=by.reign(FALSE))


def _story_on_a_false_oath(by: Forger) -> Frame:
    """All others have sworn to it but one."""
    sworn = statement(by.session, Says.OATH, (by.ours,))
    true = (Oath(p.key, by.ours, p.credentials.sign(sworn)) for p in by.others[:-1])
    false = (Oath(p.key, by.ours, FALSE) for p in by.others[-1:])
    return by.meeting(by.lineage, oaths=(*true, *false))


def _story_that_began_elsewhere(by: Forger) -> Frame:
    return by.meeting((*by.other.core.lineage, (by.ours, max(0, by.position.seq - 1))))


def _story_told_backwards(by: Forger) -> Frame:
    return by.meeting(((by.theirs, 0), *by.lineage))


@attrs.frozen
class Lie:
    """What is told, and in which roles a member has to reject it. In others it means nothing."""

    tell: Callable[[Forger], Frame]
    to_host: bool = True
    to_client: bool = False


LIES: Final = (
    Lie(_reign_of_another, to_client=True),
    Lie(_fenced_by_another, to_client=True),
    Lie(_claim_unsigned, to_client=True),
    Lie(_claim_on_false_evidence, to_host=False, to_client=True),
    Lie(_seat_of_our_own),
    Lie(_oath),
    Lie(_yield, to_client=True),
    Lie(_story_unsigned),
    Lie(_story_on_a_false_oath),
    Lie(_update, to_host=False),
    Lie(_claim_after_another, to_client=True),
    Lie(_story_of_a_reign_unsigned),
    Lie(_story_that_began_elsewhere),
    Lie(_story_told_backwards),
)
"""In scenarios they go by number."""


def forge(world: SimWorld, peer: SimPeer, other: SimPeer, which: int) -> bytes | None:
    """A member tells another one what it has no proof of: what it says, None if that is nothing."""
    core, lost, position = peer.core, other.core.reign, other.core.position
    if core.session is None or core.reign is None or lost is None or position is None:
        return None
    lie, followers = LIES[which % len(LIES)], other.core.census["followers"]
    if lie.tell is _story_on_a_false_oath and followers < 2:
        return None  # with nobody else for either of them, oaths decide nothing
    others = [p for p in world.peers if p not in (peer, other)]
    third = others[which % len(others)] if others else other
    by = Forger(peer, other, third, others, core.session, lost, position)
    data = encode(lie.tell(by))
    world.slip(peer, other, data)
    return data
