from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from p2pnet.core.codec import decode, encode
from p2pnet.core.errors import RemoteProtocolError
from p2pnet.core.messages import Heartbeat, Ping, Pull, Update
from p2pnet.core.values import Epoch, PeerId, Position

EPOCH = Epoch(2, PeerId("a" * 16), 7)


def test_a_frame_comes_back_as_it_was() -> None:
    frame = Pull(Position(EPOCH, 12))
    assert decode(encode(frame)) == frame


def test_equal_frames_are_equal_bytes() -> None:
    assert encode(Heartbeat(EPOCH, 1)) == encode(Heartbeat(Epoch(2, EPOCH.host, 7), 1))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xc1",
        b"GET / HTTP/1.1\r\n",
        encode(Ping(1)) + b"\x00",
        encode(Ping(1))[:-1],
        msgspec.msgpack.encode([99, 1]),
        msgspec.msgpack.encode(["Ping", 1]),
        msgspec.msgpack.encode([3]),
        msgspec.msgpack.encode([3, "one"]),
        msgspec.msgpack.encode({"type": 3, "token": 1}),
        b"\x91" * 100_000,
        b"\xdd\xff\xff\xff\xff",
        b"\xc6\xff\xff\xff\xff",
        msgspec.msgpack.encode([21, [1, "a", 2], 3, b"", [[1] * 1000], None]),
    ],
    ids=range(14),
)
def test_what_is_not_exactly_one_frame_is_refused(data: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        decode(data)


def test_text_that_is_not_utf8_is_refused() -> None:
    good = encode(Heartbeat(EPOCH, 1))
    with pytest.raises(RemoteProtocolError):
        decode(good.replace(b"aaaa", b"a\xffaa"))


@given(st.binary(max_size=300))
def test_any_bytes_are_a_frame_or_refused(data: bytes) -> None:
    try:
        frame = decode(data)
    except RemoteProtocolError:
        return
    assert decode(encode(frame)) == frame


@given(st.integers(0, 200), st.binary(min_size=1, max_size=4))
def test_a_mutated_frame_is_a_frame_or_refused(place: int, patch: bytes) -> None:
    whole = bytearray(encode(Update(EPOCH, 4, b"payload" * 9)))
    place %= len(whole)
    whole[place : place + len(patch)] = patch
    try:
        frame = decode(bytes(whole))
    except RemoteProtocolError:
        return
    assert decode(encode(frame)) == frame


@pytest.mark.parametrize("number", [-1, (1 << 53) + 1, (1 << 64) - 1])
def test_numbers_that_could_not_be_counted_on_are_refused(number: int) -> None:
    """One above the highest would not fit in a frame, and whoever sent it next would fail."""
    for frame in (
        Heartbeat(Epoch(number, EPOCH.host, 7), 1),
        Pull(Position(EPOCH, number)),
    ):
        with pytest.raises(RemoteProtocolError):
            decode(encode(frame))
