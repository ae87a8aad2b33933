"""Measures how long a change of host takes, and writes the figures into `docs/protocol.md`.

`python docs/measure.py` plays sessions of real protocol cores in virtual time. So the figures are
those of the protocol over links with the delays that the table names, and the same on any machine.
What a machine adds (encoding, sockets, scheduling) is not in them: `p2pnet demo` shows that.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Final

from p2pnet.core.states import State
from p2pnet.testing.core_world import CoreWorld

_PAGE: Final = Path(__file__).parent / "protocol.md"
_PART: Final = re.compile(r"(<!-- measured -->\n).*?(<!-- end -->)", re.DOTALL)
_HOME: Final = (State.FOLLOWING, State.REIGNING)
_LIMIT_US: Final = 10_000_000
_RUNS: Final = {2: 100, 3: 100, 8: 40, 16: 10, 64: 2}
_DELAYS: Final = {
    "1 to 2 ms": (1_000, 2_000),
    "20 to 30 ms": (20_000, 30_000),
    "60 to 90 ms": (60_000, 90_000),
}

Loss = Callable[[CoreWorld], None]
"""What happens to the host."""


def closes(world: CoreWorld) -> None:
    world.crash(world.peers[0])


def falls_silent(world: CoreWorld) -> None:
    world.crash(world.peers[0], silent=True)


def hands_over(world: CoreWorld) -> None:
    world.hand_over(world.peers[0], world.peers[1])


def with_successor(loss: Loss) -> Loss:
    """The first successor goes with the host."""

    def both(world: CoreWorld) -> None:
        loss(world)
        world.crash(world.peers[1], silent=loss is falls_silent)

    return both


def all_back_us(players: int, delay_us: tuple[int, int], seed: int, loss: Loss) -> int:
    """Microseconds from the loss until every survivor plays on under one new host."""
    world = CoreWorld(seed=seed, delay_us=delay_us)
    world.game(players)
    world.run_for(seed * 37_000)  # the loss comes at any point between two heartbeats
    old = world.peers[0].core.epoch
    start = world.now
    loss(world)
    assert world.run_while(lambda: not _is_over(world, old), _LIMIT_US)
    return world.now - start


def _is_over(world: CoreWorld, old: object) -> bool:
    return all(
        peer.core.state in _HOME and peer.core.epoch != old for peer in world.peers if peer.alive
    )


def _cell(players: int, delay_us: tuple[int, int], loss: Loss) -> str:
    times = [all_back_us(players, delay_us, seed, loss) for seed in range(_RUNS[players])]
    return f"{statistics.median(times) / 1000:.0f} / {max(times) / 1000:.0f}"


def figures() -> str:
    """The table."""
    head = (
        "delay one way",
        "players",
        "link closes",
        "silence",
        "host and successor close",
        "both silent",
    )
    lines = ["| " + " | ".join((*head, "handover")) + " |", "|" + " --- |" * 7]
    for name, delay_us in _DELAYS.items():
        for players in _RUNS:
            cells = [_cell(players, delay_us, loss) for loss in (closes, falls_silent)]
            for loss in (closes, falls_silent):
                alone = players == 2
                cells.append("-" if alone else _cell(players, delay_us, with_successor(loss)))
            cells.append(_cell(players, delay_us, hands_over))
            lines.append("| " + " | ".join((name, str(players), *cells)) + " |")
    return "\n".join(lines)


def main() -> None:
    """Write the table into its page."""
    table = figures()
    text = _PAGE.read_text("utf-8")
    _PAGE.write_text(_PART.sub(lambda part: part[1] + table + "\n" + part[2], text), "utf-8")
    print(table)


if __name__ == "__main__":
    main()
