from __future__ import annotations

import pytest
from msgspec.structs import replace

from p2pnet.core.messages import Command, Fenced
from p2pnet.testing.sim_peer import SimPeer
from tests.core.bench import Bench, texts


@pytest.fixture
def bench() -> Bench:
    return Bench.of(3)


def last_command(bench: Bench, client: SimPeer) -> Command:
    """A command of this client that was run, as it went over the wire."""
    bench.listen()
    bench.world.submit(client, "first")
    bench.world.run_for(400_000)
    return bench.heard(client, Command)[-1]


# --- writes ---


def test_what_a_follower_wrote_goes_to_the_world_and_out_with_the_tick(bench: Bench) -> None:
    host, client, other = bench.peers
    bench.world.enter(client, lambda: client.core.write(bench.world.now, b"at 1"))
    bench.world.run_for(400_000)
    assert texts(host) == texts(other) == ["at 1"]
    assert client.core.census["executed"] == 0, "nobody counts it"


def test_a_write_is_void_while_the_session_is_paused_and_without_a_seat(bench: Bench) -> None:
    host, client, _ = bench.peers
    ordering = host.core._roles.hosting.ordering
    ordering.pause()
    bench.world.enter(client, lambda: client.core.write(bench.world.now, b"at 1"))
    bench.world.run_for(100_000)
    ordering.go_on()
    ordering.followers.pop(client.id)
    bench.world.enter(client, lambda: client.core.write(bench.world.now, b"at 2"))
    bench.world.run_for(100_000)
    assert texts(host) == []


# --- commands ---


def test_a_command_that_comes_twice_is_run_once(bench: Bench) -> None:
    host, client, _ = bench.peers
    command = last_command(bench, client)
    bench.slip(client, host, command)
    bench.slip(client, host, replace(command, payload=b"other words, same number"))
    assert texts(host) == ["first"]


def test_a_command_that_leaves_a_gap_is_not_run_and_its_sender_comes_back(bench: Bench) -> None:
    host, client, _ = bench.peers
    command = last_command(bench, client)
    bench.listen()
    bench.slip(client, host, replace(command, seq=command.seq + 2, after=command.seq + 1))
    assert texts(host) == ["first"] and bench.heard(host, Fenced, to=client)
    assert bench.world.run_while(lambda: not bench.world.converged())
    bench.slip(client, host, replace(command, seq=command.seq + 4, after=command.seq + 3))
    assert texts(host) == ["first"]  # some were given up, and one that was not is missing
    assert bench.world.run_while(lambda: not bench.world.converged())
    bench.world.submit(client, "second")
    bench.world.run_for(400_000)
    assert texts(host) == ["first", "second"]


def test_numbers_that_their_peer_gave_up_may_be_left_out(bench: Bench) -> None:
    host, client, _ = bench.peers
    command = last_command(bench, client)
    seq = command.seq + 5
    bench.slip(client, host, replace(command, seq=seq, floor=seq, payload=b"later"))
    assert texts(host) == ["first", "later"]


def test_a_command_of_somebody_who_was_given_up_is_not_run(bench: Bench) -> None:
    host, client, _ = bench.peers
    command = last_command(bench, client)
    bench.world.pause(client)
    bench.world.run_for(1_000_000)
    bench.listen()
    bench.slip(client, host, replace(command, seq=command.seq + 1))
    assert texts(host) == ["first"] and bench.heard(host, Fenced, to=client)


def test_a_command_of_an_older_reign_is_not_run(bench: Bench) -> None:
    _, host, client = bench.peers
    command = last_command(bench, client)
    bench.world.crash(bench.peers[0])
    bench.world.run_for(1_000_000)
    bench.listen()
    bench.slip(client, host, replace(command, seq=command.seq + 1))
    assert texts(host) == ["first"] and bench.heard(host, Fenced, to=client)


def test_a_command_to_somebody_who_is_not_the_host_is_nothing(bench: Bench) -> None:
    _, client, other = bench.peers
    command = last_command(bench, client)
    bench.slip(client, other, replace(command, seq=command.seq + 1))
    bench.world.run_for(300_000)
    assert texts(other) == ["first"]


def test_numbers_that_never_come_again_are_not_waited_for(bench: Bench) -> None:
    """They were settled on a branch that lost, and what came before them is still open."""
    host, client, _ = bench.peers
    command = last_command(bench, client)
    bench.slip(client, host, replace(command, seq=command.seq + 4, after=command.seq))
    assert len(texts(host)) == 2
