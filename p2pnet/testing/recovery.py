"""How long everybody is out of the game when its host is lost, and nothing else goes wrong.

The round trip is 40 to 60 ms, whatever the campaign around it plays over, so that the figures of
two campaigns can be compared.
"""

from __future__ import annotations

import enum
from contextlib import closing
from types import MappingProxyType
from typing import Final

import attrs

from p2pnet.core.settings import Settings

from .catalogue import InvariantBroken
from .drawing import INTERNET
from .lanes import world_of
from .scenario import Lane, Scenario
from .sim_peer import SimPeer
from .sim_world import SimWorld
from .streams import stream
from .watch import Watch

_LIMIT_US: Final = 10_000_000
_SILENT_TOO_US: Final = 150_000  # who died in silence as well has to be found out as well
_COLD_US: Final = 150_000  # in a large session, with nobody left to whom everybody has a link


class Cause(enum.StrEnum):
    """How the host is lost."""

    CLOSE = "close"  # its process ends
    SILENCE = "silence"  # its machine is gone
    HANDOVER = "handover"  # it hands over


BOUNDS_US: Final[MappingProxyType[Cause, int]] = MappingProxyType(
    {Cause.CLOSE: 250_000, Cause.SILENCE: 900_000, Cause.HANDOVER: 200_000}
)
"""Nobody may be out for longer (L1), with default settings and 40 to 60 ms there and back."""

LONE_BOUNDS_US: Final[MappingProxyType[Cause, int]] = MappingProxyType(
    {Cause.CLOSE: 100_000, Cause.SILENCE: 700_000, Cause.HANDOVER: 200_000}
)
"""The same for the survivor of a game of two (L2)."""


@attrs.frozen
class Recovery:
    """One loss of a host, in a session of so many players. `also` so many successors die too."""

    cause: Cause
    players: int
    seed: int
    settings: Settings = attrs.field(factory=Settings)
    also: int = 0
    lane: Lane = Lane.CORE


def measure(recovery: Recovery) -> int:
    """Microseconds from the loss until every survivor is back in a session with one host.

    Raises `InvariantBroken` if that takes ten seconds, or anything else is wrong.
    """
    world = world_of(
        Scenario(
            recovery.players,
            (),
            recovery.seed,
            INTERNET,
            settings=recovery.settings,
            lane=recovery.lane,
        )
    )
    with closing(world):
        return _measure_in(world, recovery)


def _measure_in(world: SimWorld, recovery: Recovery) -> int:
    world.observers.append(Watch(world, together=True))
    world.game(recovery.players)
    for peer in world.peers:
        world.submit(peer, f"by {peer.name}")
    world.run_for(500_000 + stream(recovery.seed, "moment").randrange(200_000))
    began = world.now
    host, *others = world.peers
    heir = _heir(host, others, recovery)
    if recovery.cause is Cause.HANDOVER:
        world.hand_over(host, others[0])
        world.run_for(1)
    else:
        for peer in (*others[: recovery.also], host):
            world.crash(peer, silent=recovery.cause is Cause.SILENCE)
    if not world.run_while(lambda: not world.converged(), _LIMIT_US):
        raise InvariantBroken("L1", f"no recovery from {recovery}")
    if world.hosts[0] is not heir:
        text = f"{world.hosts[0].name} hosts, and {heir.name} came before it: {recovery}"
        raise InvariantBroken("S25", text)
    return world.now - began


def _heir(host: SimPeer, others: list[SimPeer], recovery: Recovery) -> SimPeer:
    """Who has to be the next host: the target of a handover, else the first who is left by rank."""
    if recovery.cause is Cause.HANDOVER:
        return others[0]
    left = {peer.id: peer for peer in others[recovery.also :]}
    return next(left[m.peer] for m in host.core.roster.members if m.peer in left)


def check_recovery(recovery: Recovery) -> int:
    """Like `measure`, with default settings; also raises if it takes longer than it should."""
    took_us = measure(recovery)
    lone = recovery.players - recovery.also == 2
    bound_us = (LONE_BOUNDS_US if lone else BOUNDS_US)[recovery.cause]
    if recovery.also and recovery.cause is Cause.SILENCE:
        bound_us += _SILENT_TOO_US
    settings = recovery.settings
    if recovery.players > settings.warm_links_all_max and recovery.also >= settings.successors:
        bound_us += _COLD_US
    if took_us > bound_us:
        raise InvariantBroken("L2" if lone else "L1", f"{took_us} us to recover from {recovery}")
    return took_us
