"""The list of members, in order of succession.

The roster is part of the replicated history: it changes only inside an update, so that equal
positions mean equal rosters, and the order of succession is agreed before anything goes wrong.
Nobody computes a rank during a fault; the first present member that can host is the successor.
"""

from __future__ import annotations

import hashlib
from typing import Final

import msgspec

from .values import RECONNECT_ID_HOST, RECONNECT_ID_INVALID, ConnectionId, PeerId

_GIVEN_UP_MAX: Final = 64  # as many as may have a seat, if nobody says otherwise


class Member(msgspec.Struct, frozen=True, array_like=True):
    """One seat. It stays while its peer is away, until the seat expires."""

    peer: PeerId
    key: bytes
    name: str
    connection_id: ConnectionId
    old_connection_id: ConnectionId  # under the reign before this one; -1 if it was not there yet
    addresses: tuple[str, ...]
    can_host: bool = True
    present: bool = True
    nonce: int = 0  # of the process that has the seat


class GivenUp(msgspec.Struct, frozen=True, array_like=True):
    """Who was away until its seat expired, and where it listened."""

    peer: PeerId
    addresses: tuple[str, ...]


class Roster(msgspec.Struct, frozen=True, array_like=True):
    """All seats, best successor first; the host's own is anywhere among them."""

    version: int = 0
    members: tuple[Member, ...] = ()
    banned: tuple[PeerId, ...] = ()
    next_connection_id: ConnectionId = RECONNECT_ID_HOST
    given_up: tuple[GivenUp, ...] = ()  # the latest last; a session that fell apart looks for them

    # --- reading ---

    def get(self, peer: PeerId) -> Member | None:
        """The seat of this peer, or None."""
        for member in self.members:
            if member.peer == peer:
                return member
        return None

    def by_connection(self, connection_id: ConnectionId) -> Member | None:
        """The seat with this label, or None."""
        for member in self.members:
            if member.connection_id == connection_id:
                return member
        return None

    def rank(self, peer: PeerId) -> int:
        """Place in the order of succession, 0 is the best; the number of members if not in it."""
        for place, member in enumerate(self.members):
            if member.peer == peer:
                return place
        return len(self.members)

    @property
    def peers(self) -> tuple[PeerId, ...]:
        """All who have a seat, in an order of its own: who they are, not how they rank."""
        return tuple(sorted(member.peer for member in self.members))

    @property
    def known(self) -> frozenset[PeerId]:
        """All who have a seat, or had one until it expired."""
        members = (member.peer for member in self.members)
        return frozenset((*members, *(gone.peer for gone in self.given_up)))

    def successors(self, host: PeerId) -> tuple[Member, ...]:
        """Those who may follow `host`, best first."""
        return tuple(m for m in self.members if m.present and m.can_host and m.peer != host)

    def digest(self) -> bytes:
        """Equal for equal rosters; 8 bytes."""
        return hashlib.blake2b(msgspec.msgpack.encode(self), digest_size=8).digest()

    # --- changing: each gives the next version ---

    def admit(
        self,
        peer: PeerId,
        key: bytes,
        name: str,
        addresses: tuple[str, ...],
        can_host: bool = True,
        nonce: int = 0,
    ) -> Roster:
        """A newcomer takes the last place and the next label."""
        assert self.get(peer) is None, "a peer has one seat"
        label = self.next_connection_id
        member = Member(
            peer, key, name, label, RECONNECT_ID_INVALID, addresses, can_host, nonce=nonce
        )
        return self._next(
            members=(*self.members, member),
            next_connection_id=ConnectionId(label + 1),
            given_up=tuple(gone for gone in self.given_up if gone.peer != peer),
        )

    def lose(self, peer: PeerId) -> Roster:
        """The member is away; its seat stays, on the last place: the order favours who stays."""
        return self._put_last(peer, present=False)

    def restore(self, peer: PeerId) -> Roster:
        """The member is back, on the place that it has."""
        return self._next(
            members=tuple(
                msgspec.structs.replace(m, present=True) if m.peer == peer else m
                for m in self.members
            )
        )

    def relocate(self, peer: PeerId, addresses: tuple[str, ...], nonce: int = 0) -> Roster:
        """The member is back as another process: it listens elsewhere, and has not stayed."""
        return self._put_last(peer, present=True, addresses=addresses, nonce=nonce)

    def reorder(self, members: tuple[Member, ...]) -> Roster:
        """The same members in another order of succession."""
        return self if members == self.members else self._next(members=members)

    def _put_last(self, peer: PeerId, **changes: object) -> Roster:
        member = self.get(peer)
        assert member is not None, "only a member can change"
        others = tuple(m for m in self.members if m.peer != peer)
        return self._next(members=(*others, msgspec.structs.replace(member, **changes)))

    def remove(self, peer: PeerId, ban: bool = False) -> Roster:
        """The seat is given up."""
        banned = (*self.banned, peer) if ban and peer not in self.banned else self.banned
        members = tuple(m for m in self.members if m.peer != peer)
        return self._next(members=members, banned=banned)

    def expire(self, peer: PeerId) -> Roster:
        """The seat is given up because its owner was away for too long. It may still come."""
        member = self.get(peer)
        assert member is not None, "only a member has a seat to lose"
        given_up = (*self.given_up, GivenUp(peer, member.addresses))[-_GIVEN_UP_MAX:]
        return msgspec.structs.replace(self.remove(peer), given_up=given_up)

    def renewed(self) -> Roster:
        """The same, as the next version: for those who may have missed this one."""
        return self._next()

    def crown(self, host: PeerId) -> Roster:
        """A new reign: `host` takes label 0, all others are away and come back one by one.

        They keep their labels and their order. Only who had label 0 gets a new one, and goes last.
        """
        change = msgspec.structs.replace
        stay, last, label = [], [], self.next_connection_id
        for old in self.members:
            member = change(old, old_connection_id=old.connection_id, present=old.peer == host)
            if member.peer == host:
                stay.append(change(member, connection_id=RECONNECT_ID_HOST))
            elif member.connection_id == RECONNECT_ID_HOST:
                last.append(change(member, connection_id=label))
            else:
                stay.append(member)
        following = ConnectionId(label + len(last))
        return self._next(members=(*stay, *last), next_connection_id=following)

    def _next(self, **changes: object) -> Roster:
        return msgspec.structs.replace(self, version=self.version + 1, **changes)
