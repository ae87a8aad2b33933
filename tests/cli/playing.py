"""A small game, and a peer of it over memory links: what several test modules need."""

from __future__ import annotations

import enum
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import attrs

from p2pnet import (
    Game,
    NetworkObject,
    Peer,
    Player,
    SyncList,
    SyncSet,
    command,
    networked,
    open_peer,
    sync_list,
    sync_set,
    sync_var,
)
from p2pnet.links.memory import MemoryNetwork


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


@attrs.frozen
class Place:
    x: float
    y: float


@networked
class Crate(NetworkObject):
    weight: int = sync_var(1)

    @command
    def lift(self) -> int:
        return self.weight


@networked
class Tank(Player):
    x: float = sync_var(0.0)
    place: Place = sync_var(Place(0.0, 0.0))
    bag: SyncList[str] = sync_list()
    seen: SyncSet[str] = sync_set()

    def on_start_server(self, migrated: bool) -> None:
        if not migrated:
            self.spawn(Crate(), owner=self)

    @command
    def drive(self, dx: float) -> float:
        self.x += dx
        return self.x

    @command
    def take(self, what: str, times: int = 1) -> int:
        self.bag.extend([what] * times)
        return len(self.bag)

    @command
    def paint(self, colour: Colour) -> str:
        return colour.name

    @command
    def move_to(self, place: Place, *, fast: bool = False) -> bool:
        self.place = place
        return fast

    @command
    def fail(self) -> None:
        raise ValueError("not\ntoday")

    def not_a_command(self) -> None:
        raise AssertionError("called from outside")


game = Game("tanks", player=Tank, objects=[Crate])


@asynccontextmanager
async def hosting(name: str = "ana") -> AsyncIterator[Peer]:
    """A peer that hosts alone."""
    async with open_peer(game, name=name, transport=MemoryNetwork()) as peer:
        await peer.host("home", 7777)
        yield peer
