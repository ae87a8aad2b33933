"""What a host does that has few of the seats with it."""

from __future__ import annotations

from p2pnet.core.events import ClaimMade, OnBranch, SessionPaused, SessionResumed
from p2pnet.core.settings import Policy
from p2pnet.core.states import State
from tests.core.test_policy import world_of


def test_a_host_without_its_majority_stands_still_and_runs_nothing_meanwhile() -> None:
    world = world_of(5, Policy.MAJORITY_ONLY)
    host, *clients = world.peers
    for client in clients[:3]:
        world.isolate(client)
    world.run_for(2_000_000)
    assert host.saw(SessionPaused)
    entries = len(host.journal.entries)
    ticket = world.submit(host, "while paused")
    other = world.submit(clients[3], "of a client while paused")
    world.run_for(2_000_000)
    assert len(host.journal.entries) == entries
    assert not host.settled and not clients[3].settled
    world.heal()
    world.run_for(8_000_000)
    assert world.converged()
    assert ticket in host.settled and other in clients[3].settled
    assert host.saw(SessionResumed)


def test_a_host_in_the_minority_waits_for_its_pause_and_then_goes_on() -> None:
    world = world_of(5, Policy.PAUSE_MINORITY)
    host, *clients = world.peers
    for client in clients[:3]:
        world.crash(client)
    world.run_for(1_000_000)
    ticket = world.submit(host, "waits")
    world.run_for(1_000_000)
    assert ticket not in host.settled
    world.run_for(3_000_000)
    assert ticket in host.settled
    assert len(host.saw(SessionPaused)) == len(host.saw(SessionResumed)) == 1


def test_who_plays_on_with_few_knows_that_it_may_be_on_a_branch() -> None:
    world = world_of(5, Policy.CONTINUE)
    host, *clients = world.peers
    for client in clients[:3]:
        world.isolate(client)
    world.run_for(2_000_000)
    assert [(e.present, e.seats) for e in host.saw(OnBranch)] == [(2, 5)]  # type: ignore[attr-defined]
    assert host.core.state is State.REIGNING


def test_who_stands_still_gives_up_no_seat_by_waiting() -> None:
    """Else a minority would have the majority of what is left, and two sides would play on."""
    world = world_of(5, Policy.MAJORITY_ONLY, seat_us=1_000_000)
    few, many = world.peers[:2], world.peers[2:]
    for one in few:
        for other in many:
            world.cut_both(one, other)
    world.run_for(8_000_000)
    assert len(few[0].core.roster.members) == 5 and not few[0].saw(SessionResumed)
    world.submit(few[1], "of the few")
    world.submit(many[0], "of the many")
    world.run_for(500_000)
    world.heal()
    assert world.run_while(lambda: not world.converged(), 4_000_000)
    world.run_for(500_000)
    assert len(world.hosts[0].core.roster.members) == 5
    texts = [text for _, text in world.hosts[0].journal.entries]
    assert texts == ["of the many", "of the few"]


def test_who_is_too_few_to_reign_asks_again_under_one_number() -> None:
    world = world_of(7, Policy.MAJORITY_ONLY)
    few = world.peers[4:]
    for other in world.peers[:4]:
        for one in few:
            world.cut_both(one, other)
    world.run_for(8_000_000)
    numbers = [[event.number for event in peer.saw(ClaimMade)] for peer in few]  # type: ignore[attr-defined]
    assert set(numbers[0]) == {2} and numbers[1:] == [[], []]
