"""Worlds that tell a `Watch` which code of the game runs in them, and what it touches.

The world of a peer becomes a watched one by `watch_world`. It does what it did before; neither the
peer nor the game can tell.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from p2pnet.world.objects import NetworkObject
from p2pnet.world.world import World

from .deeds import deed_of
from .watch import Watch


class WatchedWorld(World):
    """A world under watch."""

    __slots__ = ()

    watch: ClassVar[Watch]

    def call_game(self, function: Callable[..., Any], *args: Any) -> Any:
        deed = deed_of(self, function, args)
        if deed is None:
            return super().call_game(function, *args)
        self.watch.begin(deed)
        try:
            return super().call_game(function, *args)
        except Exception as error:
            self.watch.raised(deed, error)
            raise
        finally:
            self.watch.end(deed)

    def check_write(self, obj: NetworkObject, name: str) -> None:
        super().check_write(obj, name)
        self.watch.wrote(obj, name)

    def tick(self, dt_us: int) -> None:
        self.watch.begin_tick(self)
        try:
            super().tick(dt_us)
        finally:
            self.watch.end_tick(self)

    def start_reign(self, migrated: bool) -> None:
        self.watch.succeed(self)
        super().start_reign(migrated)


def watch_world(world: World, watch: Watch, name: str) -> None:
    """From now on `watch` hears what the game does in this world, which is that of peer `name`."""
    watch.names[id(world)] = name
    watch.worlds.append(world)
    # The same object, since the peer and the core hold on to it already.
    # It goes by the name that it has in the game, for messages.
    world.__class__ = type("World", (WatchedWorld,), {"__slots__": (), "watch": watch})
