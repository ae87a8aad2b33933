from __future__ import annotations

from typing import Any

import attrs
import pytest

from p2pnet.core.errors import AuthorityError, GameCodeError, LocalProtocolError, SyncTypeError
from p2pnet.world import (
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
from tests.world.tanks import ANA, BOB, Table

S = 1_000_000


@networked
class Bomb(NetworkObject):
    log: SyncList[str] = sync_list()
    lit: int = sync_var(0)

    def burst(self, text: str, *more: int) -> None:
        self.log.append(f"{text}{more}")

    def burst_again(self) -> None:
        self.log.append(f"{self.world.time_s:.2f}")
        self.after(0, "burst_again")

    def vanish(self) -> None:
        self.despawn()

    def fail(self) -> None:
        raise ZeroDivisionError("bad bomb")

    @command(anyone=True)
    def light(self, seconds: float) -> int:
        self.lit = self.after(seconds, "burst", "lit")
        return self.lit


@networked
class Sapper(Player):
    pass


GAME = Game("bombs", player=Sapper, objects=[Bomb])


@attrs.define
class Field:
    """Three worlds with one bomb, which `table.host` has spawned."""

    table: Table = attrs.field(factory=lambda: Table(GAME))

    def bomb(self, world: World) -> Bomb:
        return next(obj for obj in world.objects.values() if isinstance(obj, Bomb))

    def run(self, world: World, seconds: float) -> None:
        for _ in range(round(seconds * 20)):
            world.tick(50_000)


@pytest.fixture
def field() -> Field:
    found = Field()
    found.table.host.spawn(Bomb(), BOB)  # type: ignore[arg-type]
    found.table.sync()
    return found


def migrate(field: Field, update: bool = True) -> World:
    """Bob takes over; with `update`, from where the host is."""
    host, bob = field.table.host, field.table.bob
    data = host.collect()
    if update and data:
        bob.apply(data)
    bob.lose_host()
    bob.start_reign(migrated=True)
    bob.find_host()
    return bob


def test_it_fires_once_in_time_in_the_order_of_the_moments(field: Field) -> None:
    bomb = field.bomb(field.table.host)
    bomb.after(2, "burst", "b")
    bomb.after(1, "burst", "a", 1, 2)
    bomb.after(2, "burst", "c")
    field.run(field.table.host, 0.95)
    assert list(bomb.log) == []
    field.run(field.table.host, 5)
    assert list(bomb.log) == ["a(1, 2)", "b()", "c()"]
    field.table.sync()
    assert list(field.bomb(field.table.bob).log) == ["a(1, 2)", "b()", "c()"]
    assert field.table.host.session.timers == {}


def test_a_new_host_has_it_with_the_time_that_is_left(field: Field) -> None:
    field.bomb(field.table.host).after(3, "burst", "x")
    field.run(field.table.host, 1)
    bob = migrate(field)
    field.run(bob, 1.95)
    assert list(field.bomb(bob).log) == []
    field.run(bob, 0.1)
    assert list(field.bomb(bob).log) == ["x()"]
    field.run(bob, 9)
    assert list(field.bomb(bob).log) == ["x()"]


def test_a_client_that_counts_on_loses_no_time_of_an_idle_host(field: Field) -> None:
    field.bomb(field.table.host).after(3, "burst", "x")
    field.table.sync()
    bob = field.table.bob
    for moment in range(21):  # two seconds, in which the host has nothing to say
        bob.observe(moment * 100_000)
    migrate(field, update=False)
    assert bob.time_s == pytest.approx(2.0)
    field.run(bob, 1.0)
    assert list(field.bomb(bob).log) == ["x()"]


@pytest.mark.parametrize("arrived", [True, False])
def test_what_fired_and_that_it_has_fired_go_together(field: Field, arrived: bool) -> None:
    field.bomb(field.table.host).after(1, "burst", "x")
    field.table.sync()
    field.run(field.table.host, 1)
    assert list(field.bomb(field.table.host).log) == ["x()"]
    bob = migrate(field, update=arrived)
    assert list(field.bomb(bob).log) == (["x()"] if arrived else [])
    field.run(bob, 2)
    assert list(field.bomb(bob).log) == ["x()"], "never twice, and never lost"


def test_a_deposed_host_forgets_what_fired_alone(field: Field) -> None:
    host = field.table.host
    field.bomb(host).after(1, "burst", "x")
    field.table.sync()
    field.run(host, 1)
    bob = migrate(field, update=False)
    host.stop_reign()
    host.restore(bob.snapshot())
    assert list(field.bomb(host).log) == [] and len(host.session.timers) == 1


def test_one_that_sets_itself_anew_waits_for_the_next_tick(field: Field) -> None:
    field.bomb(field.table.host).after(0, "burst_again")
    field.run(field.table.host, 0.15)
    assert list(field.bomb(field.table.host).log) == ["0.05", "0.10", "0.15"]


def test_it_can_be_cancelled_and_goes_with_its_object(field: Field) -> None:
    host = field.table.host
    bomb = field.bomb(host)
    number = bomb.after(1, "burst", "x")
    assert host.timers.remaining_us(number) == S
    assert bomb.cancel_timer(number) and not bomb.cancel_timer(number)
    assert host.timers.remaining_us(number) is None
    bomb.after(1, "vanish")
    bomb.after(1, "burst", "too late")
    field.run(host, 2)
    assert not bomb.is_spawned and host.session.timers == {} and list(bomb.log) == []


def test_it_fires_while_the_owner_is_away(field: Field) -> None:
    host = field.table.host
    field.bomb(host).after(1, "burst", "x")
    host.suspend(BOB)
    field.run(host, 1)
    assert field.bomb(host).suspended and list(field.bomb(host).log) == ["x()"]


def test_a_command_sets_one_on_the_host(field: Field) -> None:
    assert field.bomb(field.table.bob).light(0.5) == 1
    field.run(field.table.host, 0.5)
    field.table.sync()
    assert list(field.bomb(field.table.clients[1]).log) == ["lit()"]


def test_what_it_raises_is_the_games_error_and_stops_nothing_else(field: Field) -> None:
    bomb = field.bomb(field.table.host)
    bomb.after(1, "fail")
    bomb.after(1, "burst", "x")
    with pytest.raises(GameCodeError, match="bad bomb"):
        field.run(field.table.host, 1)
    assert list(bomb.log) == ["x()"]


@pytest.mark.parametrize(
    ("seconds", "method", "arguments", "words"),
    [
        (-1, "burst", (), "seconds from 0"),
        (float("nan"), "burst", (), "seconds from 0"),
        (float("inf"), "burst", (), "seconds from 0"),
        (True, "burst", (), "seconds from 0"),
        ("1", "burst", (), "seconds from 0"),
        (1, "bang", (), "no method 'bang'"),
        (1, "lit_at", (), "no method"),
        (1, Bomb.burst, (), "no method"),
        (1, "burst", (object(),), "can't travel"),
        (1, "burst", ((1, 2),), "arrive as something else"),
    ],
)
def test_a_mistake_shows_where_it_is_made(
    field: Field, seconds: Any, method: Any, arguments: Any, words: str
) -> None:
    bomb = field.bomb(field.table.host)
    with pytest.raises(SyncTypeError, match=words):
        bomb.after(seconds, method, *arguments)
    assert field.table.host.session.timers == {}


def test_only_the_host_sets_and_cancels_and_only_for_what_is_in_the_world(field: Field) -> None:
    mine = field.bomb(field.table.bob)
    with pytest.raises(AuthorityError, match="only the host may set a timer"):
        mine.after(1, "burst", "x")
    with pytest.raises(AuthorityError, match="only the host may cancel a timer"):
        mine.cancel_timer(1)
    with pytest.raises(LocalProtocolError, match="in no world"):
        Bomb().after(1, "burst", "x")
    with pytest.raises(LocalProtocolError, match="not in this world"):
        field.table.host.after(mine, 1, "burst", "x")


def test_time_goes_on_over_hosts_and_is_the_same_for_all(field: Field) -> None:
    host = field.table.host
    field.run(host, 2)
    field.bomb(host).lit = 5
    field.table.sync()
    assert [world.time_s for world in (host, *field.table.clients)] == [2.0, 2.0, 2.0]
    bob = migrate(field)
    field.run(bob, 1)
    assert bob.time_s == 3.0
    bob.admit(ANA, "ana")
    field.table.clients[1].apply(bob.collect())
    assert field.table.clients[1].time_s == 3.0
