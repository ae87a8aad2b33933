"""`on_start_server` that does at every change of host what belongs to the first start alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs

from p2pnet.world.objects import NetworkObject

from .deeds import Deed, DeedKind
from .mistakes import Mistake, MistakeKind
from .plain import shown, synced_values


@attrs.frozen(eq=False)
class _Before:
    """What there was when a start hook began."""

    objects: dict[int, dict[str, Any]]
    """Pictures of all synced fields; when an object starts for the first time, ids alone."""
    texts: dict[tuple[int, str], str]


@attrs.define(eq=False)
class Starts:
    """What start hooks did, the first time and when a new host took over."""

    _first: dict[int, dict[str, Any]] = attrs.field(factory=dict, init=False)
    """What each object had after its first start."""
    _spawned: dict[int, list[NetworkObject]] = attrs.field(factory=dict, init=False)
    """What each object spawned at its first start."""
    _last: dict[tuple[int, str], DeedKind | None] = attrs.field(factory=dict, init=False)
    """What kind of code wrote each synced field last."""
    _before: list[_Before] = attrs.field(factory=list, init=False)

    def wrote(self, obj: NetworkObject, name: str, by: Deed | None) -> None:
        """A synced field is written on a host."""
        if by is None or by.kind is not DeedKind.START:
            self._last[obj.object_id, name] = None if by is None else by.kind

    def begin(self, deed: Deed) -> None:
        """Look at what there is."""
        if deed.kind is not DeedKind.START:
            return
        objects = deed.world.objects
        if deed.args[0]:
            values = {number: synced_values(obj) for number, obj in objects.items()}
            texts = {
                (number, name): shown(vars(obj)[name])
                for number, obj in objects.items()
                for name in values[number]
            }
            self._before.append(_Before(values, texts))
        else:
            self._before.append(_Before({number: {} for number in objects}, {}))

    def end(self, deed: Deed, peer: str) -> Iterator[Mistake]:
        """Look at what is different."""
        if deed.kind is not DeedKind.START or deed.obj is None:
            return
        before = self._before.pop()
        objects = deed.world.objects
        new = [obj for number, obj in objects.items() if number not in before.objects]
        if deed.args[0]:
            yield from self._again(deed, peer, before, new)
        else:
            self._first[deed.obj.object_id] = synced_values(deed.obj)
            self._spawned[deed.obj.object_id] = new

    def _again(
        self, deed: Deed, peer: str, before: _Before, new: list[NetworkObject]
    ) -> Iterator[Mistake]:
        for number, values in before.objects.items():
            obj = deed.world.objects.get(number)
            if obj is not None:
                yield from self._resets(deed, peer, obj, values, before.texts)
        yield from self._spawns(deed, peer, new)

    def _resets(
        self,
        deed: Deed,
        peer: str,
        obj: NetworkObject,
        before: dict[str, Any],
        texts: dict[tuple[int, str], str],
    ) -> Iterator[Mistake]:
        number = obj.object_id
        for name, now in synced_values(obj).items():
            is_first = now == self._first.get(number, {}).get(name)
            was_played = (number, name) in self._last
            if now != before[name] and is_first and was_played:
                evidence = (
                    f"When {peer} became the host, {deed.name}(migrated=True) set "
                    f"{type(obj).__name__}.{name} from {texts[number, name]} back to "
                    f"{shown(vars(obj)[name])}, as at the first start."
                )
                yield Mistake(
                    MistakeKind.RESET_ON_MIGRATION, f"{type(obj).__name__}.{name}", evidence
                )

    def _spawns(self, deed: Deed, peer: str, new: list[NetworkObject]) -> Iterator[Mistake]:
        assert deed.obj is not None
        world = deed.world
        first = [
            type(obj)
            for obj in self._spawned.get(deed.obj.object_id, ())
            if obj.object_id in world.objects
        ]
        again = sorted({type(obj).__name__ for obj in new if type(obj) in first})
        for name in again:
            evidence = (
                f"When {peer} became the host, {deed.name}(migrated=True) spawned another {name}, "
                "as at the first start."
            )
            yield Mistake(MistakeKind.SPAWNED_AGAIN, deed.name, evidence)
