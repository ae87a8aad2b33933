from __future__ import annotations

import pytest

from p2pnet.core.codec import decode, encode
from p2pnet.core.errors import RemoteProtocolError
from p2pnet.core.messages import Claim, Heartbeat
from p2pnet.core.states import State
from p2pnet.testing.core_world import CoreWorld
from p2pnet.testing.hostile import Tape, garbage, usurp
from p2pnet.testing.streams import stream


def running(players: int) -> tuple[CoreWorld, Tape]:
    world, tape = CoreWorld(), Tape()
    world.observers.append(tape)
    world.game(players)
    return world, tape


def test_garbage_is_never_a_frame() -> None:
    rng = stream(1, "garbage")
    for _ in range(200):
        with pytest.raises(RemoteProtocolError):
            decode(garbage(rng))


def test_a_tape_has_what_was_said_each_way_without_heartbeats() -> None:
    world, tape = running(3)
    host, client, other = world.peers
    world.submit(client, "a move")
    world.run_for(5_000_000)
    said, drawn = tape.frames[1, 0], stream(1, "tape")
    assert b"a move" in b"".join(said)
    assert tape.last(client, host) == said[-1] != tape.last(client, other)
    assert {tape.any(drawn, client, host) for _ in range(200)} == set(said)
    assert not any(isinstance(decode(frame), Heartbeat) for frame in said)
    assert Tape().last(client, host) is Tape().any(drawn, client, host) is None


def test_an_impostor_gets_no_seat() -> None:
    world, _ = running(3)
    liar = world.impostor(world.peers[1], world.peers[0])
    world.run_for(3_000_000)
    assert (liar.id, liar.impostor) == (world.peers[1].id, True)
    assert liar.core.state is not State.FOLLOWING
    assert world.converged()


def test_a_usurper_tells_all_others_the_same_claim_out_of_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world, _ = running(3)
    said: list[tuple[int, bytes]] = []
    monkeypatch.setattr(world, "slip", lambda by, to, data: said.append((to.number, data)))
    reign = world.peers[2].core.reign
    usurp(world, world.peers[2], 5)
    claim = decode(said[0][1])
    assert [to for to, _ in said] == [0, 1]
    assert isinstance(claim, Claim) and reign is not None
    assert claim.number == reign.epoch.number + 6 and encode(claim) == said[1][1]
