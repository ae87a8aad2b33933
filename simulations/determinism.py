"""The gate that a run has to pass to be called reproducible.

Each scenario is played twice in this process and once in a fresh one that hashes differently. All
three have to be the same, line by line; else the first line that differs is printed.

    python -m simulations.determinism [--lane trio] [--scenarios 20] [--seed 0] [--hash-seed N]
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Final

import attrs

from p2pnet.testing.drawing import Shape, draw
from p2pnet.testing.scenario import Lane
from p2pnet.testing.telltale import first_difference, tell

_PASSED: Final = 0
_FAILED: Final = 1
_HASH_SEEDS: Final = 4_294_967_296


@attrs.frozen
class Gate:
    """How many scenarios of which campaign, and what plays them."""

    lane: Lane
    scenarios: int
    seed: int

    def lines(self, number: int) -> list[str]:
        """One scenario, played."""
        return tell(draw(self.seed, number, Shape(lane=self.lane)))


@attrs.frozen
class Outcome:
    """The digest of all that happened, and where runs differ, if they do."""

    digest: str
    differs: str | None = None


def examine(gate: Gate, hash_seed: int) -> Outcome:
    """Play all scenarios three times. The first difference ends it."""
    digest = hashlib.blake2b(digest_size=16)
    with _elsewhere(gate, hash_seed) as told:
        for number in range(gate.scenarios):
            lines = gate.lines(number)
            digest.update("\n".join(lines).encode())
            for where, again in (
                ("here", gate.lines(number)),
                ("elsewhere", json.loads(next(told))),
            ):
                difference = first_difference(lines, again)
                if difference is not None:
                    text = f"scenario {number}, played again {where}, differs at {difference}"
                    return Outcome(digest.hexdigest(), text)
    return Outcome(digest.hexdigest())


@contextmanager
def _elsewhere(gate: Gate, hash_seed: int) -> Iterator[IO[str]]:
    """What a fresh process tells: the lines of one scenario after the other."""
    command = [sys.executable, "-m", __spec__.name, "--tell"]
    command += ["--lane", gate.lane, "--scenarios", str(gate.scenarios), "--seed", str(gate.seed)]
    environment = {**os.environ, "PYTHONHASHSEED": str(hash_seed)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as child:
        assert child.stdout is not None
        try:
            yield child.stdout
        finally:
            child.kill()


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line. Prints one JSON object; status 1 if two runs differ."""
    parser = argparse.ArgumentParser(prog="simulations.determinism")
    parser.add_argument("--lane", type=Lane, default=Lane.TRIO, choices=list(Lane))
    parser.add_argument("--scenarios", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--hash-seed", type=int, default=None)
    parser.add_argument("--tell", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    gate = Gate(chosen.lane, chosen.scenarios, chosen.seed)
    if chosen.tell:
        for number in range(gate.scenarios):
            print(json.dumps(gate.lines(number)), flush=True)
        return _PASSED
    hash_seed = chosen.hash_seed
    if hash_seed is None:
        hash_seed = (hash("determinism") + 1) % _HASH_SEEDS
    outcome = examine(gate, hash_seed)
    line = {
        "event": "determinism",
        "lane": gate.lane.value,
        "scenarios": gate.scenarios,
        "seed": gate.seed,
        "same": outcome.differs is None,
        "digest": outcome.digest,
    }
    if outcome.differs is not None:
        print(outcome.differs, file=sys.stderr)
    print(json.dumps(line), flush=True)
    return _PASSED if outcome.differs is None else _FAILED


if __name__ == "__main__":
    sys.exit(main())
