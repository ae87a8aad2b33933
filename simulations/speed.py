"""How many virtual seconds of a session of real peers one second of one core simulates.

Everybody moves at every tick: so many updates a second go from the host to each client, over links
that carry frames, or over real WebSocket links. Nothing watches.

    python -m simulations.speed [--peers 8] [--tick-hz 20] [--seconds 60] [--websockets] [--profile]
"""

from __future__ import annotations

import argparse
import cProfile
import json
import pstats
import sys
import time
from collections.abc import Sequence

import trio

from p2pnet.core.states import State
from p2pnet.testing.reproducible import run
from p2pnet.testing.worlds import open_world
from p2pnet.world.fields import sync_var
from p2pnet.world.game import Game
from p2pnet.world.layout import networked
from p2pnet.world.objects import Player


@networked
class Runner(Player):
    """Moves by itself."""

    x: float = sync_var(0.0)

    def on_tick(self, dt: float) -> None:
        self.x += dt


def measure(peers: int, tick_hz: int, seconds: int, websockets: bool) -> float:
    """Virtual seconds a second of CPU time, counted from the running session."""

    async def main() -> float:
        game = Game("runners", player=Runner, tick_hz=tick_hz)
        async with open_world(game, peers, websockets=websockets) as world:
            began = time.process_time()
            await trio.sleep(seconds)
            took_s = time.process_time() - began
            assert all(p.core.state is State.FOLLOWING for p in world.peers[1:])
            position = world.peers[-1].core.position
            assert position is not None and position.seq > seconds * (tick_hz - 1)
            return seconds / took_s

    return run(main)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line. Prints one JSON object."""
    parser = argparse.ArgumentParser(prog="simulations.speed")
    parser.add_argument("--peers", type=int, default=8)
    parser.add_argument("--tick-hz", type=int, default=20)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--websockets", action="store_true")
    parser.add_argument("--profile", action="store_true", help="Show where the time goes.")
    chosen = parser.parse_args(arguments)
    profile = cProfile.Profile()
    if chosen.profile:
        profile.enable()
    speed = measure(chosen.peers, chosen.tick_hz, chosen.seconds, chosen.websockets)
    if chosen.profile:
        profile.disable()
        pstats.Stats(profile, stream=sys.stderr).sort_stats("tottime").print_stats(45)
    line = {
        "event": "speed",
        "peers": chosen.peers,
        "tick_hz": chosen.tick_hz,
        "links": "websocket" if chosen.websockets else "memory",
        "virtual_s_per_cpu_s": round(speed, 1),
    }
    print(json.dumps(line), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
