from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
import trio

from p2pnet.core.errors import LinkDown, LinkEnd
from p2pnet.links.base import Limits, Link
from p2pnet.testing.network import Network
from p2pnet.testing.reproducible import run
from p2pnet.testing.sim_peer import Dials
from p2pnet.testing.streams import stream
from p2pnet.testing.trio_links import SimLink, SimTransport
from p2pnet.testing.trio_network import PORT, TrioNetwork, address_of, host_of
from p2pnet.testing.virtual_clock import VirtualClock

LIMITS = Limits(frame_bytes_max=1_000, send_bytes_max=3_000, connect_us=5_000_000)


class Process:
    alive = True
    vanished = False
    dials = Dials.WELCOME


def play(story: Callable[[Link, Link, TrioNetwork], Awaitable[None]]) -> None:
    """Let a link come up from process 1 to process 0, 10 ms away, and tell its story."""

    async def main() -> None:
        clock = trio.lowlevel.current_clock()
        assert isinstance(clock, VirtualClock)
        network = Network(stream(0), clock, (10_000, 10_000))
        processes = [Process(), Process()]
        ether = TrioNetwork(network, lambda number: processes[number])
        accepted: list[Link] = []

        async def handle(link: Link) -> None:
            accepted.append(link)
            await trio.sleep_forever()

        async def serve(*, task_status: trio.TaskStatus[object]) -> None:
            transport = SimTransport(ether, 0)
            await transport.serve(host_of(0), PORT, handle, LIMITS, task_status=task_status)

        async with trio.open_nursery() as nursery:
            await nursery.start(serve)
            async with SimTransport(ether, 1).dial(address_of(0), LIMITS) as link:
                await story(link, accepted[0], ether)
            nursery.cancel_scope.cancel()
        assert not ether.listeners and not ether.ends

    run(main)


async def ends(link: Link) -> LinkEnd:
    with pytest.raises(LinkDown) as caught:
        await link.receive()
    return caught.value.end


def test_frames_take_their_time_and_keep_their_order() -> None:
    async def story(here: Link, there: Link, ether: TrioNetwork) -> None:
        began = trio.current_time()
        for number in range(3):
            here.send_nowait(bytes([number]))
        assert [await there.receive() for _ in range(3)] == [b"\0", b"\1", b"\2"]
        assert trio.current_time() == pytest.approx(began + 0.010)

    play(story)


def test_a_close_arrives_behind_what_was_sent_and_an_abort_does_too() -> None:
    async def story(here: Link, there: Link, ether: TrioNetwork) -> None:
        there.send_nowait(b"last words")
        await there.aclose()
        await there.aclose()
        assert await here.receive() == b"last words"
        assert await ends(here) is LinkEnd.CLOSED
        with pytest.raises(LinkDown):
            there.send_nowait(b"too late")

    async def abrupt(here: Link, there: Link, ether: TrioNetwork) -> None:
        there.send_nowait(b"last words")
        there.abort()
        assert await here.receive() == b"last words"
        assert await ends(here) is LinkEnd.BROKEN

    play(story)
    play(abrupt)


def test_what_is_too_large_or_too_much_ends_a_link_for_a_reason() -> None:
    async def large(here: Link, there: Link, ether: TrioNetwork) -> None:
        with pytest.raises(LinkDown) as caught:
            here.send_nowait(bytes(1_001))
        assert caught.value.end is LinkEnd.OVERSIZE
        assert await ends(there) is LinkEnd.OVERSIZE

    async def much(here: Link, there: Link, ether: TrioNetwork) -> None:
        for _ in range(4):
            here.send_nowait(bytes(1_000))
        with pytest.raises(LinkDown) as caught:
            here.send_nowait(bytes(1_000))
        assert caught.value.end is LinkEnd.SLOW
        for _ in range(4):
            await there.receive()
        assert await ends(there) is LinkEnd.BROKEN

    play(large)
    play(much)


def test_a_cut_stalls_and_loses_nothing() -> None:
    async def story(here: Link, there: Link, ether: TrioNetwork) -> None:
        ether.network.cut(1, 0)
        here.send_nowait(b"one")
        await trio.sleep(1)
        here.send_nowait(b"two")
        with trio.move_on_after(1) as patience:
            await there.receive()
        assert patience.cancelled_caught
        ether.network.heal(1, 0)
        assert [await there.receive(), await there.receive()] == [b"one", b"two"]

    play(story)


def test_an_end_that_was_let_go_of_takes_nothing_in() -> None:
    async def story(here: Link, there: Link, ether: TrioNetwork) -> None:
        assert isinstance(there, SimLink)
        here.send_nowait(b"under way")
        ether.end_at(there.end, LinkEnd.BROKEN)
        assert await ends(there) is LinkEnd.BROKEN
        assert await ends(here) is LinkEnd.BROKEN

    play(story)
