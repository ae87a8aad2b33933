"""What the tests of peers share: a game, and a table at which peers sit down, play and crash."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import attrs
import pytest
import trio
from trio.testing import MockClock

from p2pnet import (
    Game,
    Identity,
    Invite,
    NetworkObject,
    Peer,
    Player,
    State,
    SyncList,
    client_rpc,
    command,
    networked,
    open_peer,
    sync_list,
    sync_var,
)
from p2pnet.links import MemoryNetwork

VIRTUAL_S_MAX = 600


@networked
class Crate(NetworkObject):
    weight: int = sync_var(1)

    @command(anyone=True)
    def push(self, by: int) -> int:
        self.weight += by
        return self.weight


@networked
class Tank(Player):
    gold: int = sync_var(0)
    bag: SyncList[str] = sync_list()
    x: float = sync_var(0.0, owner_writes=True, validate="check_x", latest=True)

    def check_x(self, old: float, new: float) -> float:
        if new < 0:
            raise ValueError("there is a wall")
        return new

    @command
    def save_up(self, seconds: float, amount: int) -> int:
        return self.after(seconds, "grow", amount)

    def grow(self, amount: int) -> None:
        self.gold += amount

    @command
    def earn(self, amount: int) -> int:
        self.gold += amount
        return self.gold

    @command
    def fail(self, text: str) -> None:
        raise ValueError(text)

    @command
    def drop(self) -> int:
        crate = self.spawn(Crate(), self)
        return crate.object_id

    @client_rpc
    def honk(self) -> None:
        self.honks = getattr(self, "honks", 0) + 1

    @command
    def blow(self) -> None:
        self.honk()


GAME = Game("tanks", player=Tank, objects=[Crate], tick_hz=20)


@attrs.define(eq=False)
class Table:
    """Peers of one memory network, each in a task of its own, at the address of its name."""

    nursery: trio.Nursery
    network: MemoryNetwork = attrs.field(factory=MemoryNetwork)
    game: Game = GAME

    async def open(self, name: str, **options: Any) -> Peer:
        """A peer that has neither hosted nor joined."""
        options.setdefault("transport", self.network)
        options.setdefault("game", self.game)
        peer: Peer = await self.nursery.start(self._hold, name, options)
        return peer

    async def _hold(
        self, name: str, options: dict[str, Any], *, task_status: trio.TaskStatus[Peer]
    ) -> None:
        async with open_peer(options.pop("game"), name=name, **options) as peer:
            task_status.started(peer)
            await peer._shell.stopped.wait()

    async def host(self, name: str, **options: Any) -> Peer:
        peer = await self.open(name, **options)
        await peer.host(name, 7777)
        return peer

    async def join(self, name: str, through: Peer | Invite | str, **options: Any) -> Peer:
        peer = await self.open(name, **options)
        invite = through.invite if isinstance(through, Peer) else through
        await peer.join(invite, address=name)
        return peer

    async def three(self) -> tuple[Peer, Peer, Peer]:
        """Ana hosts; Ben and Cat have joined, in this order."""
        ana = await self.host("ana")
        ben = await self.join("ben", ana)
        cat = await self.join("cat", ana)
        await trio.sleep(0.01)  # no time passes on this network, so now all links are up
        await self.agree(ana, ben, cat)
        return ana, ben, cat

    async def agree(self, *peers: Peer) -> None:
        """Wait until all of these play and have one history, and check that it is one state."""
        for peer in peers:
            await peer.settled()
        # Positions have no event of their own to wait for.
        while len({(peer.position, peer.digest, peer.epoch) for peer in peers}) > 1:  # noqa: ASYNC110
            await trio.sleep(0.01)
        states = [(peer.world.dump(), peer.world.snapshot()) for peer in peers]
        assert all(state == states[0] for state in states)
        assert len({peer.roster for peer in peers}) == 1


def crash(peer: Peer) -> None:
    """Cut all links of a peer at once, without a good-bye, and stop all that it does."""
    peer._shell.die()


def tank(peer: Peer) -> Tank:
    """The player of a peer."""
    player = peer.player
    assert isinstance(player, Tank)
    return player


def seed(number: int) -> Identity:
    """An identity that is the same in each run."""
    return Identity.from_private_bytes(bytes([number]) * 32)


def labels(*peers: Peer) -> list[int]:
    return [peer.connection_id for peer in peers]


def is_playing(peer: Peer) -> bool:
    return peer.state in (State.FOLLOWING, State.REIGNING)


@pytest.fixture
def clock() -> MockClock:
    """Time that jumps when everybody waits. Only works in tests that name it themselves."""
    return MockClock(autojump_threshold=0)


@pytest.fixture
async def table(clock: MockClock) -> AsyncIterator[Table]:
    async with trio.open_nursery() as nursery:

        async def watchdog() -> None:
            await trio.sleep(VIRTUAL_S_MAX)
            raise AssertionError(f"not done after {VIRTUAL_S_MAX} virtual seconds")

        nursery.start_soon(watchdog)
        yield Table(nursery)
        nursery.cancel_scope.cancel()
