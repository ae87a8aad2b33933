"""What a world keeps about one object that is in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from ..core.values import PeerId
from .wire import Tie, Vars

if TYPE_CHECKING:
    from .world import World


@attrs.define(eq=False)
class Presence:
    """The tie between an object and the world that it is in; an object without one is free."""

    world: World
    object_id: int
    owner: PeerId | None
    tie: Tie
    asleep: bool = False
    """Its owner is away, or the host is."""

    spawning: bool = False
    """Spawned since the last update was collected: the update takes the state as it is then."""

    changed: Vars | None = None
    """The operation of the coming update that takes up changes of its plain fields."""

    @property
    def is_played_here(self) -> bool:
        """Whether what happens to it now is the doing of its owner, this peer's player."""
        return self.owner == self.world.me and not self.world.running
