from __future__ import annotations

from p2pnet.core.events import HostLost
from p2pnet.core.messages import Ask, Vouch
from tests.core.bench import Bench


def test_a_suspect_is_looked_at_through_a_neighbour_that_vouches_for_it() -> None:
    bench = Bench.of(3)
    host, client, neighbour = bench.peers
    bench.world.cut_both(host, client)
    bench.world.run_for(700_000)
    assert bench.heard(client, Ask, to=neighbour)
    assert bench.heard(neighbour, Vouch, to=client)


def test_nobody_vouches_for_a_host_that_is_gone() -> None:
    bench = Bench.of(3)
    bench.world.crash(bench.peers[0], silent=True)
    bench.world.run_for(2_000_000)
    assert not any(bench.heard(peer, Vouch) for peer in bench.peers)
    assert all(peer.saw(HostLost) for peer in bench.peers[1:])


def test_nobody_is_asked_while_all_is_well() -> None:
    bench = Bench.of(3)
    bench.world.run_for(5_000_000)
    assert not any(bench.heard(peer, Ask) for peer in bench.peers)
