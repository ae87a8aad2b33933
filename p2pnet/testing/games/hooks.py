"""Hooks that leave something else behind on each peer, though they were called for the same thing.

Two calls are the same if they were made on two clients for one object, in one state of everything,
with the same arguments. If they leave different attributes behind, and the code draws lots or looks
at a clock, or if they leave the same things in another order, it is named. (Peers that do different
things because they are different peers are not.)
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from types import CodeType, ModuleType
from typing import Any, Final

import attrs

from .deeds import REPEATED, Deed
from .mistakes import Mistake, MistakeKind
from .plain import plain_attributes, still, synced_values, told

_CHANCE: Final = frozenset({"random", "time", "datetime", "secrets", "uuid", "numpy.random"})
"""Modules whose answers are not the same twice."""

_ORDERED: Final = ("list", "tuple", "deque")


@attrs.define(eq=False)
class Hooks:
    """What hooks did on clients."""

    _before: list[tuple[dict[str, Any], Any] | None] = attrs.field(factory=list, init=False)
    _done: dict[str, dict[str, Any]] = attrs.field(factory=dict, init=False)

    def begin(self, deed: Deed) -> None:
        """Look at the object."""
        compared = deed.kind in REPEATED and not deed.world.is_host and deed.obj is not None
        if compared and deed.obj is not None:
            self._before.append((plain_attributes(deed.obj), random.getstate()))
        else:
            self._before.append(None)

    def end(self, deed: Deed, peer: str) -> Iterator[Mistake]:
        """Look at what is different, and compare with what others did."""
        found = self._before.pop()
        if found is None or deed.obj is None:
            return
        before, dice = found
        after = plain_attributes(deed.obj)
        if after == before:
            return
        changed = {name: value for name, value in after.items() if before.get(name) != value}
        known = self._done.setdefault(_occasion(deed, before), changed)
        differ = sorted(name for name in changed if known.get(name, changed[name]) != changed[name])
        if not differ:
            return
        name = differ[0]
        is_chance = random.getstate() != dice or _asks_chance(deed)
        if not is_chance and not _is_another_order(changed[name], known[name]):
            return
        place = f"{type(deed.obj).__name__}.{name}"
        evidence = (
            f"The hook {deed.name} set it, and for the same change two peers have different "
            f"values now: {told(changed[name])} on {peer}, {told(known[name])} on another."
        )
        yield Mistake(MistakeKind.RANDOM_HOOK, place, evidence)


def _occasion(deed: Deed, before: dict[str, Any]) -> str:
    """What two calls have in common that have to do the same."""
    assert deed.obj is not None
    state = [(number, synced_values(obj)) for number, obj in deed.world.objects.items()]
    args = [still(argument) for argument in deed.args]
    return repr((deed.name, deed.obj.object_id, args, before, state))


def _asks_chance(deed: Deed) -> bool:
    """Whether the code, as far as it can be read, uses a module of chance or a clock."""
    function = getattr(deed.function, "__func__", deed.function)
    code = getattr(function, "__code__", None)
    names = {**getattr(function, "__globals__", {}), **vars(deed.obj)}
    return isinstance(code, CodeType) and any(
        _comes_from_chance(names[name]) for name in code.co_names if name in names
    )


def _is_another_order(one: Any, other: Any) -> bool:
    """Whether two pictures are of lists of the same things, which is what a set makes of them."""
    lists = [picture[1] for picture in (one, other) if isinstance(picture, tuple)]
    return (
        len(lists) == 2
        and one[0] in _ORDERED
        and sorted(map(repr, lists[0])) == sorted(map(repr, lists[1]))
    )


def _comes_from_chance(value: object) -> bool:
    module = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", "")
    return module in _CHANCE
