"""The whole world as bytes, and how a peer takes such a state over in place of its own.

Objects that are in both states stay the same Python objects, so that what a game holds on to (a
sprite, a local attribute) survives. The game hears of what differs, and of nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import msgspec

from ..core.errors import RemoteProtocolError
from ..core.values import PeerId
from .containers import SyncContainer
from .fields import SyncField, VarField
from .hints import Misfit
from .intake import Step, build, load_fields, load_values
from .objects import NetworkObject
from .owner_writes import agreed_values
from .wire import STATE, Spawn, State, decode, encode

if TYPE_CHECKING:
    from .world import World


def take_snapshot(world: World) -> bytes:
    """The whole state, encoded."""
    registry = world.registry
    objects = [
        Spawn(
            presence.object_id,
            world.game.index_of(type(obj)),
            presence.owner,
            agreed_values(world, obj),
            presence.tie,
        )
        for obj, presence in registry
    ]
    session = [field.dumped(world.session) for field in world.session.__layout__.fields]
    return encode(State(registry.next_id, list(registry.away), objects, session))


def dump(world: World) -> dict[int, dict[str, Any]]:
    """The replicated state as plain values, equal on all peers that are in the same state."""
    away = world.registry.away
    return {
        presence.object_id: {
            "class": type(obj).__name__,
            "owner": presence.owner,
            "suspended": presence.owner in away,
            "fields": {
                field.name: msgspec.to_builtins(value, str_keys=True)
                for field, value in zip(
                    obj.__layout__.fields, agreed_values(world, obj), strict=True
                )
            },
        }
        for obj, presence in world.registry
    }


@attrs.define(eq=False)
class Restoration:
    """One snapshot on its way into a world."""

    world: World
    calls: list[Step] = attrs.field(factory=list, init=False)
    """What of the game is to run once the state is complete."""

    _kept: dict[int, tuple[NetworkObject, list[tuple[SyncField, Any]]]] = attrs.field(
        factory=dict, init=False
    )
    _built: dict[int, NetworkObject] = attrs.field(factory=dict, init=False)
    _session: list[tuple[SyncField, Any]] = attrs.field(factory=list, init=False)

    def judge(self, snapshot: bytes) -> State:
        """Raises `RemoteProtocolError` unless the snapshot fits this world's game."""
        state = decode(STATE, snapshot, "a snapshot")
        try:
            self._judge(state)
        except (Misfit, LookupError, ValueError, TypeError) as error:
            raise RemoteProtocolError(f"snapshot: {error}") from error
        return state

    def take(self, snapshot: bytes) -> None:
        """Judge the snapshot, then do it. Raises `RemoteProtocolError` with nothing done."""
        state = self.judge(snapshot)
        self.world.journal.drop()
        self._change(self.world.session, self._session)
        self._drop_others()
        for op in state.objects:
            if op.object_id in self._kept:
                self._change(*self._kept[op.object_id])
        self._place(state)

    def _judge(self, state: State) -> None:
        self._session = load_values(self.world.session.__layout__, state.session)
        last = 0
        for op in state.objects:
            if not last < op.object_id < state.next_id:
                raise ValueError(f"the id {op.object_id} is out of order")
            last = op.object_id
            known = self.world.registry.objects.get(op.object_id)
            if known is not None and self.world.game.index_of(type(known)) == op.class_index:
                self._kept[op.object_id] = known, load_fields(self.world, op)
            else:
                self._built[op.object_id] = build(self.world, op)

    def _drop_others(self) -> None:
        for obj, presence in self.world.registry:
            if presence.object_id not in self._kept:
                self.world.registry.remove(obj)
                if presence.owner == self.world.me:
                    self.calls.append((obj.on_stop_authority,))
                self.calls.append((obj.on_stop_client,))

    def _change(self, obj: NetworkObject, loaded: list[tuple[SyncField, Any]]) -> None:
        overlays = self.world.mine.overlays
        for field, new in loaded:
            if overlays and (overlay := overlays.get((obj.object_id, field.index))) is not None:
                overlay.agreed = new
                continue
            old = obj.__dict__[field.name]
            if field.on_change is not None:
                hook = getattr(obj, field.on_change)
                if not isinstance(field, VarField):
                    self.calls.extend((hook, change) for change in _changes(old, new))
                elif not field.value.same(old, new):
                    self.calls.append((hook, old, new))
            field.put(obj, new)

    def _place(self, state: State) -> None:
        registry = self.world.registry
        before: dict[int, PeerId | None] = {p.object_id: p.owner for _, p in registry}
        asleep = {p.object_id: p.asleep for _, p in registry}
        registry.reset(state.next_id, state.suspended)
        for op in state.objects:
            known = op.object_id in self._kept
            obj = self._kept[op.object_id][0] if known else self._built[op.object_id]
            presence = registry.place(self.world, obj, op.object_id, op.owner, op.tie)
            if known:
                presence.asleep = asleep[op.object_id]
                self.calls.extend(self.world.owner_calls(obj, before[op.object_id], op.owner))
            else:
                self.calls.append((obj.on_start_client,))
                if op.owner == self.world.me:
                    self.calls.append((obj.on_start_authority,))
        self.calls.extend(registry.changed_sleep([obj for obj, _ in registry]))


def _changes(container: SyncContainer, data: Any) -> list[Any]:
    """What a hook gets to hear when the contents become `data`."""
    copy = container._data.copy()
    return [type(container).perform(copy, *edit) for edit in container.edits_to(data)]
