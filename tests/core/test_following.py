from __future__ import annotations

import pytest
from msgspec.structs import replace

from p2pnet.core.events import HostLost, Joined, JoinFailed, PeerReturned
from p2pnet.core.frame_parts import Missing
from p2pnet.core.messages import (
    Confirm,
    Heartbeat,
    Join,
    Marks,
    Reign,
    Rejoin,
    Update,
    Welcome,
)
from p2pnet.core.settings import Settings
from p2pnet.core.states import State
from p2pnet.core.values import Epoch, Position
from p2pnet.testing.core_world import CoreWorld
from p2pnet.testing.hostile import proclaim
from p2pnet.testing.sim_peer import Dials, SimPeer
from tests.core.bench import Bench, picture


@pytest.fixture
def bench() -> Bench:
    return Bench.of(3)


def last_update(bench: Bench) -> Update:
    bench.listen()
    bench.world.submit(bench.peers[0], "x")
    bench.world.run_for(400_000)
    return bench.heard(bench.peers[0], Update)[-1]


def test_a_newcomer_has_everything_and_the_settings_of_the_session() -> None:
    world = CoreWorld(settings=Settings(players_max=7))
    host = world.host()
    world.submit(host, "before")
    world.settings = Settings(players_max=3)
    client = world.join(host)
    assert world.run_while(lambda: client.core.state is not State.FOLLOWING)
    assert client.core.settings.players_max == 7
    assert client.journal.entries == host.journal.entries
    assert [e.old_connection_id for e in client.saw(Joined)] == [-1]


def test_an_update_with_a_gap_is_not_applied_and_the_seat_is_asked_for_again(bench: Bench) -> None:
    host, client, _ = bench.peers
    update = last_update(bench)
    before = client.core.position
    bench.listen()
    bench.slip(host, client, replace(update, seq=update.seq + 2))
    assert client.core.position == before and client.core.state is State.JOINING
    assert len(bench.heard(client, Rejoin, to=host)) == 1
    assert bench.world.run_while(lambda: not bench.world.converged())


def test_an_update_that_comes_again_is_nothing(bench: Bench) -> None:
    host, client, _ = bench.peers
    update = last_update(bench)
    before = picture(client)
    bench.slip(host, client, update)
    assert picture(client) == before


def test_updates_and_marks_of_somebody_else_than_the_host_are_nothing(bench: Bench) -> None:
    _, client, other = bench.peers
    update = last_update(bench)
    before = picture(client)
    bench.slip(other, client, replace(update, seq=update.seq + 1))
    bench.slip(other, client, replace(update, seq=update.seq + 9))
    bench.slip(other, client, Marks(update.epoch, 999, 999))
    assert picture(client) == before


@pytest.mark.parametrize("seq", [1, 1_000])
def test_marks_settle_nothing_that_was_not_applied(bench: Bench, seq: int) -> None:
    host, client, _ = bench.peers
    update = last_update(bench)
    bench.world.cut(client, host)
    ticket = bench.world.submit(client, "y")
    bench.slip(host, client, Marks(update.epoch, seq, seq))
    assert ticket not in client.settled


def test_a_heartbeat_from_further_on_says_that_something_was_missed(bench: Bench) -> None:
    host, client, _ = bench.peers
    epoch, position = client.core.epoch, client.core.position
    assert epoch is not None and position is not None
    bench.slip(host, client, Heartbeat(epoch, position.seq + 1))
    assert client.core.state is State.JOINING
    assert bench.world.run_while(lambda: not bench.world.converged())


def test_an_update_that_the_world_can_not_take_leads_to_a_whole_snapshot(bench: Bench) -> None:
    host, client, _ = bench.peers
    update = last_update(bench)
    bench.listen()
    bench.slip(host, client, replace(update, seq=update.seq + 1, payload=b"\xc1 nonsense"))
    assert [request.whole for request in bench.heard(client, Rejoin)] == [True]
    assert bench.world.run_while(lambda: not bench.world.converged())
    assert client.journal.entries == host.journal.entries


def test_an_update_that_runs_a_command_twice_is_not_applied(bench: Bench) -> None:
    host, client, _ = bench.peers
    update = last_update(bench)
    before = client.core.position
    bench.slip(host, client, replace(update, seq=update.seq + 1, payload=b""))
    assert client.core.position == before and client.core.state is State.JOINING


def test_an_update_with_an_outcome_is_confirmed_at_once(bench: Bench) -> None:
    update = last_update(bench)
    for client in bench.peers[1:]:
        assert [frame.seq for frame in bench.heard(client, Confirm)] == [update.seq]


def test_a_client_that_slept_does_not_accuse_the_host(bench: Bench) -> None:
    client = bench.peers[2]
    bench.world.pause(client)
    bench.world.run_for(5_000_000)
    bench.world.resume(client)
    assert bench.world.run_while(lambda: not bench.world.converged())
    assert not client.saw(HostLost)
    assert [e.peer for e in bench.peers[0].saw(PeerReturned)] == [client.id]


def test_what_was_submitted_without_a_host_is_run_when_there_is_one(bench: Bench) -> None:
    _, new, client = bench.peers
    bench.world.crash(bench.peers[0])
    bench.world.run_while(lambda: client.core.state is not State.DOUBTING)
    tickets = [bench.world.submit(client, f"c{number}") for number in range(5)]
    bench.world.run_for(1_500_000)
    assert [text for _, text in new.journal.entries] == [f"c{number}" for number in range(5)]
    assert set(tickets) <= set(client.settled)


def test_who_is_obeyed_and_does_not_host_is_given_up(bench: Bench) -> None:
    """A member announces a reign while there is no host, answers every ping, and does nothing."""
    world = bench.world
    host, victim, liar = bench.peers
    world.crash(host)
    assert world.run_while(lambda: victim.core.state is State.FOLLOWING)
    proclaim(world, liar, above=5)
    assert world.run_while(lambda: victim.core.state is not State.JOINING, 500_000)
    assert world.run_while(lambda: not world.converged(), 12_000_000)


def test_who_is_not_heard_asks_less_and_less_often(bench: Bench) -> None:
    host, client, _ = bench.peers
    bench.world.cut(client, host)
    bench.listen()
    bench.world.run_for(5_000_000)
    assert client.core.state is State.JOINING
    early = len(bench.heard(client, Rejoin, to=host))
    bench.world.run_for(24_000_000)
    assert early < 20 and len(bench.heard(client, Rejoin, to=host)) < 60
    bench.world.heal()
    start = bench.world.now
    assert bench.world.run_while(lambda: not bench.world.converged())
    assert bench.world.now - start < 1_000_000


def test_a_link_that_is_dead_one_way_is_replaced_by_whoever_can_dial() -> None:
    """The host does not hear the client, and can't dial it: only the client can mend that."""
    bench = Bench.of(2)
    host, client = bench.peers
    client.dials = Dials.IGNORED
    bench.world.network.pipes[bench.link(client, host)].broken = True
    bench.listen()
    bench.world.run_for(1_000_000)
    assert client.core.state is State.JOINING and not client.saw(HostLost)
    start = bench.world.now
    assert bench.world.run_while(lambda: not bench.world.converged())
    assert bench.world.now - start < 2_000_000
    assert not client.saw(HostLost) and len(bench.dialled(client)) == 1
    bench.world.run_for(5_000_000)
    assert len(bench.dialled(client)) == 1 and client.core.state is State.FOLLOWING


def test_a_request_that_is_long_in_being_answered_does_no_harm(bench: Bench) -> None:
    """A welcome that comes in for seconds is an answer: no second link is wanted."""
    host, client, _ = bench.peers
    for number in range(20):
        bench.world.submit(host, f"{number}:" + 20_000 * "x")
    bench.world.run_for(1_000_000)
    bench.world.network.rates[host.number, client.number] = 100_000
    update = last_update(bench)
    bench.slip(host, client, replace(update, seq=update.seq + 1, payload=b"\xc1 nonsense"))
    bench.world.run_for(3_000_000)
    assert client.core.state is State.JOINING
    assert bench.world.run_while(lambda: not bench.world.converged())
    assert not bench.dialled(client)


def sent_to_the_dead() -> tuple[CoreWorld, SimPeer, SimPeer]:
    """The heir of a host that has just died, and a newcomer that it has sent there."""
    world = CoreWorld()
    host, heir, _ = world.game(3)
    world.run_for(1_000_000)
    world.crash(host, silent=True)
    newcomer = world.join(heir)
    assert world.run_while(lambda: newcomer.core._roles.following.target != host.id, 400_000)
    assert heir.core.state is State.FOLLOWING
    return world, heir, newcomer


def test_a_newcomer_that_was_sent_to_a_dead_host_asks_the_next_one() -> None:
    world, heir, newcomer = sent_to_the_dead()
    assert world.run_while(lambda: newcomer.core.state is not State.FOLLOWING, 2_000_000)
    assert newcomer.core.host_peer == heir.id and not newcomer.saw(JoinFailed)


def test_a_newcomer_does_not_ask_whom_it_never_dialled() -> None:
    world, heir, newcomer = sent_to_the_dead()
    link = newcomer.core._s.mesh.link_to(heir.id)
    assert link is not None
    link.dialled = None
    assert world.run_while(lambda: heir.core.state is not State.REIGNING, 2_000_000)
    world.run_for(1_000_000)
    assert newcomer.core.state is State.JOINING


def test_a_newcomer_stays_with_a_host_that_lives() -> None:
    bench = Bench.of(3)
    world, (host, member, *_) = bench.world, bench.peers
    newcomer = world.join(member)
    assert world.run_while(lambda: not bench.heard(newcomer, Join, to=host))
    world.cut(host, newcomer)
    proclaim(world, member, 0)
    world.run_for(100_000)
    assert newcomer.core._roles.following.target == host.id
    assert len(bench.heard(newcomer, Join, to=member)) == 1


def reign_and_welcome(by: SimPeer, seq: int) -> tuple[Reign, Welcome]:
    """A peer begins a reign after this sequence, and takes in who is there."""
    s = by.core._s
    assert s.epoch is not None
    epoch = Epoch(s.epoch.number + 1, by.id, s.nonce)
    reign = s.reign_of(epoch, Position(s.epoch, seq))
    return reign, Welcome(reign, s.settings, Missing((), ((epoch, seq),)), Position(epoch, seq))


def asks_anew(bench: Bench, client: SimPeer) -> int:
    """A client that asks its host for its seat, and gets no answer. Gives where it stands."""
    host, here = bench.peers[0], client.core.position
    assert here is not None
    bench.world.cut(host, client)
    bench.slip(host, client, Heartbeat(here.epoch, here.seq + 1))
    assert client.core._roles.following.target == host.id
    return here.seq


def test_a_welcome_to_a_reign_that_is_not_obeyed_is_nothing(bench: Bench) -> None:
    """Its host has our request from when it claimed, and we hear ours again."""
    _, claimant, client = bench.peers
    reign, welcome = reign_and_welcome(claimant, asks_anew(bench, client))
    before = picture(client), client.core.lineage
    for frame in (reign, welcome):
        bench.slip(claimant, client, frame)
    assert (picture(client), client.core.lineage) == before
    assert client.core.state is State.JOINING
    assert client.core._roles.following.target == bench.peers[0].id


@pytest.mark.parametrize("further", [-1, 1])
def test_a_welcome_that_leads_elsewhere_leaves_the_history_as_it_is(
    bench: Bench, further: int
) -> None:
    host, _, client = bench.peers
    _, welcome = reign_and_welcome(host, asks_anew(bench, client) + further)
    before = client.core.position, client.core.lineage
    bench.listen()
    bench.slip(host, client, welcome)
    assert (client.core.position, client.core.lineage) == before
    assert [request.whole for request in bench.heard(client, Rejoin)] == [True]


def test_who_is_sent_to_a_host_that_it_has_not_heard_of_late_waits_for_it() -> None:
    """That the host lives is news: what its old link says of it is older."""
    bench = Bench.of(3)
    host, heir, other = bench.peers
    bench.world.cut_both(heir, other)
    bench.world.run_for(2_500_000)
    bench.world.hand_over(host, heir)
    assert bench.world.run_while(lambda: other.core.state is not State.JOINING)
    bench.world.run_for(300_000)
    assert other.core.state is State.JOINING
    bench.world.heal()
    assert bench.world.run_while(lambda: not bench.world.converged(), 1_000_000)
