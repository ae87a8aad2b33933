"""Members that are back, and of whom the game is told when they have all scenes."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from ..core.events import Event, PeerGone, PeerLost, PeerReturned, SeatReclaimed
from ..core.values import PeerId


@attrs.define
class Arrivals:
    """Holds back that a member has returned until `is_ready`. Who is lost again meanwhile was
    never back.
    """

    is_ready: Callable[[PeerId], bool]
    _held: dict[PeerId, list[Event]] = attrs.field(factory=dict, init=False)

    def sift(self, event: Event) -> Event | None:
        """The event, if the game is to be told of it now."""
        if isinstance(event, PeerReturned | SeatReclaimed):
            if self.is_ready(event.peer):
                return event
            self._held.setdefault(event.peer, []).append(event)
            return None
        if isinstance(event, PeerLost):
            return event if self._held.pop(event.peer, None) is None else None
        if isinstance(event, PeerGone):
            self._held.pop(event.peer, None)
        return event

    def release(self) -> list[Event]:
        """What is to be told by now, in the order in which they came."""
        if not self._held:
            return []
        ready = [peer for peer in self._held if self.is_ready(peer)]
        return [event for peer in ready for event in self._held.pop(peer)]
