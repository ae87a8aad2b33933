"""Who watches a game sees everything, and changes nothing of it."""

from __future__ import annotations

from collections import Counter

import attrs
import trio

import p2pnet
from p2pnet import Player, command, networked, sync_var
from p2pnet.core.codec import decode
from p2pnet.core.effects import Effect, Emit, Send
from p2pnet.core.events import BecameHost
from p2pnet.core.messages import Command
from p2pnet.testing import reproducible
from p2pnet.testing.sim_peer import Observer, SimPeer
from p2pnet.testing.trio_world import TrioWorld
from p2pnet.testing.virtual_clock import VirtualClock
from p2pnet.testing.watched_world import WatchedWorld


@networked
class Painter(Player):
    strokes: int = sync_var(0)

    @command
    def paint(self, colour: str) -> int:
        self.strokes += 1
        return self.strokes


GAME = p2pnet.Game("painters", player=Painter)


@attrs.define(eq=False)
class Onlooker(Observer):
    """Writes down who said what to whom, and who was crowned."""

    seen: Counter[str] = attrs.field(factory=Counter)
    commands: list[str] = attrs.field(factory=list)
    world: WatchedWorld | None = None

    def did(self, now: int, peer: SimPeer, effect: Effect, targets: tuple[SimPeer, ...]) -> None:
        if isinstance(effect, Send):
            frame = decode(effect.data)
            assert targets
            if isinstance(frame, Command) and self.world is not None:
                self.commands.append(self.world.command_text(frame.payload))
        elif isinstance(effect, Emit) and isinstance(effect.event, BecameHost):
            self.seen[peer.name] += 1

    def took(self, now: int, peer: SimPeer, source: int, data: bytes) -> None:
        self.seen["taken"] += 1

    def befell(self, now: int, peer: SimPeer | None, text: str) -> None:
        self.seen[text] += 1


def played(kind: type[TrioWorld], onlooker: Onlooker | None) -> list[tuple[object, ...]]:
    """A host is lost; how the survivors stand in the end."""
    stands: list[tuple[object, ...]] = []

    async def main() -> None:
        clock = trio.lowlevel.current_clock()
        assert isinstance(clock, VirtualClock)
        world = kind(GAME, seed=3, clock=clock)
        if onlooker is not None and isinstance(world, WatchedWorld):
            onlooker.world = world
            world.observers.append(onlooker)
        async with world.living():
            first, second, third = await world.gather(3)
            assert isinstance(second.peer.player, Painter)
            await second.peer.player.paint("red")
            world.kill(first)
            await world.settle()
            stands.extend(
                (p.name, p.core.state, p.core.position, p.core.digest, clock.now_us)
                for p in (second, third)
            )

    reproducible.run(main, seed=3)
    return stands


def test_all_is_seen_and_nothing_is_changed() -> None:
    onlooker = Onlooker()
    assert played(WatchedWorld, onlooker) == played(TrioWorld, None)
    assert onlooker.seen["crashes"] == 1
    assert (onlooker.seen["peer0"], onlooker.seen["peer1"]) == (1, 1)
    assert onlooker.seen["taken"] > 50
    assert onlooker.commands == ["paint(colour='red')"]


def test_without_anybody_who_looks_it_plays_the_same() -> None:
    assert played(WatchedWorld, None) == played(TrioWorld, None)
