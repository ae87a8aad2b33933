from __future__ import annotations

from collections import deque

from p2pnet.core.states import State
from p2pnet.core.values import Epoch, PeerId, Position
from p2pnet.testing.core_world import CoreWorld
from p2pnet.testing.record import Record, paced

from .watched import broken


def test_a_record_begins_with_what_is() -> None:
    world = CoreWorld()
    host, client = world.game(2)
    record = Record(world)
    assert record.reigns == {host.core.epoch: host.number} and record.numbers == 1
    seen = record.seen(client)
    assert (seen.state, seen.epoch) == (State.FOLLOWING, host.core.epoch)
    assert (seen.position, seen.digest) == (client.core.position, client.core.digest)
    assert seen.welcomed == host.id


def test_somebody_new_was_nothing_before() -> None:
    world = CoreWorld()
    world.game(2)
    record = Record(world)
    newcomer = world.start("newcomer")
    assert record.seen(newcomer).epoch is None
    assert record.seen(newcomer) is record.seen(newcomer)


def test_two_branches_part_where_the_last_reign_ended_that_led_to_both() -> None:
    record = Record(CoreWorld())
    first, second, third, fourth = (Epoch(number, PeerId("p"), 0) for number in range(1, 5))
    record.parents = {
        second: Position(first, 5),
        third: Position(second, 9),
        fourth: Position(second, 7),
    }
    assert record.fork(Position(third, 12), Position(fourth, 8)) == Position(second, 7)
    assert record.fork(Position(third, 12), Position(second, 11)) == Position(second, 9)
    assert record.fork(Position(first, 4), Position(fourth, 8)) == Position(first, 4)
    assert record.fork(Position(first, 4), Position(Epoch(9, PeerId("p"), 0), 4)) is None


def test_twenty_times_in_a_second_is_too_often() -> None:
    world = CoreWorld()
    (peer,) = world.game(1)
    times: deque[int] = deque(maxlen=20)
    for at in range(0, 4_000_000, 60_000):
        paced(at, times, peer, "dials")
    for _ in range(20):
        paced(6_000_000, times, peer, "dials")
    broken("L6", lambda: paced(6_000_000, times, peer, "dials"))
