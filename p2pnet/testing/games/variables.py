"""State in variables of modules and classes: all peers of a test share it, and none of a game."""

from __future__ import annotations

import ast
import copy
import enum
import functools
import itertools
import sys
from collections import deque
from collections.abc import Collection, Iterator
from types import FunctionType, ModuleType
from typing import Any, Final

import attrs

from p2pnet.world.game import Game
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
        for variable in _variables(deed.world.game):
            place, value = variable.place, variable.value
            if place not in self._before or self._before[place] != _picture(value):
                evidence = f"{deed} ran on the host and made it {shown(value)}."
                evidence = evidence[:1].upper() + evidence[1:]
                yield Mistake(MistakeKind.SHARED_VARIABLE, place, evidence)


@attrs.frozen(eq=False)
class _Variable:
    """One variable of a module or a class."""

    holder: Any
    name: str
    value: Any
    place: str


class Backup:
    """What the variables of a game were before a story: the next one shall not inherit them."""

    def __init__(self, game: Game) -> None:
        self._kept: dict[str, tuple[_Variable, Any]] = {}
        for variable in _variables(game):
            try:
                self._kept[variable.place] = variable, _copied(variable.value)
            except Exception:  # noqa: BLE001  # what can't be copied stays as the story leaves it
                continue

    def put_back(self, places: Collection[str]) -> None:
        """Only these: whatever else has changed may be what a test collects."""
        for place in places:
            if place in self._kept:
                variable, was = self._kept[place]
                setattr(variable.holder, variable.name, _refilled(variable.value, was))


def _copied(value: Any) -> Any:
    """The same anew. Raises what copying it raises: Python is about to give it up for counters."""
    if isinstance(value, itertools.count):
        numbers = ast.literal_eval(repr(value).removeprefix("count"))  # "(2)", or "(2, 10)"
        return itertools.count(*numbers) if isinstance(numbers, tuple) else itertools.count(numbers)
    return copy.deepcopy(value)


def _refilled(value: Any, was: Any) -> Any:
    """The same object with what it held, for others may have it by another name; or a copy."""
    if isinstance(value, list | deque | bytearray):
        value.clear()
        value.extend(was)
    elif isinstance(value, dict | set):
        value.clear()
        value.update(was)
    else:
        return was
    return value


def _pictures(world: World) -> dict[str, Any]:
    return {variable.place: _picture(variable.value) for variable in _variables(world.game)}


def _picture(value: Any) -> Any:
    if isinstance(value, list | dict | set | tuple | deque) and len(value) > _LOOKED_INTO_MAX:
        return len(value)
    return still(value)


def _variables(game: Game) -> Iterator[_Variable]:
    """All data in the classes of the game and in their modules."""
    modules: dict[str, ModuleType] = {}
    for layout in game.layouts:
        cls = layout.cls
        if cls.__module__ in sys.modules and not cls.__module__.startswith("p2pnet."):
            modules[cls.__module__] = sys.modules[cls.__module__]
        yield from _data_in(cls.__name__, cls)
    for module in modules.values():
        yield from _data_in(module.__name__, module)
        for name, value in list(vars(module).items()):
            if _is_plain_class(value):
                yield from _data_in(name, value)


def _data_in(place: str, holder: Any) -> Iterator[_Variable]:
    for name, value in list(vars(holder).items()):
        if not name.startswith("__") and (isinstance(value, _DATA) or is_their_object(value)):
            yield _Variable(holder, name, value, f"{place}.{name}")


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
