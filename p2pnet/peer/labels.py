"""The labels of all members as the core has them at this very moment.

The core changes the roster before it tells the world of a newcomer, so that a start hook of the
game finds the label of the player that it runs for. A copy made after the step would be late.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import attrs

from ..core.roster import Roster
from ..core.values import ConnectionId, PeerId


@attrs.frozen
class Labels(Mapping[PeerId, ConnectionId]):
    """A view of the roster: peer to connection id."""

    _roster: Callable[[], Roster]

    def __getitem__(self, peer: PeerId) -> ConnectionId:
        member = self._roster().get(peer)
        if member is None:
            raise KeyError(peer)
        return member.connection_id

    def __iter__(self) -> Iterator[PeerId]:
        return (member.peer for member in self._roster().members)

    def __len__(self) -> int:
        return len(self._roster().members)


@attrs.frozen
class Processes(Mapping[PeerId, int]):
    """The same, peer to nonce of the process that has the seat."""

    _roster: Callable[[], Roster]

    def __getitem__(self, peer: PeerId) -> int:
        member = self._roster().get(peer)
        if member is None:
            raise KeyError(peer)
        return member.nonce

    def __iter__(self) -> Iterator[PeerId]:
        return (member.peer for member in self._roster().members)

    def __len__(self) -> int:
        return len(self._roster().members)
