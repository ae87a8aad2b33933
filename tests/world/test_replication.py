"""Whatever a host does, everybody who follows ends in the same state as it."""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from p2pnet.core.values import PeerId
from p2pnet.world import Absence, Vote, WhileAway, World
from tests.world.tanks import ANA, BOB, CAT, GAME, Colour, Crate, Point, Tank

PEERS = [ANA, BOB, CAT]
points = st.builds(Point, st.integers(0, 3).map(float), st.just(1.0))
texts = st.sampled_from("abcd")
small = st.integers(0, 4)


class Replication(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.worlds = [World(GAME, peer) for peer in PEERS]
        self.host = self.worlds[0]
        self.host.start_reign(migrated=False)
        for peer in PEERS:
            self.host.admit(peer, peer)
        self.spawned = 0
        self.kept_back: list[bytes] = []
        self.flush()

    # --- what is there ---

    def pick(self, cls: type[Any], number: int) -> Any:
        found = [obj for obj in self.host.objects.values() if type(obj) is cls]
        return found[number % len(found)] if found else None

    def tank(self, number: int) -> Any:
        return self.pick(Tank, number) or self.host.spawn(Tank(name="x"))

    def flush(self) -> None:
        self.kept_back.append(self.host.collect())
        self.catch_up()
        self.everybody_is_in_the_same_state()

    def catch_up(self) -> None:
        """One gets all updates, another, whose link is slow, what they come to."""
        updates, self.kept_back = self.kept_back, []
        slow, *others = [world for world in self.worlds if world is not self.host]
        slow.apply(self.host.condense(updates))
        for world in others:
            for update in updates:
                world.apply(update)

    # --- plain fields ---

    @rule(n=small, x=st.floats(-1, 1) | st.integers(-3, 3))
    def move(self, n: int, x: float) -> None:
        self.tank(n).x = x

    @rule(n=small, gold=small, colour=st.sampled_from(Colour), at=st.none() | points)
    def several(self, n: int, gold: int, colour: Colour, at: Point | None) -> None:
        tank = self.tank(n)
        tank.target, tank.gold, tank.colour = at, gold, colour

    # --- containers ---

    @rule(n=small, values=st.lists(texts, max_size=5))
    def extend(self, n: int, values: list[str]) -> None:
        self.tank(n).bag.extend(values)

    @rule(n=small, at=st.integers(-6, 6), value=texts)
    def insert(self, n: int, at: int, value: str) -> None:
        self.tank(n).bag.insert(at, value)

    @rule(n=small, low=small, high=small, values=st.lists(texts, max_size=3))
    def splice(self, n: int, low: int, high: int, values: list[str]) -> None:
        self.tank(n).bag[low:high] = values

    @rule(n=small, low=small, step=st.sampled_from([-2, -1, 1, 2]))
    def cut(self, n: int, low: int, step: int) -> None:
        bag = self.tank(n).bag
        expected = list(bag)
        del expected[low::step]
        del bag[low::step]
        assert list(bag) == expected

    @rule(n=small, how=st.sampled_from(["sort", "reverse", "clear"]))
    def rearrange(self, n: int, how: str) -> None:
        bag = self.tank(n).bag
        expected = list(bag)
        getattr(expected, how)()
        getattr(bag, how)()
        assert list(bag) == expected

    @rule(n=small, pairs=st.dictionaries(texts, points), whole=st.booleans())
    def map(self, n: int, pairs: dict[str, Point], whole: bool) -> None:
        tank = self.tank(n)
        if whole:
            tank.marks = pairs
        else:
            tank.marks.update(pairs)

    @rule(n=small, key=texts)
    def unmap(self, n: int, key: str) -> None:
        self.tank(n).marks.pop(key, None)

    @rule(n=small, members=st.sets(small), how=st.sampled_from("|&-^="))
    def befriend(self, n: int, members: set[int], how: str) -> None:
        tank = self.tank(n)
        expected = set(tank.friends)
        if how == "=":
            tank.friends = expected = members
        elif how == "|":
            tank.friends |= members
            expected |= members
        elif how == "&":
            tank.friends &= members
            expected &= members
        elif how == "-":
            tank.friends -= members
            expected -= members
        else:
            tank.friends ^= members
            expected ^= members
        assert set(tank.friends) == expected

    # --- objects and peers ---

    @rule(owner=st.sampled_from([None, *PEERS]), items=st.lists(small, max_size=3))
    def spawn(self, owner: PeerId | None, items: list[int]) -> None:
        crate = self.host.spawn(Crate(items=items), owner)  # type: ignore[arg-type]
        crate.items.append(9)
        assert crate.object_id > self.spawned
        self.spawned = crate.object_id

    @rule(n=small)
    def despawn(self, n: int) -> None:
        crate = self.pick(Crate, n)
        if crate is not None:
            crate.despawn()

    @rule(n=small, owner=st.sampled_from([None, *PEERS]))
    def assign(self, n: int, owner: PeerId | None) -> None:
        crate = self.pick(Crate, n)
        if crate is not None:
            self.host.assign_authority(crate, owner)

    @rule(peer=st.sampled_from(PEERS), how=st.sampled_from(["suspend", "resume"]))
    def sleep(self, peer: PeerId, how: str) -> None:
        getattr(self.host, how)(peer)

    @rule(peer=st.sampled_from(PEERS))
    def remove(self, peer: PeerId) -> None:
        self.host.remove(peer)
        self.host.admit(peer, peer)

    @rule(n=small, to=st.sampled_from([None, *PEERS]))
    def honk(self, n: int, to: PeerId | None) -> None:
        self.tank(n).honk(n, to=to)

    @rule(dt_us=st.integers(1, 100_000))
    def tick(self, dt_us: int) -> None:
        self.host.tick(dt_us)

    # --- what owners write, and what fires ---

    @rule(number=st.sampled_from([0, 1, 2]), heading=small)
    def steer(self, number: int, heading: int) -> None:
        tank = self.worlds[number].player_of(PEERS[number])
        if tank is not None:
            tank.heading = heading  # type: ignore[attr-defined]

    @rule(number=st.sampled_from([0, 1, 2]), arrives=st.booleans())
    def tell(self, number: int, arrives: bool) -> None:
        world = self.worlds[number]
        if world is not self.host:
            writes = world.collect_writes()
            if arrives and writes:
                self.host.write(PEERS[number], writes)

    @rule(n=small, tenths=small)
    def wind_up(self, n: int, tenths: int) -> None:
        tank = self.tank(n)
        tank.after(tenths / 10, "ring", 1)

    @rule(policy=st.sampled_from(WhileAway), after=st.sampled_from([0, 0.1]))
    def declare(self, policy: WhileAway, after: float) -> None:
        self.host.absences.set_rule(Absence(policy, after_s=after, vote_s=0.2))

    @rule(peer=st.sampled_from(PEERS), vote=st.sampled_from(Vote))
    def vote(self, peer: PeerId, vote: Vote) -> None:
        if self.host.session.vote_until_us is not None and peer not in self.host.registry.away:
            self.host.absences.cast(peer, vote)

    @rule(hold=st.booleans())
    def hold(self, hold: bool) -> None:
        if hold:
            self.host.absences.hold()
        else:
            self.host.absences.go_on()

    @rule(name=st.sampled_from(["yard", "sky"]), additive=st.booleans())
    def load_scene(self, name: str, additive: bool) -> None:
        self.host.load_scene(name, additive)
        self.spawned = self.host.registry.next_id - 1

    @rule(name=st.sampled_from(["yard", "sky"]))
    def unload_scene(self, name: str) -> None:
        self.host.unload_scene(name)

    @rule(peer=st.sampled_from(PEERS), keeps=st.booleans())
    def has_loaded(self, peer: PeerId, keeps: bool) -> None:
        self.host.scenes.report(peer, self.host.scenes.version, 0, keeps)

    @rule()
    def keep_back(self) -> None:
        self.kept_back.append(self.host.collect())

    # --- what happens to hosts and clients ---

    @rule()
    def collect(self) -> None:
        self.flush()

    @rule(heir=st.sampled_from([0, 1, 2]), collected=st.booleans(), tail=st.booleans())
    def migrate(self, heir: int, collected: bool, tail: bool) -> None:
        if collected:
            self.flush()
        self.catch_up()
        old, new = self.host, self.worlds[heir]
        if new is old:
            return
        for world in self.worlds:
            if world is not old:
                world.lose_host()
        shared, next_id = new.snapshot(), new.registry.next_id
        new.start_reign(migrated=True)
        new.find_host()
        self.host = new
        self.spawned = new.registry.next_id - 1
        old.stop_reign()  # what it did not send is undone: it is where the others are
        assert old.snapshot() == shared
        assert old.registry.next_id == next_id
        update = new.collect()
        for world in self.worlds:
            if world is not old and world is not new:
                world.apply(update)
        if tail:
            old.apply(update)
        else:
            old.restore(new.snapshot())
        for world in self.worlds:
            world.find_host()
        self.everybody_is_in_the_same_state()

    @rule(number=st.sampled_from([0, 1, 2]))
    def join_late(self, number: int) -> None:
        self.flush()
        if self.worlds[number] is not self.host:
            late = World(GAME, PEERS[number])
            late.restore(self.host.snapshot())
            self.worlds[number] = late

    def teardown(self) -> None:
        self.flush()
        for world in self.worlds:
            if world is not self.host:
                world.find_host()  # what got lost is told again
                if writes := world.collect_writes():
                    self.host.write(world.me, writes)
        self.flush()
        for world in self.worlds:
            assert not world.mine.overlays, "what an owner wrote is agreed on, or gone"
            for number, obj in world.objects.items():
                if isinstance(obj, Tank):
                    assert obj.heading == self.host.objects[number].heading  # type: ignore[attr-defined]

    def everybody_is_in_the_same_state(self) -> None:
        expected = self.host.dump()
        for world in self.worlds:
            assert world.dump() == expected
            assert world.snapshot() == self.host.snapshot()
            assert world.registry.next_id == self.host.registry.next_id
            suspended = {number: obj.suspended for number, obj in world.objects.items()}
            assert suspended == {number: entry["suspended"] for number, entry in expected.items()}


Replication.TestCase.settings = settings(max_examples=200, stateful_step_count=40, deadline=None)
TestReplication = Replication.TestCase
