"""Which objects there are, who owns them, and whose sleep. The same on every peer.

Ids count up and are never used again, so that an id from before a change of hosts still means the
same object, or none. An object sleeps while its owner is away; while there is no host, every
object that has an owner does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import attrs

from ..core.values import PeerId
from .objects import NetworkObject, Player
from .presence import Presence
from .wire import NO_TIE, Tie

if TYPE_CHECKING:
    from .world import World


@attrs.define(eq=False)
class Registry:
    """The objects of one world by id, in the order in which they were spawned."""

    objects: dict[int, NetworkObject] = attrs.field(factory=dict, init=False)
    away: dict[PeerId, None] = attrs.field(factory=dict, init=False)
    """Peers that are suspended, in the order in which they were lost."""

    players_version: int = attrs.field(default=0, init=False)
    """Changes whenever a player appears or is gone."""

    next_id: int = attrs.field(default=1, init=False)
    host_lost: bool = attrs.field(default=False, init=False)
    _players: dict[PeerId, Player] = attrs.field(factory=dict, init=False)

    def __iter__(self) -> Iterator[tuple[NetworkObject, Presence]]:
        """All objects at this moment; some may be gone by the time they come up."""
        for obj in list(self.objects.values()):
            if obj._presence is not None:
                yield obj, obj._presence

    def place(
        self,
        world: World,
        obj: NetworkObject,
        object_id: int,
        owner: PeerId | None,
        tie: Tie = NO_TIE,
    ) -> Presence:
        """Take an object in."""
        presence = Presence(world, object_id, owner, tie)
        presence.asleep = self._sleeps(presence)
        object.__setattr__(obj, "_presence", presence)
        object.__setattr__(obj, "_object_id", object_id)
        self.objects[object_id] = obj
        self.next_id = max(self.next_id, object_id + 1)
        if owner is not None and isinstance(obj, Player):
            self._players.setdefault(owner, obj)
            self.players_version += 1
        return presence

    def remove(self, obj: NetworkObject) -> None:
        """Let an object go. It keeps its number, so that hooks can still tell which it was."""
        presence = obj._presence
        assert presence is not None
        object.__setattr__(obj, "_presence", None)
        del self.objects[presence.object_id]
        owner = presence.owner
        self.players_version += isinstance(obj, Player)
        if owner is not None and self._players.get(owner) is obj:
            del self._players[owner]
            others = [other for other in self.owned_by(owner) if isinstance(other, Player)]
            if others:
                self._players[owner] = others[0]

    def reset(self, next_id: int, away: Iterable[PeerId]) -> None:
        """Forget all objects, to be placed anew, and go on with these figures."""
        self.objects.clear()
        self._players.clear()
        self.away = dict.fromkeys(away)
        self.next_id = next_id

    def player_of(self, peer: PeerId) -> Player | None:
        """The first player that the peer owns."""
        return self._players.get(peer)

    def owned_by(self, peer: PeerId) -> list[NetworkObject]:
        """What the peer owns, in the order of the ids."""
        return [obj for obj, presence in self if presence.owner == peer]

    def changed_sleep(self, objects: Iterable[NetworkObject]) -> list[tuple[Any, ...]]:
        """Put those to sleep, or wake them, that have to be. Returns the calls to the game."""
        calls: list[tuple[Any, ...]] = []
        for obj in objects:
            presence = obj._presence
            if presence is not None and presence.asleep is not self._sleeps(presence):
                presence.asleep = not presence.asleep
                calls.append((obj.on_suspended if presence.asleep else obj.on_resumed,))
        return calls

    def _sleeps(self, presence: Presence) -> bool:
        owner = presence.owner
        if owner is None:
            return False
        return self.host_lost or owner in self.away or presence.tie.held
