from __future__ import annotations

import pytest
from msgspec.structs import replace

from p2pnet.core.events import HostLost, Joined, PeerReturned
from p2pnet.core.frame_parts import Missing
from p2pnet.core.messages import (
    Confirm,
    Heartbeat,
    Marks,
    Reign,
    Rejoin,
    Welcome,
)
from p2pnet.core.settings import Settings
from p2pnet.core.states import State
from p2pnet.core.values import Epoch, Position
from p2pnet.testing.core_world import CoreWorld
from p2pnet.testing.sim_peer import SimPeer
from tests.core.bench import Bench, last_update, picture


@pytest.fixture
def bench() -> Bench:
    return Bench.of(3)


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
    assert client.core._roles.joining.target == host.id
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
    assert client.core._roles.joining.target == bench.peers[0].id


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
