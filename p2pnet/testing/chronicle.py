"""The game that real peers play in campaigns: whatever anybody does becomes an entry in one list.

It is to real peers what `Journal` is to mere cores: a command that was lost, run twice or run out
of order shows.
"""

from __future__ import annotations

from typing import Any, Final

import attrs

from p2pnet.core.values import PeerId
from p2pnet.world.calls import command
from p2pnet.world.containers import SyncList
from p2pnet.world.fields import sync_list
from p2pnet.world.game import Game
from p2pnet.world.layout import networked
from p2pnet.world.objects import NetworkObject, Player
from p2pnet.world.world import World

_BETWEEN: Final = " "  # no peer id holds one


@networked
class Chronicle(NetworkObject):
    """There is one of it, from the beginning to the end of the session."""

    entries: SyncList[str] = sync_list()


@networked
class Scribe(Player):
    """A player, who can do one thing."""

    @command
    def enter(self, text: str) -> int:
        """Add an entry, and say how many there are."""
        entries = chronicle_of(self.world).entries
        entries.append(f"{self.owner}{_BETWEEN}{text}")
        return len(entries)


def chronicle_of(world: World) -> Chronicle:
    """The one chronicle of a world."""
    return next(obj for obj in world.objects.values() if isinstance(obj, Chronicle))


def _begin(world: World) -> None:
    world.spawn(Chronicle())


def chronicle_game(tick_us: int) -> Game:
    """The game, with a tick of so many microseconds."""
    tick_hz = max(1, round(1_000_000 / tick_us))
    return Game("chronicle", player=Scribe, objects=[Chronicle], tick_hz=tick_hz, setup=_begin)


@attrs.frozen(eq=False)
class Chronicled:
    """What one peer holds of it."""

    world: World

    @property
    def entries(self) -> list[tuple[str, str]]:
        """What was done, in order: who, and what."""
        if not self.world.objects:
            return []
        parts = (text.partition(_BETWEEN) for text in chronicle_of(self.world).entries)
        return [(who, what) for who, _, what in parts]

    @property
    def has_changes(self) -> bool:
        """Whether it holds what is not part of history yet."""
        return not self.world.journal.is_empty

    @property
    def away(self) -> dict[PeerId, bool]:
        """All members; True for those that are suspended."""
        objects: list[Any] = list(self.world.objects.values())
        owners = (obj.owner for obj in objects if isinstance(obj, Player))
        return {who: who in self.world.registry.away for who in owners if who is not None}

    @property
    def is_host(self) -> bool:
        """Whether this copy is the host's."""
        return self.world.is_host

    @property
    def host_lost(self) -> bool:
        """Whether there is no host for the time being."""
        return self.world.registry.host_lost

    told_us = 0
    """Nobody counts it: the clock of a world is that of the session, whoever hosts it."""
