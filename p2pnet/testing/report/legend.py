"""What the colours and signs of a strip mean."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from .picture import Doing, Family, Sort
from .shapes import CHAR_PX, tag, words
from .signs import GLYPHS, HEIGHTS

_ROW: Final = 22
_SAMPLE: Final = 30

_BANDS: Final = (
    (Doing.HOST, "s0", "host; one colour a reign"),
    (Doing.CLIENT, "s0", "client under that reign"),
    (Doing.OUT, "", "without a host"),
    (Doing.SEATING, "", "asks for its seat"),
    (Doing.HELD, "s0", "host that holds back"),
)
_ARROWS: Final = {
    Family.SUCCESSION: "succession",
    Family.SEATS: "seats",
    Family.WORK: "commands and updates",
    Family.DETECTION: "is the host there?",
    Family.GREETING: "greeting",
    Family.NOISE: "forged or repeated",
}
_MARKS: Final = {
    Sort.DEATH: "dies",
    Sort.FAULT: "fault",
    Sort.LOSS: "loses the host",
    Sort.CLAIM: "claims",
    Sort.VETO: "claim refused",
    Sort.CROWN: "is crowned",
    Sort.DISCARD: "discards a branch",
    Sort.ACT: "asked by its player",
    Sort.MEND: "mended",
    Sort.STEP: "other step",
}


def _samples() -> Iterator[tuple[str, str]]:
    """Each a drawing of 24 pixels around a line, and what it means."""
    for doing, shade, text in _BANDS:
        height = HEIGHTS[doing] * 0.7
        kind = f"d-{doing.value} {shade}"
        yield tag("rect", class_=kind, y=-height / 2, width=24, height=height), text
    yield tag("rect", class_="t-paused", y=-6, width=24, height=12), "stands still"
    yield tag("rect", class_="t-cut", y=-2, width=24, height=5), "cut off"
    yield tag("rect", class_="gap", y=-6, width=24, height=12), "nobody hosts"
    for family, text in _ARROWS.items():
        head = f"url(#head-{family.value})"
        kind = f"arrow f-{family.value}"
        yield tag("line", class_=kind, y1=0, x2=24, y2=0, marker_end=head), text
    lost = tag("line", class_="arrow f-work lost", x2=20, y2=0, marker_end="url(#head-lost)")
    yield lost, "never taken"
    for sort, text in _MARKS.items():
        glyph = tag("path", d=GLYPHS[sort], transform="translate(12 0)")
        yield tag("g", glyph, class_=f"mark m-{sort.value}"), text


def legend(width: int) -> tuple[str, int]:
    """A group of elements, and how high it is."""
    parts, x, y = [], 0.0, 10
    for sample, text in _samples():
        needs = _SAMPLE + len(text) * CHAR_PX + 16
        if x + needs > width:
            x, y = 0.0, y + _ROW
        label = words(text, class_="caption", x=_SAMPLE, y=4)
        parts.append(tag("g", sample + label, transform=f"translate({x:.0f} {y})"))
        x += needs
    return tag("g", "".join(parts), class_="legend"), y + 12
