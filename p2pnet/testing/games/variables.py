"""State in variables of modules and classes: all peers of a test share it, and none of a game."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any, Final

import attrs

from p2pnet.world.world import World

from .deeds import Deed
from .mistakes import Mistake, MistakeKind
from .plain import shown, still

_DATA: Final = (type(None), bool, int, float, str, bytes, list, dict, set, tuple)
_LOOKED_INTO_MAX: Final = 64
"""Items of a larger collection are not compared, only counted."""


@attrs.define(eq=False)
class Variables:
    """What the variables were when code of the host began to run."""

    _before: dict[str, Any] = attrs.field(factory=dict, init=False)

    def begin(self, world: World) -> None:
        """Look at them."""
        self._before = {place: _picture(value) for place, value in _variables(world)}

    def end(self, deed: Deed) -> Iterator[Mistake]:
        """Those that are different, it has changed."""
        for place, value in _variables(deed.world):
            if place not in self._before or self._before[place] != _picture(value):
                evidence = f"{deed} ran on the host and made it {shown(value)}."
                evidence = evidence[:1].upper() + evidence[1:]
                yield Mistake(MistakeKind.SHARED_VARIABLE, place, evidence)


def _picture(value: Any) -> Any:
    if isinstance(value, list | dict | set | tuple) and len(value) > _LOOKED_INTO_MAX:
        return len(value)
    return still(value)


def _variables(world: World) -> Iterator[tuple[str, Any]]:
    """Names and values of all data in the classes of the game and in their modules."""
    modules: dict[str, ModuleType] = {}
    for layout in world.game.layouts:
        cls = layout.cls
        if cls.__module__ in sys.modules and not cls.__module__.startswith("p2pnet."):
            modules[cls.__module__] = sys.modules[cls.__module__]
        for name, value in list(vars(cls).items()):
            if isinstance(value, _DATA) and not name.startswith("__"):
                yield f"{cls.__name__}.{name}", value
    for module in modules.values():
        for name, value in list(vars(module).items()):
            if isinstance(value, _DATA) and not name.startswith("__"):
                yield f"{module.__name__}.{name}", value
