"""How a seat is asked for, and what is done about silence."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from p2pnet.core.events import HostLost, JoinFailed
from p2pnet.core.messages import (
    Join,
    Rejoin,
)
from p2pnet.core.states import State
from p2pnet.testing.core_world import CoreWorld
from p2pnet.testing.hostile import proclaim
from p2pnet.testing.sim_peer import Dials, SimPeer
from tests.core.bench import Bench, last_update


@pytest.fixture
def bench() -> Bench:
    return Bench.of(3)


def test_who_is_obeyed_and_does_not_host_is_given_up(bench: Bench) -> None:
    """A member announces a reign while there is no host, answers every ping, and does nothing."""
    world = bench.world
    host, victim, liar = bench.peers
    world.crash(host)
    assert world.run_while(lambda: victim.core.state is State.FOLLOWING)
    proclaim(world, liar, above=5)
    assert world.run_while(lambda: victim.core.state is not State.JOINING, 500_000)
    assert world.run_while(lambda: not world.converged(), 12_000_000)


def test_who_is_not_heard_asks_less_and_less_often(bench: Bench) -> None:
    host, client, _ = bench.peers
    bench.world.cut(client, host)
    bench.listen()
    bench.world.run_for(5_000_000)
    assert client.core.state is State.JOINING
    early = len(bench.heard(client, Rejoin, to=host))
    bench.world.run_for(24_000_000)
    assert early < 20 and len(bench.heard(client, Rejoin, to=host)) < 60
    bench.world.heal()
    start = bench.world.now
    assert bench.world.run_while(lambda: not bench.world.converged())
    assert bench.world.now - start < 1_000_000


def test_a_link_that_is_dead_one_way_is_replaced_by_whoever_can_dial() -> None:
    """The host does not hear the client, and can't dial it: only the client can mend that."""
    bench = Bench.of(2)
    host, client = bench.peers
    client.dials = Dials.IGNORED
    bench.world.network.pipes[bench.link(client, host)].broken = True
    bench.listen()
    bench.world.run_for(1_000_000)
    assert client.core.state is State.JOINING and not client.saw(HostLost)
    start = bench.world.now
    assert bench.world.run_while(lambda: not bench.world.converged())
    assert bench.world.now - start < 2_000_000
    assert not client.saw(HostLost) and len(bench.dialled(client)) == 1
    bench.world.run_for(5_000_000)
    assert len(bench.dialled(client)) == 1 and client.core.state is State.FOLLOWING


def test_a_request_that_is_long_in_being_answered_does_no_harm(bench: Bench) -> None:
    """A welcome that comes in for seconds is an answer: no second link is wanted."""
    host, client, _ = bench.peers
    for number in range(20):
        bench.world.submit(host, f"{number}:" + 20_000 * "x")
    bench.world.run_for(1_000_000)
    bench.world.network.rates[host.number, client.number] = 100_000
    update = last_update(bench)
    bench.slip(host, client, replace(update, seq=update.seq + 1, payload=b"\xc1 nonsense"))
    bench.world.run_for(3_000_000)
    assert client.core.state is State.JOINING
    assert bench.world.run_while(lambda: not bench.world.converged())
    assert not bench.dialled(client)


def sent_to_the_dead() -> tuple[CoreWorld, SimPeer, SimPeer]:
    """The heir of a host that has just died, and a newcomer that it has sent there."""
    world = CoreWorld()
    host, heir, _ = world.game(3)
    world.run_for(1_000_000)
    world.crash(host, silent=True)
    newcomer = world.join(heir)
    assert world.run_while(lambda: newcomer.core._roles.joining.target != host.id, 400_000)
    assert heir.core.state is State.FOLLOWING
    return world, heir, newcomer


def test_a_newcomer_that_was_sent_to_a_dead_host_asks_the_next_one() -> None:
    world, heir, newcomer = sent_to_the_dead()
    assert world.run_while(lambda: newcomer.core.state is not State.FOLLOWING, 2_000_000)
    assert newcomer.core.host_peer == heir.id and not newcomer.saw(JoinFailed)


def test_a_newcomer_does_not_ask_whom_it_never_dialled() -> None:
    world, heir, newcomer = sent_to_the_dead()
    link = newcomer.core._s.mesh.link_to(heir.id)
    assert link is not None
    link.dialled = None
    assert world.run_while(lambda: heir.core.state is not State.REIGNING, 2_000_000)
    world.run_for(1_000_000)
    assert newcomer.core.state is State.JOINING


def test_a_newcomer_stays_with_a_host_that_lives() -> None:
    bench = Bench.of(3)
    world, (host, member, *_) = bench.world, bench.peers
    newcomer = world.join(member)
    assert world.run_while(lambda: not bench.heard(newcomer, Join, to=host))
    world.cut(host, newcomer)
    proclaim(world, member, 0)
    world.run_for(100_000)
    assert newcomer.core._roles.joining.target == host.id
    assert len(bench.heard(newcomer, Join, to=member)) == 1


def test_who_is_sent_to_a_host_that_it_has_not_heard_of_late_waits_for_it() -> None:
    """That the host lives is news: what its old link says of it is older."""
    bench = Bench.of(3)
    host, heir, other = bench.peers
    bench.world.cut_both(heir, other)
    bench.world.run_for(2_500_000)
    bench.world.hand_over(host, heir)
    assert bench.world.run_while(lambda: other.core.state is not State.JOINING)
    bench.world.run_for(300_000)
    assert other.core.state is State.JOINING
    bench.world.heal()
    assert bench.world.run_while(lambda: not bench.world.converged(), 1_000_000)
