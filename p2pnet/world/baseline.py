"""What the state was when the last update was collected, as far as it differs from what it is.

A host that is deposed has to forget the changes that it never sent: nobody else has them, and the
updates of its successor do not build on them. Every first change of something since the last
update leaves here what was there before; `Baseline.state` puts that together to a snapshot.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from ..core.values import PeerId
from .presence import Presence
from .session_state import SESSION_ID
from .wire import Spawn, State, Tie, encode

if TYPE_CHECKING:
    from .objects import NetworkObject
    from .world import World


@attrs.define(eq=False)
class Baseline:
    """Former values, taken at the first change of each."""

    fields: dict[tuple[int, int], Any] = attrs.field(factory=dict, init=False)
    """By object id and index: the former value, or a copy of the former contents."""

    _owners: dict[int, PeerId | None] = attrs.field(factory=dict, init=False)
    _ties: dict[int, Tie] = attrs.field(factory=dict, init=False)
    _gone: dict[int, Spawn] = attrs.field(factory=dict, init=False)
    _away: list[PeerId] | None = attrs.field(default=None, init=False)
    _next_id: int | None = attrs.field(default=None, init=False)

    def keep_next_id(self, next_id: int) -> None:
        """An object is about to be spawned."""
        if self._next_id is None:
            self._next_id = next_id

    def keep_owner(self, presence: Presence) -> None:
        """An object is about to have another owner."""
        self._owners.setdefault(presence.object_id, presence.owner)

    def keep_tie(self, presence: Presence) -> None:
        """An object is about to have another tie."""
        self._ties.setdefault(presence.object_id, presence.tie)

    def keep_away(self, world: World) -> None:
        """A peer is about to be suspended or resumed."""
        if self._away is None:
            self._away = list(world.registry.away)

    def keep_object(self, obj: NetworkObject, presence: Presence, class_index: int) -> None:
        """An object is about to be despawned."""
        if not self._is_new(presence.object_id):
            self._gone[presence.object_id] = self._former(obj, presence, class_index)

    def state(self, world: World) -> bytes:
        """The snapshot of the state as it was."""
        objects = dict(self._gone)
        for obj, presence in world.registry:
            if not self._is_new(presence.object_id):
                index = world.game.index_of(type(obj))
                objects[presence.object_id] = self._former(obj, presence, index)
        registry = world.registry
        next_id = registry.next_id if self._next_id is None else self._next_id
        away = list(registry.away) if self._away is None else self._away
        session = self._former_values(world.session, SESSION_ID)
        return encode(State(next_id, away, [objects[n] for n in sorted(objects)], session))

    def clear(self) -> None:
        """An update was collected, or the changes were undone."""
        self.fields.clear()
        self._owners.clear()
        self._ties.clear()
        self._gone.clear()
        self._away = self._next_id = None

    def _is_new(self, object_id: int) -> bool:
        return self._next_id is not None and object_id >= self._next_id

    def _former(self, obj: NetworkObject, presence: Presence, class_index: int) -> Spawn:
        number = presence.object_id
        owner = self._owners.get(number, presence.owner)
        tie = self._ties.get(number, presence.tie)
        return Spawn(number, class_index, owner, self._former_values(obj, number), tie)

    def _former_values(self, obj: NetworkObject, number: int) -> list[Any]:
        return [
            field.dump(self.fields[number, field.index])
            if (number, field.index) in self.fields
            else field.dumped(obj)
            for field in obj.__layout__.fields
        ]
