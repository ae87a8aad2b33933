"""The traps of trio-websocket, each over wires without sockets and under a clock that jumps."""

from __future__ import annotations

from contextlib import asynccontextmanager, suppress

import pytest
import trio
from trio.testing import wait_all_tasks_blocked
from trio_websocket import ConnectionClosed, wrap_server_stream
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, Request

from p2pnet.core.errors import LinkDown, LinkEnd
from p2pnet.links import Limits
from p2pnet.links.websocket import accepted_link, dialled_link
from p2pnet.links.wire import WireStream


def dial(wire, limits):
    async def connect():
        return wire

    return dialled_link(connect, "there:1", limits)


@asynccontextmanager
async def linked(wires, limits):
    """Both ends of a link: the one that dialled, and the one that accepted."""
    ends = []
    accepted = trio.Event()
    leave = trio.Event()

    async def accept() -> None:
        async with accepted_link(wires[1], "dialler:1", limits) as link:
            ends.append(link)
            accepted.set()
            await leave.wait()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(accept)
        async with dial(wires[0], limits) as link:
            await accepted.wait()
            yield link, ends[0]
            link.abort()
        leave.set()


@asynccontextmanager
async def stranger(wire):
    """A plain trio-websocket server at the other end, that takes every subprotocol."""

    async def room() -> None:
        await trio.lowlevel.checkpoint()

    stream = WireStream(wire, 1 << 20, room)
    sockets: list = []
    answered = trio.Event()

    async with trio.open_nursery() as nursery:

        async def answer() -> None:
            request = await wrap_server_stream(nursery, stream)
            sockets.append(await request.accept(subprotocol=request.proposed_subprotocols[0]))
            answered.set()

        async def opened():
            await answered.wait()
            return sockets[0]

        nursery.start_soon(stream.run)
        nursery.start_soon(answer)
        yield opened
        stream.cut()
        nursery.cancel_scope.cancel()


async def end_of(link) -> LinkEnd:
    while True:
        try:
            await link.receive()
        except LinkDown as down:
            return down.end


# --- T1 -------------------------------------------------------------------------------------------


async def test_t1_a_handshake_that_is_never_answered_ends_in_time(
    autojump_clock, wires, limits
) -> None:
    start = trio.current_time()
    with pytest.raises(LinkDown) as caught:
        async with dial(wires[0], limits):
            pytest.fail("nobody answered")
    assert caught.value.end is LinkEnd.UNREACHABLE
    assert trio.current_time() - start == pytest.approx(5)
    assert wires[0].is_closed


async def test_t1_a_hang_up_before_the_answer_ends_the_dial_at_once(
    autojump_clock, wires, limits
) -> None:
    wires[1].close()
    start = trio.current_time()
    with pytest.raises(LinkDown) as caught:
        async with dial(wires[0], limits):
            pytest.fail("nobody answered")
    assert caught.value.end is LinkEnd.BROKEN
    assert trio.current_time() == start


async def test_t1_a_dialler_that_never_asks_is_dropped_in_time(
    autojump_clock, wires, limits
) -> None:
    start = trio.current_time()
    with pytest.raises(LinkDown) as caught:
        async with accepted_link(wires[1], "there:1", limits):
            pytest.fail("nobody asked")
    assert caught.value.end is LinkEnd.UNREACHABLE
    assert trio.current_time() - start == pytest.approx(5)
    assert wires[1].is_closed


# --- T2 -------------------------------------------------------------------------------------------


async def test_t2_a_good_bye_that_is_never_answered_is_not_waited_for(
    autojump_clock, wires, limits
) -> None:
    async with linked(wires, limits) as (link, _):
        wires[1].freeze()
        start = trio.current_time()
        await link.aclose()
        assert trio.current_time() - start == pytest.approx(0.5)
        assert wires[0].is_closed
        assert await end_of(link) is LinkEnd.CLOSED


async def test_t2_closing_with_a_full_queue_before_a_frozen_reader_is_bounded(
    autojump_clock, wires, limits
) -> None:
    async with linked(wires, limits) as (link, _):
        wires[1].freeze()
        for _ in range(4):
            link.send_nowait(bytes(60_000))
        start = trio.current_time()
        await link.aclose()
        assert trio.current_time() - start == pytest.approx(0.5)
        assert wires[0].is_closed


async def test_t2_leaving_the_context_is_bounded_too(autojump_clock, wires, limits) -> None:
    async with trio.open_nursery() as nursery:
        async with stranger(wires[1]) as opened:
            async with dial(wires[0], limits) as link:
                await opened()
                wires[1].freeze()
                start = trio.current_time()
            assert trio.current_time() - start == pytest.approx(0.5)
            assert wires[0].is_closed
            assert await end_of(link) is LinkEnd.CLOSED
        nursery.cancel_scope.cancel()


async def test_two_who_close_at_once_both_end_in_order_and_without_delay(
    autojump_clock, wires, limits
) -> None:
    async with linked(wires, limits) as (link, other):
        start = trio.current_time()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(link.aclose)
            nursery.start_soon(other.aclose)
        assert trio.current_time() == start
        assert await end_of(link) is LinkEnd.CLOSED
        assert await end_of(other) is LinkEnd.CLOSED


# --- T3 -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 400 Bad Request\r\nContent-Length: 3\r\n\r\nno!",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"\x15\x03\x01\x00\x02\x02\x46",
        b"\x00" * 100,
    ],
    ids=["404", "400-with-body", "200", "ssh", "tls-alert", "zeros"],
)
async def test_t3_a_rejected_handshake_does_not_reach_the_callers_nursery(
    autojump_clock, wires, limits, answer
) -> None:
    async with trio.open_nursery() as nursery:
        wires[1].send_now(answer)
        if answer.startswith(b"SSH"):
            wires[1].close()  # only then is it clear that no more of a head will come
        with pytest.raises(LinkDown) as caught:
            async with dial(wires[0], limits):
                pytest.fail("the handshake was rejected")
        assert caught.value.end is LinkEnd.NOT_P2PNET
        await trio.lowlevel.checkpoint()
        assert not nursery.cancel_scope.cancel_called
    assert wires[0].is_closed


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
        b"\r\n\r\n\r\n",
        bytes(range(256)),
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody",
    ],
    ids=["http", "tls", "newlines", "binary", "post"],
)
async def test_t3_garbage_for_a_listener_ends_at_once(
    autojump_clock, wires, limits, request_bytes
) -> None:
    wires[0].send_now(request_bytes)
    start = trio.current_time()
    with pytest.raises(LinkDown) as caught:
        async with accepted_link(wires[1], "there:1", limits):
            pytest.fail("that was no handshake")
    assert caught.value.end is LinkEnd.NOT_P2PNET
    assert trio.current_time() == start
    assert wires[1].is_closed


def upgrade(subprotocols: list[str]) -> bytes:
    client = WSConnection(ConnectionType.CLIENT)
    return client.send(Request(host="x", target="/p2pnet", subprotocols=subprotocols))


@pytest.mark.parametrize("subprotocols", [[], ["chat"], ["p2pnet.0"]])
async def test_another_subprotocol_is_refused_with_words(
    autojump_clock, wires, limits, subprotocols
) -> None:
    wires[0].send_now(upgrade(subprotocols))
    with pytest.raises(LinkDown) as caught:
        async with accepted_link(wires[1], "there:1", limits):
            pytest.fail("that is not ours")
    assert caught.value.end is LinkEnd.NOT_P2PNET
    assert b" 400 " in wires[0].arrived
    assert b"p2pnet" in wires[0].arrived


async def test_a_server_without_our_subprotocol_is_not_ours(autojump_clock, wires, limits) -> None:
    server = WSConnection(ConnectionType.SERVER)

    async def answer() -> None:
        server.receive_data(await wires[1].receive_some(1 << 16))
        assert len(list(server.events())) == 1
        wires[1].send_now(server.send(AcceptConnection()))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(answer)
        with pytest.raises(LinkDown) as caught:
            async with dial(wires[0], limits):
                pytest.fail("that is not ours")
    assert caught.value.end is LinkEnd.NOT_P2PNET


# --- T4 -------------------------------------------------------------------------------------------


async def test_t4_a_frame_of_any_allowed_size_passes(autojump_clock, wires) -> None:
    large = Limits(frame_bytes_max=5 << 20, send_bytes_max=6 << 20, connect_us=5_000_000)
    async with linked(wires, large) as (link, other):
        for near, far in ((link, other), (other, link)):
            near.send_nowait(bytes(5 << 20))
            assert len(await far.receive()) == 5 << 20


async def test_t4_what_a_reader_does_not_take_is_bounded(autojump_clock, wires, limits) -> None:
    """Above the bound the sender's bytes stay on the wire, and then in the sender's queue."""
    async with linked(wires, limits) as (link, other):
        sent = 0
        with suppress(LinkDown):
            while True:
                link.send_nowait(bytes(1000))
                sent += 1000
                await wait_all_tasks_blocked()
        assert sent < limits.frame_bytes_max + limits.send_bytes_max + (1 << 18)
        received = 0
        with suppress(LinkDown):
            while True:
                received += len(await other.receive())
        assert await end_of(other) is LinkEnd.BROKEN
        assert limits.frame_bytes_max * 0.9 < received < limits.frame_bytes_max + (1 << 18)


# --- T5 -------------------------------------------------------------------------------------------


async def test_t5_pings_are_answered_while_nobody_receives(autojump_clock, wires, limits) -> None:
    async with stranger(wires[1]) as opened, dial(wires[0], limits) as link:
        websocket = await opened()
        for i in range(300):
            await websocket.send_message(b"%d" % i)
        with trio.fail_after(1):
            await websocket.ping(b"are you there?")
        assert [await link.receive() for _ in range(300)] == [b"%d" % i for i in range(300)]
        link.abort()


# --- T6 -------------------------------------------------------------------------------------------


async def test_t6_a_cancelled_flush_cuts_the_link(autojump_clock, wires, limits) -> None:
    async with linked(wires, limits) as (link, other):
        wires[1].freeze()
        link.send_nowait(bytes(60_000))
        link.send_nowait(bytes(60_000))  # only a part of it goes out
        with trio.move_on_after(0.1) as scope:
            await link.aclose()
        assert scope.cancelled_caught
        assert wires[0].is_closed
        wires[1].is_frozen = False
        wires[1]._changed.unpark_all()
        assert len(await other.receive()) == 60_000
        assert await end_of(other) is LinkEnd.BROKEN


# --- T7 -------------------------------------------------------------------------------------------


async def test_t7_what_had_arrived_before_a_local_close_can_be_received(
    autojump_clock, wires, limits
) -> None:
    async with linked(wires, limits) as (link, other):
        for i in range(50):
            other.send_nowait(b"%d" % i)
        await link.aclose()
        assert [await link.receive() for _ in range(50)] == [b"%d" % i for i in range(50)]
        assert await end_of(link) is LinkEnd.CLOSED


async def test_t7_what_had_arrived_before_a_remote_close_can_be_received(
    autojump_clock, wires, limits
) -> None:
    async with linked(wires, limits) as (link, other):
        for i in range(500):
            other.send_nowait(b"%d" % i)
        await other.aclose()
        assert [await link.receive() for _ in range(500)] == [b"%d" % i for i in range(500)]
        assert await end_of(link) is LinkEnd.CLOSED


# --- the rest -------------------------------------------------------------------------------------


async def test_a_text_message_is_not_p2pnet(autojump_clock, wires, limits) -> None:
    async with stranger(wires[1]) as opened, dial(wires[0], limits) as link:
        websocket = await opened()
        await websocket.send_message(b"first")
        await websocket.send_message("text")
        assert await link.receive() == b"first"
        assert await end_of(link) is LinkEnd.NOT_P2PNET
        with pytest.raises(ConnectionClosed) as caught:
            await websocket.get_message()
        assert caught.value.reason.code == 1003


async def test_bytes_that_are_no_frame_are_not_p2pnet(autojump_clock, wires, limits) -> None:
    async with linked(wires, limits) as (link, other):
        wires[0].send_now(b"\xff" * 100)
        assert await end_of(other) is LinkEnd.NOT_P2PNET
        assert await end_of(link) is LinkEnd.BROKEN


async def test_a_loss_is_noticed_at_once_even_with_a_full_queue(
    autojump_clock, wires, limits
) -> None:
    async with linked(wires, limits) as (link, _):
        wires[1].freeze()
        for _ in range(4):
            link.send_nowait(bytes(60_000))
        await wait_all_tasks_blocked()
        start = trio.current_time()
        wires[1].close()
        assert await end_of(link) is LinkEnd.BROKEN
        with pytest.raises(LinkDown) as caught:
            link.send_nowait(b"x")
        assert caught.value.end is LinkEnd.BROKEN
        assert trio.current_time() == start


async def test_a_ping_flood_by_one_who_reads_nothing_ends_the_link(
    autojump_clock, wires, limits
) -> None:
    async with linked(wires, limits) as (_link, other):
        wires[0].freeze()
        ping = b"\x89\xfd" + bytes(4) + bytes(125)
        for _ in range(1 << 13):
            wires[0].send_now(ping)
            await wait_all_tasks_blocked()
            if wires[1].is_closed:
                break
        assert await end_of(other) is LinkEnd.BROKEN
