"""A watchman who never cries is worth nothing: each invariant is broken here on purpose."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from p2pnet.core.effects import Emit, Settle
from p2pnet.core.events import BranchDiscarded, Joined
from p2pnet.core.settings import AckLevel
from p2pnet.core.values import ConnectionId
from p2pnet.testing.core_world import CoreWorld
from p2pnet.testing.invariants import (
    acknowledged_survive,
    at_most_once,
    equal_states,
    everything_settled,
    in_submit_order,
    nobody_left_has_a_seat,
    nothing_lost_in_silence,
    nothing_piles_up,
    same_owners,
)
from p2pnet.testing.watch import Watch

from .watched import broken


@pytest.fixture
def world() -> CoreWorld:
    world = CoreWorld()
    world.observers.append(Watch(world))
    world.game(3)
    for number in range(6):
        world.submit(world.peers[number % 3], f"c{number}")
    world.run_for(500_000)
    return world


def watch(world: CoreWorld) -> Watch:
    (observer,) = world.observers
    assert isinstance(observer, Watch)
    return observer


def test_a_healthy_world_breaks_nothing(world: CoreWorld) -> None:
    for check in (equal_states, at_most_once, in_submit_order, everything_settled):
        check(world)
    nothing_piles_up(world)
    same_owners(world)
    acknowledged_survive(world, watch(world))
    nothing_lost_in_silence(world, watch(world))
    assert len(watch(world).acknowledged) == 6


def test_two_states_at_one_position(world: CoreWorld) -> None:
    world.peers[1].core._s.history.digest = b"another"
    broken("S11", lambda: equal_states(world))


def test_entries_that_differ(world: CoreWorld) -> None:
    world.peers[2].journal.entries.pop()
    broken("S11", lambda: equal_states(world))


def test_a_link_on_which_nothing_is_heard_any_more(world: CoreWorld) -> None:
    link = next(iter(world.peers[1].core._s.mesh.links.values()))
    link.detector.silent_us -= world.settings.dead_link_us + 2 * world.settings.heartbeat_us
    broken("S30", lambda: nothing_piles_up(world))


def test_a_seat_of_somebody_who_left(world: CoreWorld) -> None:
    host, _, leaver = world.peers
    before = host.core.roster
    world.leave(leaver)
    world.run_for(500_000)
    nobody_left_has_a_seat(world, watch(world))
    host.core._s.roster = before
    broken("S30", lambda: nobody_left_has_a_seat(world, watch(world)))
    for peer in world.peers:  # those who were told are dead, or nobody was
        watch(world).record.seen(peer).good_byes.clear()
    nobody_left_has_a_seat(world, watch(world))


def test_a_command_that_was_run_twice(world: CoreWorld) -> None:
    entries = world.peers[0].journal.entries
    entries.append(entries[0])
    broken("S17", lambda: at_most_once(world))


def test_commands_that_changed_their_order(world: CoreWorld) -> None:
    world.peers[0].journal.entries.reverse()
    broken("S18", lambda: in_submit_order(world))


def test_an_acknowledged_command_that_is_gone(world: CoreWorld) -> None:
    del world.peers[0].journal.entries[0]
    broken("S15", lambda: acknowledged_survive(world, watch(world)))
    broken("S16", lambda: nothing_lost_in_silence(world, watch(world)))


def test_what_was_named_to_its_owner_was_not_lost_in_silence(world: CoreWorld) -> None:
    lost = world.peers[0].journal.entries.pop(0)
    (line,) = (a for a in watch(world).acknowledged if a.text == lost[1])
    owner = world.peers[line.peer]
    told = Emit(BranchDiscarded(None, 1, (line.ticket,), (lost[1].encode(),)))
    watch(world).did(world.now, owner, told, ())
    nothing_lost_in_silence(world, watch(world))
    watch(world).did(world.now, owner, told, ())
    broken("S16", lambda: nothing_lost_in_silence(world, watch(world)))


@pytest.mark.parametrize("level", list(AckLevel))
def test_only_what_the_host_alone_has_promised_may_be_lost_by_name(
    world: CoreWorld, level: AckLevel
) -> None:
    ticket = world.submit(world.peers[1], "named", level)
    world.run_for(500_000)
    for peer in world.peers[:2]:
        peer.journal.entries.pop()
    told = Emit(BranchDiscarded(None, 1, (ticket,), (b"named",)))
    watch(world).did(world.now, world.peers[1], told, ())
    if level is AckLevel.HOST:
        acknowledged_survive(world, watch(world))
    else:
        broken("S15", lambda: acknowledged_survive(world, watch(world)))


def test_a_newcomer_of_which_the_heir_had_not_heard_is_no_witness(world: CoreWorld) -> None:
    world.submit(world.peers[0], "known to few", AckLevel.ONE)
    world.run_for(500_000)
    for peer in world.peers[:2]:
        peer.journal.entries.pop()
    world.crash(world.peers[0])
    world.crash(world.peers[2])
    (line,) = (a for a in watch(world).acknowledged if a.text == "known to few")
    newcomer = world.peers[1]  # the only one left who held it
    broken("S15", lambda: acknowledged_survive(world, watch(world)))
    newcomer.events.append((world.now, BranchDiscarded(None, 1, (), ())))
    broken("S15", lambda: acknowledged_survive(world, watch(world)))
    newcomer.events.append((world.now, newcomer.saw(Joined)[0]))
    assert newcomer.number in line.holders
    acknowledged_survive(world, watch(world))


def test_what_all_who_held_it_took_with_them_could_not_survive(world: CoreWorld) -> None:
    host, *others = world.peers
    for other in others:
        world.cut(host, other)
    ticket = world.submit(host, "alone", AckLevel.HOST)
    assert isinstance(host.settled[ticket], Settle)
    world.crash(host, silent=True)
    world.heal()
    assert world.run_while(lambda: not world.converged())
    acknowledged_survive(world, watch(world))


def test_a_receipt_that_is_never_given(world: CoreWorld) -> None:
    world.peers[2].sent[99] = "waiting"
    broken("L4", lambda: everything_settled(world))


def test_what_piles_up(world: CoreWorld) -> None:
    for number in range(50):
        world.peers[0].core._s.timers.set("seat", str(number), at=10**12)
    broken("S30", lambda: nothing_piles_up(world))


def test_one_label_for_two_members(world: CoreWorld) -> None:
    session = world.peers[1].core._s
    members = tuple(replace(m, connection_id=ConnectionId(0)) for m in session.roster.members)
    session.roster = replace(session.roster, members=members)
    broken("S24", lambda: same_owners(world))
