"""Stand-ins for the processes of the demo, and an audience that takes notes."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import trio

from p2pnet.cli.demo.cast import Cast
from p2pnet.cli.demo.evidence import Record, Run

STAND_IN = (sys.executable, str(Path(__file__).parent / "stand_in.py"))


class Notes:
    """Remembers what it saw."""

    def __init__(self) -> None:
        self.steps: list[str] = []
        self.kinds: list[str] = []

    def step(self, text: str) -> None:
        self.steps.append(text)

    def news(self, run: Run, record: Record) -> None:
        self.kinds.append(record["event"])


@pytest.fixture
def cast(nursery: trio.Nursery) -> Cast:
    return Cast(nursery, Notes(), program=STAND_IN)
