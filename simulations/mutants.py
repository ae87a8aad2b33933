"""Bugs that are planted in the protocol on purpose, to see that the simulator finds them.

An oracle that never cries is worth nothing. So there is at least one planted bug for each
invariant, and a campaign has to report it under the name of that invariant.

    python -m simulations.mutants [--scenarios 2000] [--seed 0] [--workers K] [NAME ...]
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from types import MappingProxyType
from typing import Final

import attrs
from rich.console import Console
from rich.table import Table

from p2pnet.testing.campaign import Tallied, examine
from p2pnet.testing.catalogue import INVARIANTS, InvariantBroken
from p2pnet.testing.drawing import Shape

from . import (
    planted_counts,
    planted_history,
    planted_hygiene,
    planted_legacies,
    planted_parcels,
    planted_reigns,
    planted_shell,
    planted_slips,
    planted_strangers,
    planted_votes,
    planted_words,
)

MUTANTS: Final = MappingProxyType(
    planted_reigns.BED.mutants
    | planted_history.BED.mutants
    | planted_hygiene.BED.mutants
    | planted_shell.BED.mutants
    | planted_slips.BED.mutants
    | planted_legacies.BED.mutants
    | planted_strangers.BED.mutants
    | planted_counts.BED.mutants
    | planted_parcels.BED.mutants
    | planted_words.BED.mutants
    | planted_votes.BED.mutants
)
"""All planted bugs, by name."""


@attrs.frozen
class Hunt:
    """What became of one mutant: in which scenario its invariant was broken, None for in none."""

    mutant: str
    found: int | None
    names: Counter[str]  # of all invariants that were broken until then
    text: str = ""


def hunt(name: str, scenarios: int, seed: int, first: int = 0) -> Hunt:
    """Play a campaign with a planted bug until its own invariant is broken, from `first` on."""
    mutant = MUTANTS[name]
    names: Counter[str] = Counter()
    with mutant.plant():
        for number in range(first, first + scenarios):
            try:
                examine(Tallied(), seed, number, Shape(lane=mutant.lane))
            except InvariantBroken as error:
                names[error.name] += 1
                if error.name == mutant.invariant:
                    return Hunt(name, number, names, str(error))
    return Hunt(name, None, names)


def unharmed(scenarios: int, seed: int) -> InvariantBroken | None:
    """The first invariant that the protocol breaks without any planted bug; None for none."""
    for number in range(scenarios):
        try:
            examine(Tallied(), seed, number, Shape())
        except InvariantBroken as error:
            return error
    return None


def hunt_all(names: Sequence[str], scenarios: int, seed: int, workers: int) -> Iterator[Hunt]:
    """Hunt for some mutants, several at a time."""
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        yield from pool.imap(partial(hunt, scenarios=scenarios, seed=seed), names)


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 0 if each mutant was caught under its own name."""
    parser = argparse.ArgumentParser(prog="python -m simulations.mutants", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="mutants; by default all")
    parser.add_argument("--scenarios", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    chosen = parser.parse_args(arguments)
    unknown = [name for name in chosen.names if name not in MUTANTS]
    if unknown:
        parser.error(f"there is no mutant {unknown[0]}")
    names = chosen.names or list(MUTANTS)
    console = Console()
    hunts = []
    for each in hunt_all(names, chosen.scenarios, chosen.seed, chosen.workers):
        console.print(_line(each), highlight=False)
        hunts.append(each)
    console.print(_table(hunts))
    covered = {MUTANTS[each.mutant].invariant for each in hunts if each.found is not None}
    if not chosen.names:
        bare = [name for name in INVARIANTS if name not in covered]
        console.print(f"invariants that caught no planted bug: {', '.join(bare) or 'none'}")
    return 0 if all(each.found is not None for each in hunts) else 1


def _line(each: Hunt) -> str:
    mutant = MUTANTS[each.mutant]
    when = "NOT CAUGHT" if each.found is None else f"in scenario {each.found}"
    return f"{mutant.invariant:<4} {each.mutant:<40} {when}"


def _table(hunts: list[Hunt]) -> Table:
    table = Table(title="Planted bugs")
    for heading in ("invariant", "what is missing", "caught after", "also broken by then"):
        table.add_column(heading)
    for each in hunts:
        mutant = MUTANTS[each.mutant]
        others = {name: n for name, n in sorted(each.names.items()) if name != mutant.invariant}
        table.add_row(
            f"{mutant.invariant} {INVARIANTS[mutant.invariant]}",
            mutant.missing,
            "never" if each.found is None else f"{each.found + 1} scenarios",
            ", ".join(f"{name} {n}" for name, n in others.items()),
        )
    return table


if __name__ == "__main__":
    sys.exit(main())
