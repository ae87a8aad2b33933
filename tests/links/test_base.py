"""What holds for the links of every transport."""

from __future__ import annotations

from contextlib import suppress

import pytest
import trio

from p2pnet.core.errors import LinkDown, LinkEnd, ListenFailed, PortTaken
from p2pnet.links import Limits, Link, join_address
from p2pnet.links.base import background_nursery


async def echo(link: Link) -> None:
    while True:
        link.send_nowait(await link.receive())


class Parked:
    """A handler that hands the accepted link to the test and waits for its leave."""

    def __init__(self) -> None:
        self._links: list[Link] = []
        self._arrived = trio.Event()
        self.leave = trio.Event()

    async def __call__(self, link: Link) -> None:
        self._links.append(link)
        self._arrived.set()
        await self.leave.wait()

    async def link(self) -> Link:
        await self._arrived.wait()
        return self._links[0]


def send_for_ever(link: Link, frame: bytes) -> None:
    while True:
        link.send_nowait(frame)


async def end_of(link: Link) -> LinkEnd:
    """Take what still comes, and say how the link ended."""
    while True:
        try:
            await link.receive()
        except LinkDown as down:
            return down.end


async def test_frames_arrive_whole_and_in_order(transport, listening, limits) -> None:
    frames = [bytes([i % 256]) * size for i, size in enumerate([0, 1, 125, 126, 65_535, 65_536, 9])]
    async with listening(transport, echo, limits) as listener:
        address = join_address(listener.address, listener.port)
        async with transport.dial(address, limits) as link:
            assert link.remote == address
            for frame in frames:
                link.send_nowait(frame)
            assert [await link.receive() for _ in frames] == frames


async def test_the_end_comes_after_the_data(transport, listening, limits) -> None:
    async def say_and_leave(link: Link) -> None:
        for i in range(100):
            link.send_nowait(b"%d" % i)

    async with (
        listening(transport, say_and_leave, limits) as listener,
        transport.dial(f"127.0.0.1:{listener.port}", limits) as link,
    ):
        assert [await link.receive() for _ in range(100)] == [b"%d" % i for i in range(100)]
        assert await end_of(link) is LinkEnd.CLOSED
        with pytest.raises(LinkDown) as caught:
            link.send_nowait(b"too late")
        assert caught.value.end is LinkEnd.CLOSED


async def test_what_was_sent_before_the_close_is_delivered(transport, listening, limits) -> None:
    parked = Parked()
    async with listening(transport, parked, limits) as listener:
        async with transport.dial(f"127.0.0.1:{listener.port}", limits) as link:
            link.send_nowait(b"last words")
            await link.aclose()
            await link.aclose()
            with pytest.raises(LinkDown):
                link.send_nowait(b"after the end")
        assert await (await parked.link()).receive() == b"last words"
        assert await end_of(await parked.link()) is LinkEnd.CLOSED
        parked.leave.set()


async def test_an_abort_is_seen_as_broken(transport, listening, limits) -> None:
    parked = Parked()
    async with listening(transport, parked, limits) as listener:
        async with transport.dial(f"127.0.0.1:{listener.port}", limits) as link:
            await parked.link()
            link.abort()
            link.abort()
            assert await end_of(link) is LinkEnd.BROKEN
        assert await end_of(await parked.link()) is LinkEnd.BROKEN
        parked.leave.set()


async def test_a_cancelled_body_is_seen_as_broken(transport, listening, limits) -> None:
    parked = Parked()
    async with listening(transport, parked, limits) as listener:
        with trio.CancelScope() as scope:
            async with transport.dial(f"127.0.0.1:{listener.port}", limits):
                await parked.link()
                scope.cancel()
                await trio.lowlevel.checkpoint()
        assert scope.cancelled_caught
        assert await end_of(await parked.link()) is LinkEnd.BROKEN
        parked.leave.set()


async def test_nobody_listens_is_refused(transport, listening, limits) -> None:
    async with listening(transport, echo, limits) as listener:
        port = listener.port
    with pytest.raises(LinkDown) as caught:
        async with transport.dial(f"127.0.0.1:{port}", limits):
            pytest.fail("nobody should have answered")
    assert caught.value.end is LinkEnd.REFUSED


async def test_junk_is_unreachable_and_no_crash(transport, limits) -> None:
    with pytest.raises(LinkDown) as caught:
        async with transport.dial("no address", limits):
            pytest.fail("nobody should have answered")
    assert caught.value.end is LinkEnd.UNREACHABLE


async def test_a_frame_above_the_limit_ends_the_sender(transport, listening, limits) -> None:
    parked = Parked()
    async with listening(transport, parked, limits) as listener:
        async with transport.dial(f"127.0.0.1:{listener.port}", limits) as link:
            await parked.link()
            with pytest.raises(LinkDown) as caught:
                link.send_nowait(bytes(limits.frame_bytes_max + 1))
            assert caught.value.end is LinkEnd.OVERSIZE
            assert await end_of(link) is LinkEnd.OVERSIZE
        assert await end_of(await parked.link()) is LinkEnd.OVERSIZE
        parked.leave.set()


async def test_a_frame_above_the_others_limit_ends_both(transport, listening, limits) -> None:
    parked = Parked()
    generous = Limits(frame_bytes_max=1 << 20, send_bytes_max=1 << 21, connect_us=5_000_000)
    async with listening(transport, parked, limits) as listener:
        async with transport.dial(f"127.0.0.1:{listener.port}", generous) as link:
            with suppress(LinkDown):  # known at once, or only when the other side says so
                link.send_nowait(bytes(limits.frame_bytes_max + 1))
            assert await end_of(link) is LinkEnd.OVERSIZE
        assert await end_of(await parked.link()) is LinkEnd.OVERSIZE
        parked.leave.set()


async def test_hard_case_34_a_slow_reader_is_dropped(transport, listening, limits) -> None:
    parked = Parked()
    async with listening(transport, parked, limits) as listener:
        async with transport.dial(f"127.0.0.1:{listener.port}", limits) as link:
            await parked.link()
            with pytest.raises(LinkDown) as caught:
                send_for_ever(link, bytes(limits.frame_bytes_max))
            assert caught.value.end is LinkEnd.SLOW
            assert await end_of(link) is LinkEnd.SLOW
        assert await end_of(await parked.link()) is LinkEnd.BROKEN
        parked.leave.set()


async def test_a_flood_is_read_in_order_by_a_reader_that_keeps_up(
    transport, listening, limits
) -> None:
    count = 3000

    async def flood(link: Link) -> None:
        for i in range(count):
            link.send_nowait(i.to_bytes(4, "big") * 100)
            if i % 50 == 0:
                await link.receive()
        await link.receive()

    async with (
        listening(transport, flood, limits) as listener,
        transport.dial(f"127.0.0.1:{listener.port}", limits) as link,
    ):
        link.send_nowait(b"go on")
        for i in range(count):
            assert await link.receive() == i.to_bytes(4, "big") * 100
            if i % 50 == 0:
                link.send_nowait(b"go on")


async def test_what_the_body_raises_comes_out_as_it_is(transport, listening, limits) -> None:
    async with listening(transport, echo, limits) as listener:
        mine = KeyError("mine")
        with pytest.raises(KeyError) as caught:
            async with transport.dial(f"127.0.0.1:{listener.port}", limits):
                raise mine
        assert caught.value is mine
        assert caught.value.__context__ is None


async def test_one_handlers_link_down_leaves_the_others(transport, listening, limits) -> None:
    async with listening(transport, echo, limits) as listener:
        address = f"127.0.0.1:{listener.port}"
        async with transport.dial(address, limits) as stays:
            async with transport.dial(address, limits) as goes:
                goes.abort()  # the handler's receive raises LinkDown
            stays.send_nowait(b"still here")
            assert await stays.receive() == b"still here"


async def test_a_bug_in_a_handler_is_not_hidden(transport, limits) -> None:
    async def buggy(link: Link) -> None:
        raise ZeroDivisionError

    with pytest.RaisesGroup(ZeroDivisionError, flatten_subgroups=True):
        async with trio.open_nursery() as nursery:

            async def serve(task_status) -> None:
                await transport.serve("127.0.0.1", 0, buggy, limits, task_status=task_status)

            listener = await nursery.start(serve)
            async with transport.dial(f"127.0.0.1:{listener.port}", limits) as link:
                await end_of(link)
                await trio.sleep_forever()


async def test_a_port_in_use_is_taken_until_it_is_left(transport, listening, limits) -> None:
    async with listening(transport, echo, limits) as listener:
        with pytest.raises(PortTaken, match=str(listener.port)):
            await transport.serve("127.0.0.1", listener.port, echo, limits)
    async with trio.open_nursery() as nursery:

        async def serve(task_status) -> None:
            await transport.serve("127.0.0.1", listener.port, echo, limits, task_status=task_status)

        again = await nursery.start(serve)
        assert again.port == listener.port
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize("port", [-1, 65_536])
async def test_an_impossible_port_is_said_to_be_so(transport, limits, port) -> None:
    with pytest.raises(ListenFailed, match="not a port"):
        await transport.serve("127.0.0.1", port, echo, limits)


async def test_the_nursery_of_a_link_does_not_hide_a_bug_of_its_tasks() -> None:
    async def buggy() -> None:
        raise ZeroDivisionError

    with pytest.RaisesGroup(ZeroDivisionError):
        async with background_nursery() as nursery:
            nursery.start_soon(buggy)
            await trio.sleep_forever()
