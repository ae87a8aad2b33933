"""The world that a scenario asks for."""

from __future__ import annotations

from .core_world import CoreWorld
from .scenario import Lane, Scenario
from .sim_world import SimWorld
from .trio_lane import TrioLane


def world_of(scenario: Scenario) -> SimWorld:
    """A world in which nobody is yet. Whoever asks for it closes it."""
    world: SimWorld
    if scenario.lane is Lane.CORE:
        world = CoreWorld(
            seed=scenario.seed,
            settings=scenario.settings,
            delay_us=scenario.delay_us,
            tick_us=scenario.tick_us,
        )
    else:
        world = TrioLane(
            seed=scenario.seed,
            settings=scenario.settings,
            delay_us=scenario.delay_us,
            tick_us=scenario.tick_us,
            websockets=scenario.lane is Lane.WIRE,
        )
    for way in scenario.ways:
        world.network.ways[way.source, way.target] = way.delay_us
    return world
