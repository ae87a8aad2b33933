from __future__ import annotations

import pytest

from p2pnet.core.errors import DenyReason, EndReason
from p2pnet.core.events import (
    ApprovalRequested,
    JoinDenied,
    Joined,
    JoinFailed,
    JoinPending,
    SessionEnded,
)
from p2pnet.core.messages import Pending
from p2pnet.core.settings import Settings
from p2pnet.core.states import State
from p2pnet.testing.sim_peer import SimPeer
from tests.core.bench import Bench


def approving(players: int = 2, **settings: int) -> tuple[Bench, SimPeer]:
    bench = Bench.of(players, Settings(**settings))  # type: ignore[arg-type]
    host = bench.peers[0]
    host.core._s.choices.approves = True
    return bench, host


def waiting(bench: Bench, host: SimPeer, payload: bytes | None = None) -> SimPeer:
    late = bench.world.join(host, "late")
    late.core._s.choices.payload = payload
    bench.world.run_for(1_000_000)
    return late


@pytest.mark.parametrize("payload", [None, b"", b"open sesame"])
def test_the_game_is_asked_once_with_what_came_along(payload: bytes | None) -> None:
    bench, host = approving()
    late = waiting(bench, host, payload)
    asked = host.saw(ApprovalRequested)
    assert asked == [ApprovalRequested(late.id, late.name, payload)]
    assert late.core.state is State.JOINING
    assert [e.wait_us for e in late.saw(JoinPending)] == [30_000_000]  # type: ignore[attr-defined]
    bench.world.enter(host, lambda: host.core.approve(bench.world.now, late.id))
    bench.world.run_for(500_000)
    assert late.core.state is State.FOLLOWING and late.saw(Joined)


def test_a_newcomer_that_is_denied_hears_why() -> None:
    bench, host = approving()
    late = waiting(bench, host)

    def deny() -> None:
        host.core.deny(bench.world.now, late.id, DenyReason.APPROVAL, "friends only")

    bench.world.enter(host, deny)
    bench.world.run_for(500_000)
    assert late.saw(JoinDenied) == [JoinDenied(DenyReason.APPROVAL, "friends only")]
    assert late.saw(SessionEnded) == [SessionEnded(EndReason.DENIED, "friends only")]
    bench.world.enter(host, deny)  # void
    assert host.core.roster.get(late.id) is None


def test_who_is_not_decided_about_in_time_is_denied() -> None:
    bench, host = approving(approval_us=3_000_000)
    late = waiting(bench, host)
    bench.world.run_for(3_000_000)
    assert [e.reason for e in late.saw(JoinDenied)] == [DenyReason.APPROVAL]  # type: ignore[attr-defined]


def test_a_newcomer_waits_for_as_long_as_it_is_told_and_no_longer() -> None:
    bench, host = approving(approval_us=20_000_000)
    late = waiting(bench, host)
    bench.world.run_for(15_000_000)  # longer than it waits for a host that says nothing
    assert late.core.state is State.JOINING
    bench.world.pause(host)
    bench.slip(host, late, Pending(1 << 50))
    assert late.saw(JoinPending)[-1] == JoinPending(3_600_000_000)
    late.core._s.timers.set("join", at=bench.world.now + 1)
    bench.world.run_for(500_000)
    assert [e.reason for e in late.saw(JoinFailed)] == [EndReason.TIMED_OUT]  # type: ignore[attr-defined]


def test_a_newcomer_whose_link_breaks_has_withdrawn() -> None:
    bench, host = approving()
    late = waiting(bench, host)
    bench.world.crash(late)
    bench.world.run_for(500_000)
    assert len(host.core._roles.hosting.admission) == 0
    bench.world.enter(host, lambda: host.core.approve(bench.world.now, late.id))
    assert host.core.roster.get(late.id) is None


def test_seats_of_those_who_wait_are_reserved() -> None:
    bench, host = approving(players_max=3)
    first = waiting(bench, host)
    second = waiting(bench, host)
    assert first.core.state is State.JOINING
    assert [e.reason for e in second.saw(JoinDenied)] == [DenyReason.FULL]  # type: ignore[attr-defined]
    assert second.saw(SessionEnded)[0].reason is EndReason.FULL  # type: ignore[attr-defined]


def test_who_waits_when_the_host_dies_is_told_that_the_host_is_lost() -> None:
    bench, host = approving()
    late = waiting(bench, host)
    bench.world.crash(host)
    bench.world.run_for(500_000)
    assert [e.reason for e in late.saw(JoinFailed)] == [EndReason.HOST_LOST]  # type: ignore[attr-defined]


def test_a_member_that_comes_back_is_not_asked_about() -> None:
    bench, host = approving()
    bench.world.reset_links(host, bench.peers[1])
    bench.world.run_for(1_000_000)
    assert bench.peers[1].core.state is State.FOLLOWING and not host.saw(ApprovalRequested)
