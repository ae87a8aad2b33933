from __future__ import annotations

import pytest

from p2pnet.core.events import BranchDiscarded
from p2pnet.core.messages import Fenced, Meeting
from p2pnet.core.settings import AckLevel
from p2pnet.core.states import State
from p2pnet.testing.core_world import CoreWorld
from p2pnet.testing.invariants import at_most_once, equal_states
from p2pnet.testing.sim_peer import SimPeer
from p2pnet.testing.watch import Watch
from tests.core.bench import Bench, texts


def part(world: CoreWorld, one: list[SimPeer], other: list[SimPeer]) -> None:
    for left in one:
        for right in other:
            world.cut_both(left, right)


@pytest.mark.parametrize(("players", "apart"), [(5, [0, 1]), (5, [0, 2]), (5, [3, 4]), (4, [0])])
def test_the_larger_side_goes_on_and_the_other_is_told_what_it_lost(
    players: int, apart: list[int]
) -> None:
    bench = Bench.of(players)
    few = [bench.peers[number] for number in apart]
    many = [peer for peer in bench.peers if peer not in few]
    part(bench.world, few, many)
    bench.world.run_for(2_500_000)
    lost = bench.world.submit(few[0], "of-the-few")
    bench.world.submit(many[0], "of-the-many")
    bench.world.run_for(500_000)
    assert lost in few[0].settled
    bench.world.heal()
    assert bench.world.run_while(lambda: not bench.world.converged(), 30_000_000)
    assert all(texts(peer) == ["of-the-many"] for peer in bench.peers)
    named = [ticket for event in few[0].saw(BranchDiscarded) for ticket in event.tickets]
    assert named == [lost]
    assert not any(peer.saw(BranchDiscarded) for peer in many)
    equal_states(bench.world)


def test_of_two_alone_the_older_reign_goes_on() -> None:
    bench = Bench.of(2)
    old, new = bench.peers
    bench.world.cut_both(old, new)
    bench.world.run_for(2_000_000)
    assert len(bench.world.hosts) == 2
    bench.world.submit(old, "old")
    lost = bench.world.submit(new, "new")
    bench.world.run_for(200_000)
    bench.world.heal()
    assert bench.world.run_while(lambda: not bench.world.converged(), 30_000_000)
    assert bench.world.hosts == [old] and texts(new) == ["old"]
    assert [e.tickets for e in new.saw(BranchDiscarded)] == [(lost,)]


def test_who_was_taken_for_a_follower_and_yields_is_answered_at_once() -> None:
    """Its host never noticed that it was gone, so it was sent what followers get."""
    bench = Bench.of(2)
    old, new = bench.peers
    bench.world.cut(old, new)
    bench.world.run_for(1_500_000)
    for peer in bench.peers:
        bench.world.submit(peer, "here")
    bench.world.run_for(200_000)
    assert bench.world.hosts == bench.peers and old.core.census["followers"] == 1
    bench.world.heal()
    assert bench.world.run_while(lambda: not bench.world.converged(), 8 * 30_000)
    assert bench.world.hosts == [old]


def test_a_host_shows_its_header_as_soon_as_it_hears_of_an_older_reigns_host() -> None:
    bench = Bench.of(2)
    bench.world.cut_both(*bench.peers)
    bench.world.run_for(2_000_000)
    old, new = bench.peers
    assert bench.world.hosts == bench.peers
    bench.listen()
    bench.world.heal()
    assert bench.world.run_while(lambda: not bench.heard(new, Fenced))
    assert bench.heard(new, Meeting) and not bench.heard(old, Meeting)


def test_if_the_newer_side_did_nothing_the_older_loses_nothing() -> None:
    bench = Bench.of(2)
    bench.world.cut_both(*bench.peers)
    bench.world.run_for(2_000_000)
    bench.world.submit(bench.peers[0], "meanwhile")
    bench.world.run_for(200_000)
    bench.world.heal()
    assert bench.world.run_while(lambda: not bench.world.converged(), 30_000_000)
    assert all(texts(peer) == ["meanwhile"] for peer in bench.peers)
    assert not [ticket for p in bench.peers for e in p.saw(BranchDiscarded) for ticket in e.tickets]


def test_what_was_in_flight_on_the_losing_side_is_run_by_the_winner() -> None:
    bench = Bench.of(5)
    few, many = bench.peers[3:], bench.peers[:3]
    part(bench.world, few, many)
    bench.world.run_for(2_500_000)
    bench.world.cut_both(*few)
    ticket = bench.world.submit(few[1], "in-flight", AckLevel.ALL)
    bench.world.heal()
    assert bench.world.run_while(lambda: not bench.world.converged(), 30_000_000)
    bench.world.run_for(2_000_000)
    assert ticket in few[1].settled
    at_most_once(bench.world)


def test_all_lose_each_other_and_come_together_again() -> None:
    bench = Bench.of(4)
    for peer in bench.peers:
        bench.world.isolate(peer)
    bench.world.run_for(3_000_000)
    assert len(bench.world.hosts) == 4
    bench.world.heal()
    assert bench.world.run_while(lambda: not bench.world.converged(), 30_000_000)
    equal_states(bench.world)


def test_a_rival_that_was_settled_with_is_not_obeyed_later() -> None:
    """S03: a client remembered the other host after the merge, and obeyed it when its own died."""
    bench = Bench.of(5)
    watch = Watch(bench.world)
    bench.world.observers.append(watch)
    many, few = [bench.peers[n] for n in (0, 1, 4)], [bench.peers[n] for n in (2, 3)]
    part(bench.world, many, few)
    bench.world.run_for(2_500_000)
    for one, other in ((1, 3), (3, 1)):
        bench.world.network.heal(one, other)
    bench.world.run_for(1_000_000)
    bench.world.heal()
    assert bench.world.run_while(lambda: not bench.world.converged(), 30_000_000)
    assert bench.world.hosts == [bench.peers[0]]
    bench.world.crash(bench.peers[0], silent=True)
    assert bench.world.run_while(lambda: not bench.world.converged(), 5_000_000)


def test_who_swore_to_a_newer_reign_counts_for_no_older_one() -> None:
    """Hard case 6: nobody hears the host, which hears all. They have another before it knows."""
    bench = Bench.of(4)
    host, *clients = bench.peers
    for client in clients:
        bench.world.cut(host, client)
    bench.world.run_for(1_500_000)
    tickets = [bench.world.submit(client, f"of {client.name}") for client in clients]
    bench.world.submit(host, "of the old host")
    bench.world.run_for(500_000)
    bench.world.heal()
    assert bench.world.run_while(lambda: not bench.world.converged(), 30_000_000)
    bench.world.run_for(1_000_000)
    assert bench.world.hosts != [host]
    assert not any(client.saw(BranchDiscarded) for client in clients)
    assert all(t in c.settled for t, c in zip(tickets, clients, strict=True))


def test_a_yield_goes_to_the_process_that_reigns_though_an_earlier_one_is_linked() -> None:
    bench = Bench.of(2)
    old, new = bench.peers
    part(bench.world, [old], [new])
    bench.world.run_for(3_000_000)
    bench.world.submit(old, "old")
    bench.world.submit(new, "new")
    bench.world.heal()
    session = new.core._s
    _, stale = bench.stranger(new)
    state = session.mesh.links[stale]
    state.peer, state.nonce = old.id, 1
    session.mesh.prefer(state)
    assert bench.world.run_while(lambda: new.core.state is not State.YIELDING)
    reign = new.core._roles.reunion.yielded_to
    assert reign is not None and session.mesh.link_to(old.id).nonce == reign.nonce
