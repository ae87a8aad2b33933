"""A session that somebody watches, and what to say when it ought to have cried."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from p2pnet.testing.catalogue import InvariantBroken
from p2pnet.testing.core_world import CoreWorld
from p2pnet.testing.watch import Watch


def watched(players: int = 3, together: bool = False) -> tuple[CoreWorld, Watch]:
    """A running session in which each player did something, and its watchman."""
    world = CoreWorld()
    watch = Watch(world, together)
    world.observers.append(watch)
    world.game(players)
    for number in range(2 * players):
        world.submit(world.peers[number % players], f"c{number}")
    world.run_for(500_000)
    return world, watch


def broken(name: str, act: Callable[[], object]) -> str:
    """Whatever this does has to break the invariant of this name. Gives the text."""
    with pytest.raises(InvariantBroken) as caught:
        act()
    assert caught.value.name == name
    return str(caught.value)
