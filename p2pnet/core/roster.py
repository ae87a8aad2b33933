"""The list of members, in order of succession.

The roster is part of the replicated history: it changes only inside an update, so that equal
positions mean equal rosters, and the order of succession is agreed before anything goes wrong.
Nobody computes a rank during a fault; the first present member that can host is the successor.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import msgspec

from .values import RECONNECT_ID_HOST, RECONNECT_ID_INVALID, ConnectionId, PeerId


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


class Roster(msgspec.Struct, frozen=True, array_like=True):
    """All seats, best successor first; the host's own is anywhere among them."""

    version: int = 0
    members: tuple[Member, ...] = ()
    banned: tuple[PeerId, ...] = ()
    next_connection_id: ConnectionId = RECONNECT_ID_HOST

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

    def successors(self, host: PeerId) -> tuple[Member, ...]:
        """Those who may follow `host`, best first."""
        return tuple(m for m in self.members if m.present and m.can_host and m.peer != host)

    def digest(self) -> bytes:
        """Equal for equal rosters; 8 bytes."""
        return hashlib.blake2b(msgspec.msgpack.encode(self), digest_size=8).digest()

    # --- changing: each gives the next version ---

    def admit(
        self, peer: PeerId, key: bytes, name: str, addresses: tuple[str, ...], can_host: bool = True
    ) -> Roster:
        """A newcomer takes the last place and the next label."""
        assert self.get(peer) is None, "a peer has one seat"
        label = self.next_connection_id
        member = Member(peer, key, name, label, RECONNECT_ID_INVALID, addresses, can_host)
        return self._next(
            members=(*self.members, member), next_connection_id=ConnectionId(label + 1)
        )

    def lose(self, peer: PeerId) -> Roster:
        """The member is away; its seat stays."""
        return self._change(peer, lambda member: msgspec.structs.replace(member, present=False))

    def restore(self, peer: PeerId, addresses: tuple[str, ...]) -> Roster:
        """The member is back. Who was away goes to the end: the order favours those who stayed."""
        member = self.get(peer)
        assert member is not None, "only a member can come back"
        back = msgspec.structs.replace(member, present=True, addresses=addresses)
        others = tuple(m for m in self.members if m.peer != peer)
        return self._next(members=(*others, back))

    def remove(self, peer: PeerId, ban: bool = False) -> Roster:
        """The seat is given up."""
        banned = (*self.banned, peer) if ban and peer not in self.banned else self.banned
        members = tuple(m for m in self.members if m.peer != peer)
        return self._next(members=members, banned=banned)

    def crown(self, host: PeerId) -> Roster:
        """A new reign: `host` takes label 0, who had it gets a new one, all others are away.

        The others keep their labels and come back one by one.
        """
        label = self.next_connection_id

        def under_new_reign(member: Member) -> Member:
            change = msgspec.structs.replace
            member = change(
                member, old_connection_id=member.connection_id, present=member.peer == host
            )
            if member.peer == host:
                return change(member, connection_id=RECONNECT_ID_HOST)
            if member.connection_id == RECONNECT_ID_HOST:
                return change(member, connection_id=label)
            return member

        members = tuple(under_new_reign(member) for member in self.members)
        return self._next(members=members, next_connection_id=ConnectionId(label + 1))

    def _change(self, peer: PeerId, change: Callable[[Member], Member]) -> Roster:
        assert self.get(peer) is not None, "only a member can change"
        return self._next(members=tuple(change(m) if m.peer == peer else m for m in self.members))

    def _next(self, **changes: object) -> Roster:
        return msgspec.structs.replace(self, version=self.version + 1, **changes)
