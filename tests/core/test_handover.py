from __future__ import annotations

import pytest

from p2pnet.core.errors import LocalProtocolError
from p2pnet.core.events import BecameHost, HandoverFailed, HandoverStarted, HostLost
from p2pnet.core.states import Role, State
from tests.core.bench import Bench


@pytest.mark.parametrize("to", [1, 2])
def test_the_named_successor_reigns_and_the_former_host_follows(to: int) -> None:
    bench = Bench.of(3)
    host, heir = bench.peers[0], bench.peers[to]
    bench.world.hand_over(host, heir)
    assert host.saw(HandoverStarted) and host.core.state is State.HANDING_OVER
    assert bench.world.run_while(lambda: not bench.world.converged(), 400_000)
    assert bench.world.hosts == [heir] and host.core.role is Role.CLIENT
    assert host.core.old_connection_id == 0
    assert not any(peer.saw(HostLost) for peer in bench.peers)


def test_no_two_peers_order_at_one_time_and_nothing_is_lost() -> None:
    """S10."""
    bench = Bench.of(3)
    host, heir, client = bench.peers
    tickets = [bench.world.submit(client, f"c{number}") for number in range(3)]
    bench.world.hand_over(host, heir)
    tickets += [bench.world.submit(client, f"d{number}") for number in range(3)]
    while not bench.world.converged():
        assert len(bench.world.hosts) <= 1
        bench.listen()
        assert bench.world.run_while(lambda: not bench.said, 1_000_000)
    bench.world.run_for(500_000)
    expected = [*(f"c{number}" for number in range(3)), *(f"d{number}" for number in range(3))]
    assert [text for _, text in heir.journal.entries] == expected
    assert set(tickets) <= set(client.settled)


@pytest.mark.parametrize("silent", [False, True])
def test_if_the_successor_dies_somebody_reigns_again(silent: bool) -> None:
    bench = Bench.of(3)
    host, heir, _ = bench.peers
    bench.world.hand_over(host, heir)
    bench.world.crash(heir, silent)
    assert bench.world.run_while(lambda: not bench.world.converged(), 5_000_000)
    assert len(bench.world.hosts) == 1 and host.saw(HandoverFailed)


def test_the_word_of_the_crown_may_be_late() -> None:
    bench = Bench.of(3)
    host, heir, _ = bench.peers
    bench.world.hand_over(host, heir)
    bench.world.cut(heir, host)
    bench.world.run_for(1_000_000)
    bench.world.heal()
    assert bench.world.run_while(lambda: not bench.world.converged(), 10_000_000)
    assert len(bench.world.hosts) == 1
    epochs = [e.epoch for peer in bench.peers for e in peer.saw(BecameHost)]
    assert len(set(epochs)) == len(epochs)


def test_nobody_can_be_named_who_does_not_follow() -> None:
    bench = Bench.of(2)
    host, client = bench.peers
    bench.world.crash(client)
    bench.world.run_for(300_000)
    with pytest.raises(LocalProtocolError):
        host.core.hand_over(bench.world.now, client.id)
    assert host.core.state is State.REIGNING


def test_what_came_during_a_handover_that_failed_is_not_kept() -> None:
    bench = Bench.of(3)
    host, heir, client = bench.peers
    bench.world.hand_over(host, heir)
    bench.world.crash(heir, silent=True)
    ticket = bench.world.submit(client, "meanwhile")
    bench.world.run_for(4_000_000)
    assert ticket in client.settled
    assert all(peer.core.census["held"] == 0 for peer in (host, client))


def test_an_heir_that_is_gone_is_not_waited_for() -> None:
    bench = Bench.of(3)
    host, heir, _ = bench.peers
    windows_us = 2 * host.core._s.mesh.answer_us()
    bench.world.hand_over(host, heir)
    bench.world.crash(heir)
    start = bench.world.now
    assert bench.world.run_while(lambda: host.core.state is not State.REIGNING)
    assert bench.world.now - start < windows_us


def test_an_heir_that_leaves_keeps_no_seat() -> None:
    """Its good-bye comes while the host waits for it, and the handover fails."""
    bench = Bench.of(3)
    host, heir, _ = bench.peers
    bench.world.hand_over(host, heir)
    bench.world.leave(heir)
    assert bench.world.run_while(lambda: not bench.world.converged())
    bench.world.run_for(500_000)
    assert bench.world.hosts and bench.world.hosts[0].core.roster.get(heir.id) is None
