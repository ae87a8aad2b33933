"""The players of the members: several of one member, and those that wait to be asked for.

A member has one player or more, told apart by a controller id, as several people may play on one
machine. In a game with `auto_create_player=False` nobody gets a player by itself, and a member that
is back has to ask for what it owns: until then that sleeps on, *unclaimed*.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING

import attrs

from ..core.values import PeerId
from .objects import NetworkObject, Player

if TYPE_CHECKING:
    from .world import World

ReclaimHook = Callable[[PeerId, bytes | None], None]
"""Gets the member, and what it sent along."""


@attrs.define(eq=False)
class Players:
    """The players in one world."""

    world: World
    on_reclaim: list[ReclaimHook] = attrs.field(factory=list, init=False)
    """Called on the host when a member that is back asks for what it owns."""

    unclaimed: set[PeerId] = attrs.field(factory=set, init=False)
    """On the host: members that are back and have not asked for what they own."""

    _wanted: int | None = attrs.field(default=None, init=False)

    def of(self, peer: PeerId) -> dict[int, Player]:
        """All players of a member, by controller id."""
        owned = self.world.registry.owned_by(peer)
        return {obj.controller_id: obj for obj in owned if isinstance(obj, Player)}

    def admit(self, peer: PeerId, name: str) -> None:
        """A newcomer has a seat."""
        if self.world.game.auto_create_player:
            self.add(peer, name)

    def add(self, peer: PeerId, name: str, controller: int = 0) -> Player:
        """Spawn a player of a member, on the host."""
        player = self.world.game.player(name=name)
        self._wanted = controller
        try:
            return self.world.spawn(player, peer)
        finally:
            self._wanted = None

    def controller_of(self, obj: NetworkObject, peer: PeerId | None) -> int:
        """The controller id of an object that is about to be spawned; -1 if it is no player."""
        if not isinstance(obj, Player):
            return -1
        wanted, self._wanted = self._wanted, None  # its hooks may spawn others
        taken = {} if peer is None else self.of(peer)
        return next(n for n in itertools.count(wanted or 0) if n not in taken)

    def is_to_claim(self, peer: PeerId) -> bool:
        """Whether a member that comes back now has to ask for what it owns."""
        return not self.world.game.auto_create_player and bool(self.world.registry.owned_by(peer))

    def reclaim(self, peer: PeerId, extra: bytes | None) -> None:
        """A member that is back asks for what it owns."""
        self.unclaimed.discard(peer)
        self.world.wake(peer)
        for hook in self.on_reclaim:
            hook(peer, extra)
