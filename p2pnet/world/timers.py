"""Timers that outlive the host on which they were set.

A timer is part of the replicated state: which object, which method, when, with what. It fires in
a tick of the host, and the update of that tick holds both what it did and that it is gone. Either
both are part of the history or neither is, so no host can fire it a second time, and if a host dies
before anybody has that update, the next one fires it anew.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import attrs
import msgspec

from ..core.errors import LocalProtocolError, SyncTypeError
from .hints import BAD_BYTES, ENCODER
from .session_state import SESSION_ID, Timer

if TYPE_CHECKING:
    from .intake import Step
    from .objects import NetworkObject
    from .world import World

_US_PER_S: Final = 1_000_000
_SECONDS_MAX: Final = 10 * 366 * 24 * 3600  # ten years


@attrs.frozen(eq=False)
class Timers:
    """The timers of one world."""

    world: World

    def set(self, obj: NetworkObject, seconds: float, method: str, arguments: Any) -> int:
        """Have a method called on the host so many seconds of game time from now.

        Returns the number of the timer. Raises `SyncTypeError` for what can't be called then.
        """
        _check_seconds(seconds)
        _check_method(obj, method)
        session = self.world.session
        number = session.next_timer
        due_us = self.world.game_us + round(seconds * _US_PER_S)
        session.timers[number] = Timer(due_us, obj.object_id, method, _encoded(arguments))
        session.next_timer = number + 1
        return number

    def cancel(self, number: int) -> bool:
        """Forget a timer. False if there is none of this number, because it has fired."""
        return self.world.session.timers.pop(number, None) is not None

    def remaining_us(self, number: int) -> int | None:
        """How much game time is left; None if there is no such timer."""
        timer = self.world.session.timers.get(number)
        return None if timer is None else max(0, timer.due_us - self.world.game_us)

    def forget(self, obj: NetworkObject) -> None:
        """The object is about to be despawned, and its timers go with it."""
        timers = self.world.session.timers
        for number in [n for n, timer in timers.items() if timer.object_id == obj.object_id]:
            del timers[number]

    def due(self) -> Iterator[Step]:
        """What is to be called by now, the earliest first.

        Each is gone before it is called, so that one that sets itself anew is another.
        """
        world = self.world
        last = world.session.next_timer  # those set by a timer that fires wait for the next tick
        while True:
            ripe = [
                (timer.due_us, number)
                for number, timer in world.session.timers.items()
                if timer.due_us <= world.game_us and number < last
            ]
            if not ripe:
                return
            number = min(ripe)[1]
            timer = world.session.timers.pop(number)
            obj = world.find(timer.object_id)
            if obj is not None:
                yield (getattr(obj, timer.method), *msgspec.msgpack.decode(timer.arguments))


def _check_seconds(seconds: Any) -> None:
    number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    if not number or not math.isfinite(seconds) or not 0 <= seconds <= _SECONDS_MAX:
        raise SyncTypeError(f"after: expected seconds from 0 to ten years, got {seconds!r}")


def _check_method(obj: NetworkObject, method: Any) -> None:
    if obj.object_id == SESSION_ID:
        raise LocalProtocolError("after: the object is in no world; spawn it first")
    if not isinstance(method, str) or not callable(getattr(type(obj), method, None)):
        raise SyncTypeError(
            f"after: {type(obj).__name__} has no method {method!r}; give the name of one, since "
            "the timer may fire on another peer"
        )


def _encoded(arguments: Any) -> bytes:
    try:
        data = ENCODER.encode(list(arguments))
        arrives = bool(msgspec.msgpack.decode(data) == list(arguments))
    except BAD_BYTES as error:
        raise SyncTypeError(f"after: {arguments!r} can't travel: {error}") from error
    if not arrives:
        raise SyncTypeError(
            f"after: {arguments!r} would arrive as something else; pass numbers, texts, bytes, "
            "lists and dicts of them"
        )
    return data
