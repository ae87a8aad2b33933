"""A member of the session as the hooks of a game see it."""

from __future__ import annotations

import attrs

from ..core.roster import Roster
from ..core.values import RECONNECT_ID_INVALID, ConnectionId, PeerId


@attrs.frozen
class Connection:
    """Who is meant: by today's label, and for good."""

    connection_id: ConnectionId
    peer: PeerId
    name: str
    extra: bytes | None = None
    """What it sent along when it came back; None unless a hook is about just that."""


def connection_of(roster: Roster, peer: PeerId, extra: bytes | None = None) -> Connection:
    """The connection of a peer; without a seat it has the label RECONNECT_ID_INVALID."""
    member = roster.get(peer)
    if member is None:
        return Connection(RECONNECT_ID_INVALID, peer, "", extra)
    return Connection(member.connection_id, peer, member.name, extra)
