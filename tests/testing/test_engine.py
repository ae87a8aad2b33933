"""What is around the cores: slow and sleeping processes, wrong clocks, dials, and who is told."""

from __future__ import annotations

import pytest

from p2pnet.core.effects import Effect, Send
from p2pnet.core.errors import LinkEnd, LocalProtocolError
from p2pnet.core.events import HostSuspected
from p2pnet.core.settings import Settings
from p2pnet.core.states import State
from p2pnet.testing.core_world import CoreWorld
from p2pnet.testing.sim_peer import Dials, Observer, SimPeer


class Said(Observer):
    """Everything that befell anybody, and how many heartbeats were sent."""

    def __init__(self, world: CoreWorld) -> None:
        self.texts: list[str] = []
        self.sent = 0
        world.observers.append(self)

    def befell(self, now: int, peer: SimPeer | None, text: str) -> None:
        self.texts.append(text)

    def did(self, now: int, peer: SimPeer, effect: Effect, targets: tuple[SimPeer, ...]) -> None:
        self.sent += isinstance(effect, Send)


def test_an_observer_is_told_of_faults_effects_and_steps() -> None:
    class Count(Observer):
        faults: list[str] = []
        steps = 0

        def befell(self, now: int, peer: SimPeer | None, text: str) -> None:
            self.faults.append(text)

        def stepped(self, now: int, peer: SimPeer) -> None:
            assert peer.core.take_effects() == [], "all were performed"
            self.steps += 1

    world, count = CoreWorld(), Count()
    world.observers.append(count)
    host, client = world.game(2)
    world.kick(host, client)
    world.run_for(100_000)
    assert client.core.state is State.LEFT
    assert count.faults == ["kicks peer1"] and count.steps > 10


def test_a_slow_peer_takes_everything_late_and_in_order() -> None:
    world = CoreWorld(delay_us=(1_000, 1_000))
    host, client = world.game(2)
    client.slow_us = 50_000
    for text in "abc":
        world.submit(host, text)
    world.run_for(40_000)
    assert client.journal.entries == []
    world.run_for(200_000)
    assert [text for _, text in client.journal.entries] == ["a", "b", "c"]


def test_what_an_application_is_refused_later_concerns_nobody() -> None:
    world = CoreWorld()
    host, client = world.game(2)
    with pytest.raises(LocalProtocolError):
        world.kick(client, host)
    world.pause(client)
    world.kick(client, host)
    world.resume(client)
    assert client.core.state is State.FOLLOWING


def test_a_clock_that_is_wrong_by_a_tenth_costs_nobody_its_host() -> None:
    world = CoreWorld()
    client = world.game(3)[2]
    for rate in (900, 1100):
        world.set_clock_rate(client, rate)
        world.run_for(5_000_000)
    assert client.core.state is State.FOLLOWING and not client.saw(HostSuspected)


def test_late_timers_wake_a_core_late_and_nothing_else() -> None:
    world = CoreWorld()
    client = world.game(3)[2]
    client.late_timers_us = 150_000
    world.run_for(5_000_000)
    assert world.converged()


@pytest.mark.parametrize(
    ("dials", "end"), [(Dials.REFUSED, LinkEnd.REFUSED), (Dials.IGNORED, LinkEnd.UNREACHABLE)]
)
def test_a_dial_that_leads_nowhere_ends_with_the_reason(dials: Dials, end: LinkEnd) -> None:
    world = CoreWorld()
    host = world.game(2)[0]
    said = Said(world)
    host.dials = dials
    world.join(host, "newcomer")
    world.run_for(2 * Settings().connect_us)
    assert f"can't reach peer0 ({end.value})" in said.texts


def test_who_dials_a_mute_peer_gets_a_link_on_which_nothing_is_said() -> None:
    world = CoreWorld()
    host = world.game(2)[0]
    host.dials = Dials.MUTE
    newcomer = world.join(host, "newcomer")
    world.run_for(200_000)
    assert world.network.links_of(newcomer.number) and newcomer.core.state is State.JOINING


def test_a_host_ticks_when_something_waits_for_it() -> None:
    world = CoreWorld()
    host, client = world.game(2)
    assert not host.ticking, "nothing waits"
    host.journal.admit(client.id, "by the game itself")
    world.enter(host, lambda: None)
    assert host.ticking and not client.ticking
    before = client.core.position
    world.run_for(world.tick_us + 30_000)
    assert not host.ticking and client.core.position != before


def test_who_does_not_want_heartbeats_is_not_told_of_them() -> None:
    world = CoreWorld()
    world.game(2)
    every, quiet = Said(world), Said(world)
    quiet.heartbeats = False
    world.run_for(3_000_000)
    assert every.sent > 20 and quiet.sent == 0
