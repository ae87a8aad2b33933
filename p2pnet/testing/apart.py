"""Why a session is apart when all has healed, and how long it may take until it is together.

Times to come together can be compared only where the same has to happen first: what is dead has to
be noticed before anybody can act on it, and how long that takes healing does not change.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from types import MappingProxyType
from typing import Final

from p2pnet.core.policy import Standing, stand
from p2pnet.core.settings import Policy, Settings
from p2pnet.core.states import HOSTLESS, State
from p2pnet.core.values import Position

from .drawing import INTERNET
from .invariants import in_session
from .scenario import Scenario
from .sim_peer import SimPeer
from .sim_world import SimWorld
from .watch import Watch


class Apart(enum.Enum):
    """The first of these that holds."""

    TOO_FEW = enum.auto()  # for their policy: they stand still for a while, or seats have to expire
    BEREFT = enum.auto()  # others had died in silence, and somebody had yet to notice
    GIVEN_UP = enum.auto()  # a seat had expired, so its owner was looked for only now and then
    FAR = enum.auto()  # round trips of more than 60 ms
    NEAR = enum.auto()  # of at most that


_LATE: Final = MappingProxyType(
    {
        Apart.TOO_FEW: (8_000_000, 5),
        Apart.BEREFT: (8_000_000, 5),
        Apart.GIVEN_UP: (8_000_000, 5),
        Apart.FAR: (3_000_000, 5),
        Apart.NEAR: (1_500_000, 2),
    }
)
"""By then they are together: microseconds, or red periods where the heartbeat is slow."""


def late_us(why: Apart, settings: Settings) -> int:
    """Whoever takes longer than that to come together is late."""
    least_us, red_periods = _LATE[why]
    pause_us = settings.pause_us if why is Apart.TOO_FEW else 0
    return pause_us + max(least_us, red_periods * settings.red_us)


def why_apart(scenario: Scenario, world: SimWorld, watch: Watch) -> Apart:
    """What those who are apart have to wait for, at this moment."""
    if standing(in_session(world), scenario.settings.policy) is not Standing.GO:
        return Apart.TOO_FEW
    if _bereft(world, watch):
        return Apart.BEREFT
    if _given_up(world):
        return Apart.GIVEN_UP
    delays = [scenario.delay_us, *(way.delay_us for way in scenario.ways)]
    return Apart.NEAR if max(most for _, most in delays) <= INTERNET[1] else Apart.FAR


def standing(members: Sequence[SimPeer], policy: Policy) -> Standing:
    """What all of them together may do, by the seats that are known to the one that knows most."""
    if not members:
        return Standing.GO
    roster = max(members, key=_freshness).core.roster  # where some seats may have expired
    seated = sum(roster.get(peer.id) is not None for peer in members)
    return stand(policy, seated, len(roster.members))


def counts_on_the_dead(world: SimWorld, peers: Iterable[SimPeer]) -> bool:
    """Whether one of these has not noticed so far that a member is dead."""
    living = {peer.id for peer in world.members}
    rosters = (peer.core.roster for peer in peers)
    return any(m.present and m.peer not in living for roster in rosters for m in roster.members)


def _bereft(world: SimWorld, watch: Watch) -> bool:
    """Whether somebody has not found out so far that others are dead.

    It follows a host that is, or hands over and its heir may be, or is the only one left, and has
    no host: whoever hears nobody may be cut off, and waits. Healing mends none of that. The deaths
    have to be noticed as such.
    """
    members, reigns = world.members, watch.record.reigns
    living = {peer.number for peer in members}  # processes: who is started again reigns no more
    follow = [p.core.epoch for p in members if p.core.state in (State.FOLLOWING, State.JOINING)]
    alone = len(members) == 1 and members[0].core.state in HOSTLESS
    givers = [p for p in members if p.core.state is State.HANDING_OVER]
    dead = any(e in reigns and reigns[e] not in living for e in follow if e)
    return alone or dead or counts_on_the_dead(world, givers)


def _given_up(world: SimWorld) -> bool:
    """Whether some look for others only now and then, because their seats have expired."""
    living = {peer.id for peer in world.members}
    rosters = (peer.core.roster for peer in world.members)
    return any(gone.peer in living for roster in rosters for gone in roster.given_up)


def _freshness(peer: SimPeer) -> Position:
    position = peer.core.position
    assert position is not None, "who is in a session has a place in its history"
    return position
