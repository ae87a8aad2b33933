"""The changes on the host since the last update was collected, in order.

Writes note only *that* a plain field changed, as a bit in the one `Vars` operation that its object
has in an update; the values are read when the update is collected, so the last one wins and a
write costs next to nothing. Edits of containers are noted one by one. A spawned object is written
out whole when the update is collected, and notes nothing until then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from ..core.values import PeerId
from .baseline import Baseline
from .containers import SyncContainer
from .presence import Presence
from .wire import Edits, Op, Spawn, Vars, Wrote, encode

if TYPE_CHECKING:
    from .objects import NetworkObject


@attrs.define(eq=False)
class Journal:
    """What `World.collect` is going to send."""

    _ops: list[Op] = attrs.field(factory=list, init=False)
    _changed: list[tuple[NetworkObject, Presence, Vars]] = attrs.field(factory=list, init=False)
    _spawned: list[tuple[NetworkObject, Presence, Spawn]] = attrs.field(factory=list, init=False)
    _edited: list[SyncContainer] = attrs.field(factory=list, init=False)

    wrote: dict[PeerId, Wrote] = attrs.field(factory=dict, init=False)
    """The answers to those who wrote to fields of their own."""

    baseline: Baseline = attrs.field(factory=Baseline, init=False)
    """What there was before the changes."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing changed."""
        return not self._ops and not self.wrote

    def add(self, op: Op) -> None:
        """Note an operation that is complete."""
        self._ops.append(op)

    def spawn(self, obj: NetworkObject, presence: Presence, class_index: int) -> None:
        """Note a new object, whose fields are filled in when the update is collected."""
        self.baseline.keep_next_id(presence.object_id)
        op = Spawn(presence.object_id, class_index, presence.owner, [])
        self._ops.append(op)
        self._spawned.append((obj, presence, op))
        presence.spawning = True

    def open_vars(self, obj: NetworkObject, presence: Presence) -> Vars:
        """The operation whose mask takes up the changed fields of the object."""
        op = Vars(presence.object_id, 0, [])
        self._changed.append((obj, presence, op))
        if not presence.spawning:  # else nobody reads the mask, as the whole object goes out
            self._ops.append(op)
        return op

    def open_edits(self, container: SyncContainer, presence: Presence, field: int) -> Edits:
        """The operation that takes up the edits of the container."""
        op = Edits(presence.object_id, field, [])
        self.baseline.fields[presence.object_id, field] = container._data.copy()
        self._ops.append(op)
        self._edited.append(container)
        return op

    def take(self) -> bytes:
        """All changes, encoded, and forgotten here; empty if there were none."""
        # Behind the values that they speak of.
        self._ops.extend(self.wrote.values())
        update = self._encoded() if self._ops else b""
        self.drop()
        return update

    def _encoded(self) -> bytes:
        for obj, _, vars_op in self._changed:
            if vars_op.mask:
                vars_op.values = obj.__layout__.dump_vars(obj.__dict__, vars_op.mask)
        for obj, presence, spawn_op in self._spawned:
            spawn_op.tie = presence.tie
            spawn_op.values = [field.dumped(obj) for field in obj.__layout__.fields]
        return encode(self._ops)

    def drop(self) -> None:
        """Forget all changes."""
        for _, presence, _ in self._changed:
            presence.changed = None
        for _, presence, _ in self._spawned:
            presence.spawning = False
        for container in self._edited:
            container._op = None
        self._ops.clear()
        self.wrote = {}
        self.baseline.clear()
        self._changed.clear()
        self._spawned.clear()
        self._edited.clear()
