"""Hours of play over a bad network, with a host that lives: nobody may take its place.

A third of all segments is lost, which TCP shows as stalls and not as gaps, and no message takes as
long as the one before. Whoever begins a new reign then has taken a late host for a dead one.

The weather turns from fair to this within one message. In the first seconds of it nobody can know
that silences mean nothing now, and only patience helps: that of those who are asked about the host,
and that of whoever asks and hears nobody at all.

    python -m simulations.soak [--hours 10] [--players 4] [--lost 300] [--jitter-ms 500] [--seed 0]
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from typing import Final

import attrs
from rich.console import Console

from p2pnet.core.effects import Effect, Emit
from p2pnet.core.events import BecameHost, ClaimMade, HostLost, HostRecovered, HostSuspected
from p2pnet.testing.core_world import CoreWorld
from p2pnet.testing.sim_peer import Observer, SimPeer
from p2pnet.testing.watch import Watch

_HOUR_US: Final = 3_600_000_000
_PART_US: Final = 60_000_000  # a minute; events are counted and forgotten after each
_COMMAND_US: Final = 5_000_000  # between two commands of one player

_WORDS: Final = {
    HostSuspected: "suspected the host",
    HostRecovered: "heard it again",
    HostLost: "gave it up",
    ClaimMade: "claims",
    BecameHost: "new reigns",
}


@attrs.frozen
class Soak:
    """A session in bad weather. Of a thousand segments `lost_permille` are lost and sent again."""

    players: int = 4
    hours: float = 10
    lost_permille: int = 300
    jitter_us: int = 500_000
    seed: int = 0


@attrs.define(eq=False)
class Toll(Observer):
    """Counts what the members of a session think of their host."""

    heartbeats = False
    sends = frozenset[int]()

    counts: Counter[str] = attrs.field(factory=Counter)

    def did(self, now: int, peer: SimPeer, effect: Effect, targets: tuple[SimPeer, ...]) -> None:
        if isinstance(effect, Emit) and type(effect.event) in _WORDS:
            self.counts[_WORDS[type(effect.event)]] += 1

    @property
    def false_successions(self) -> int:
        """New reigns although the host was alive all the time."""
        return self.counts[_WORDS[BecameHost]]


def soak(what: Soak) -> Toll:
    """Play for so long, and count. Raises `InvariantBroken` if more than patience breaks."""
    world = CoreWorld(seed=what.seed)
    world.observers.append(Watch(world))
    world.game(what.players)
    toll = Toll()
    world.observers.append(toll)
    low, high = world.network.delay_us
    world.network.delay_us = low, high + what.jitter_us
    world.network.lost_permille = what.lost_permille
    end_us, number = world.now + int(what.hours * _HOUR_US), 0
    while world.now < end_us:
        for peer in world.peers:
            number += 1
            if len(peer.sent) - len(peer.settled) < peer.core.settings.commands_in_flight_max:
                world.submit(peer, f"c{number}")
        world.run_until(min(world.now + _COMMAND_US, end_us))
        if world.now % _PART_US < _COMMAND_US:
            for peer in world.peers:
                peer.events.clear()
    return toll


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 0 if there was no false succession."""
    parser = argparse.ArgumentParser(prog="python -m simulations.soak", description=__doc__)
    parser.add_argument("--hours", type=float, default=10)
    parser.add_argument("--players", type=int, default=4)
    parser.add_argument("--lost", type=int, default=300, metavar="PERMILLE")
    parser.add_argument("--jitter-ms", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args(arguments)
    what = Soak(
        chosen.players, chosen.hours, chosen.lost, chosen.jitter_ms * 1000, seed=chosen.seed
    )
    toll = soak(what)
    console = Console()
    console.print(f"{what.hours:g} virtual hours, {what.players} players, host alive:")
    for word in _WORDS.values():
        console.print(f"  {word:<20} {toll.counts[word]}", highlight=False)
    console.print(f"false successions: {toll.false_successions}", highlight=False)
    return 0 if toll.false_successions == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
