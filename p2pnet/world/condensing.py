"""Many updates in one, for a peer whose link is slow.

Everything that was done is done again, in the same order, but for values that a later one replaces:
of plain fields that are declared `latest`, and answers to what an owner wrote, which are folded
into its last one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import attrs

from ..core.values import PeerId
from .layout import Layout
from .wire import UPDATE, Op, Vars, Wrote, decode, encode

LayoutOf = Callable[[int], Layout | None]
"""The layout of an object; None if it is gone."""


@attrs.define
class _Backwards:
    """What was seen already, from the last operation to the first."""

    layout_of: LayoutOf
    _newer: set[tuple[int, int]] = attrs.field(factory=set)  # fields, by object and bit
    _answers: dict[PeerId, Wrote] = attrs.field(factory=dict)

    def keeps(self, op: Op) -> bool:
        """Whether anything of this operation is left."""
        if isinstance(op, Vars):
            return self._thin(op)
        if isinstance(op, Wrote):
            return self._fold(op)
        return True

    def _thin(self, op: Vars) -> bool:
        layout = self.layout_of(op.object_id)
        if layout is None or not op.mask & layout.latest_mask:
            return True
        values = []
        for field, value in zip(layout.vars_in(op.mask), list(op.values), strict=True):
            place = op.object_id, field.bit
            if place in self._newer:
                op.mask &= ~field.bit
                continue
            values.append(value)
            if field.latest:
                self._newer.add(place)
        op.values = values
        return bool(op.mask)

    def _fold(self, op: Wrote) -> bool:
        newer = self._answers.setdefault(op.peer, op)
        if newer is op:
            return True
        newer.refused[:0] = op.refused
        return False


def condense(updates: Sequence[bytes], layout_of: LayoutOf) -> bytes:
    """One update that comes to the same as these, one after the other."""
    ops = [op for update in updates if update for op in decode(UPDATE, update, "an update")]
    backwards = _Backwards(layout_of)
    kept = [op for op in reversed(ops) if backwards.keeps(op)]
    return encode(kept[::-1]) if kept else b""
