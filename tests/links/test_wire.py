from __future__ import annotations

import errno
import socket

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from p2pnet.links.wire import SocketWire, WireStream


async def room() -> None:
    """There is always room for what arrives."""
    await trio.lowlevel.checkpoint()


@pytest.fixture
async def socket_wires():
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with listener:
        dialled = await trio.open_tcp_stream("127.0.0.1", listener.socket.getsockname()[1])
        wires = SocketWire(dialled), SocketWire(await listener.accept())
    yield wires
    for wire in wires:
        wire.close()


async def test_a_connection_whose_other_end_is_gone_is_a_wire_that_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """On macOS such a socket takes no options any more."""

    def refuse(*_: object) -> None:
        raise OSError(errno.EINVAL, "gone")

    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with listener:
        dialled = await trio.open_tcp_stream("127.0.0.1", listener.socket.getsockname()[1])
        await (await listener.accept()).aclose()
    monkeypatch.setattr(socket, "TCP_NOTSENT_LOWAT", 25, raising=False)
    monkeypatch.setattr(socket.socket, "setsockopt", refuse)
    wire = SocketWire(dialled)
    assert await wire.receive_some(1) == b""
    wire.close()


async def read_all(stream: WireStream) -> bytes:
    data = b""
    while chunk := await stream.receive_some():
        data += chunk
    return data


async def test_what_the_wire_does_not_take_at_once_follows_in_order(wires) -> None:
    near, far = wires
    stream, reader = WireStream(near, 1 << 20, room), WireStream(far, 1 << 20, room)
    frames = [bytes([i]) * 3_000 for i in range(100)] + [b"z" * 200_000]
    async with trio.open_nursery() as nursery:
        nursery.start_soon(stream.run)
        for frame in frames:
            assert stream.write(frame)
        stream.finish()
        assert await read_all(reader) == b"".join(frames)


async def test_above_the_bound_nothing_is_taken(wires) -> None:
    stream = WireStream(wires[0], 1000, room)
    assert stream.write(bytes(1 << 16))  # fills the wire
    assert stream.write(bytes(600))
    assert not stream.write(bytes(601))
    assert stream.write(bytes(400))
    assert not stream.write(b"x")


async def test_it_is_known_how_much_waits(wires) -> None:
    stream = WireStream(wires[0], 1 << 20, room)
    assert stream.waiting_bytes == 0
    stream.write(bytes(1 << 16))  # fills the wire
    before = stream.waiting_bytes
    stream.write(bytes(600))
    assert stream.waiting_bytes == before + 600
    stream.cut()
    assert stream.waiting_bytes == 0


async def test_one_write_above_the_bound_is_taken_if_nothing_waits(wires) -> None:
    stream = WireStream(wires[0], 1000, room)
    assert stream.write(bytes(1 << 20))


async def test_mute_drops_what_comes_later_only(wires) -> None:
    near, far = wires
    stream, reader = WireStream(near, 1 << 20, room), WireStream(far, 1 << 20, room)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(stream.run)
        stream.write(b"before")
        stream.mute()
        stream.write(b"after")
        stream.finish()
        assert await read_all(reader) == b"before"


async def test_a_failed_write_leaves_it_to_the_reader_to_say_why(wires) -> None:
    near, far = wires
    stream = WireStream(near, 1 << 20, room)
    assert far.send_now(b"good-bye") == 8
    far.close()
    assert stream.write(b"nobody reads this")
    assert await read_all(stream) == b"good-bye"
    assert stream.ended.is_set()


async def test_a_blocked_writer_ends_when_cut(wires) -> None:
    stream = WireStream(wires[0], 1 << 20, room)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(stream.run)
        stream.write(bytes(1 << 17))
        await wait_all_tasks_blocked()
        stream.cut()
    assert stream.closed.is_set()


async def test_nothing_is_read_while_there_is_no_room(wires) -> None:
    near, far = wires
    gate = trio.Event()
    stream = WireStream(near, 1 << 20, gate.wait)
    far.send_now(b"data")
    got = []

    async def read() -> None:
        got.append(await stream.receive_some())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(read)
        await wait_all_tasks_blocked()
        assert near.arrived == b"data"
        gate.set()
    assert got == [b"data"]


async def test_a_stream_given_up_above_is_not_read_any_more(wires) -> None:
    stream = WireStream(wires[0], 1 << 20, room)
    await stream.aclose()
    assert stream.was_given_up
    with pytest.raises(trio.ClosedResourceError):
        await stream.receive_some()


async def test_asking_for_more_answers_than_one_reads_breaks_the_stream(wires) -> None:
    stream = WireStream(wires[0], 1000, room)
    await stream.send_all(bytes(1 << 16))  # fills the wire
    await stream.send_all(bytes(1000))
    with pytest.raises(trio.BrokenResourceError):
        await stream.send_all(b"pong")
    assert wires[0].is_closed


async def test_sockets_carry_bytes_both_ways_without_delay(socket_wires) -> None:
    near, far = socket_wires
    assert near._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    with trio.fail_after(30):
        assert near.send_now(b"there") == 5
        assert await far.receive_some(100) == b"there"
        assert far.send_now(b"back") == 4
        assert await near.receive_some(100) == b"back"


async def test_the_kernel_keeps_little_that_it_can_not_send(socket_wires) -> None:
    if not hasattr(socket, "TCP_NOTSENT_LOWAT"):
        pytest.skip("this system can't be told")
    near, _ = socket_wires
    limit = near._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT)
    assert limit == 131_072


async def test_a_full_socket_takes_nothing_and_is_writable_after_a_read(socket_wires) -> None:
    near, far = socket_wires
    with trio.fail_after(30):
        sent = 0
        while taken := near.send_now(bytes(1 << 16)):
            sent += taken
        async with trio.open_nursery() as nursery:
            nursery.start_soon(near.wait_writable)
            while sent:
                sent -= len(await far.receive_some(1 << 16))


async def test_a_closed_socket_wakes_its_own_reader_and_ends_the_other(socket_wires) -> None:
    near, far = socket_wires
    caught: list[Exception] = []

    async def read() -> None:
        try:
            await near.receive_some(1)
        except (trio.ClosedResourceError, trio.BrokenResourceError) as error:
            caught.append(error)

    with trio.fail_after(30):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(read)
            await wait_all_tasks_blocked()
            near.close()
            near.close()
        assert len(caught) == 1
        assert await far.receive_some(1) == b""
        with pytest.raises((trio.BrokenResourceError, trio.ClosedResourceError)):
            near.send_now(b"x")
