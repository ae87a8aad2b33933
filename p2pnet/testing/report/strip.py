"""Draws a stretch of a run: time goes to the right, and each peer has a lane.

From top to bottom: the axis, who hosted when, each migration with its phases, and the lanes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import attrs

from .canvas import Canvas
from .picture import (
    Arrow,
    Band,
    Doing,
    Family,
    Mark,
    Migration,
    Picture,
    Reign,
    Sort,
    Spell,
    Trouble,
    milliseconds,
)
from .shapes import CHAR_PX, DENSE, fitting, in_rows, tag, ticks, words
from .signs import GLYPHS, HEIGHTS, label_of, sentence, shade_of

GUTTER: Final = 132
_AXIS: Final = 24
_REIGN_ROW: Final = 26
_MIGRATION_ROW: Final = 36
_SHADES: Final = 7
_LOST_AFTER_US: Final = 20_000  # how long the stump of an arrow is that never arrived
_PLAIN: Final = (Sort.WORK, Sort.STEP, Sort.MEND, Sort.LOSS, Sort.CLAIM)  # not in an overview
_IN_FRONT: Final = frozenset({Family.SUCCESSION, Family.SEATS, Family.NOISE})  # of the bands
_GAP_ROW: Final = 16
_FOR_ALL_ROW: Final = 18


@attrs.define
class Strip(Canvas):
    """One stretch of a picture, ready to be drawn."""

    picture: Picture
    _reign_rows: list[int] = attrs.field(init=False)
    _migration_rows: list[int] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._reign_rows = in_rows([(r.from_us, r.to_us) for r in self.picture.reigns])
        x = self.view.x
        spans = [
            (x(m.from_us), max(x(m.to_us), x(m.from_us) + CHAR_PX * len(sentence(self.picture, m))))
            for m in self.picture.migrations
        ]
        if self.look.all_of_it:  # the page hides the words that meet
            spans = [(float(m.from_us), float(m.to_us)) for m in self.picture.migrations]
        shown = [i for i, m in enumerate(self.picture.migrations) if self.shows(m.from_us, m.to_us)]
        rows = in_rows([spans[i] for i in shown], 8)
        self._migration_rows = [-1] * len(spans)
        for index, row in zip(shown, rows, strict=True):
            self._migration_rows[index] = row

    # --- where things are ---

    @property
    def _migrations_top(self) -> int:
        return _AXIS + _REIGN_ROW * (1 + max(self._reign_rows, default=0)) + _GAP_ROW

    @property
    def _lanes_top(self) -> int:
        rows = 1 + max(self._migration_rows, default=-1) if self.look.migrations else 0
        for_all = any(mark.lane is None for mark in self._all_marks())
        return self._migrations_top + _MIGRATION_ROW * rows + (_FOR_ALL_ROW if for_all else 0)

    def lane_y(self, lane: int) -> float:
        """The middle of a lane."""
        return self._lanes_top + self.look.pitch * (lane + 0.62)

    @property
    def height(self) -> int:
        """Of all of it."""
        return self._lanes_top + self.look.pitch * len(self.picture.lanes) + 8

    # --- all of it ---

    def draw(self) -> str:
        """An `svg` element, as wide as the gutter and the view together."""
        plot = "".join((*self._axis(), *self._reigns(), *self._migrations(), *self._lanes()))
        inner = tag(
            "svg",
            tag("g", plot, class_="plot"),
            class_="area",
            x=GUTTER,
            width=self.view.width,
            height=self.height,
            overflow="hidden",
        )
        return tag(
            "svg",
            "".join(self._gutter()) + inner,
            class_="strip",
            width=GUTTER + self.view.width,
            height=self.height,
            data_from=self.view.from_us,
            data_to=self.view.to_us,
            data_pitch=self.look.pitch,
            data_rows=self.look.label_rows,
        )

    def _gutter(self) -> Iterator[str]:
        right = GUTTER - 12
        yield words("who hosts", class_="caption", x=right, y=_AXIS + 17, text_anchor="end")
        if self.look.migrations and max(self._migration_rows, default=-1) >= 0:
            top = self._migrations_top + 13
            yield words("migrations", class_="caption above", x=right, y=top, text_anchor="end")
        for number, lane in enumerate(self.picture.lanes):
            kind = "name doubtful" if lane.doubtful else "name"
            text = words(lane.name, class_=kind, x=right, y=5, text_anchor="end")
            yield self._in_lane(number, text, "lane-name")

    def _in_lane(self, lane: int, content: str, kind: str = "lane") -> str:
        move = f"translate(0 {self.lane_y(lane):.1f})"
        return tag("g", content, class_=kind, data_lane=lane, transform=move)

    # --- above the lanes ---

    def _axis(self) -> Iterator[str]:
        lines = "".join(
            tag("line", class_="tick", x1=self.x(at), x2=self.x(at), y1=18, y2=self.height)
            + words(label, class_="tick-label", x=self.x(at) + 3, y=13)
            for at, label in ticks(self.view)
        )
        yield tag("g", lines or " ", class_="axis", data_height=self.height)

    def _reigns(self) -> Iterator[str]:
        gaps = [gap for gap in self.picture.gaps if self.shows(*gap)]
        took = [milliseconds(to_us - from_us) for from_us, to_us in gaps]
        places = [
            (self.x((from_us + to_us) // 2) - len(text) * CHAR_PX / 2, len(text) * CHAR_PX + 6)
            for (from_us, to_us), text in zip(gaps, took, strict=True)
        ]
        below = _AXIS + _REIGN_ROW * (1 + max(self._reign_rows, default=0)) + 8
        for gap, text, row in zip(gaps, took, fitting(places, 1), strict=True):
            long = f"nobody hosts for {text}"
            yield self.span(*gap, _AXIS + 2, 20, "gap", long)
            yield self.middle(*gap, below, text, f"gap-label{'' if row == 0 else ' hidden'}")
        for reign, row in zip(self.picture.reigns, self._reign_rows, strict=True):
            if self.shows(reign.from_us, reign.to_us):
                parts = "".join(self._reign(reign))
                yield self._in_row(reign, "reign-row", _AXIS + 2 + _REIGN_ROW * row, parts)

    def _in_row(self, what: Reign | Migration, kind: str, y: int, content: str) -> str:
        """The page gives rows anew to what can be seen of them."""
        values = {"data_a": what.from_us, "data_b": what.to_us}
        return tag("g", content, class_=kind, transform=f"translate(0 {y})", **values)

    def _reign(self, reign: Reign) -> Iterator[str]:
        name = self.picture.lanes[reign.lane].name
        text = f"{name} hosts reign {reign.number} for {milliseconds(reign.to_us - reign.from_us)}"
        shade = shade_of(self.picture, reign)
        kind = f"reign s{shade % _SHADES}"
        yield self.span(reign.from_us, reign.to_us, 0, 20, kind, text, rx=3)
        label = f"{name} · reign {reign.number}"
        kind = f"reign-label on{shade % _SHADES}"
        yield self.inside(reign.from_us, reign.to_us, 14, label, kind, name)

    def _migrations(self) -> Iterator[str]:
        if not self.look.migrations:
            return
        pairs = zip(self.picture.migrations, self._migration_rows, strict=True)
        for migration, row in pairs:
            if row >= 0 and self.shows(migration.from_us, migration.to_us):
                y = self._migrations_top + _MIGRATION_ROW * row
                parts = "".join(self._migration(migration, self.height - y))
                yield self._in_row(migration, "migration-row", y, parts)

    def _migration(self, migration: Migration, bottom: int) -> Iterator[str]:
        for index, phase in enumerate(migration.phases):
            bounds = phase.from_us, phase.to_us
            text = f"{phase.name} in {phase.ms}"
            yield self.span(*bounds, 0, 15, f"phase p-{phase.name}", text)
            yield self.inside(*bounds, 12, text, "phase-label", phase.ms)
            last = index == len(migration.phases) - 1
            kind = f"boundary p-{phase.name}{' last' if last else ''}"
            yield self.upright(phase.to_us, bottom, kind)
        yield self.upright(migration.from_us, bottom, "boundary first")
        text = sentence(self.picture, migration)
        x = max(min(self.x(migration.from_us), self.view.width - len(text) * CHAR_PX), 0.0)
        values = {"data_a": migration.from_us, "data_b": migration.to_us}
        yield words(text, class_="sentence", x=x, y=28, **values)

    # --- the lanes ---

    def _lanes(self) -> Iterator[str]:
        picture = self.picture
        if self.look.arrows:
            yield self._group("arrows minor", _IN_FRONT, False)
        for number in range(len(picture.lanes)):
            parts = [tag("line", class_="base", x1=0, x2="100%", y1=0, y2=0)]
            bands = self._bands_of(number)
            parts += map(self._band, bands)
            for trouble in picture.troubles:
                if trouble.lane == number and self.shows(trouble.from_us, trouble.to_us):
                    parts.append(self._trouble(trouble))
            yield self._in_lane(number, "".join(parts))
        if self.look.arrows:
            yield self._group("arrows", _IN_FRONT, True)
            for number in range(len(picture.lanes)):
                yield self._in_lane(number, "".join(map(self._band_label, self._bands_of(number))))
        for lane in (*range(len(picture.lanes)), None):
            marks = "".join(self._marks([mark for mark in self._all_marks() if mark.lane == lane]))
            if not marks:
                continue
            if lane is None:
                move = f"translate(0 {self._lanes_top - 9})"
                yield tag("g", marks, class_="lane-marks of-all", transform=move)
            else:
                yield self._in_lane(lane, marks, "lane-marks")

    def _bands_of(self, lane: int) -> list[Band]:
        return [b for b in self.picture.bands if b.lane == lane and self.shows(b.from_us, b.to_us)]

    def _band(self, band: Band) -> str:
        height = HEIGHTS[band.doing] * self.look.bands
        kind = f"band d-{band.doing.value} s{band.shade % _SHADES}"
        name = self.picture.lanes[band.lane].name
        took = milliseconds(band.to_us - band.from_us)
        reign = f", reign {band.epoch}" if band.epoch else ""
        text = f"{name}: {band.state}{reign}, for {took}"
        return self.span(band.from_us, band.to_us, -height / 2, height, kind, text)

    def _band_label(self, band: Band) -> str:
        bounds = band.from_us, band.to_us
        if band.doing in (Doing.HOST, Doing.HELD):
            label, kind = (
                f"{band.state} · reign {band.epoch}",
                f"band-label on{band.shade % _SHADES}",
            )
            return self.inside(*bounds, 4, label, kind, band.state)
        if band.doing is Doing.OUT:
            return self.inside(*bounds, 20, band.state, "out-label")
        return ""

    def _trouble(self, trouble: Trouble) -> str:
        name = self.picture.lanes[trouble.lane].name
        took = milliseconds(trouble.to_us - trouble.from_us)
        text, bounds = f"{name} {trouble.text}, for {took}", (trouble.from_us, trouble.to_us)
        if trouble.spell is Spell.PAUSED:
            height = 26 * self.look.bands
            return self.span(*bounds, -height / 2, height, "trouble t-paused", text)
        return self.span(*bounds, 13 * self.look.bands, 5, "trouble t-cut", text)

    def _arrows(self) -> Iterator[Arrow]:
        for arrow in self.picture.arrows:
            end = arrow.sent_us + _LOST_AFTER_US if arrow.taken_us is None else arrow.taken_us
            beats = arrow.family is Family.HEARTBEATS and not self.look.heartbeats
            if not beats and self.shows(arrow.sent_us, end):
                yield arrow

    def _group(self, kind: str, families: frozenset[Family], among: bool) -> str:
        """The arrows of these families, or of all others. The page draws them by itself."""
        lines = [
            self._arrow(arrow)
            for arrow in (() if self.look.all_of_it else self._arrows())
            if (arrow.family in families) is among
        ]
        dense = " dense" if len(lines) > DENSE else ""
        return tag("g", "".join(lines) or " ", class_=kind + dense)

    def _arrow(self, arrow: Arrow) -> str:
        y1, y2 = self.lane_y(arrow.source), self.lane_y(arrow.target)
        sent, taken = arrow.sent_us, arrow.taken_us
        lost = taken is None
        end = sent + _LOST_AFTER_US if taken is None else taken
        names = self.picture.lanes[arrow.source].name, self.picture.lanes[arrow.target].name
        took = "never taken" if taken is None else f"{milliseconds(taken - sent)} on its way"
        way = ", passed on by a neighbour" if arrow.relayed else ""
        text = f"{names[0]} → {names[1]}: {arrow.text} ({took}{way})"
        return tag(
            "line",
            class_=f"arrow f-{arrow.family.value}{' lost' if lost else ''}",
            x1=self.x(sent),
            y1=y1,
            x2=self.x(end),
            y2=y1 + (y2 - y1) * 0.55 if lost else y2,
            marker_end=f"url(#head-{'lost' if lost else arrow.family.value})",
            data_a=sent,
            data_b=end,
            data_s=arrow.source,
            data_t=arrow.target,
            data_k=arrow.kind,
            data_text=text,
        )

    def _all_marks(self) -> list[Mark]:
        return [
            mark
            for mark in self.picture.marks
            if self.shows(mark.at_us, mark.at_us)
            and (self.look.all_marks or mark.sort not in _PLAIN)
        ]

    def _marks(self, marks: list[Mark]) -> Iterator[str]:
        ranked = sorted(marks, key=lambda mark: (list(Sort).index(mark.sort), mark.at_us))
        labels = [label_of(mark) for mark in ranked]
        places = [self._place(mark, label) for mark, label in zip(ranked, labels, strict=True)]
        rows = fitting(places, self.look.label_rows)
        drawn = [
            (mark, self._mark(mark, label, row))
            for mark, label, row in zip(ranked, labels, rows, strict=True)
        ]
        for _, text in reversed(drawn):  # what matters most is on top
            yield text

    def _place(self, mark: Mark, label: str) -> tuple[float, float]:
        """Where a mark with its label begins, and how wide it is."""
        width = len(label) * CHAR_PX + 17 if label else 0.0
        return self.x(mark.at_us) - (width - 7 if self._is_left(mark, label) else 7), width

    def _is_left(self, mark: Mark, label: str) -> bool:
        """Whether the label is on the left of its mark, since it would be cut off on the right."""
        return self.x(mark.at_us) + len(label) * CHAR_PX + 10 > self.view.width

    def _mark(self, mark: Mark, label: str, row: int | None) -> str:
        of_all = mark.lane is None
        up = 0.0 if of_all else 12.0 if mark.sort is Sort.WORK else -10 - 10 * self.look.bands
        glyph = tag("path", d=GLYPHS[mark.sort], transform=f"translate(0 {up})")
        name = "all" if mark.lane is None else self.picture.lanes[mark.lane].name
        if label:
            kind = "word" if row is not None else "word hidden"
            y = up + 4 - 12 * (row or 0)
            left = self._is_left(mark, label)
            x, anchor = (-8, "end") if left else (8, None)
            glyph += words(label, class_=kind, x=x, y=y, text_anchor=anchor)
        return tag(
            "g",
            glyph,
            class_=f"mark m-{mark.sort.value}",
            transform=f"translate({self.x(mark.at_us)} 0)",
            data_a=mark.at_us,
            data_up=up,
            data_text=f"{name}: {mark.text} (at {mark.at_us / 1000:.1f} ms)",
        )
