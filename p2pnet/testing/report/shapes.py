"""What strips are made of: a scale of time, ticks on it, rows, and elements of SVG."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

import attrs

CHAR_PX: Final = 6.1
"""About how wide a character of a label is. The page reckons with the same figure."""

DENSE: Final = 1_000
"""More arrows than this are drawn faint. The page reckons with the same figure."""

_TICK_PX_MIN: Final = 90


@attrs.frozen
class View:
    """A stretch of time, and how many pixels it gets."""

    from_us: int
    to_us: int
    width: int

    def x(self, us: int) -> float:
        """Where an instant is."""
        return (us - self.from_us) / max(self.to_us - self.from_us, 1) * self.width

    def shows(self, from_us: int, to_us: int) -> bool:
        """Whether any of this is to be seen."""
        return from_us <= self.to_us and to_us >= self.from_us


def tag(name: str, content: str = "", **values: object) -> str:
    """An element. `_` in a name of an attribute is `-`, and one at its end is nothing."""
    told = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_plain(value), quote=True)}"'
        for key, value in values.items()
        if value is not None
    )
    return f"<{name}{told}>{content}</{name}>" if content else f"<{name}{told}/>"


def _plain(value: object) -> str:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else str(value)


def words(text: str, **values: object) -> str:
    """A text."""
    return tag("text", escape(text), **values)


def ticks(view: View) -> list[tuple[int, str]]:
    """Round instants that are far enough apart, each with its label."""
    step_us = next(step for step in _STEPS_US if _tick_px(view, step) >= _TICK_PX_MIN)
    first = -(-view.from_us // step_us) * step_us
    return [(at, _label(at, step_us)) for at in range(first, view.to_us + 1, step_us)]


def _tick_px(view: View, step_us: int) -> float:
    return step_us / max(view.to_us - view.from_us, 1) * view.width


_STEPS_US: Final = tuple(base * 10**power for power in range(2, 11) for base in (1, 2, 5))


def _label(us: int, step_us: int) -> str:
    if step_us >= 1_000_000:
        return f"{us // 1_000_000} s"
    return f"{us / 1000:.0f} ms" if step_us >= 1000 else f"{us / 1000:.1f} ms"


def in_rows(spans: Sequence[tuple[float, float]], apart: float = 0.0) -> list[int]:
    """A row for each span, so that none touches another in the same row; as few rows as can be."""
    ends: list[float] = []
    rows = [0] * len(spans)
    for index in sorted(range(len(spans)), key=lambda i: spans[i]):
        start, end = spans[index]
        row = next((row for row, last in enumerate(ends) if last + apart <= start), len(ends))
        ends[row : row + 1] = [end]
        rows[index] = row
    return rows


def fitting(labels: Iterable[tuple[float, float]], rows: int) -> list[int | None]:
    """A row for each label, the first ones first; None for one for which there is no room.

    A label is where it begins and how wide it is.
    """
    taken: list[list[tuple[float, float]]] = [[] for _ in range(rows)]
    found: list[int | None] = []
    for start, width in labels:
        end = start + width
        row = next(
            (
                row
                for row, spans in enumerate(taken)
                if all(end <= other or start >= last for other, last in spans)
            ),
            None,
        )
        if row is not None:
            taken[row].append((start, end))
        found.append(row)
    return found
