"""Events on their way to the application: one bounded buffer for each reader."""

from __future__ import annotations

import weakref
from collections import deque
from typing import Final

import trio

from ..core.errors import EventsMissed
from ..core.events import Event

WAITING_EVENTS_MAX: Final = 4_096
"""Far more than a change of host makes, far less than what would hurt."""


class Subscription:
    """The events from the moment it was made, in order. Ends after the last event of the session.

    Raises EventsMissed, after those that were in time, if its reader falls too far behind.
    """

    def __init__(self) -> None:
        self._waiting: deque[Event] = deque()
        self._is_ended = False
        self._was_missed = False
        self._readers = trio.lowlevel.ParkingLot()

    def __aiter__(self) -> Subscription:
        return self

    async def __anext__(self) -> Event:
        await trio.lowlevel.checkpoint()
        while not self._waiting:
            if self._was_missed:
                raise EventsMissed(
                    f"{WAITING_EVENTS_MAX} events waited and more came: read them faster, or hand "
                    "the work on to another task"
                )
            if self._is_ended:
                raise StopAsyncIteration
            await self._readers.park()
        return self._waiting.popleft()

    def __len__(self) -> int:
        """How many events wait to be read."""
        return len(self._waiting)

    @property
    def is_over(self) -> bool:
        """Whether nothing will be added any more."""
        return self._is_ended or self._was_missed

    def put(self, event: Event) -> None:
        """One more event. Never waits; a reader that is too slow loses the stream, not others."""
        if self.is_over:
            return
        if len(self._waiting) >= WAITING_EVENTS_MAX:
            self._was_missed = True
        else:
            self._waiting.append(event)
        self._readers.unpark_all()

    def end(self) -> None:
        """There will be no more events."""
        self._is_ended = True
        self._readers.unpark_all()


class Fanout:
    """All subscriptions of one peer that somebody holds. One that is dropped costs nothing."""

    def __init__(self) -> None:
        self._readers: list[weakref.ref[Subscription]] = []
        self._is_ended = False

    def __len__(self) -> int:
        return len(self._live())

    def subscribe(self) -> Subscription:
        """A new subscription; it is over at once if the session is."""
        subscription = Subscription()
        if self._is_ended:
            subscription.end()
        self._readers = [weakref.ref(each) for each in (*self._live(), subscription)]
        return subscription

    def put(self, event: Event) -> None:
        """Tell everybody."""
        for subscription in self._live():
            subscription.put(event)

    def end(self) -> None:
        """There will be no more events for anybody."""
        self._is_ended = True
        for subscription in self._live():
            subscription.end()

    def _live(self) -> list[Subscription]:
        """In the order of their beginning."""
        held = (reader() for reader in self._readers)
        return [each for each in held if each is not None and not each.is_over]
