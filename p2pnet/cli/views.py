"""A peer and its world as plain data: the answers to `dump` and `status`."""

from __future__ import annotations

from typing import Any

from ..peer import Peer
from ..world.objects import NetworkObject
from .invites import with_hint
from .jsonable import jsonable
from .loading import GameName


def ready_fields(peer: Peer, game: GameName) -> dict[str, Any]:
    """What is worth knowing once the peer is in the session."""
    invite = peer.invite
    return {
        "role": jsonable(peer.role),
        "connection_id": peer.connection_id,
        "old_connection_id": peer.old_connection_id,
        "port": int(invite.addresses[0].rpartition(":")[2]),
        "invite": with_hint(invite, game),
    }


def status_fields(peer: Peer) -> dict[str, Any]:
    """Where the peer stands."""
    player = peer.player
    return {
        "role": jsonable(peer.role),
        "state": peer.state.value,
        "epoch": jsonable(peer.epoch),
        "host": None if peer.epoch is None else peer.epoch.host,
        "position": jsonable(peer.position),
        "digest": peer.digest.hex(),
        "connection_id": peer.connection_id,
        "old_connection_id": peer.old_connection_id,
        "player": None if player is None else player.object_id,
    }


def dump_fields(peer: Peer, game: GameName) -> dict[str, Any]:
    """Everything that the peers have to agree on, the status, and an invite."""
    return {
        **status_fields(peer),
        "invite": with_hint(peer.invite, game),
        "roster": jsonable(peer.roster),
        "objects": {str(obj.object_id): object_fields(obj) for obj in peer.objects.values()},
    }


def object_fields(obj: NetworkObject) -> dict[str, Any]:
    """One object: its class, the id of the peer that owns it, and all of its synced fields."""
    names = [field.name for field in type(obj).__layout__.fields]
    return {
        "class": type(obj).__name__,
        "owner": obj.owner,
        "active": not obj.suspended,
        "fields": {name: _value(getattr(obj, name)) for name in names},
    }


def _value(value: object) -> Any:
    """A reference to another object is given by its id."""
    return value.object_id if isinstance(value, NetworkObject) else jsonable(value)
