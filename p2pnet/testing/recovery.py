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
_SILENT_TOO_US: Final = 290_000  # who died in silence as well has to be found out as well
_LARGE_US: Final = 140_000  # in a large session not everybody has a link to everybody
_COLD_US: Final = 150_000  # … and nobody may be left to whom all have one


class Cause(enum.StrEnum):
    """How the host is lost."""

    CLOSE = "close"  # its process ends
    SILENCE = "silence"  # its machine is gone
    HANDOVER = "handover"  # it hands over


_BOUNDS_US: Final[MappingProxyType[Cause, int]] = MappingProxyType(
    {Cause.CLOSE: 140_000, Cause.SILENCE: 760_000, Cause.HANDOVER: 110_000}
)
"""Nobody may be out for longer (L1), with default settings and 40 to 60 ms there and back."""

_LONE_BOUNDS_US: Final[MappingProxyType[Cause, int]] = MappingProxyType(
    {Cause.CLOSE: 90_000, Cause.SILENCE: 680_000, Cause.HANDOVER: 70_000}
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
    watch = Watch(world, together=True)
    world.observers.append(watch)
    world.game(recovery.players)
    watch.complete()
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


def bound_us(recovery: Recovery) -> int:
    """How long it may take at most, with default settings."""
    settings = recovery.settings
    bound = (_LONE_BOUNDS_US if _is_lone(recovery) else _BOUNDS_US)[recovery.cause]
    if recovery.also and recovery.cause is Cause.SILENCE:
        bound += _SILENT_TOO_US
    if recovery.players > settings.warm_links_all_max:
        bound += _LARGE_US + (_COLD_US if recovery.also >= settings.successors else 0)
    return bound


def _is_lone(recovery: Recovery) -> bool:
    return recovery.players - recovery.also == 2


def check_recovery(recovery: Recovery) -> int:
    """Like `measure`, with default settings; also raises if it takes longer than it should."""
    took_us = measure(recovery)
    if took_us > bound_us(recovery):
        name = "L2" if _is_lone(recovery) else "L1"
        raise InvariantBroken(name, f"{took_us} us to recover from {recovery}")
    return took_us
