"""WebSocket links over real sockets, and what only real sockets and processes can do."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from p2pnet.core.errors import LinkDown, LinkEnd, ListenFailed
from p2pnet.links import Limits, Link, WebSocketTransport, join_address

HOST = "127.0.0.1"

# A host in a process of its own: tells its port, says hello to each link, and reads nothing.
LISTENING_PROCESS = """
import functools, sys, trio
from p2pnet.links import Limits, WebSocketTransport

async def handle(link):
    link.send_nowait(b"hello")
    await trio.sleep_forever()

async def main():
    limits = Limits(frame_bytes_max=1 << 16, send_bytes_max=1 << 18, connect_us=5_000_000)
    serve = functools.partial(WebSocketTransport().serve, "127.0.0.1", int(sys.argv[1]), handle)
    async with trio.open_nursery() as nursery:
        listener = await nursery.start(functools.partial(serve, limits))
        print(listener.port, flush=True)

trio.run(main)
"""


@contextmanager
def listening_process(port: int = 0) -> Iterator[tuple[subprocess.Popen[str], int]]:
    command = [sys.executable, "-c", LISTENING_PROCESS, str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process, int(process.stdout.readline())
        finally:
            process.kill()


@pytest.fixture
def transport() -> WebSocketTransport:
    return WebSocketTransport()


async def echo(link: Link) -> None:
    while True:
        link.send_nowait(await link.receive())


async def end_of(link: Link) -> LinkEnd:
    while True:
        try:
            await link.receive()
        except LinkDown as down:
            return down.end


async def test_a_killed_process_is_noticed_and_its_port_can_be_listened_on_at_once(
    transport, limits
) -> None:
    with trio.fail_after(60):
        with listening_process() as (process, port):
            async with transport.dial(f"{HOST}:{port}", limits) as link:
                assert await link.receive() == b"hello"
                process.kill()
                assert await end_of(link) is LinkEnd.BROKEN
                process.wait()
                with listening_process(port) as (_, again):
                    assert again == port
                    async with transport.dial(f"{HOST}:{port}", limits) as link_again:
                        assert await link_again.receive() == b"hello"
                        link_again.abort()


async def test_a_killed_process_is_noticed_while_the_writer_is_blocked(transport) -> None:
    limits = Limits(frame_bytes_max=1 << 16, send_bytes_max=64 << 20, connect_us=5_000_000)
    with trio.fail_after(60), listening_process() as (process, port):
        async with transport.dial(f"{HOST}:{port}", limits) as link:
            assert await link.receive() == b"hello"
            for _ in range(512):
                link.send_nowait(bytes(1 << 16))
            await wait_all_tasks_blocked()
            process.kill()
            assert await end_of(link) is LinkEnd.BROKEN
            with pytest.raises(LinkDown):
                link.send_nowait(b"x")


@pytest.mark.parametrize(
    "garbage",
    [b"", b"\x00" * 1000, b"GET / HTTP/1.0\r\n\r\n", b"\x16\x03\x01\x02\x00\x01" + bytes(100)],
    ids=["port-scan", "zeros", "http", "tls"],
)
async def test_strangers_cost_the_others_nothing(transport, listening, limits, garbage) -> None:
    async with (
        listening(transport, echo, limits) as listener,
        transport.dial(f"{HOST}:{listener.port}", limits) as link,
    ):
        for _ in range(5):
            stranger = await trio.open_tcp_stream(HOST, listener.port)
            async with stranger:
                await stranger.send_all(garbage)
                if garbage:
                    while await stranger.receive_some():
                        pass  # it is hung up on
        link.send_nowait(b"still here")
        assert await link.receive() == b"still here"


async def test_a_stranger_who_resets_the_connection_costs_nothing(
    transport, listening, limits
) -> None:
    async with listening(transport, echo, limits) as listener:
        for _ in range(5):
            stranger = await trio.open_tcp_stream(HOST, listener.port)
            linger_0 = b"\x01\x00\x00\x00\x00\x00\x00\x00"
            stranger.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_0)
            await stranger.aclose()
        async with transport.dial(f"{HOST}:{listener.port}", limits) as link:
            link.send_nowait(b"still here")
            assert await link.receive() == b"still here"


async def test_a_name_can_be_listened_on_and_dialled(transport, listening, limits) -> None:
    async with listening(transport, echo, limits, host="localhost") as listener:
        assert listener.address in ("127.0.0.1", "::1")
        assert listener.port > 0
        async with transport.dial(f"localhost:{listener.port}", limits) as link:
            link.send_nowait(b"by name")
            assert await link.receive() == b"by name"


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6 loopback")
async def test_ipv6_can_be_listened_on_and_dialled(transport, listening, limits) -> None:
    remotes = []

    async def handle(link: Link) -> None:
        remotes.append(link.remote)
        await echo(link)

    async with (
        listening(transport, handle, limits, host="::1") as listener,
        transport.dial(join_address("::1", listener.port), limits) as link,
    ):
        link.send_nowait(b"six")
        assert await link.receive() == b"six"
    assert remotes[0].startswith("[::1]:")


async def test_an_unknown_name_is_unreachable(transport, limits) -> None:
    with pytest.raises(LinkDown) as caught:
        async with transport.dial("no-such-host.invalid:7777", limits):
            pytest.fail("there is no such host")
    assert caught.value.end is LinkEnd.UNREACHABLE


async def test_a_name_that_cannot_be_one_is_unreachable(transport, limits) -> None:
    with pytest.raises(LinkDown) as caught:
        async with transport.dial("x" * 64 + "ä.example:7777", limits):
            pytest.fail("there is no such host")
    assert caught.value.end is LinkEnd.UNREACHABLE


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
async def test_an_address_of_another_machine_can_not_be_listened_on(
    transport, limits, host
) -> None:
    with pytest.raises(ListenFailed, match=host):
        await transport.serve(host, 0, echo, limits)
