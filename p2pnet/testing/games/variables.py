"""State in variables of modules and classes: all peers of a test share it, and none of a game."""

from __future__ import annotations

import enum
import functools
import itertools
import sys
from collections import deque
from collections.abc import Iterator
from types import FunctionType, ModuleType
from typing import Any, Final

import attrs

from p2pnet.world.objects import NetworkObject
from p2pnet.world.world import World

from .deeds import Deed
from .mistakes import Mistake, MistakeKind
from .plain import is_their_object, is_theirs, shown, still

_DATA: Final = (
    *(type(None), bool, int, float, str, bytes, bytearray, itertools.count),
    *(list, dict, set, tuple, deque),
)
_LOOKED_INTO_MAX: Final = 64
"""Items of a larger collection are not compared, only counted."""


@attrs.define(eq=False)
class Variables:
    """What the variables were when code of the host began to run."""

    _before: dict[str, Any] = attrs.field(factory=dict, init=False)
    _inner: dict[str, Any] | None = attrs.field(default=None, init=False)

    def begin(self, world: World) -> None:
        """Look at them."""
        self._before = _pictures(world)

    def begin_hook(self, deed: Deed) -> None:
        """A hook runs within it that runs on every peer: what that does is each peer's own."""
        self._inner = _pictures(deed.world) if _may_touch(deed.function) else None

    def end_hook(self, deed: Deed) -> None:
        """It has run."""
        if self._inner is None:
            return
        for place, picture in _pictures(deed.world).items():
            was = self._inner.get(place)
            if was != picture and was == self._before.get(place):
                self._before[place] = picture
        self._inner = None

    def end(self, deed: Deed) -> Iterator[Mistake]:
        """Those that are different, it has changed."""
        for place, value in _variables(deed.world):
            if place not in self._before or self._before[place] != _picture(value):
                evidence = f"{deed} ran on the host and made it {shown(value)}."
                evidence = evidence[:1].upper() + evidence[1:]
                yield Mistake(MistakeKind.SHARED_VARIABLE, place, evidence)


def _pictures(world: World) -> dict[str, Any]:
    return {place: _picture(value) for place, value in _variables(world)}


def _picture(value: Any) -> Any:
    if isinstance(value, list | dict | set | tuple | deque) and len(value) > _LOOKED_INTO_MAX:
        return len(value)
    return still(value)


def _variables(world: World) -> Iterator[tuple[str, Any]]:
    """Names and values of all data in the classes of the game and in their modules."""
    modules: dict[str, ModuleType] = {}
    for layout in world.game.layouts:
        cls = layout.cls
        if cls.__module__ in sys.modules and not cls.__module__.startswith("p2pnet."):
            modules[cls.__module__] = sys.modules[cls.__module__]
        yield from _data_in(cls.__name__, cls)
    for module in modules.values():
        yield from _data_in(module.__name__, module)
        for name, value in list(vars(module).items()):
            if _is_plain_class(value):
                yield from _data_in(name, value)


def _data_in(place: str, holder: Any) -> Iterator[tuple[str, Any]]:
    for name, value in list(vars(holder).items()):
        if not name.startswith("__") and (isinstance(value, _DATA) or is_their_object(value)):
            yield f"{place}.{name}", value


def _is_plain_class(value: Any) -> bool:
    is_class = isinstance(value, type) and not issubclass(value, NetworkObject | enum.Enum)
    return is_class and is_theirs(value)


def _may_touch(hook: Any) -> bool:
    """Whether a hook may change a variable, as far as its code can be read."""
    function = getattr(hook, "__func__", hook)
    return not isinstance(function, FunctionType) or _touches(function)


@functools.cache
def _touches(function: FunctionType) -> bool:
    names = function.__code__.co_names
    used = [function.__globals__[name] for name in names if name in function.__globals__]
    return bool({"__class__", "type"} & set(names)) or any(
        isinstance(value, (*_DATA, type, FunctionType)) or is_their_object(value) for value in used
    )
