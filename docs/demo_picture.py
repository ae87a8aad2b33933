"""Draws docs/images/demo.svg from a run of the demo: python docs/demo_picture.py"""

from __future__ import annotations

import io
import sys
from pathlib import Path

import trio
from rich.console import Console

from p2pnet.cli.demo.audiences import LiveAudience
from p2pnet.cli.demo.evidence import Evidence
from p2pnet.cli.demo.perform import Performance
from p2pnet.cli.demo.report import report
from p2pnet.cli.demo.verdict import Verdict

PICTURE = Path(__file__).parent / "images" / "demo.svg"
WIDTH = 100


class Photographer(LiveAudience):
    """Takes a picture when everybody follows the third host, and of the report below it."""

    def __init__(self, evidence: Evidence, names: dict[str, str]) -> None:
        super().__init__(evidence, names, Console(file=io.StringIO(), width=WIDTH))
        self.camera = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)

    def step(self, text: str) -> None:
        if len(self._evidence.failovers) == 2:
            self.camera.print(self.picture())
        super().step(text)

    def over(self, verdict: Verdict, trouble: str | None) -> None:
        self.camera.print(report(self._evidence, verdict))


def main() -> int:
    """Perform, and keep what was printed. Returns the exit status of the demo."""
    evidence, names = Evidence(), dict[str, str]()
    audience = Photographer(evidence, names)
    status = trio.run(Performance(3, audience, evidence, names).run)
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(audience.camera.export_svg(title="p2pnet demo"), "utf-8")
    return status


if __name__ == "__main__":
    sys.exit(main())
