"""How things look, and what they are called: the signs of strips and of their legend."""

from __future__ import annotations

from typing import Final

import attrs

from .picture import Doing, Family, Mark, Migration, Picture, Reign, Sort, milliseconds
from .shapes import tag

HEIGHTS: Final = {Doing.HOST: 20, Doing.HELD: 20, Doing.OUT: 12, Doing.CLIENT: 6, Doing.SEATING: 6}
"""How thick the band of a peer is that is at this."""

GLYPHS: Final = {
    Sort.VIOLATION: "M0-8L8 6H-8Z",
    Sort.DEATH: "M-6-4L-4-6L0-2L4-6L6-4L2 0L6 4L4 6L0 2L-4 6L-6 4L-2 0Z",
    Sort.FAULT: "M2-7L-5 1H-1L-2 7L5-1H1Z",
    Sort.CROWN: "M-7 5V-4L-3 0L0-6L3 0L7-4V5Z",
    Sort.CLAIM: "M0-6L6 0L0 6L-6 0Z",
    Sort.VETO: "M-5-5H5V5H-5ZM-3-1.5V1.5H3V-1.5Z",
    Sort.DISCARD: "M-6-5H6L4 6H-4ZM-2-2V3M2-2V3",
    Sort.LOSS: "M-5 0A5 5 0 1 1 5 0A5 5 0 1 1-5 0M-2.5 0A2.5 2.5 0 1 0 2.5 0A2.5 2.5 0 1 0-2.5 0",
    Sort.ACT: "M-5-5L6 0L-5 5Z",
    Sort.MEND: "M-2-6H2V-2H6V2H2V6H-2V2H-6V-2H-2Z",
    Sort.STEP: "M-2.5 0A2.5 2.5 0 1 1 2.5 0A2.5 2.5 0 1 1-2.5 0",
    Sort.WORK: "M-1-3H1V3H-1Z",
}

MARKERS: Final = tag(
    "defs",
    "".join(
        tag(
            "marker",
            tag("path", d="M0 0L7 3L0 6Z"),
            id=f"head-{family.value}",
            class_=f"head f-{family.value}",
            viewBox="0 0 7 6",
            refX=6,
            refY=3,
            markerWidth=7,
            markerHeight=6,
            markerUnits="userSpaceOnUse",
            orient="auto",
        )
        for family in Family
    )
    + tag(
        "marker",
        tag("path", d="M1 1L7 7M7 1L1 7"),
        id="head-lost",
        class_="head lost",
        viewBox="0 0 8 8",
        refX=4,
        refY=4,
        markerWidth=9,
        markerHeight=9,
        markerUnits="userSpaceOnUse",
    )
    + "".join(
        tag(
            "pattern",
            tag("path", d="M-2 2L2-2M0 8L8 0M6 10L10 6"),
            id=f"hatch-{name}",
            class_=f"hatch {name}",
            width=8,
            height=8,
            patternUnits="userSpaceOnUse",
        )
        for name in ("out", "paused", "gap", "cut")
    ),
)
"""Has to be in a document once."""


@attrs.frozen
class Look:
    """How much of a run is drawn, and how large. `all_of_it` draws what is out of view, too."""

    pitch: int
    label_rows: int = 2
    bands: float = 1.0  # how thick they are, compared to usual
    all_marks: bool = True  # and not only what matters in an overview
    arrows: bool = True
    migrations: bool = True
    heartbeats: bool = False
    all_of_it: bool = False


def pitch_for(lanes: int) -> int:
    """How far apart so many lanes are."""
    return 84 if lanes <= 4 else 70 if lanes <= 8 else 54 if lanes <= 16 else 40


def label_of(mark: Mark) -> str:
    """What is written beside a mark."""
    if mark.sort is Sort.WORK:
        return ""
    return mark.word if mark.times == 1 else f"{mark.word} \u00d7{mark.times}"


def shade_of(picture: Picture, reign: Reign) -> int:
    """The colour of a reign, which is that of its host's band."""
    return next(
        band.shade
        for band in picture.bands
        if band.lane == reign.lane
        and band.epoch == reign.number
        and band.from_us <= reign.from_us < band.to_us
    )


def sentence(picture: Picture, migration: Migration) -> str:
    """A migration in words."""
    new = picture.lanes[migration.new].name
    old = "the host" if migration.old is None else picture.lanes[migration.old].name
    crowned = next(phase for phase in migration.phases if phase.name == "crowned")
    hosts = milliseconds(crowned.to_us - migration.from_us)
    back = milliseconds(migration.to_us - migration.from_us)
    what = f"{old} {migration.cause}"
    if migration.new == migration.old:
        return f"{what} as reign {migration.epoch}, all follow after {back}"
    if migration.to_us == crowned.to_us:
        return f"{what}: {new} hosts after {hosts}"
    return f"{what}: {new} hosts after {hosts}, all back after {back}"
