"""The members of the session as UNet's users know them: by number, with what each of them owns."""

from __future__ import annotations

import attrs

from ..core.errors import AddressError
from ..core.roster import Member
from ..core.values import RECONNECT_ID_HOST, ConnectionId, PeerId
from ..links.addresses import split_address
from ..world.objects import NetworkObject


@attrs.frozen
class PeerInfoPlayer:
    """One object of a member. `player_controller_id` is -1 for what is no player."""

    object_id: int
    player_controller_id: int


@attrs.frozen
class PeerInfo:
    """One member, as all others know it."""

    connection_id: ConnectionId
    peer: PeerId
    name: str
    addresses: tuple[str, ...]
    """`host:port` each, where it listens; the first is what `address` and `port` tell."""

    is_host: bool
    is_you: bool
    is_present: bool
    player_ids: tuple[PeerInfoPlayer, ...]
    """What it owns, players first."""

    @property
    def address(self) -> str:
        """Where it listens, without the port; empty if that is not known."""
        return _split(self)[0]

    @property
    def port(self) -> int:
        """The port at which it listens; 0 if that is not known."""
        return _split(self)[1]


def _split(info: PeerInfo) -> tuple[str, int]:
    try:
        return split_address(info.addresses[0])
    except (IndexError, AddressError):  # it is the member's own word
        return "", 0


@attrs.frozen
class PendingPlayerInfo:
    """One suspended object. `player_controller_id` is -1 for what is no player."""

    object_id: int
    player_controller_id: int
    obj: NetworkObject


@attrs.frozen
class ConnectionPendingPlayers:
    """All suspended objects of one member, players first."""

    players: tuple[PendingPlayerInfo, ...]


def info_of(
    member: Member, host: PeerId | None, me: PeerId, owned: list[NetworkObject]
) -> PeerInfo:
    """What there is to know of a member."""
    return PeerInfo(
        connection_id=member.connection_id,
        peer=member.peer,
        name=member.name,
        addresses=member.addresses,
        is_host=member.peer == host,
        is_you=member.peer == me,
        is_present=member.present,
        player_ids=tuple(
            PeerInfoPlayer(obj.object_id, obj.controller_id) for obj in players_first(owned)
        ),
    )


def players_first(owned: list[NetworkObject]) -> list[NetworkObject]:
    """Players by controller id, then everything else by object id."""
    return sorted(owned, key=lambda obj: (obj.controller_id < 0, obj.controller_id, obj.object_id))


def pending(owned: list[NetworkObject]) -> ConnectionPendingPlayers:
    """The table of suspended objects for one member."""
    asleep = [obj for obj in players_first(owned) if obj.suspended]
    return ConnectionPendingPlayers(
        tuple(PendingPlayerInfo(obj.object_id, obj.controller_id, obj) for obj in asleep)
    )


def pending_key(member: Member, is_lost: bool) -> ConnectionId:
    """Under which number the objects of a member wait: the label that it had under the host that
    was lost. Who was that host waits under RECONNECT_ID_HOST.

    `is_lost` says that the host is lost right now, so that the labels of today are those.
    """
    if not is_lost and member.old_connection_id == RECONNECT_ID_HOST:
        return RECONNECT_ID_HOST
    return member.connection_id
