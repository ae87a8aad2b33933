"""What a peer does as time goes by: deadlines, heartbeats, dials, and the end of dead links."""

from __future__ import annotations

import itertools
from collections import defaultdict
from itertools import pairwise

import attrs
import pytest

from p2pnet.core.codec import decode
from p2pnet.core.detector import GREEN
from p2pnet.core.effects import Effect, Send
from p2pnet.core.events import HostLost, HostSuspected, SessionPaused, SessionResumed
from p2pnet.core.link_state import CALM_BEATS, LOOK_BEATS, LinkState
from p2pnet.core.messages import Heartbeat, Update
from p2pnet.core.settings import Policy, Settings
from p2pnet.core.states import State
from p2pnet.core.upkeep import _ON_TIMER, Upkeep
from p2pnet.core.values import Epoch, PeerId
from p2pnet.testing.core_world import CoreWorld
from p2pnet.testing.sim_peer import Dials, Observer, SimPeer
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


def test_what_comes_due_at_once_again_waits_for_the_next_wake(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, calls = bench.peers[1].core, itertools.count()

    def again(keep: Upkeep) -> None:
        next(calls)
        client._s.timers.set("look", at=bench.world.now)

    monkeypatch.setitem(_ON_TIMER, "look", again)
    again(client._upkeep)
    client.wake(bench.world.now)
    assert next(calls) == 2 and client.next_wake() == bench.world.now


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


# --- rest ---


@attrs.define(eq=False)
class Beats(Observer):
    """When each peer sent a heartbeat to each other one, and whether it was calm."""

    world: CoreWorld
    sent: dict[tuple[int, int], list[tuple[int, bool]]] = attrs.field(
        factory=lambda: defaultdict(list)
    )

    def did(self, now: int, peer: SimPeer, effect: Effect, targets: tuple[SimPeer, ...]) -> None:
        if isinstance(effect, Send) and isinstance(beat := decode(effect.data), Heartbeat):
            for target in targets:
                self.sent[peer.number, target.number].append((now, beat.calm))

    @classmethod
    def of(cls, world: CoreWorld) -> Beats:
        beats = cls(world)
        world.observers.append(beats)
        return beats

    def gaps(self, source: SimPeer, target: SimPeer) -> set[float]:
        """The times between two, in heartbeats, to half of one."""
        times = [now for now, _ in self.sent[source.number, target.number]]
        half_us = Settings().heartbeat_us // 2
        return {round((late - early) / half_us) / 2 for early, late in pairwise(times)}

    def calm(self, source: SimPeer) -> set[bool]:
        """What a peer said of itself."""
        return {
            calm for (by, _), beats in self.sent.items() if by == source.number for _, calm in beats
        }


def test_who_hears_its_host_beats_less_often_and_hardly_for_others_who_do(bench: Bench) -> None:
    host, one, other = bench.peers
    bench.world.run_for(2_000_000)
    beats = Beats.of(bench.world)
    bench.world.run_for(6_000_000)
    assert beats.gaps(host, one) == {1} and max(beats.gaps(one, host)) == CALM_BEATS
    assert beats.gaps(one, other) == beats.gaps(other, one) == {LOOK_BEATS}
    assert beats.calm(host) == {False} and beats.calm(one) == beats.calm(other) == {True}


def test_nobody_is_taken_for_silent_because_it_is_at_rest(bench: Bench) -> None:
    for _ in range(300):
        bench.world.run_for(37_000)
        for peer in bench.peers:
            lights = [link.detector.light(bench.world.now) for _, link in links_of(peer)]
            assert lights == [GREEN, GREEN]


def test_who_suspects_the_host_says_so_at_once_and_is_answered(bench: Bench) -> None:
    host, one, other = bench.peers
    bench.world.run_for(2_000_000)
    beats = Beats.of(bench.world)
    bench.world.cut(host, one)
    assert bench.world.run_while(lambda: not one.saw(HostSuspected))
    suspected_us = bench.world.now
    assert beats.sent[one.number, other.number][-1] == (suspected_us, False)
    light = dict(links_of(one))[other.id].detector.light
    assert light(suspected_us + 60_000) is GREEN, "it had no time to answer"
    bench.world.run_for(70_000)
    answered_us, calm = beats.sent[other.number, one.number][-1]
    assert suspected_us < answered_us <= suspected_us + 30_000 and calm
    bench.world.run_for(230_000)
    assert max(beats.gaps(one, other)) <= 1


def test_who_loses_the_host_says_so_at_once(bench: Bench) -> None:
    host, one, other = bench.peers
    bench.world.run_for(2_000_000)
    beats = Beats.of(bench.world)
    bench.world.crash(host)
    assert bench.world.run_while(lambda: not one.saw(HostLost))
    lost_us = bench.world.now
    bench.world.run_for(1)
    assert (lost_us, False) in beats.sent[one.number, other.number]


def test_a_dead_member_is_known_as_such_by_the_time_that_the_host_is_given_up() -> None:
    bench = Bench.of(4)
    host, first, second, third = bench.peers
    bench.world.run_for(2_000_000)
    bench.world.crash(host, silent=True)
    bench.world.crash(first, silent=True)
    assert bench.world.run_while(lambda: not second.saw(HostLost))
    links = dict(links_of(second))
    assert links[first.id].detector.light(bench.world.now) is not GREEN
    assert links[third.id].detector.light(bench.world.now) is GREEN


def test_who_follows_another_host_is_watched(bench: Bench) -> None:
    _, one, other = bench.peers
    bench.world.run_for(2_000_000)
    link, beats = dict(links_of(one))[other.id], Beats.of(bench.world)
    assert bench.world.run_while(lambda: not beats.sent[one.number, other.number])
    bench.world.run_for(50_000)
    elsewhere = Epoch(7, other.id, 1)
    bench.slip(other, one, Heartbeat(elsewhere, 0, calm=True))
    assert not link.calm and not link.rests and link.detector.rest_us == 0
    met_us = bench.world.now
    bench.world.cut(other, one)
    bench.world.run_for(3 * Settings().heartbeat_us)
    assert [now for now, _ in beats.sent[one.number, other.number] if now > met_us]


def test_at_rest_a_new_link_is_looked_after_with_every_heartbeat() -> None:
    bench = Bench.of(3, Settings(connect_us=1_500_000))
    _, one, _ = bench.peers
    bench.world.run_for(2_000_000)
    _, there = bench.stranger(one)
    bench.world.run_for(one.core.settings.connect_us + one.core.settings.heartbeat_us)
    assert there not in one.core._s.mesh.links, "it never greeted"


def test_at_rest_a_link_that_broke_is_back_soon(bench: Bench) -> None:
    _, one, other = bench.peers
    bench.world.run_for(2_000_000)
    bench.world.reset_links(one, other)
    bench.world.run_for(Settings().heartbeat_us + 200_000)
    assert other.id in dict(links_of(one))


def test_at_rest_a_link_that_is_dead_for_long_is_closed_in_time() -> None:
    bench = Bench.of(3, Settings(dead_link_us=2_500_000))
    _, one, other = bench.peers
    bench.world.run_for(2_000_000)
    link = dict(links_of(one))[other.id]
    bench.world.crash(other, silent=True)
    assert bench.world.run_while(lambda: link.id in one.core._s.mesh.links)
    assert bench.world.now == link.detector.silent_us + 2_500_001


def test_at_rest_who_can_not_be_reached_is_dialled_as_often_as_else(bench: Bench) -> None:
    _, one, other = bench.peers
    bench.world.run_for(2_000_000)
    one.dials = other.dials = Dials.REFUSED
    bench.world.reset_links(one, other)
    bench.world.run_for(3_000_000)
    assert len(bench.dialled(other)) >= 3_000_000 // Settings().redial_us_max - 1


def links_of(peer: SimPeer) -> list[tuple[PeerId, LinkState]]:
    return list(peer.core._s.mesh.peers())
