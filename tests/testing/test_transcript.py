from __future__ import annotations

from p2pnet.testing.core_world import CoreWorld
from p2pnet.testing.transcript import Transcript


def told(heartbeats: bool = False) -> str:
    world = CoreWorld()
    world.game(3)
    transcript = Transcript(world, heartbeats)
    transcript.note("the host goes")
    world.submit(world.peers[1], "x")
    world.run_for(300_000)
    world.crash(world.peers[0])
    world.run_for(500_000)
    return transcript.text


def test_each_line_has_a_time_and_a_name_and_time_goes_forward() -> None:
    lines = told().splitlines()
    times = [int(line[:7]) for line in lines]
    assert times == sorted(times)
    assert {line[9:17].strip() for line in lines} == {"", "peer0", "peer1", "peer2"}


def test_the_same_run_is_told_in_the_same_words() -> None:
    assert told() == told()


def test_heartbeats_are_told_only_if_asked() -> None:
    assert "Heartbeat" not in told() and "Heartbeat" in told(heartbeats=True)


def test_peers_have_names_and_nothing_secret_or_random_is_told() -> None:
    text = told()
    assert "peer0    * crashes" in text and "# the host goes" in text
    for word in ("signature", "nonce", "b'"):
        assert word not in text
    world = CoreWorld()
    assert not any(peer.id in text for peer in world.game(3))


def test_one_frame_to_many_is_one_line() -> None:
    updates = [line for line in told().splitlines() if "entry peer1 x" in line]
    assert len(updates) == 1 and "-> peer1, peer2: Update" in updates[0]
