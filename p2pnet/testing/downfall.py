"""A peer that can't go on, since the code of its game raised: it ends, and all that it holds does.

Whoever waits for a receipt of it is told, whether the command was on its way or had not even been
looked at. The others are told as well, and play on.
"""

from __future__ import annotations

from typing import Final, Protocol

import attrs

from p2pnet.core.errors import GameError
from p2pnet.core.peer import PeerCore
from p2pnet.core.settings import AckLevel
from p2pnet.peer.inputs import Input

from .catalogue import InvariantBroken
from .sim_peer import SimPeer
from .trio_peer import TrioPeer

_OVER_US: Final = 3_000_000  # it has ended, and the others have a host again if it was the host


class Downfall(Exception):
    """What such a game raises."""


@attrs.frozen
class Raises(Input):
    """Something comes in, and the game raises because of it."""

    def feed(self, core: PeerCore, now: int) -> None:
        raise Downfall("the game does not work")


def is_downfall(failure: BaseException) -> bool:
    """Whether that is the end that such a peer has to come to."""
    return isinstance(failure, GameError) and isinstance(failure.__cause__, Downfall)


class Lane(Protocol):
    """Where it happens."""

    @property
    def members(self) -> list[SimPeer]: ...
    def process(self, peer: SimPeer) -> TrioPeer: ...
    def submit(self, peer: SimPeer, text: str, ack: AckLevel | None = None) -> object: ...
    def run_for(self, us: int) -> None: ...
    def converged(self, newcomers: bool = True) -> bool: ...


def fall(lane: Lane, peer: SimPeer) -> None:
    """Have it happen to one peer. Raises `InvariantBroken`."""
    process = lane.process(peer)
    lane.submit(peer, "on its way", AckLevel.ALL)
    process.shell.post(Raises())
    lane.submit(peer, "not looked at", AckLevel.ALL)
    lane.run_for(_OVER_US)
    if not process.ended.is_set() or process.failure is None:
        raise InvariantBroken("S30", f"the game of {peer.name} has ended, and it has not")
    if not lane.converged(newcomers=False):  # some may have asked this very peer for a seat
        raise InvariantBroken("S29", f"the others are not together after the end of {peer.name}")
