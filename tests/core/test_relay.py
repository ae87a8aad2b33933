from __future__ import annotations

from p2pnet.core.events import BecameHost
from p2pnet.core.messages import Carried, Carry
from p2pnet.core.states import State
from p2pnet.testing.invariants import equal_states
from tests.core.bench import Bench


def cut_off(players: int = 3) -> Bench:
    """The first client can't reach the host, and its neighbours can reach both."""
    bench = Bench.of(players)
    bench.world.cut_both(*bench.peers[:2])
    bench.world.run_for(3_000_000)
    return bench


def test_who_alone_lost_the_host_plays_on_through_a_neighbour() -> None:
    """Hard cases 5 and 19."""
    bench = cut_off()
    host, client, _ = bench.peers
    ticket = bench.world.submit(client, "over-the-bridge")
    bench.world.run_for(1_000_000)
    assert client.core.state is State.FOLLOWING and ticket in client.settled
    assert [text for _, text in host.journal.entries] == ["over-the-bridge"]
    assert not any(peer.saw(BecameHost) for peer in bench.peers[1:])
    equal_states(bench.world)


def test_nothing_is_relayed_while_the_own_link_is_good() -> None:
    bench = Bench.of(3)
    bench.world.submit(bench.peers[1], "x")
    bench.world.run_for(3_000_000)
    assert not any(bench.heard(peer, Carry) or bench.heard(peer, Carried) for peer in bench.peers)


def test_when_the_bridge_dies_as_well_the_session_still_comes_together() -> None:
    bench = cut_off()
    bench.world.crash(bench.peers[2])
    bench.world.run_for(3_000_000)
    bench.world.heal()
    assert bench.world.run_while(lambda: not bench.world.converged(), 30_000_000)
    equal_states(bench.world)


def test_a_stranger_is_not_carried() -> None:
    bench = cut_off()
    bridge = bench.peers[2]
    frame = bench.heard(bench.peers[1], Carry)[-1]
    stranger, there = bench.stranger(bridge)
    bench.listen()
    bench.slip_on(bridge, there, frame)
    assert not bench.heard(bridge, Carried, to=bench.peers[0])
    assert stranger.core.state is State.IDLE
