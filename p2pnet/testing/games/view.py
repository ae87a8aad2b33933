"""What can be seen of the world of a test: who is there, who hosts, what the host has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import attrs

from p2pnet.core.errors import LocalProtocolError
from p2pnet.peer.peer import Peer
from p2pnet.peer.receipts import Receipt
from p2pnet.world.game import Game
from p2pnet.world.objects import NetworkObject, Player

from ..trio_peer import TrioPeer
from ..trio_world import TrioWorld

O = TypeVar("O", bound=NetworkObject)  # noqa: E741

Who = str | Peer
"""A peer, or its name."""


@attrs.frozen(eq=False)
class Call:
    """One command that was called in this world."""

    who: str
    object_id: int
    command: str
    arguments: tuple[Any, ...]
    receipt: Receipt[Any]

    @property
    def is_acknowledged(self) -> bool:
        """Whether its receipt was given, with a result or with what it raised on the host."""
        return self.receipt.done and not self.failed

    @property
    def failed(self) -> bool:
        """Whether it raised, was refused, or was lost with its caller."""
        return self.receipt.done and self.receipt._error is not None


class View:
    """A session of real peers, seen from above."""

    def __init__(self, stage: TrioWorld) -> None:
        self._stage = stage

    @property
    def game(self) -> Game:
        """What is played."""
        return self._stage.game

    @property
    def now_s(self) -> float:
        """Virtual time."""
        return self._stage.now / 1_000_000

    @property
    def peers(self) -> list[Peer]:
        """Those that run and are in the session, in the order in which they came."""
        return [process.peer for process in self._stage.members]

    @property
    def host(self) -> Peer:
        """The host; of several, that of the newest reign. Raises LocalProtocolError for none."""
        host = self._stage.host
        if host is None:
            raise LocalProtocolError("there is no host at the moment: await world.settle()")
        return host.peer

    @property
    def has_host(self) -> bool:
        """Whether anybody hosts at the moment."""
        return self._stage.host is not None

    @property
    def clients(self) -> list[Peer]:
        """All peers but the host."""
        host = self._stage.host
        return [peer for peer in self.peers if host is None or peer is not host.peer]

    @property
    def awake(self) -> list[Peer]:
        """Those of the peers that do not stand still."""
        return [process.peer for process in self._stage.members if not process.paused]

    @property
    def gone(self) -> list[str]:
        """The names of those that were in the session and do not run any more."""
        here = {peer.name for peer in self.peers}
        return [
            name for name in dict.fromkeys(p.name for p in self._stage.peers) if name not in here
        ]

    @property
    def objects(self) -> Mapping[int, NetworkObject]:
        """All objects as the host has them."""
        return self.host.objects

    def all(self, cls: type[O]) -> list[O]:
        """All objects of a class, as the host has them."""
        return [obj for obj in self.objects.values() if isinstance(obj, cls)]

    @property
    def players(self) -> list[Any]:
        """The players of all members, those that are away included, as the host has them."""
        return self.all(Player)

    def __getitem__(self, name: str) -> Peer:
        return self._process(name).peer

    def _is_whole(self) -> bool:
        """Whether nothing keeps the peers apart."""
        members = self._stage.members
        numbers = {process.number for process in members}
        cuts = self._stage.network.cuts
        return not any(process.paused for process in members) and not any(
            source in numbers and target in numbers for source, target in cuts
        )

    def _names(self) -> set[str]:
        return {process.name for process in self._stage.peers}

    def _process(self, who: Who) -> TrioPeer:
        """The latest process of a peer. Raises LocalProtocolError for a stranger."""
        name = who.name if isinstance(who, Peer) else who
        for process in reversed(self._stage.peers):
            if process.name == name:
                return process
        names = ", ".join(self._names())
        raise LocalProtocolError(f"there is no peer {who!r} in this world; there are {names}")
