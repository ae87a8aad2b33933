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
from p2pnet.testing.trio_network import PORT, TrioNetwork, address_of, host_of
from p2pnet.testing.trio_wires import WINDOW_BYTES, SimWire, WireTransport
from p2pnet.testing.virtual_clock import VirtualClock

LIMITS = Limits(frame_bytes_max=100_000, send_bytes_max=300_000, connect_us=5_000_000)


class Process:
    alive = True
    vanished = False
    dials = Dials.WELCOME


def between() -> TrioNetwork:
    """A network of two processes that are 10 ms apart."""
    clock = trio.lowlevel.current_clock()
    assert isinstance(clock, VirtualClock)
    network = Network(stream(0), clock, (10_000, 10_000))
    processes = [Process(), Process()]
    return TrioNetwork(network, lambda number: processes[number])


def wires(ether: TrioNetwork) -> tuple[SimWire, SimWire]:
    one, other = ether.network.connect(0, 1)
    dice = stream(0)
    pair = SimWire(ether, (0, one), dice), SimWire(ether, (1, other), dice)
    ether.ends.update({wire.end: wire for wire in pair})
    return pair


async def read(wire: SimWire, count: int) -> bytes:
    data = b""
    while len(data) < count:
        data += await wire.receive_some(count - len(data))
    return data


def test_bytes_arrive_in_order_whatever_the_segments() -> None:
    async def main() -> None:
        here, there = wires(between())
        sent = b"".join(bytes([number]) * 50 for number in range(100))
        for place in range(0, len(sent), 50):
            assert here.send_now(sent[place : place + 50]) == 50
        assert await read(there, len(sent)) == sent
        assert trio.current_time() == 0.01

    run(main)


def test_no_more_is_under_way_than_the_window_holds() -> None:
    async def main() -> None:
        here, there = wires(between())
        assert here.send_now(bytes(WINDOW_BYTES + 1)) == WINDOW_BYTES
        assert here.send_now(b"more") == 0
        async with trio.open_nursery() as nursery:
            nursery.start_soon(here.wait_writable)
            await trio.sleep(1)
            assert nursery.child_tasks
            await read(there, 10)
        assert here.send_now(bytes(100)) == 10

    run(main)


def test_an_end_comes_behind_the_bytes_and_a_reset_is_told_from_a_close() -> None:
    async def main() -> None:
        ether = between()
        here, there = wires(ether)
        here.send_now(b"last words")
        here.close()
        here.close()
        with pytest.raises(trio.ClosedResourceError):
            here.send_now(b"more")
        with pytest.raises(trio.ClosedResourceError):
            await here.receive_some(1)
        assert await read(there, 10) == b"last words"
        assert await there.receive_some(1) == b""
        here, there = wires(ether)
        ether.ended(*there.end, LinkEnd.BROKEN)
        with pytest.raises(trio.BrokenResourceError):
            await there.receive_some(1)
        with pytest.raises(trio.BrokenResourceError):
            there.send_now(b"more")

    run(main)


def test_a_reset_can_cut_a_write_in_two() -> None:
    """Of what is under way when a link breaks, a part may have arrived."""

    async def cut() -> int:
        here, there = wires(ether := between())
        here._segments = lambda data: [data[:30], data[30:]]
        here.send_now(bytes(100))
        ether.network.pipes[here.end[1]].under_way.pop()
        return len(await there.receive_some(100))

    assert run(cut) == 30


def speak(story: Callable[[Link, Link, TrioNetwork], Awaitable[None]]) -> None:
    """Let a WebSocket link come up from process 1 to process 0, and tell its story."""

    async def main() -> None:
        ether, accepted = between(), []

        async def handle(link: Link) -> None:
            accepted.append(link)
            await trio.sleep_forever()

        async def serve(*, task_status: trio.TaskStatus[object]) -> None:
            transport = WireTransport(ether, 0, stream(1))
            await transport.serve(host_of(0), PORT, handle, LIMITS, task_status=task_status)

        async with trio.open_nursery() as nursery:
            await nursery.start(serve)
            async with WireTransport(ether, 1, stream(2)).dial(address_of(0), LIMITS) as link:
                assert trio.current_time() == pytest.approx(0.04)  # two round trips
                await story(link, accepted[0], ether)
            nursery.cancel_scope.cancel()

    run(main)


def test_frames_of_any_size_come_whole() -> None:
    async def story(here: Link, there: Link, ether: TrioNetwork) -> None:
        frames = [bytes([size % 251]) * size for size in (0, 1, 125, 126, 65_535, 65_536, 99_999)]
        for frame in frames:
            here.send_nowait(frame)
        assert [await there.receive() for _ in frames] == frames

    speak(story)


def test_half_a_frame_is_never_received() -> None:
    async def story(here: Link, there: Link, ether: TrioNetwork) -> None:
        here.send_nowait(b"whole")
        await trio.sleep(1)
        here._stream._wire._segments = lambda data: [data[:30], data[30:]]
        here.send_nowait(bytes(100))
        [far] = [end for end in ether.ends if end[0] == 0]
        [(_, near)] = [end for end in ether.ends if end[0] == 1]
        ether.network.pipes[near].under_way.pop()
        await trio.sleep(1)
        ether.ended(*far, LinkEnd.BROKEN)
        assert await there.receive() == b"whole"
        with pytest.raises(LinkDown) as caught:
            await there.receive()
        assert caught.value.end is LinkEnd.BROKEN

    speak(story)
