"""What strips are painted on: elements that know where an instant is.

Every element that stands for something says when it is (`data-a`, `data-b`), so that the page can
move it to where it belongs when somebody zooms.
"""

from __future__ import annotations

import attrs

from .shapes import CHAR_PX, View, tag, words
from .signs import Look


@attrs.define
class Canvas:
    """A stretch of time, and how it is to look."""

    view: View
    look: Look

    def shows(self, from_us: int, to_us: int) -> bool:
        """Whether any of this is drawn."""
        return self.look.all_of_it or self.view.shows(from_us, to_us)

    def x(self, us: int) -> float:
        """Where an instant is."""
        return round(self.view.x(us), 1)

    def span(
        self, from_us: int, to_us: int, y: float, height: float, kind: str, text: str, rx: int = 0
    ) -> str:
        """A box from one instant to another."""
        left, right = from_us, to_us
        if not self.look.all_of_it:
            left, right = max(from_us, self.view.from_us), min(to_us, self.view.to_us)
        x, end = self.view.x(left), self.view.x(right)
        return tag(
            "rect",
            class_=f"span {kind}",
            x=x,
            y=y,
            width=max(end - x, 1.0),
            height=height,
            data_a=from_us,
            data_b=to_us,
            data_text=text,
            rx=rx or None,
        )

    def inside(
        self, from_us: int, to_us: int, y: float, text: str, kind: str, short: str = ""
    ) -> str:
        """A label for a box, where it can be seen; a short one where there is no room."""
        x = max(self.view.x(from_us), 0.0)
        room = min(self.view.x(to_us), float(self.view.width)) - x - 8
        fits = [label for label in (text, short) if label and len(label) * CHAR_PX <= room]
        if not fits and not self.look.all_of_it:
            return ""
        return words(
            fits[0] if fits else text,
            class_=f"inside {kind}{'' if fits else ' hidden'}",
            x=x + 4,
            y=y,
            data_a=from_us,
            data_b=to_us,
            data_long=text,
            data_short=short or None,
        )

    def middle(self, from_us: int, to_us: int, y: float, text: str, kind: str) -> str:
        """A label in the middle of what can be seen of a stretch."""
        left, right = max(from_us, self.view.from_us), min(to_us, self.view.to_us)
        return words(
            text,
            class_=f"middle {kind}",
            x=self.x((left + right) // 2),
            y=y,
            text_anchor="middle",
            data_a=from_us,
            data_b=to_us,
        )

    def upright(self, at_us: int, bottom: float, kind: str) -> str:
        """A line through everything at one instant."""
        x = self.x(at_us)
        return tag("line", class_=f"upright {kind}", x1=x, x2=x, y1=0, y2=bottom, data_a=at_us)
