"""Clocks of single machines whose time gets into what is replicated.

While code of the game runs, `time.monotonic` and its like show virtual time, so a story is the same
each time. As in the real world the clock of each machine has a beginning of its own, far from those
of the others. So a synced value that comes from such a clock can be told by its size.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

import attrs

from p2pnet.world.containers import SyncContainer
from p2pnet.world.objects import NetworkObject
from p2pnet.world.world import World

from .deeds import Deed
from .mistakes import Mistake, MistakeKind

_APART_S: Final = 7_654_321.0
"""Between the clocks of two machines."""

_NEAR_S: Final = 50_000.0
"""What a game adds to the time, or takes from it, is less."""

_PER_S: Final = {
    **dict.fromkeys(("monotonic", "perf_counter"), 1),
    **dict.fromkeys(("monotonic_ns", "perf_counter_ns"), 1_000_000_000),
}
"""The functions of `time`, and how many of what they give make a second."""

_REAL: Final = {name: getattr(time, name) for name in _PER_S}


@attrs.define(eq=False)
class Clocks:
    """The clocks of all machines of a story."""

    now_s: Callable[[], float] = attrs.field(default=lambda: 0.0)
    """Virtual time."""

    _numbers: dict[int, int] = attrs.field(factory=dict, init=False)
    """Which machine it is, by the id of its world."""
    _uses: list[tuple[Any, str, str]] | None = attrs.field(default=None, init=False)
    """Where the game has clocks: the module, the name there, and which clock it is."""
    _asked: str = attrs.field(default="", init=False)
    """The clock that was looked at since the outermost call of the game began."""
    _written: list[tuple[NetworkObject, str]] = attrs.field(factory=list, init=False)

    def begin(self, deed: Deed) -> None:
        """The outermost call of code of the game begins: its clocks are those of its machine."""
        if self._uses is None:
            self._uses = list(_uses_of(deed.world))
        self._asked = ""
        self._written.clear()
        for holder, name, clock in self._uses:
            setattr(holder, name, self._clock(clock, deed.world))

    def wrote(self, obj: NetworkObject, name: str) -> None:
        """The host is about to write a synced field."""
        if self._asked:
            self._written.append((obj, name))

    def end(self, deed: Deed, peer: str) -> Iterator[Mistake]:
        """It has run."""
        for holder, name, clock in self._uses or ():
            setattr(holder, name, _REAL[clock])
        for obj, name in self._written:
            if self._is_in(vars(obj).get(name), deed.world):
                evidence = (
                    f"{deed} put time.{self._asked}() of {peer}, the host, into it. The clock of "
                    "the next host began at another moment, and knows nothing of this one."
                )
                place = f"{type(obj).__name__}.{name}"
                yield Mistake(MistakeKind.CLOCK, place, evidence[:1].upper() + evidence[1:])

    def _is_in(self, value: Any, world: World) -> bool:
        """Whether a synced value is, or holds, about what the clock shows."""
        if isinstance(value, SyncContainer):
            data = value._data
            items = data.values() if isinstance(data, dict) else data
            return any(self._is_in(item, world) for item in items)
        if type(value) not in (int, float):
            return False
        return bool(abs(value / _PER_S[self._asked] - self._reading_s(world)) < _NEAR_S)

    def _reading_s(self, world: World) -> float:
        number = self._numbers.setdefault(id(world), len(self._numbers) + 1)
        return number * _APART_S + self.now_s()

    def _clock(self, name: str, world: World) -> Callable[[], float]:
        def clock() -> float:
            self._asked = name
            shown = self._reading_s(world) * _PER_S[name]
            return round(shown) if name.endswith("_ns") else shown

        return clock


def _uses_of(world: World) -> Iterator[tuple[Any, str, str]]:
    """Where the modules of the game's classes have clocks."""
    names = {layout.cls.__module__ for layout in world.game.layouts}
    modules = [sys.modules[n] for n in names if n in sys.modules and not n.startswith("p2pnet.")]
    for module in modules:
        for name, value in list(vars(module).items()):
            for clock, real in _REAL.items():
                if value is real:
                    yield module, name, clock
    if any(value is time for module in modules for value in vars(module).values()):
        for clock in _PER_S:
            yield time, clock, clock
