from __future__ import annotations

import pytest

from p2pnet.core.messages import Fenced, Frame, Heartbeat, Hello, Ping, Pong
from p2pnet.core.routing import _ROUTES
from p2pnet.core.settings import Policy, Settings
from p2pnet.core.states import State
from p2pnet.core.values import Epoch
from tests.core.bench import Bench, picture


@pytest.fixture
def bench() -> Bench:
    return Bench.of(3)


def test_a_ping_is_answered_with_its_token(bench: Bench) -> None:
    host, client, _ = bench.peers
    bench.listen()
    bench.slip(client, host, Ping(4711))
    assert bench.heard(host, Pong, to=client) == [Pong(4711)]


def test_a_pong_that_nobody_asked_for_is_nothing(bench: Bench) -> None:
    host, client, _ = bench.peers
    before = picture(host)
    bench.slip(client, host, Pong(4711))
    assert picture(host) == before


def test_a_frame_of_an_older_epoch_is_answered_with_the_newer_and_changes_nothing(
    bench: Bench,
) -> None:
    """S04."""
    host, client, other = bench.peers
    assert host.core.epoch is not None
    stale = Epoch(0, host.id, 0)
    for sender, receiver in ((client, host), (host, client), (other, client)):
        before = picture(receiver)
        bench.listen()
        bench.slip(sender, receiver, Heartbeat(stale, 5))
        answers = bench.heard(receiver, Fenced, to=sender)
        assert [answer.reign.epoch for answer in answers] == [host.core.epoch]
        assert picture(receiver) == before


def test_a_frame_of_a_newer_epoch_is_not_believed_but_asked_about(bench: Bench) -> None:
    host, client, _ = bench.peers
    newer = Epoch(9, client.id, 1)
    for sender, receiver in ((client, host), (host, client)):
        before = picture(receiver)
        bench.listen()
        bench.slip(sender, receiver, Heartbeat(newer, 5))
        assert picture(receiver) == before
        assert [frame.epoch for frame in bench.heard(receiver, Heartbeat, to=sender)] == [
            host.core.epoch
        ]


def test_frames_that_are_not_their_receivers_turn_change_nothing(bench: Bench) -> None:
    """Whatever an honest peer said in its role is dropped by those in another role."""
    world = bench.world
    for peer in bench.peers:
        world.submit(peer, "x")
    world.run_for(500_000)
    frames: list[tuple[int, Frame]] = [(peer.number, frame) for peer, _, frame in bench.said]
    for number, frame in frames:
        for receiver in bench.peers:
            if receiver.number == number or isinstance(frame, Ping | Hello):
                continue
            before = picture(receiver)
            bench.slip(bench.peers[number], receiver, frame)
            assert picture(receiver) == before, (number, receiver.number, frame)


def test_every_route_names_states_and_whether_its_epoch_is_checked() -> None:
    for kind, (states, fenced, _) in _ROUTES.items():
        assert states, kind
        assert not fenced or "epoch" in kind.__struct_fields__, kind


def test_an_update_of_the_lost_host_says_that_it_is_back() -> None:
    """A host that orders all the time sends no heartbeats."""
    bench = Bench.of(3, Settings(policy=Policy.MAJORITY_ONLY))
    host, client, other = bench.peers

    def play() -> None:
        bench.world.submit(host, f"at {bench.world.now}")
        bench.world.after(50_000, play)

    play()
    for neighbour in (host, other):
        bench.world.cut(neighbour, client)
    assert bench.world.run_while(lambda: client.core.state is not State.DOUBTING)
    bench.world.heal()
    assert bench.world.run_while(lambda: client.core.state is not State.FOLLOWING, 300_000)
