"""Attributes that are not replicated and yet are state: lost with the host, or never elsewhere.

An attribute is suspected when code that runs on the host alone wrote it. It is a mistake when a new
host has the object and the attribute is missing there, or still is as it was when the object
appeared. What hooks write that run on every peer is not suspected: each peer has its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import attrs

from p2pnet.world.objects import NetworkObject
from p2pnet.world.world import World

from .deeds import REPEATED, Deed, DeedKind
from .mistakes import Mistake, MistakeKind
from .plain import plain_attributes, shown_apart, still, whole
from .scratch import is_scratch

_MISSING: Final = "missing"

_Place = tuple[int, int]
"""The id of a world, and the id of an object in it."""


@attrs.frozen(eq=False)
class _Suspect:
    """The new host may lack what the old one had."""

    name: str
    old: NetworkObject
    new: NetworkObject
    old_world: World
    new_world: World
    picture: Any
    text: str
    """What the old host had, for the message."""
    writer: Deed
    was_born: bool
    """The old host had it from the beginning of the object."""


@attrs.define(eq=False)
class Attributes:
    """What all objects on all peers have on them that is not replicated."""

    _seen: dict[_Place, dict[str, Any]] = attrs.field(factory=dict, init=False)
    _born: dict[_Place, dict[str, Any]] = attrs.field(factory=dict, init=False)
    _started: dict[int, dict[str, Any]] = attrs.field(factory=dict, init=False)
    _writers: dict[tuple[int, int, str], tuple[Deed, bool]] = attrs.field(factory=dict, init=False)
    everywhere: dict[str, Deed] = attrs.field(factory=dict, init=False)
    """What hooks write on every peer, as `Tank.shine`, and the first such call."""
    _suspects: list[_Suspect] = attrs.field(factory=list, init=False)

    # --- looking ---

    def look(self, world: World, by: Deed | None, deed: Deed) -> None:
        """Compare with the last look. What is different now, `by` did; None is not the game."""
        alone = not deed.is_host_only or deed.kind is DeedKind.TICK
        if alone and deed.obj is not None:
            self._look_at(world, deed.obj, by)
        else:
            self.look_at_all(world, by)

    def look_at_all(self, world: World, by: Deed | None) -> None:
        """The same for all objects of a world."""
        for obj in world.objects.values():
            self._look_at(world, obj, by)

    def _look_at(self, world: World, obj: NetworkObject, by: Deed | None) -> None:
        now = plain_attributes(obj)
        place = id(world), obj.object_id
        before = self._seen.get(place)
        if now == before:
            return
        self._seen[place] = now
        if before is None:
            self._born[place] = now
        if by is None:
            return
        for name, picture in now.items():
            if before is None or before.get(name, _MISSING) != picture:
                self._wrote(place, obj, name, by, was_born=before is None)

    def _wrote(
        self, place: _Place, obj: NetworkObject, name: str, by: Deed, was_born: bool
    ) -> None:
        if by.is_host_only:
            if by.kind is not DeedKind.TICK or not is_scratch(by.function, name):
                self._writers[(*place, name)] = by, was_born
        elif by.kind in REPEATED and not by.world.is_host:
            self.everywhere.setdefault(f"{type(obj).__name__}.{name}", by)

    def end(self, deed: Deed) -> None:
        """Note what an object had after it had started and appeared."""
        if deed.obj is None:
            return
        if deed.kind is DeedKind.START and deed.args[0] is False:
            self._started[deed.obj.object_id] = plain_attributes(deed.obj)
        elif deed.kind is DeedKind.APPEAR:
            self._born[id(deed.world), deed.obj.object_id] = plain_attributes(deed.obj)

    # --- a new host ---

    def succeed(self, old: World, new: World) -> None:
        """What the host of `old` had is compared with what the host of `new` will have."""
        self.look_at_all(new, None)  # as it is before it hosts
        for (world, object_id, name), (writer, was_born) in self._writers.items():
            there, here = old.objects.get(object_id), new.objects.get(object_id)
            if world != id(old) or there is None or here is None or name not in vars(there):
                continue
            value = vars(there)[name]
            self._suspects.append(
                _Suspect(name, there, here, old, new, still(value), whole(value), writer, was_born)
            )

    def missed(self, names: Mapping[int, str]) -> Iterator[Mistake]:
        """Those suspicions that have come true by now."""
        for suspect in self._suspects:
            place = f"{type(suspect.new).__name__}.{suspect.name}"
            kind = self._judge(suspect)
            if kind is None or place in self.everywhere or not suspect.new.is_spawned:
                continue
            old, new = names[id(suspect.old_world)], names[id(suspect.new_world)]
            was, now = shown_apart(suspect.text, whole(getattr(suspect.new, suspect.name, None)))
            has = f"has {now}" if kind is MistakeKind.LOST_STATE else "has no such attribute"
            writer = str(suspect.writer)
            evidence = (
                f"{writer[:1].upper()}{writer[1:]} set it. On {old}, the host, it was {was}; "
                f"{new}, the next host, {has}."
            )
            yield Mistake(kind, place, evidence)

    def _judge(self, suspect: _Suspect) -> MistakeKind | None:
        now = _picture(suspect.new, suspect.name)
        if now == suspect.picture:
            return None
        if now == _MISSING:
            return MistakeKind.HOST_ONLY_DATA
        default = _default(type(suspect.new), suspect.name)
        if suspect.was_born and now != default:
            return None  # each peer makes up its own
        place = id(suspect.new_world), suspect.new.object_id
        born = self._born.get(place, {}).get(suspect.name)
        started = self._started.get(suspect.new.object_id, {}).get(suspect.name)
        return MistakeKind.LOST_STATE if now in (born, started, default) else None


def _picture(obj: NetworkObject, name: str) -> Any:
    """What reading the attribute gives, as a picture."""
    here = plain_attributes(obj)
    return here[name] if name in here else _default(type(obj), name)


def _default(cls: type, name: str) -> Any:
    """What the class itself has for the attribute."""
    field = attrs.fields_dict(cls).get(name)
    if field is not None:
        plain = not isinstance(field.default, attrs.Factory)  # type: ignore[arg-type]
        return still(field.default) if plain else _MISSING
    return still(getattr(cls, name)) if hasattr(cls, name) else _MISSING
