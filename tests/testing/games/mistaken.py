"""Small games, each with a mistake that a lost host brings to light, and one without."""

from __future__ import annotations

import itertools
import random
import threading
import time
from collections.abc import Iterable
from time import perf_counter
from typing import Any, ClassVar

import trio

from p2pnet import (
    Game,
    NetworkObject,
    Player,
    SyncList,
    World,
    command,
    networked,
    sync_list,
    sync_var,
)


@networked
class Crate(NetworkObject):
    weight: int = sync_var(0)

    @command(anyone=True)
    def push(self, by: int) -> int:
        self.weight += by
        return self.weight


@networked
class Miner(Player):
    """Has no mistake, though it has things of its own on each peer."""

    gold: int = sync_var(0, on_change="gold_changed")
    x: float = sync_var(0.0)
    bag: SyncList[str] = sync_list()

    def __attrs_post_init__(self) -> None:
        self.sprite = object()
        self.shine = 0

    def on_start_server(self, migrated: bool) -> None:
        self.rules = {"most": 9}
        if not migrated:
            self.spawn(Crate(), owner=self)

    def on_tick(self, dt: float) -> None:
        self.x += dt

    def gold_changed(self, old: int, new: int) -> None:
        self.shine = new - old

    def fuse(self) -> None:
        self.gold += 1

    @command
    def dig(self, amount: int, what: str = "stone") -> int:
        if amount < 0:
            raise ValueError("nobody digs like this")
        self.gold += amount
        self.bag.append(what)
        del self.bag[: -self.rules["most"]]
        return self.gold


MINERS = Game("miners", player=Miner, objects=[Crate])


@networked
class Hoarder(Player):
    gold: int = 0
    stones: int = sync_var(0)

    @command
    def dig(self, amount: int) -> int:
        self.gold += amount
        self.stones += 1
        return self.gold


@networked
class Bagger(Player):
    def on_start_client(self) -> None:
        self.bag: list[str] = []

    @command
    def put(self, what: str) -> int:
        self.bag.append(what)
        return len(self.bag)


@networked
class Counter(Player):
    count = 0

    @command
    def more(self) -> int:
        self.count += 1
        return self.count


@networked
class Runner(Player):
    x: float = sync_var(0.0)

    def on_start_server(self, migrated: bool) -> None:
        if not migrated:
            self.speed = 1.0

    def on_tick(self, dt: float) -> None:
        self.x += self.speed * dt


@networked
class Healer(Player):
    hp: int = sync_var(0)

    def on_start_server(self, migrated: bool) -> None:
        self.hp = 100

    @command
    def hit(self, hard: int) -> int:
        self.hp -= hard
        return self.hp


@networked
class Breeder(Player):
    def on_start_server(self, migrated: bool) -> None:
        self.spawn(Crate(), owner=self)


@networked
class Champion(Player):
    gold: int = sync_var(0, on_change="gold_changed")
    best: int = sync_var(0)

    @command
    def dig(self, amount: int) -> int:
        self.gold += amount
        return self.gold

    def gold_changed(self, old: int, new: int) -> None:
        self.best = max(self.best, new)


@networked
class Gambler(Player):
    gold: int = sync_var(0, on_change="gold_changed")

    @command
    def dig(self) -> int:
        self.gold += 1
        return self.gold

    def gold_changed(self, old: int, new: int) -> None:
        self.loot = random.choice(["sword", "axe", "bow", "cup", "hat"])


class Bag:
    def __init__(self, items: Iterable[str] = ()) -> None:
        self.items = list(items)


def list_of(bag: Bag) -> list[str]:
    return list(bag.items)


@networked
class Stuffer(Player):
    bag: Bag = sync_var(Bag(), encode=list_of, decode=Bag)

    @command
    def put(self, what: str) -> int:
        self.bag.items.append(what)
        return len(self.bag.items)


SCORES: dict[str, int] = {}


@networked
class Scorer(Player):
    @command
    def score(self, points: int) -> int:
        SCORES[self.name] = SCORES.get(self.name, 0) + points
        return SCORES[self.name]


@networked
class Labeller(Player):
    is_done: bool = sync_var(False)

    def on_tick(self, dt: float) -> None:
        if not self.is_done:
            self.is_done = True
            for obj in self.world.objects.values():
                obj.label = "mine"  # type: ignore[attr-defined]


@networked
class Ticker(Player):
    def on_tick(self, dt: float) -> None:
        SCORES["ticks"] = SCORES.get("ticks", 0) + 1


@networked
class Giver(Player):
    @command
    def give(self) -> None:
        crate = next(o for o in self.world.objects.values() if isinstance(o, Crate))
        self.world.assign_authority(crate, self.name)


class Bank:
    accounts: ClassVar[dict[str, int]] = {}

    def __init__(self) -> None:
        self.gold = {"all": 0}


BANK = Bank()
NUMBERS = itertools.count(1)


@networked
class Banker(Player):
    seen: int = sync_var(0, on_change="seen_changed")

    @command
    def pay(self) -> int:
        BANK.gold["all"] += 1
        return BANK.gold["all"]

    @command
    def open(self) -> int:
        Bank.accounts[self.name] = 0
        return len(Bank.accounts)

    @command
    def draw(self) -> int:
        return next(NUMBERS)

    @command
    def look(self) -> int:
        self.seen += 1
        return self.seen

    def seen_changed(self, old: int, new: int) -> None:
        Bank.accounts["shown"] = new  # each peer shows it, so nothing is wrong with that


@networked
class Keeper(Player):
    def __attrs_post_init__(self) -> None:
        self.purse = Bank()

    @command
    def keep(self) -> int:
        self.purse.gold["all"] += 1
        return 1


@networked
class Waiter(Player):
    ready_s: float = sync_var(0.0)
    times: SyncList[int] = sync_list()
    took_s: float = sync_var(0.0)

    @command
    def wait(self) -> None:
        self.ready_s = time.monotonic() + 3

    @command
    def stamp(self) -> None:
        self.times.append(time.perf_counter_ns())

    @command
    def measure(self) -> float:
        began_s = perf_counter()
        self.took_s = perf_counter() - began_s
        return began_s


@networked
class Clicker(Player):
    count: int = sync_var(0, on_change="counted")
    clicks = 0
    blinks = 0

    def counted(self, old: int, new: int) -> None:
        self.clicks += 1
        self.blinks += 1

    @command
    def click(self) -> int:
        self.count += 1
        return sum(click for click in [self.clicks])


@networked
class Fuse(Player):
    burnt: bool = sync_var(False, on_change="bang")

    async def burn(self) -> None:
        await trio.sleep(1)
        self.burnt = True

    def bang(self, old: bool, new: bool) -> None:
        trio.lowlevel.spawn_system_task(trio.sleep, 1)  # a sound, on every peer

    @command
    def light(self) -> None:
        trio.lowlevel.spawn_system_task(self.burn)

    @command
    def light_elsewhere(self) -> None:
        stop = threading.Event()
        threading.Thread(target=stop.wait, args=(0.2,), name="fuse", daemon=True).start()

    @command
    def put_out(self) -> None:
        self.burnt = not self.burnt


NURSERY: Any = None


@networked
class Absentee(Player):
    @command
    def light(self) -> None:
        NURSERY.start_soon(trio.sleep, 1)


@networked
class Hunter(Player):
    x: float = sync_var(0.0)
    marks: int = sync_var(0, on_change="marked")

    def on_tick(self, dt: float) -> None:
        self.others = [obj for obj in self.world.objects.values() if obj is not self]
        self.x += len(self.others) * dt

    def marked(self, old: int, new: int) -> None:
        self.targets = list(set(self.world.objects.values()))

    @command
    def mark(self) -> None:
        self.marks += 1


@networked
class Stumbler(Player):
    gold: int = sync_var(0, on_change="gold_changed")

    @command
    def dig(self) -> int:
        self.gold += 1
        return self.gold

    def gold_changed(self, old: int, new: int) -> None:
        raise RuntimeError("no such sound")


def one_crate(world: World) -> None:
    world.spawn(Crate())


def game_of(player: type[Player], **options: Any) -> Game:
    return Game(player.__name__, player=player, objects=[Crate], **options)
