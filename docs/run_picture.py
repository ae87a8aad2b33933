"""Draws docs/images/run.svg, a run that loses two hosts: python docs/run_picture.py"""

from __future__ import annotations

from pathlib import Path

from p2pnet.testing.replaying import replay
from p2pnet.testing.report.svg import to_svg
from p2pnet.testing.scenario import Kind, Scenario, Step

PICTURE = Path(__file__).parent / "images" / "run.svg"
RUN = Scenario(
    4,
    (
        Step(Kind.SUBMIT, 300_000, peer=1),
        Step(Kind.VANISH, 400_000),
        Step(Kind.SUBMIT, 1_900_000, peer=1),
        Step(Kind.SUBMIT, 10_000, peer=2),
        Step(Kind.CRASH, 20_000),
        Step(Kind.NUDGE, 700_000, peer=0),
    ),
)


def main() -> None:
    """Play, and keep the picture."""
    picture = replay(RUN, "Two hosts are lost").picture
    PICTURE.write_text(to_svg(picture), "utf-8")


if __name__ == "__main__":
    main()
