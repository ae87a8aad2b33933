"""Sides that have given up one another's seats find one another all the same."""

from __future__ import annotations

import attrs
import pytest

from p2pnet.core.errors import DenyReason, EndReason
from p2pnet.core.events import (
    ApprovalRequested,
    BranchDiscarded,
    HostChanged,
    Joined,
    PeerGone,
    SessionEnded,
)
from p2pnet.core.messages import Join, NoSeat, Rejoin
from p2pnet.core.settings import Policy, Settings
from p2pnet.core.states import State
from p2pnet.testing.invariants import equal_states
from p2pnet.testing.sim_peer import SimPeer
from tests.core.bench import Bench

SOON = Settings(seat_us=1_000_000, dead_link_us=1_500_000)


def long_apart(bench: Bench, few: list[SimPeer], many: list[SimPeer]) -> None:
    """So long that each side has given up the seats of the other, and every link between them."""
    for one in few:
        for other in many:
            bench.world.cut_both(one, other)
    bench.world.run_for(12_000_000)
    for side, gone in ((few, many), (many, few)):
        assert all(one.core.roster.get(other.id) is None for one in side for other in gone)


def test_a_split_that_outlasts_the_seats_ends_all_the_same() -> None:
    bench = Bench.of(5, SOON)
    many, few = bench.peers[:3], bench.peers[3:]
    long_apart(bench, few, many)
    lost = [bench.world.submit(one, f"of {one.name}") for one in few]
    kept = bench.world.submit(many[1], "of the many")
    bench.world.run_for(500_000)
    bench.world.heal()
    assert bench.world.run_while(lambda: not bench.world.converged(), 4_000_000)
    bench.world.run_for(500_000)
    assert bench.world.hosts == [bench.peers[0]] and kept in many[1].settled
    for one, ticket in zip(few, lost, strict=True):
        assert [e.tickets for e in one.saw(BranchDiscarded)] == [(ticket,)]
        assert len(one.saw(HostChanged)) and len(one.saw(Joined)) == 2  # a new seat, same process
        assert one.core.old_connection_id == -1
    equal_states(bench.world)


def test_of_two_who_had_given_each_other_up_one_hosts_in_the_end() -> None:
    bench = Bench.of(2, SOON)
    one, other = bench.peers
    long_apart(bench, [one], [other])
    bench.world.heal()
    assert bench.world.run_while(lambda: not bench.world.converged(), 4_000_000)
    assert len(one.core.roster.members) == 2 and one.core.roster.given_up == ()


def test_one_of_those_who_were_given_up_is_dialled_a_second() -> None:
    bench = Bench.of(4, SOON)
    host = bench.peers[0]
    for peer in bench.peers[1:]:
        bench.world.crash(peer)
    bench.world.run_for(5_000_000)
    assert {gone.peer for gone in host.core.roster.given_up} == {p.id for p in bench.peers[1:]}
    before = len(bench.dialled(host))
    bench.world.run_for(9_000_000)
    assert len(bench.dialled(host)) - before == 9


def test_the_next_host_goes_on_looking() -> None:
    bench = Bench.of(4, SOON)
    host, heir, third, lost = bench.peers
    bench.world.crash(lost)
    bench.world.run_for(3_000_000)
    assert host.saw(PeerGone)
    bench.world.crash(host)
    bench.world.run_for(500_000)
    bench.world.crash(third)
    assert bench.world.hosts == [heir]
    bench.world.run_for(5_000_000)
    assert {gone.peer for gone in heir.core.roster.given_up} == {lost.id, host.id, third.id}


def test_the_game_is_asked_about_who_comes_from_another_branch() -> None:
    bench = Bench.of(3, SOON)
    host, _, far = bench.peers
    host.core._s.choices.approves = True
    long_apart(bench, [far], bench.peers[:2])
    bench.world.heal()
    assert bench.world.run_while(lambda: not host.saw(ApprovalRequested), 4_000_000)
    bench.world.run_for(10_000_000)  # longer than a request for a seat of one's own would wait
    assert far.core.state is State.JOINING
    bench.world.enter(host, lambda: host.core.approve(bench.world.now, far.id))
    bench.world.run_for(500_000)
    assert far.core.state is State.FOLLOWING and far.core.roster.get(far.id) is not None


def test_who_wants_everything_still_says_how_far_it_was_on_another_branch() -> None:
    """What it was sent last did not fit. Without a position it would be one who was away."""
    bench = Bench.of(3, SOON)
    *mates, far = bench.peers
    long_apart(bench, [far], mates)
    far.core._roles.joining.whole = True
    bench.world.heal()
    bench.world.run_for(1_500_000)
    assert far.core.state is State.FOLLOWING and not far.saw(SessionEnded)


def test_who_comes_from_another_branch_and_is_not_wanted_is_told() -> None:
    bench = Bench.of(3, SOON)
    host, _, far = bench.peers
    host.core._s.choices.approves = True
    long_apart(bench, [far], bench.peers[:2])
    bench.world.heal()
    assert bench.world.run_while(lambda: not host.saw(ApprovalRequested), 4_000_000)
    deny = DenyReason.APPROVAL
    bench.world.enter(host, lambda: host.core.deny(bench.world.now, far.id, deny, "too late"))
    bench.world.run_for(500_000)
    assert far.saw(SessionEnded) == [SessionEnded(EndReason.DENIED, "too late")]


def test_only_whom_it_asked_can_tell_a_peer_that_it_has_no_seat() -> None:
    bench = Bench.of(3)
    host, liar, peer = bench.peers
    assert host.core.epoch is not None
    bench.world.half_close(peer, host)
    bench.world.run_for(1_000)
    assert peer.core.state is not State.FOLLOWING
    bench.listen()
    bench.slip(liar, peer, NoSeat(host.core.epoch))
    bench.world.run_for(2_000_000)
    assert not bench.heard(peer, Join) and bench.heard(peer, Rejoin)
    assert peer.core.connection_id == 2


@pytest.mark.parametrize("times", [1, 3])
def test_who_is_told_again_that_it_has_no_seat_asks_once(times: int) -> None:
    bench = Bench.of(2)
    host, peer = bench.peers
    assert host.core.epoch is not None
    bench.world.cut(peer, host)
    bench.world.enter(peer, peer.core._roles.following.rejoin)
    bench.listen()
    for _ in range(times):
        bench.slip(host, peer, NoSeat(host.core.epoch))
    assert len(bench.heard(peer, Join)) == 1


def test_what_was_run_for_who_was_given_up_is_not_run_again_nor_called_lost() -> None:
    """The host ran a command of a member whose seat then expired, and that never heard of it."""
    bench = Bench.of(3, SOON)
    host, mate, far = bench.peers
    bench.world.cut(host, far)
    ticket = bench.world.submit(far, "run on both sides")
    bench.world.run_for(30_000)
    assert [text for _, text in host.journal.entries] == ["run on both sides"]
    long_apart(bench, [far], [host, mate])
    assert ticket in far.settled  # on its own branch
    bench.world.heal()
    assert bench.world.run_while(lambda: not bench.world.converged(), 4_000_000)
    bench.world.run_for(500_000)
    assert [text for _, text in far.journal.entries] == ["run on both sides"]
    assert [e.tickets for e in far.saw(BranchDiscarded)] == [()]


def test_who_stood_still_until_its_seat_was_given_up_is_told_in_the_end() -> None:
    """Under this policy it had no host and could not be one, and nobody would ever have called."""
    bench = Bench.of(3, attrs.evolve(SOON, policy=Policy.MAJORITY_ONLY))
    host, mate, far = bench.peers
    for other in (host, mate):
        bench.world.cut_both(far, other)
    bench.world.run_for(12_000_000)
    assert far.core.state is State.DOUBTING and host.core.roster.get(far.id) is None
    bench.world.heal()
    bench.world.run_for(2_000_000)
    assert [e.reason for e in far.saw(SessionEnded)] == [EndReason.SEAT_EXPIRED]
