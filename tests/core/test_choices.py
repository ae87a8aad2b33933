from __future__ import annotations

from functools import partial

import pytest

from p2pnet.core.choices import Choices
from p2pnet.core.errors import EndReason, LocalProtocolError
from p2pnet.core.events import (
    BecameHost,
    ClaimGranted,
    ClaimMade,
    HostAnnounced,
    HostChanged,
    SeatReclaimed,
    SessionEnded,
)
from p2pnet.core.settings import Settings
from p2pnet.core.states import State
from p2pnet.core.values import PeerId
from p2pnet.testing.sim_peer import SimPeer
from tests.core.bench import Bench


def by_hand(players: int) -> Bench:
    bench = Bench.of(players)
    for peer in bench.peers:
        peer.core._s.choices.automatic = False
    return bench


def claim(bench: Bench, peer: SimPeer) -> None:
    bench.world.enter(peer, lambda: peer.core.claim(bench.world.now))
    bench.world.run_for(1_000_000)


def follow(bench: Bench, peer: SimPeer, to: SimPeer) -> None:
    bench.world.enter(peer, lambda: peer.core.follow(bench.world.now, to.id))
    bench.world.run_for(1_000_000)


def test_the_defaults_change_nothing() -> None:
    choices = Choices()
    assert choices.automatic and not choices.approves
    assert choices.elect() is None and choices.extra() is None and choices.payload is None


def test_by_hand_nobody_claims_until_it_is_told_to() -> None:
    bench = by_hand(3)
    host, ben, cat = bench.peers
    bench.world.crash(host)
    bench.world.run_for(10_000_000)
    assert [peer.core.state for peer in (ben, cat)] == [State.DOUBTING] * 2
    assert not ben.saw(ClaimMade)
    claim(bench, ben)
    assert ben.core.state is State.REIGNING
    assert cat.core.state is State.DOUBTING
    assert [event.host for event in cat.saw(HostAnnounced)] == [ben.id]  # type: ignore[attr-defined]
    bench.world.submit(ben, "alone")  # nobody keeps it waiting who may come or not
    bench.world.run_for(100_000)
    assert len(ben.core._s.outbox) == 0
    follow(bench, cat, ben)
    assert cat.core.state is State.FOLLOWING and cat.core.position == ben.core.position


def test_by_hand_who_chose_first_follows_as_soon_as_the_other_reigns() -> None:
    bench = by_hand(3)
    host, ben, cat = bench.peers
    bench.world.crash(host)
    bench.world.run_for(500_000)
    follow(bench, cat, ben)
    assert cat.core.state is State.DOUBTING
    claim(bench, ben)
    assert cat.core.state is State.FOLLOWING and cat.saw(HostChanged)


def test_by_hand_the_last_in_rank_may_be_the_one() -> None:
    bench = by_hand(3)
    host, ben, cat = bench.peers
    bench.world.crash(host)
    bench.world.run_for(500_000)
    claim(bench, cat)
    follow(bench, ben, cat)
    assert cat.core.state is State.REIGNING and ben.core.state is State.FOLLOWING


def test_by_hand_two_claims_leave_one_host() -> None:
    bench = by_hand(3)
    host, ben, cat = bench.peers
    bench.world.crash(host)
    bench.world.run_for(500_000)
    bench.world.enter(ben, lambda: ben.core.claim(bench.world.now))
    bench.world.enter(cat, lambda: cat.core.claim(bench.world.now))
    bench.world.run_for(2_000_000)
    (winner,) = bench.world.hosts
    loser = cat if winner is ben else ben
    assert loser.core.state is State.DOUBTING and loser.saw(HostAnnounced)
    follow(bench, loser, winner)
    assert loser.core.state is State.FOLLOWING


def test_by_hand_two_claims_that_split_the_others_leave_one_host() -> None:
    bench = by_hand(5)
    host, ben, cat, dan, eve = bench.peers
    bench.world.crash(host)
    bench.world.run_for(500_000)
    for claimant, slow in ((ben, eve), (cat, dan)):  # each is heard by one of the others first
        bench.world.network.lags[claimant.number, slow.number] = 30_000
        bench.world.enter(claimant, partial(claimant.core.claim, bench.world.now))
    bench.world.run_for(60_000)
    for grantor, claimant in ((dan, ben), (eve, cat)):
        (granted,) = grantor.saw(ClaimGranted)
        assert isinstance(granted, ClaimGranted) and granted.claimant == claimant.id
    bench.world.run_for(2_000_000)
    assert bench.world.hosts == [ben]  # who goes before the other


def test_by_hand_another_one_can_be_chosen_when_the_first_is_dead_too() -> None:
    bench = by_hand(4)
    host, ben, cat, dan = bench.peers
    bench.world.crash(host)
    bench.world.crash(ben)
    bench.world.run_for(500_000)
    follow(bench, dan, ben)
    claim(bench, cat)
    assert dan.core.state is State.DOUBTING
    follow(bench, dan, cat)
    assert dan.core.state is State.FOLLOWING


def test_hands_have_nothing_to_do_while_there_is_a_host() -> None:
    bench = by_hand(3)
    _, ben, cat = bench.peers
    with pytest.raises(LocalProtocolError):
        ben.core.claim(bench.world.now)
    with pytest.raises(LocalProtocolError):
        ben.core.follow(bench.world.now, cat.id)
    bench.world.crash(bench.peers[0])
    bench.world.run_for(500_000)
    for nobody in (ben.id, PeerId("x")):
        with pytest.raises(LocalProtocolError):
            ben.core.follow(bench.world.now, nobody)


def test_the_game_elects_and_everybody_waits_for_that_one() -> None:
    bench = Bench.of(4)
    cat = bench.peers[2]
    for peer in bench.peers:
        peer.core._s.choices.elect = lambda: cat.id
    bench.world.crash(bench.peers[0])
    bench.world.run_for(1_000_000)
    assert bench.world.hosts == [cat] and bench.world.converged()
    assert [len(peer.saw(BecameHost)) for peer in bench.peers[1:]] == [0, 1, 0]


def test_whom_the_game_elects_may_be_dead_and_the_order_goes_on() -> None:
    bench = Bench.of(4)
    cat = bench.peers[2]
    for peer in bench.peers:
        peer.core._s.choices.elect = lambda: cat.id
    bench.world.crash(cat)
    bench.world.crash(bench.peers[0])
    bench.world.run_for(1_000_000)
    (host,) = bench.world.hosts
    assert host in (bench.peers[1], bench.peers[3]) and bench.world.converged()


def test_games_that_elect_different_peers_converge_all_the_same() -> None:
    bench = Bench.of(4)
    for peer in bench.peers:
        peer.core._s.choices.elect = lambda peer=peer: peer.id  # everybody itself
    bench.world.crash(bench.peers[0])
    bench.world.run_for(5_000_000)
    assert len(bench.world.hosts) == 1 and bench.world.converged()


@pytest.mark.parametrize("extra", [None, b"", b"skin=red"])
def test_what_goes_with_the_request_for_ones_own_seat_arrives(extra: bytes | None) -> None:
    bench = Bench.of(3)
    bench.peers[2].core._s.choices.extra = lambda: extra
    bench.world.crash(bench.peers[0])
    bench.world.run_for(1_000_000)
    (told,) = bench.peers[1].saw(SeatReclaimed)
    assert isinstance(told, SeatReclaimed)
    assert (told.peer, told.extra) == (bench.peers[2].id, extra)


def test_a_session_that_does_not_migrate_ends_with_its_host() -> None:
    bench = Bench.of(3, Settings(host_migration=False))
    bench.world.crash(bench.peers[0])
    bench.world.run_for(1_000_000)
    for client in bench.peers[1:]:
        assert [e.reason for e in client.saw(SessionEnded)] == [EndReason.HOST_LOST]  # type: ignore[attr-defined]
