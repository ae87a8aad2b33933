"""The course of a game under faults: timers, writes, scenes and absences, with real peers."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import attrs
import pytest
import trio

from p2pnet import (
    Absence,
    CommandFailed,
    CommandRefused,
    Game,
    NetworkObject,
    Player,
    Scene,
    Settings,
    Subscription,
    SyncList,
    command,
    networked,
    sync_list,
    sync_var,
)
from p2pnet.core.events import Event, PeerLost, PeerReturned
from p2pnet.core.states import State
from p2pnet.testing.reproducible import run
from p2pnet.testing.trio_peer import TrioPeer
from p2pnet.testing.trio_world import TrioWorld
from p2pnet.testing.worlds import open_world

PLAYERS = 4


@networked
class Bell(NetworkObject):
    rung: SyncList[int] = sync_list()

    @command(anyone=True, while_paused=True)
    def wind(self, number: int, seconds: float) -> None:
        self.after(seconds, "ring", number)

    def ring(self, number: int) -> None:
        self.rung.append(number)


@networked
class Walker(Player):
    x: int = sync_var(0, owner_writes=True, latest=True)


async def load(progress: Callable[[float], None]) -> None:
    await trio.sleep(0.3)
    progress(1.0)


def game(rule: Absence) -> Game:
    scenes = [Scene("tower", load=load, objects={"bell": Bell}), Scene("market", load=load)]
    return Game(
        "course",
        player=Walker,
        objects=[Bell],
        scenes=scenes,
        absence=rule,
        setup=lambda world: world.load_scene("tower"),
    )


@attrs.define(eq=False)
class Course:
    """One game, what was asked for in it, and what everybody held at each position."""

    world: TrioWorld
    dice: random.Random
    nursery: trio.Nursery
    is_gentle: bool
    wound: list[int] = attrs.field(factory=list)
    acknowledged: set[int] = attrs.field(factory=set)
    states: dict[Any, bytes] = attrs.field(factory=dict)
    compared: int = 0
    readers: dict[int, Subscription] = attrs.field(factory=dict)
    events: dict[int, list[Event]] = attrs.field(factory=dict)
    times: dict[int, float] = attrs.field(factory=dict)

    def look(self) -> None:
        """Whoever is at one position holds one state, and no clock goes back."""
        for peer in self.world.members:
            world, core = peer.peer.world, peer.core
            assert world.time_s >= self.times.get(peer.number, 0.0)
            self.times[peer.number] = world.time_s
            if core.state not in (State.FOLLOWING, State.REIGNING) or not world.journal.is_empty:
                continue
            state = world.snapshot()
            before = self.states.setdefault((core.position, core.digest), state)
            assert before == state, f"{peer.name} differs at {core.position}"
            self.compared += 1

    async def pass_time(self, seconds: float) -> None:
        for _ in range(round(seconds / 0.05)):
            for peer in self.world.peers[len(self.readers) :]:
                self.readers[peer.number] = peer.peer.events()
                self.events[peer.number] = []
                self.nursery.start_soon(self.read, peer.number)
            await trio.sleep(0.05)
            self.look()

    async def read(self, number: int) -> None:
        async for event in self.readers[number]:
            self.events[number].append(event)

    async def wind(self, peer: TrioPeer) -> None:
        bell = peer.peer.world.placed("tower", "bell")
        if isinstance(bell, Bell):
            number = len(self.wound)
            self.wound.append(number)
            try:
                await bell.wind(number, self.dice.uniform(0.1, 6.0))
            except (CommandRefused, CommandFailed):
                return
            except Exception as error:
                if type(error).__name__ not in ("SessionOver", "CommandLost"):
                    raise
                return
            self.acknowledged.add(number)

    def play(self) -> None:
        peer = self.dice.choice(self.world.members)
        if peer.peer.player is not None:
            peer.peer.player.x = self.dice.randrange(1000)  # type: ignore[attr-defined]
            self.nursery.start_soon(self.wind, peer)
        host = self.world.host
        if host is not None and self.dice.random() < 0.2:
            deed = self.dice.choice([host.peer.load_scene, host.peer.unload_scene])
            deed("market")

    def harm(self) -> None:
        members, world = self.world.members, self.world
        victim = self.dice.choice(members)
        deeds = ["kill", "kill host", "restart"]
        deed = self.dice.choice(deeds if self.is_gentle else [*deeds, "pause", "cut", "heal"])
        gone = [p for p in world.peers if not p.alive]
        if deed == "kill" and len(members) > 2:
            world.kill(victim, silent=self.dice.random() < 0.5)
        elif deed == "kill host" and world.host is not None and len(members) > 2:
            world.kill(world.host)
        elif deed == "pause":
            world.pause(victim)
        elif deed == "cut":
            world.isolate(victim)
        elif deed == "restart" and gone and world.host is not None and not world.host.paused:
            back = self.dice.choice(gone)
            if all(p.key != back.key for p in members):
                world.restart(back)
        else:
            world.heal()

    async def check_the_end(self) -> None:
        self.world.heal()
        await self.pass_time(5)
        await self.world.settle()
        host = self.world.host
        assert host is not None
        if host.peer.paused:
            host.peer.go_on()
        await self.pass_time(10)
        await self.world.settle()
        worlds = [peer.peer.world for peer in self.world.members]
        assert len({world.snapshot() for world in worlds}) == 1
        for world in worlds:
            assert not world.mine.overlays
            for number, obj in world.objects.items():
                if isinstance(obj, Walker):
                    assert obj.x == worlds[0].objects[number].x  # type: ignore[attr-defined]
        bell = worlds[0].placed("tower", "bell")
        assert isinstance(bell, Bell) and not worlds[0].session.timers
        assert len(set(bell.rung)) == len(bell.rung), "no timer fires twice"
        if self.is_gentle:  # one loss at a time, so there was always somebody who had it
            assert self.acknowledged <= set(bell.rung), "none that was acknowledged is lost"
        for peer in self.world.members:
            assert peer.peer.loaded_scenes == set(peer.peer.scenes)
        self.check_returns()

    def check_returns(self) -> None:
        """Nobody is told twice in a row that somebody is back, or lost."""
        for peer in self.world.members:
            here: dict[str, bool] = {}
            for event in self.events[peer.number]:
                if isinstance(event, PeerLost | PeerReturned):
                    back = isinstance(event, PeerReturned)
                    assert here.get(event.peer, not back) is not back, event
                    here[event.peer] = back


async def story(seed: int, rule: Absence) -> tuple[int, int, int]:
    settings = Settings(seat_us=120_000_000)
    async with open_world(game(rule), PLAYERS, seed=seed, settings=settings) as world:
        async with trio.open_nursery() as nursery:
            course = Course(world, random.Random(seed), nursery, is_gentle=seed % 2 == 1)
            for _ in range(14):
                for _ in range(4):
                    course.play()
                    await course.pass_time(0.2)
                course.harm()
            await course.check_the_end()
            nursery.cancel_scope.cancel()
        return len(course.wound), len(course.acknowledged), course.compared


RULES = [Absence(), Absence("pause", after_s=0.5), Absence("vote", vote_s=1), Absence("bot")]


@pytest.mark.parametrize("seed", [3, 4, 5, 6, 28, 66])
def test_whatever_happens_all_agree_and_every_timer_fires_once(seed: int) -> None:
    wound, acknowledged, compared = run(story, seed, RULES[seed % len(RULES)], seed=seed)
    assert wound > 20 and acknowledged > 10 and compared > 500
