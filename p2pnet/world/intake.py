"""How a client takes in an update: all of it is judged before any of it is done.

Every operation is first turned into steps that can't fail, against a view of the world in which
the operations before it were done already. Then the steps run. Last come the calls to the game, in
the order of the changes: hooks see a state that is complete, and one that raises stops nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, cast

import attrs

from ..core.errors import GameCodeError, RemoteProtocolError
from .calls import CallSpec
from .containers import SyncContainer, SyncDict
from .edits import Change, SyncOp
from .fields import ContainerField, SyncField
from .hints import Misfit
from .layout import Layout, Picked
from .objects import NetworkObject
from .session_state import SESSION_ID, SessionState
from .sets import SyncSet
from .wire import (
    UPDATE,
    Assign,
    Despawn,
    Edits,
    Op,
    Resume,
    Retie,
    Rpc,
    Spawn,
    Suspend,
    Tie,
    Vars,
    Wrote,
    decode,
)

if TYPE_CHECKING:
    from .world import World

Step = tuple[Any, ...]
"""A function and its arguments."""

_DOES_NOT_FIT: Final = (Misfit, LookupError, ValueError, TypeError)


@attrs.define(eq=False)
class Intake:
    """One update on its way into a world."""

    world: World
    calls: list[Step] = attrs.field(factory=list, init=False)
    """What of the game is to run once the state is complete."""

    _steps: list[tuple[Callable[..., None], tuple[Any, ...]]] = attrs.field(
        factory=list, init=False
    )
    _objects: dict[int, NetworkObject | None] = attrs.field(factory=dict, init=False)
    _contents: dict[tuple[int, int], Any] = attrs.field(factory=dict, init=False)
    _next_id: int = attrs.field(init=False)
    _known: Mapping[int, NetworkObject] = attrs.field(init=False)
    _have_overlays: bool = attrs.field(init=False)
    """While an update is taken in, they become no more."""

    def __attrs_post_init__(self) -> None:
        registry = self.world.registry
        self._next_id = registry.next_id
        self._known = registry.objects
        self._have_overlays = bool(self.world.mine.overlays)

    def take(self, update: bytes) -> None:
        """Judge the update, then do it. Raises `RemoteProtocolError` with nothing done."""
        for op in decode(UPDATE, update, "an update"):
            try:
                _JUDGES[type(op)](self, op)
            except _DOES_NOT_FIT as error:
                raise RemoteProtocolError(f"{type(op).__name__.lower()}: {error}") from error
        for step, arguments in self._steps:
            step(*arguments)

    def _then(self, step: Callable[..., None], *arguments: Any) -> None:
        """To be done once all of the update is judged."""
        self._steps.append((step, arguments))

    def _find(self, object_id: int) -> NetworkObject:
        """An object that comes and goes."""
        if self._objects and object_id in self._objects:
            obj = self._objects[object_id]
        else:
            obj = self.world.registry.objects.get(object_id)
        if obj is None:
            raise LookupError(f"there is no object {object_id}")
        return obj

    def _find_any(self, object_id: int) -> NetworkObject:
        """The same, or the session's own object."""
        return self.world.session if object_id == SESSION_ID else self._find(object_id)

    # --- plain fields ---

    def _judge_vars(self, op: Vars) -> None:
        # Most of what a client ever does is in here: what is usual takes few steps.
        obj = None if self._objects else self._known.get(op.object_id)
        if obj is None:
            obj = self._find_any(op.object_id)
        layout, values = obj.__layout__, op.values
        picked = layout.picks.get(op.mask) or layout.pick(op.mask)
        if [type(value) for value in values] != picked.plain:
            values = [load(raw) for load, raw in zip(picked.loads, values, strict=True)]
        if picked.have_hooks or self._have_overlays:
            self._then(self._set_vars, obj, picked, values)
        elif len(values) == 1:
            self._steps.append((obj.__dict__.__setitem__, (picked.names[0], values[0])))
        else:
            pairs = zip(picked.names, values, strict=True)
            self._steps.append((obj.__dict__.update, (pairs,)))

    def _set_vars(self, obj: NetworkObject, picked: Picked, values: list[Any]) -> None:
        state = obj.__dict__
        overlays = self.world.mine.overlays
        for field, new in zip(picked.fields, values, strict=True):
            if overlays and (overlay := overlays.get((obj.object_id, field.index))) is not None:
                overlay.agreed = new  # the owner's own value lies over it until it is answered
                continue
            if field.on_change is not None:
                old = state[field.name]
                if not field.value.same(old, new):
                    self.calls.append((getattr(obj, field.on_change), old, new))
            state[field.name] = new

    # --- containers ---

    def _judge_edits(self, op: Edits) -> None:
        obj = self._find_any(op.object_id)
        fields = obj.__layout__.fields
        if not 0 <= op.field < len(fields):
            raise LookupError(f"{type(obj).__name__} has no field {op.field}")
        field = fields[op.field]
        if not isinstance(field, ContainerField):
            raise LookupError(f"{field.where} holds no elements")
        container: SyncContainer = obj.__dict__[field.name]
        place = op.object_id, op.field
        if place not in self._contents:
            # A copy, so that an edit that does not fit leaves the container as it is.
            self._contents[place] = container._data.copy()
        data = self._contents[place]
        changes = [self._judge_edit(field, data, *edit) for edit in op.edits]
        self._then(self._set_contents, obj, field, container, data, changes)

    def _judge_edit(
        self, field: ContainerField, data: Any, number: int, raw_key: Any, raw: Any
    ) -> Change:
        op = SyncOp(number)
        key = raw_key
        if field.container is SyncDict and op is not SyncOp.CLEAR:
            key = field.key.load(raw_key)
        without = op is SyncOp.CLEAR or (op is SyncOp.REMOVE and field.container is not SyncSet)
        new = None if without else field.value.load(raw)
        return field.container.perform(data, op, key, new)

    def _set_contents(
        self,
        obj: NetworkObject,
        field: ContainerField,
        container: SyncContainer,
        data: Any,
        changes: list[Change],
    ) -> None:
        container._data = data
        if field.on_change is not None:
            hook = getattr(obj, field.on_change)
            self.calls.extend((hook, change) for change in changes)

    # --- objects ---

    def _judge_spawn(self, op: Spawn) -> None:
        if op.object_id < self._next_id:
            raise ValueError(f"the id {op.object_id} was used before")
        obj = build(self.world, op)
        self._objects[op.object_id] = obj
        self._next_id = op.object_id + 1
        self._then(self._appear, obj, op)

    def _appear(self, obj: NetworkObject, op: Spawn) -> None:
        self.world.registry.place(self.world, obj, op.object_id, op.owner, op.tie)
        self.calls.append((obj.on_start_client,))
        self.calls.extend(self.world.owner_calls(obj, None, op.owner))

    def _judge_despawn(self, op: Despawn) -> None:
        obj = self._find(op.object_id)
        self._objects[op.object_id] = None
        self._then(self._disappear, obj)

    def _disappear(self, obj: NetworkObject) -> None:
        owner = obj.owner
        self.world.registry.remove(obj)
        if owner == self.world.me:
            self.calls.append((obj.on_stop_authority,))
        self.calls.append((obj.on_stop_client,))

    def _judge_assign(self, op: Assign) -> None:
        self._then(self._assign, self._find(op.object_id), op.owner)

    def _assign(self, obj: NetworkObject, owner: Any) -> None:
        presence = obj._presence
        assert presence is not None
        old, presence.owner = presence.owner, owner
        self.calls.extend(self.world.owner_calls(obj, old, owner))
        self.calls.extend(self.world.registry.changed_sleep([obj]))

    def _judge_retie(self, op: Retie) -> None:
        self._then(self._retie, self._find(op.object_id), op.tie)

    def _retie(self, obj: NetworkObject, tie: Tie) -> None:
        presence = obj._presence
        assert presence is not None
        presence.tie = tie
        self.calls.extend(self.world.registry.changed_sleep([obj]))

    # --- peers ---

    def _judge_suspend(self, op: Suspend) -> None:
        self._then(self._suspend, op.peer)

    def _suspend(self, peer: Any) -> None:
        registry = self.world.registry
        registry.away[peer] = None
        self.calls.extend(registry.changed_sleep(registry.owned_by(peer)))

    def _judge_resume(self, op: Resume) -> None:
        self._then(self._resume, op.peer)

    def _resume(self, peer: Any) -> None:
        registry = self.world.registry
        registry.away.pop(peer, None)
        self.calls.extend(registry.changed_sleep(registry.owned_by(peer)))

    def _judge_wrote(self, op: Wrote) -> None:
        if op.peer == self.world.me:
            self._then(self._answer, op)

    def _answer(self, op: Wrote) -> None:
        self.calls.extend(self.world.mine.on_wrote(op))

    # --- rpcs ---

    def _judge_rpc(self, op: Rpc) -> None:
        obj = self._find(op.object_id)
        rpcs = obj.__layout__.rpcs
        if not 0 <= op.method < len(rpcs):
            raise LookupError(f"{type(obj).__name__} has no client rpc {op.method}")
        spec = rpcs[op.method]
        values = spec.load(op.arguments)
        if op.to is None or op.to == self.world.me:
            self._then(self._queue_rpc, spec, obj, values)

    def _queue_rpc(self, spec: CallSpec, obj: NetworkObject, values: list[Any]) -> None:
        self.calls.append((spec.run, obj, values))


_JUDGES: Final = cast(
    "dict[type[Op], Callable[[Intake, Any], None]]",
    {
        Vars: Intake._judge_vars,
        Edits: Intake._judge_edits,
        Spawn: Intake._judge_spawn,
        Despawn: Intake._judge_despawn,
        Assign: Intake._judge_assign,
        Suspend: Intake._judge_suspend,
        Resume: Intake._judge_resume,
        Retie: Intake._judge_retie,
        Rpc: Intake._judge_rpc,
        Wrote: Intake._judge_wrote,
    },
)


def load_fields(world: World, op: Spawn) -> list[tuple[SyncField, Any]]:
    """The fields of a whole object with their values. Raises `Misfit` or `LookupError`."""
    layouts = world.game.layouts
    if not 0 <= op.class_index < len(layouts) or layouts[op.class_index].cls is SessionState:
        raise LookupError(f"the game has no class {op.class_index}")
    return load_values(layouts[op.class_index], op.values)


def load_values(layout: Layout, values: list[Any]) -> list[tuple[SyncField, Any]]:
    """The fields of a class with these values for them. Raises `Misfit` or `LookupError`."""
    if len(layout.fields) != len(values):
        raise LookupError(f"{len(values)} values for {len(layout.fields)} fields")
    return [(field, field.load(raw)) for field, raw in zip(layout.fields, values, strict=True)]


def build(world: World, op: Spawn) -> NetworkObject:
    """An object as the wire has it, not yet in the world.

    Raises `Misfit` or `LookupError`, and `GameCodeError` if the game's `__attrs_post_init__` does.
    """
    loaded = load_fields(world, op)
    cls = world.game.layouts[op.class_index].cls
    try:
        obj: NetworkObject = cls(**{field.name: value for field, value in loaded})
    except Exception as error:
        raise GameCodeError([error]) from error
    for field, value in loaded:  # whatever the game's __attrs_post_init__ did to them
        field.put(obj, value)
    return obj
