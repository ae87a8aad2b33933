from __future__ import annotations

from p2pnet.core.events import BecameHost, Deposed, HostChanged, Overslept, RoleChanged
from p2pnet.core.messages import Meeting, Update
from p2pnet.core.roles import HOSTS, IN_SESSION
from p2pnet.core.states import ROLES, Role, State
from p2pnet.testing.invariants import equal_states
from tests.core.bench import Bench


def test_the_states_of_the_host_role_and_of_a_session_follow_from_the_table() -> None:
    assert {ROLES[state] for state in HOSTS} == {Role.HOST}
    assert set(State) - IN_SESSION == {State.IDLE, State.LEFT}


def test_a_host_that_overslept_orders_nothing_before_it_knows_that_it_rules() -> None:
    """S09."""
    bench = Bench.of(3)
    host = bench.peers[0]
    bench.world.pause(host)
    bench.world.run_for(650_000)
    bench.world.submit(bench.peers[1], "meanwhile")
    before = host.core.position
    bench.world.resume(host)
    assert host.core.state is State.PROBATION and host.saw(Overslept)
    bench.listen()
    bench.world.run_while(lambda: host.core.state is State.PROBATION)
    assert host.core.position == before or host.core.state is not State.PROBATION
    assert not bench.heard(host, Update) or host.core.state is State.REIGNING


def test_what_the_game_changes_during_probation_is_ordered_afterwards() -> None:
    """Also where another host shows its header, before which a host orders what it has."""
    bench = Bench.of(2)
    host, client = bench.peers
    bench.world.pause(host)
    bench.world.pause(client)
    bench.world.run_for(700_000)
    bench.world.resume(host)
    assert host.core.state is State.PROBATION
    before = host.core.position
    host.journal.write(host.id, b"written meanwhile")
    bench.listen()
    reunion, link = host.core._roles.reunion, host.core._s.mesh.link_to(client.id)
    assert link is not None
    met = Meeting(reunion.header(), True, ())
    bench.world.enter(host, lambda: reunion.on_meeting(link, met))
    assert host.core.state is State.PROBATION and host.core.position == before
    assert not bench.heard(host, Update)
    bench.world.resume(client)
    bench.world.run_for(1_500_000)
    bench.world.enter(host, lambda: host.core.tick(host.clock.at(bench.world.now)))
    bench.world.run_for(100_000)
    assert client.journal.entries == [(host.id, "written meanwhile")]


def test_a_command_that_comes_during_probation_is_run_afterwards() -> None:
    bench = Bench.of(2)
    host, client = bench.peers
    bench.world.pause(host)
    bench.world.run_for(700_000)
    bench.world.resume(host)
    assert host.core.state is State.PROBATION
    ticket = bench.world.submit(client, "held")
    bench.world.run_for(1_500_000)
    assert ticket in client.settled and host.journal.entries == client.journal.entries
    assert host.core.census["held"] == 0


def test_a_short_nap_is_no_oversleep() -> None:
    bench = Bench.of(2)
    host = bench.peers[0]
    bench.world.pause(host)
    bench.world.run_for(300_000)
    bench.world.resume(host)
    assert host.core.state is State.REIGNING and not host.saw(Overslept)


def test_a_deposed_host_comes_back_as_a_client_with_old_label_zero() -> None:
    bench = Bench.of(3)
    old, new, _ = bench.peers
    bench.world.pause(old)
    bench.world.run_for(5_000_000)
    bench.world.resume(old)
    assert bench.world.run_while(lambda: not bench.world.converged())
    assert len(old.saw(Deposed)) == 1 and [e.host for e in old.saw(HostChanged)] == [new.id]
    assert old.core.old_connection_id == 0 and old.core.connection_id == 3
    assert [e.role for e in old.saw(RoleChanged)] == [Role.HOST, Role.CLIENT]


def test_an_unaware_host_that_meets_a_claim_on_a_newer_reign_gives_up_all_of_its_role() -> None:
    """It once kept its followers and the timers of their seats, and ordered on when one ran out."""
    bench = Bench.of(4)
    old, new, *_ = bench.peers
    bench.world.isolate(old)
    bench.world.run_for(3_000_000)
    bench.world.crash(new)
    bench.world.heal()
    assert bench.world.run_while(lambda: not bench.world.converged())
    bench.world.run_for(70_000_000)
    assert bench.world.converged()
    equal_states(bench.world)


def test_a_host_alone_that_overslept_has_nobody_to_ask() -> None:
    bench = Bench.of(1)
    host = bench.peers[0]
    bench.world.pause(host)
    bench.world.run_for(9_000_000)
    bench.world.resume(host)
    assert host.core.state is State.REIGNING and len(host.saw(BecameHost)) == 1


def test_who_gives_no_sign_of_life_to_who_woke_up_is_not_waited_for() -> None:
    """While it slept the host died, and so did whoever else it might ask, in silence."""
    bench = Bench.of(4)
    host, *others, sleeper = bench.peers
    bench.world.pause(sleeper)
    for other in others:
        bench.world.crash(other, silent=True)
    bench.world.crash(host)
    bench.world.run_for(5_000_000)
    bench.world.resume(sleeper)
    assert sleeper.core.state is not State.REIGNING
    assert bench.world.run_while(lambda: sleeper.core.state is not State.REIGNING, 170_000)


def test_who_gives_a_sign_of_life_to_who_woke_up_is_waited_for() -> None:
    bench = Bench.of(3)
    host, claimant, other = bench.peers
    bench.world.pause(claimant)
    bench.world.pause(other)
    bench.world.crash(host)
    bench.world.run_for(5_000_000)
    bench.world.resume(other)
    bench.world.resume(claimant)
    assert bench.world.run_while(lambda: not bench.world.converged(), 600_000)
    assert len([host for host in bench.peers[1:] if host.saw(BecameHost)]) == 1


def test_a_claimant_that_overslept_asks_anew_before_it_reigns() -> None:
    """Its answers had come to an end while it stood still, and others had a host by then."""
    bench = Bench.of(3)
    host, first, second = bench.peers
    bench.world.crash(host)
    assert bench.world.run_while(lambda: first.core.state is not State.CLAIMING)
    bench.world.pause(first)
    bench.world.run_for(5_000_000)
    assert second.core.state is State.REIGNING
    bench.world.resume(first)
    assert bench.world.run_while(lambda: not bench.world.converged(), 2_000_000)
    assert bench.world.hosts == [second] and not first.saw(BecameHost)
