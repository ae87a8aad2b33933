from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from p2pnet.core.events import HostLost, Overslept, PeerLost
from p2pnet.testing.core_world import CoreWorld
from p2pnet.testing.transcript import Transcript

ROOT = Path(__file__).parents[2]


def busy_day(seed: int = 7) -> str:
    """A digest of everything that was said and done in a session with many faults."""
    world = CoreWorld(seed=seed, delay_us=(5_000, 60_000))
    transcript = Transcript(world, heartbeats=True)
    world.game(5)
    one, two, three, four, _ = world.peers
    for number in range(10):
        world.submit(world.peers[number % 5], f"c{number}")
    world.crash(one, lost_for=[three])
    world.run_for(1_000_000)
    world.isolate(two)
    world.run_for(1_500_000)
    world.heal()
    world.pause(four)
    world.join(three, "peer0'", key=one.key)
    world.run_for(2_000_000)
    world.resume(four)
    world.run_for(3_000_000)
    return hashlib.blake2b(transcript.text.encode()).hexdigest()


def test_one_seed_is_one_run_and_another_seed_another() -> None:
    assert busy_day() == busy_day()
    assert busy_day() != busy_day(seed=8)


@pytest.mark.parametrize("hash_seed", ["0", "4711"])
def test_the_run_does_not_depend_on_the_hash_seed(hash_seed: str) -> None:
    script = "from tests.testing.test_core_world import busy_day; print(busy_day())"
    answer = subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.pathsep.join(sys.path)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stdout.strip() == busy_day()


def test_who_crashes_is_missed_at_once_and_who_vanishes_after_silence() -> None:
    for silent, least_us, most_us in ((False, 0, 31_000), (True, 300_000, 900_000)):
        world = CoreWorld()
        world.game(2)
        start = world.now
        world.crash(world.peers[0], silent)
        assert world.run_while(lambda w=world: not w.peers[1].saw(HostLost))  # type: ignore[misc]
        assert least_us <= world.now - start <= most_us


def test_the_dead_do_nothing() -> None:
    world = CoreWorld()
    host, client = world.game(2)
    world.crash(client)
    seen = len(client.events), client.core.position
    world.submit(host, "x")
    world.run_for(2_000_000)
    assert (len(client.events), client.core.position) == seen


def test_a_paused_peer_finds_everything_that_came_meanwhile() -> None:
    world = CoreWorld()
    host, client, _ = world.game(3)
    world.pause(client)
    world.submit(host, "x")
    world.run_for(300_000)
    assert client.journal.entries == []
    world.resume(client)
    assert client.journal.entries == [(host.id, "x")] and not client.saw(HostLost)


def test_a_peer_that_was_paused_for_long_knows_it() -> None:
    world = CoreWorld()
    client = world.game(3)[2]
    world.pause(client)
    world.run_for(3_000_000)
    world.resume(client)
    assert [e.slept_us > 2_000_000 for e in client.saw(Overslept)] == [True]


def test_a_link_that_is_reset_is_noticed_at_both_ends_and_half_closed_at_one() -> None:
    for fault, by_client in (("reset_links", True), ("half_close", False)):
        world = CoreWorld()
        host, client, _ = world.game(3)
        getattr(world, fault)(host, client)
        assert [e.peer for e in host.saw(PeerLost)] == [client.id]
        assert bool(client.saw(HostLost)) is by_client


def test_one_way_cuts_and_isolation_heal() -> None:
    world = CoreWorld()
    host, client, other = world.game(3)
    world.cut(host, client)
    world.isolate(other)
    assert len(world.network.cuts) == 5
    world.run_for(3_000_000)
    assert not world.converged()
    world.heal()
    assert world.run_while(lambda: not world.converged())


def test_a_restarted_peer_has_the_same_id_and_an_empty_memory() -> None:
    world = CoreWorld()
    host, client, _ = world.game(3)
    world.submit(client, "x")
    world.run_for(300_000)
    world.crash(client)
    again = world.join(host, "again", key=client.key)
    assert again.id == client.id and again.journal.entries == []
    world.run_for(500_000)
    assert again.core.connection_id == 1 and again.journal.entries == [(client.id, "x")]


def test_converged_means_one_host_and_all_at_its_position() -> None:
    world = CoreWorld()
    host, client = world.game(2)
    assert world.converged()
    world.pause(client)
    assert not world.converged()
    world.resume(client)
    world.submit(host, "x")
    assert not world.converged(), "the update is on its way"
    world.run_for(40_000)
    assert world.converged()
