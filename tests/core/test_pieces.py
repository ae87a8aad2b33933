from __future__ import annotations

import pytest

from p2pnet.core.codec import decode, encode
from p2pnet.core.errors import EndReason, RemoteProtocolError
from p2pnet.core.events import HostLost, HostSuspected
from p2pnet.core.messages import Bye, Piece
from p2pnet.core.pieces import PIECE_BYTES, Assembly, cut
from p2pnet.core.settings import Settings
from p2pnet.core.states import State
from p2pnet.testing.invariants import equal_states
from tests.core.bench import Bench

LIMIT = 1 << 20


def pieces_of(data: bytes) -> list[Piece]:
    pieces = [decode(part) for part in cut(data)]
    assert all(isinstance(piece, Piece) for piece in pieces)
    return pieces  # type: ignore[return-value]


@pytest.mark.parametrize("size", [0, 1, PIECE_BYTES])
def test_what_is_short_goes_as_it_is(size: int) -> None:
    assert list(cut(bytes(size))) == [bytes(size)]


@pytest.mark.parametrize("size", [PIECE_BYTES + 1, 2 * PIECE_BYTES, 5 * PIECE_BYTES + 7])
def test_what_is_long_comes_together_again(size: int) -> None:
    data = bytes(number % 251 for number in range(size))
    assembly, pieces = Assembly(), pieces_of(data)
    assert [assembly.add(piece, LIMIT) for piece in pieces] == [None] * (len(pieces) - 1) + [data]
    assert assembly == Assembly(), "nothing is left, and the next frame can come"


def test_a_frame_above_the_limit_is_refused_with_its_first_piece() -> None:
    first, *_ = pieces_of(bytes(LIMIT + 1))
    with pytest.raises(RemoteProtocolError):
        Assembly().add(first, LIMIT)


def test_pieces_that_do_not_fit_are_refused() -> None:
    first, _, third, *_ = pieces_of(bytes(4 * PIECE_BYTES))
    assembly = Assembly()
    assembly.add(first, LIMIT)
    for wrong in (third, Piece(third.rest, b""), Piece(-1, b"x")):
        with pytest.raises(RemoteProtocolError):
            assembly.add(wrong, LIMIT)


def test_a_piece_of_a_piece_ends_the_link() -> None:
    bench = Bench.of(2)
    host, client = bench.peers
    inner = encode(Piece(0, encode(Bye(EndReason.LEFT))))
    bench.slip(client, host, Piece(0, inner))
    assert host.core.census["links"] == 0
    assert host.core.roster.get(client.id) is not None, "it said no good-bye"


def test_hard_case_32_a_snapshot_that_takes_longer_than_red() -> None:
    """Its pieces are signs of life: who receives for seconds suspects nobody."""
    bench = Bench.of(3, Settings(tail_updates_max=4))
    host, other, client = bench.peers
    bench.world.pause(client)
    for number in range(20):
        bench.world.submit(other, f"{number}:" + 20_000 * "x")
        bench.world.run_for(100_000)
    bench.world.run_for(2_000_000)
    bench.world.network.rates[host.number, client.number] = 150_000
    bench.world.resume(client)
    start = bench.world.now
    assert bench.world.run_while(lambda: not bench.world.converged(), 10_000_000)
    assert bench.world.now - start > 2_000_000, "it took far longer than red"
    assert not client.saw(HostLost) and not client.saw(HostSuspected)
    assert client.core.state is State.FOLLOWING
    assert len(bench.heard(host, Piece, client)) > 20
    equal_states(bench.world)
