"""A run as a picture file: the whole of it on top, and each migration from near below."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from typing import Final

from .legend import legend
from .picture import Migration, Picture
from .shapes import View, tag, words
from .signs import MARKERS, Look, pitch_for, sentence
from .strip import GUTTER, Strip

_WIDTH: Final = 1400
_MARGIN: Final = 24
_CLOSE_UPS_MAX: Final = 8
_NAMED_MAX: Final = 2  # migrations in the title of one close-up

OVERVIEW: Final = Look(36, label_rows=1, bands=0.5, all_marks=False, arrows=False, migrations=False)
"""Who was what when, and what broke."""


def style() -> str:
    """The style sheet of all strips."""
    return resources.files(__package__).joinpath("style.css").read_text("utf-8")


def to_svg(picture: Picture) -> str:
    """The text of the file."""
    width = _WIDTH - 2 * _MARGIN - GUTTER
    parts = [_line(picture.title, 34, "title"), _line(picture.setting, 54, "subtitle")]
    kind = "outcome" if picture.is_good else "outcome bad"
    parts.append(_line(picture.outcome, 74, kind))
    key, key_height = legend(_WIDTH - 2 * _MARGIN)
    parts.append(tag("g", key, transform=f"translate({_MARGIN} 90)"))
    y = 90 + key_height + 18
    whole = View(picture.seen_from_us, picture.busy_to_us, width)
    stretches = [("The whole run", whole, OVERVIEW)]
    near = Look(pitch_for(len(picture.lanes)))
    for group in in_groups(picture.migrations)[:_CLOSE_UPS_MAX]:
        title = "; ".join(sentence(picture, migration) for migration in group[:_NAMED_MAX])
        title += f"; and {len(group) - _NAMED_MAX} more" if len(group) > _NAMED_MAX else ""
        stretches.append((title, close_up(picture, group, width), near))
    if len(stretches) == 1:
        stretches = [("The whole run", whole, near)]
    for title, view, how in stretches:
        strip = Strip(view, how, picture)
        parts.append(_line(title, y, "section"))
        parts.append(tag("g", strip.draw(), transform=f"translate({_MARGIN} {y + 8})"))
        y += strip.height + 40
    more = len(in_groups(picture.migrations)) - _CLOSE_UPS_MAX
    if more > 0:
        parts.append(_line(f"and {more} more times: see the same report as .html", y, "section"))
        y += 30
    sheet = tag("style", style())
    paper = tag("rect", class_="paper", width=_WIDTH, height=y)
    return tag(
        "svg",
        sheet + MARKERS + paper + "".join(parts),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {_WIDTH} {y}",
        width=_WIDTH,
        height=y,
    )


def _line(text: str, y: int, kind: str) -> str:
    return words(text, class_=kind, x=_MARGIN, y=y)


def in_groups(migrations: Sequence[Migration]) -> list[list[Migration]]:
    """Those that overlap belong together."""
    groups: list[list[Migration]] = []
    for migration in sorted(migrations, key=lambda m: m.from_us):
        if groups and migration.from_us <= max(m.to_us for m in groups[-1]):
            groups[-1].append(migration)
        else:
            groups.append([migration])
    return groups


def close_up(picture: Picture, group: Sequence[Migration], width: int) -> View:
    """Migrations with a little of what is around them.

    Where most of it is waiting for the silence to be long enough, that begins before the view.
    """
    from_us, to_us = min(m.from_us for m in group), max(m.to_us for m in group)
    first_us = min(m.phases[0].to_us for m in group)
    rest_us = max(to_us - first_us, 40_000)
    if first_us - from_us > 2 * rest_us:
        from_us = first_us - rest_us
    span_us = max(to_us - from_us, 40_000)
    return View(max(from_us - span_us // 6, picture.seen_from_us), to_us + span_us // 3, width)
