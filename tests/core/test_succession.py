from __future__ import annotations

import itertools

import attrs
import pytest

from p2pnet.core.errors import RefuseReason
from p2pnet.core.events import (
    BecameHost,
    ClaimMade,
    HostChanged,
    HostLost,
    LossCause,
    MigrationStarted,
    PullStarted,
)
from p2pnet.core.messages import Grant, Refuse, Reign
from p2pnet.core.settings import AckLevel
from p2pnet.core.states import State
from p2pnet.core.values import LinkId, Position
from tests.core.bench import Bench, picture, pulling, texts


@pytest.mark.parametrize("silent", [False, True], ids=["closes", "silent"])
@pytest.mark.parametrize("players", [2, 3, 5])
def test_the_first_in_rank_follows_the_host(players: int, silent: bool) -> None:
    bench = Bench.of(players)
    bench.world.crash(bench.peers[0], silent)
    assert bench.world.run_while(lambda: not bench.world.converged(), 1_500_000)
    assert bench.world.hosts == [bench.peers[1]]
    cause = LossCause.SILENT if silent else LossCause.CLOSED
    for peer in bench.peers[1:]:
        assert [e.cause for e in peer.saw(HostLost)] == [cause]


@pytest.mark.parametrize("further", [0, 1])
def test_only_who_has_more_is_taken_for_a_later_process_of_a_member(further: int) -> None:
    bench = Bench.of(3)
    host, claimant, other = bench.peers
    bench.world.cut(claimant, other)
    bench.world.crash(host)
    assert bench.world.run_while(lambda: claimant.core.state is not State.CLAIMING)
    used = claimant.core._s.mesh.link_to(other.id)
    assert used is not None and claimant.core.position is not None
    epoch, seq = claimant.core.position.epoch, claimant.core.position.seq
    beside = attrs.evolve(used, id=LinkId(99), beside=True)
    claimant.core._s.mesh.links[beside.id] = beside
    grant = Grant(2, Position(epoch, seq + further), None)
    claimant.core._roles.succession.on_grant(beside, grant)
    assert claimant.core._s.mesh.link_to(other.id) is (beside if further else used)


def test_the_application_hears_of_it_in_order_and_once() -> None:
    bench = Bench.of(4)
    bench.world.crash(bench.peers[0])
    bench.world.run_for(2_000_000)
    kinds = (HostLost, MigrationStarted, BecameHost, HostChanged)
    for peer in bench.peers[1:]:
        seen = [type(event) for _, event in peer.events if isinstance(event, kinds)]
        last = BecameHost if peer is bench.peers[1] else HostChanged
        assert seen == [HostLost, MigrationStarted, last]


def test_nothing_is_applied_between_the_loss_and_the_welcome() -> None:
    bench = Bench.of(4)
    bench.world.crash(bench.peers[0])
    client = bench.peers[3]
    bench.world.run_while(lambda: client.core.state is not State.DOUBTING)
    before = client.core.position, list(client.journal.entries)
    while client.core.state is not State.FOLLOWING:
        assert (client.core.position, client.journal.entries) == before
        bench.listen()
        assert bench.world.run_while(lambda: not bench.said, 1_000_000)


@pytest.mark.parametrize("silent", [False, True], ids=["closes", "silent"])
def test_dead_successors_cost_no_extra_time_each(silent: bool) -> None:
    bench = Bench.of(6)
    for peer in bench.peers[:4]:
        bench.world.crash(peer, silent)
    start = bench.world.now
    assert bench.world.run_while(lambda: not bench.world.converged())
    assert bench.world.hosts[0] in bench.peers[4:]
    assert bench.world.now - start < (1_200_000 if silent else 400_000)


def test_a_refused_claimant_asks_no_sooner_than_a_red_period_later() -> None:
    bench = Bench.of(3)
    host, client, _ = bench.peers
    bench.world.cut_both(host, client)
    bench.world.run_for(6_000_000)
    claims = [at for at, event in client.events if isinstance(event, ClaimMade)]
    gaps = [late - early for early, late in itertools.pairwise(claims)]
    assert all(gap >= 600_000 for gap in gaps)


def test_the_newest_state_is_pulled_before_the_crown() -> None:
    bench = Bench.of(4)
    host, first, ahead, _ = bench.peers
    bench.world.cut(host, first)
    ticket = bench.world.submit(ahead, "acknowledged")
    bench.world.run_for(150_000)
    assert ticket in ahead.settled and "acknowledged" not in texts(first)
    bench.world.crash(host, lost_for=[first])
    bench.world.heal()
    assert bench.world.run_while(lambda: not bench.world.converged())
    assert len(first.saw(PullStarted)) == 1 and texts(first) == ["acknowledged"]


@pytest.mark.parametrize("seed", range(12))
def test_what_was_acknowledged_survives_a_first_successor_that_is_behind(seed: int) -> None:
    """S15: the others still believe in the host when they are asked, and answer late.

    A claimant that waited one answer window only crowned itself without those who had to ask the
    host first, and lost what they had.
    """
    bench = Bench.of(4 + seed % 3)
    bench.world.network.rng.seed(seed)
    bench.world.run_for(seed * 77_000)
    host, first, ahead = bench.peers[:3]
    bench.world.cut(host, first)
    ticket = bench.world.submit(ahead, "acknowledged", AckLevel.ONE)
    assert bench.world.run_while(lambda: ticket not in ahead.settled, 300_000)
    bench.world.crash(host, silent=True, lost_for=[first])
    bench.world.heal()
    assert bench.world.run_while(lambda: not bench.world.converged())
    assert all(texts(peer) == ["acknowledged"] for peer in bench.peers[1:])


def test_the_freshest_dies_while_it_is_asked() -> None:
    bench, first, victim = pulling(5)
    bench.world.crash(victim)
    assert bench.world.run_while(lambda: not bench.world.converged())
    assert len(first.saw(PullStarted)) == 2 and texts(bench.peers[3]) == ["x"]


def test_the_announcement_of_an_older_reign_changes_nothing() -> None:
    bench = Bench.of(4)
    for victim in bench.peers[:2]:
        bench.world.crash(victim)
        bench.world.run_for(1_500_000)
    old = bench.heard(bench.peers[1], Reign)[0]
    host, client = bench.peers[2:]
    for sender, receiver in ((client, host), (host, client)):
        before = picture(receiver)
        bench.slip(sender, receiver, old)
        assert picture(receiver) == before


def test_who_is_heard_by_the_host_and_does_not_hear_it_starts_no_reign() -> None:
    bench = Bench.of(3)
    host, client, other = bench.peers
    bench.world.cut(host, client)
    bench.world.run_for(2_000_000)
    assert not client.saw(BecameHost) and not other.saw(BecameHost)
    assert host.core.state is State.REIGNING and other.core.state is State.FOLLOWING


def test_proof_that_the_host_lives_counts_for_a_later_claim_too() -> None:
    """The veto against an earlier claim was late, and the claimant reigned over a living host."""
    bench = Bench.of(3)
    host, claimant, witness = bench.peers
    claimant.core._roles.granting.promises.spend(2)  # the number of its earlier claim
    bench.world.reset_links(host, claimant)
    assert claimant.core.state is State.CLAIMING
    bench.slip(witness, claimant, Refuse(2, RefuseReason.ALIVE))
    assert claimant.core.state is State.ISOLATED
