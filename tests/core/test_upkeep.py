"""The border of the core: what the application may call when, and what any bytes may do."""

from __future__ import annotations

import itertools
from itertools import pairwise

import pytest

from p2pnet.core.codec import decode
from p2pnet.core.effects import Effect, Send
from p2pnet.core.events import SessionPaused, SessionResumed
from p2pnet.core.messages import Heartbeat, Update
from p2pnet.core.settings import Policy, Settings
from p2pnet.core.states import State
from p2pnet.testing.sim_peer import Observer, SimPeer
from tests.core.bench import Bench


@pytest.fixture
def bench() -> Bench:
    return Bench.of(3)


def test_a_host_without_a_link_dials_those_who_are_away_with_waits_between() -> None:
    bench = Bench.of(2)
    host, client = bench.peers
    bench.world.crash(client)
    bench.world.run_for(40_000_000)
    gaps = [late - early for early, late in itertools.pairwise(bench.dialled(host))]
    limit_us = host.core.settings.redial_us_max + 2 * host.core.settings.heartbeat_us
    assert len(gaps) >= 40 and gaps[0] < gaps[1], "the second wait is longer"
    assert max(gaps) <= limit_us


def test_a_quiet_link_gets_a_heartbeat_and_a_busy_one_does_not(bench: Bench) -> None:
    host, client, _ = bench.peers
    said: list[tuple[int, str]] = []

    class Ear(Observer):
        def did(
            self, now: int, peer: SimPeer, effect: Effect, targets: tuple[SimPeer, ...]
        ) -> None:
            if isinstance(effect, Send) and peer is host and client in targets:
                said.append((now, type(decode(effect.data)).__name__))

    bench.world.observers.append(Ear())
    bench.world.run_for(1_000_000)
    gaps = [later - now for (now, _), (later, _) in pairwise(said)]
    assert {kind for _, kind in said} == {"Heartbeat"}
    assert max(gaps) <= Settings().heartbeat_us


def test_a_link_that_is_dead_for_long_is_closed_in_the_end() -> None:
    bench = Bench.of(2, Settings(dead_link_us=2_000_000))
    host, client = bench.peers
    bench.world.crash(client, silent=True)
    bench.world.run_for(1_500_000)
    assert host.core.census["links"] == 1
    bench.world.run_for(1_500_000)
    assert host.core.census["links"] == 0


def test_a_deadline_is_never_early(bench: Bench) -> None:
    for peer in bench.peers:
        wake = peer.core.next_wake()
        assert wake is not None and wake >= bench.world.now


def test_a_host_that_does_not_know_whether_it_rules_gives_up_no_seat() -> None:
    """S09: it overslept the deadline, and had to ask the others first."""
    bench = Bench.of(3, Settings(seat_us=1_500_000))
    host, client, lost = bench.peers
    bench.world.crash(lost)
    bench.world.run_for(300_000)
    bench.world.pause(host)
    bench.world.run_for(3_000_000)
    bench.listen()
    bench.world.resume(host)
    bench.world.run_for(1)
    assert host.core.state is State.PROBATION and not bench.heard(host, Update)
    assert host.core.roster.get(lost.id) is not None
    bench.world.run_for(2_000_000)
    assert bench.world.hosts == [client] and client.core.roster.get(lost.id) is None


def test_a_pause_that_ended_while_the_host_slept_ends_when_it_knows_that_it_rules() -> None:
    settings = Settings(policy=Policy.PAUSE_MINORITY, pause_us=1_500_000)
    bench = Bench.of(5, settings)
    host, mate, *far = bench.peers
    for peer in far:
        bench.world.crash(peer)
    bench.world.run_for(300_000)
    assert host.saw(SessionPaused)
    bench.world.pause(mate)
    bench.world.pause(host)
    bench.world.run_for(3_000_000)
    bench.world.resume(host)
    bench.world.run_for(1)
    assert host.core.state is State.PROBATION and not host.saw(SessionResumed)
    bench.world.resume(mate)
    bench.world.run_for(1_500_000)
    assert host.core.state is State.REIGNING and host.saw(SessionResumed)


def test_what_comes_in_does_not_change_when_to_wake(bench: Bench) -> None:
    host, client, _ = bench.peers
    before = client.core.next_wake()
    assert before is not None and before > bench.world.now + 1_000
    bench.world.now += 1_000
    bench.slip(host, client, Heartbeat(host.core.epoch, 0))  # type: ignore[arg-type]
    assert client.core.next_wake() == before
    client.core.wake(before)
    after = client.core.next_wake()
    assert after is not None and after > before


def test_a_new_deadline_or_link_does(bench: Bench) -> None:
    host, client, _ = bench.peers
    core = client.core
    before = core.next_wake()
    core._s.timers.set("dial", host.id, at=core._s.now + 1)
    assert core.next_wake() == core._s.now + 1
    core._s.timers.cancel("dial", host.id)
    assert core.next_wake() == before
    for link in list(core._s.mesh.links):
        core._s.mesh.closed(core._s.now, link)
    after = core.next_wake()
    assert after is None or before is None or after > before


def test_a_host_dials_at_once_when_a_link_breaks() -> None:
    bench = Bench.of(3)
    host, client, _ = bench.peers
    began_us = bench.world.now
    bench.world.reset_links(host, client)
    bench.world.run_for(100_000)
    assert bench.dialled(host)[0] - began_us < 60_000
