"""What can be seen when all peers stand still at one position: they should have one state."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from p2pnet.peer.peer import Peer
from p2pnet.world.objects import NetworkObject

from .mistakes import Mistake, MistakeKind
from .plain import shown, synced_values


def look_at_rest(peers: Sequence[Peer], host: Peer) -> Iterator[Mistake]:
    """The mistakes that show in the state of the host and of its clients."""
    yield from _dangling(host)
    for obj in host.objects.values():
        for peer in peers:
            other = peer.objects.get(obj.object_id)
            if peer is not host and other is not None:
                yield from _differences(host, obj, peer, other)


def _dangling(host: Peer) -> Iterator[Mistake]:
    members = [member.peer for member in host.roster.members]
    for obj in host.objects.values():
        if obj.owner is not None and obj.owner not in members:
            evidence = f"On {host.name}, the host, {obj!r} is owned by {obj.owner!r}."
            yield Mistake(MistakeKind.DANGLING_AUTHORITY, type(obj).__name__, evidence)


def _differences(
    host: Peer, obj: NetworkObject, peer: Peer, other: NetworkObject
) -> Iterator[Mistake]:
    there = synced_values(other)
    for name, value in synced_values(obj).items():
        field = obj.__layout__.field_of[name]
        # What its owner writes may be ahead of the host.
        if there[name] != value and not getattr(field, "owner_writes", False):
            mine, theirs = shown(field.dumped(obj)), shown(field.dumped(other))
            evidence = (
                f"At the same position {host.name}, the host, has {mine}, and {peer.name}, a "
                f"client, has {theirs}."
            )
            place = f"{type(obj).__name__}.{name}"
            yield Mistake(MistakeKind.CHANGED_IN_PLACE, place, evidence)
