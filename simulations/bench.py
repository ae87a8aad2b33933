"""How many scenarios one processor plays in a second, and where the time goes.

Time is that of the processor, not of the clock on the wall, so it can be compared on a machine that
has other work to do; the best of several blocks is the least disturbed one.

    python -m simulations.bench [--scenarios 192] [--blocks 3] [--seed 0] [--profile]
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import attrs
from rich.console import Console
from rich.table import Table

from p2pnet.testing.campaign import run_campaign
from p2pnet.testing.drawing import Shape


@attrs.frozen
class Block:
    """So many scenarios, and how long the processor was busy with them."""

    scenarios: int
    cpu_s: float
    digest: str

    @property
    def per_s(self) -> float:
        return self.scenarios / self.cpu_s


def block(scenarios: int, seed: int) -> Block:
    """Play a campaign on one processor."""
    began = time.process_time()
    tallied = run_campaign(scenarios, seed, Shape()).tallied
    return Block(tallied.scenarios, time.process_time() - began, tallied.digest.hex())


def shares(scenarios: int, seed: int) -> dict[str, float]:
    """The share of each module in a campaign, the largest first. Measuring slows it down."""
    profile = cProfile.Profile()
    profile.runcall(run_campaign, scenarios, seed, Shape())
    spent: Counter[str] = Counter()
    for (file, _, _), (_, _, own_s, _, _) in pstats.Stats(profile).stats.items():  # type: ignore[attr-defined]
        path = Path(file)
        spent["/".join(path.parts[-2:]) if "p2pnet" in path.parts else "Python"] += own_s
    total = sum(spent.values())
    return {name: own_s / total for name, own_s in spent.most_common()}


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="python -m simulations.bench", description=__doc__)
    parser.add_argument("--scenarios", type=int, default=192)
    parser.add_argument("--blocks", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--profile", action="store_true", help="also where the time goes")
    chosen = parser.parse_args(arguments)
    console = Console(highlight=False)
    blocks = [block(chosen.scenarios, chosen.seed) for _ in range(chosen.blocks)]
    for each in blocks:
        console.print(f"{each.per_s:6.1f} scenarios for a second of the processor, {each.digest}")
    console.print(f"best: {max(each.per_s for each in blocks):.1f}")
    if chosen.profile:
        table = Table(title="Where the time goes")
        table.add_column("module")
        table.add_column("share", justify="right")
        for name, share in list(shares(chosen.scenarios, chosen.seed).items())[:20]:
            table.add_row(name, f"{share:.1%}")
        console.print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
