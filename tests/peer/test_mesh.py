from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import attrs
import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from p2pnet import Identity, LinkDown, LinkEnd, PortTaken, SessionId, Settings
from p2pnet.core.codec import encode
from p2pnet.core.effects import CloseLink, Dial, Send
from p2pnet.core.messages import PROTOCOL_VERSION, Hello
from p2pnet.core.values import LinkId
from p2pnet.links import Limits, Link, MemoryNetwork
from p2pnet.peer.inbox import Inbox
from p2pnet.peer.inputs import DialFailed, FrameReceived, Input, LinkClosed, LinkOpened
from p2pnet.peer.mesh import Mesh

from .conftest import seed

BEN, EVA = seed(2), seed(3)
SETTINGS = Settings(connect_us=5_000_000)
LIMITS = Limits(frame_bytes_max=1 << 20, send_bytes_max=1 << 20, connect_us=1_000_000)


def hello(identity: Identity) -> bytes:
    who = (PROTOCOL_VERSION, SessionId("s"), identity.public)
    return encode(Hello(*who, nonce=1, challenge=bytes(16), fingerprint="game"))


HELLO = hello(BEN)


@attrs.define(eq=False)
class Bench:
    """One mesh under test, and listeners that answer as they are told."""

    nursery: trio.Nursery
    network: MemoryNetwork
    inbox: Inbox
    mesh: Mesh
    accepted: list[Link] = attrs.field(factory=list)

    async def listener(self, address: str, greeting: bytes | None) -> None:
        """Somebody who sends `greeting` on each link, and then keeps it open."""

        async def accept(link: Link) -> None:
            self.accepted.append(link)
            if greeting is not None:
                link.send_nowait(greeting)
            await trio.sleep_forever()

        host, _, port = address.partition(":")
        await self.nursery.start(self.network.serve, host, int(port), accept, LIMITS)

    async def outcome(self, *addresses: str, peer: Identity = BEN) -> list[Input]:
        """All that the mesh reports of a dial."""
        self.mesh.dial(Dial(peer.peer_id, addresses))
        await self.inbox.wait()
        await wait_all_tasks_blocked()
        return self.inbox.take(100)


@pytest.fixture
async def bench(clock: MockClock) -> AsyncIterator[Bench]:
    network, inbox = MemoryNetwork(), Inbox()
    async with trio.open_nursery() as nursery:
        yield Bench(nursery, network, inbox, Mesh(network, inbox, nursery, SETTINGS))
        nursery.cancel_scope.cancel()


# --- dials ---


async def test_a_dial_gives_a_link_with_the_greeting_as_its_first_frame(
    clock: MockClock, bench: Bench
) -> None:
    await bench.listener("ben:1", HELLO)
    assert await bench.outcome("ben:1") == [
        LinkOpened(LinkId(1), BEN.peer_id),
        FrameReceived(LinkId(1), HELLO),
    ]


async def test_one_link_is_kept_of_all_the_addresses_that_answer(
    clock: MockClock, bench: Bench
) -> None:
    for address in ("ben:1", "ben:2", "ben:3"):
        await bench.listener(address, HELLO)
    report = await bench.outcome("ben:1", "ben:2", "ben:3", "ben:4")
    assert [type(item) for item in report] == [LinkOpened, FrameReceived]
    gone = 0
    for link in bench.accepted:
        try:
            link.send_nowait(b"x")
        except LinkDown:
            gone += 1
    assert gone == len(bench.accepted) - 1


async def test_dead_addresses_do_not_hold_up_the_one_that_answers(
    clock: MockClock, bench: Bench
) -> None:
    await bench.listener("silent:1", None)
    await bench.listener("eva:1", hello(EVA))
    await bench.listener("ben:1", HELLO)
    began = trio.current_time()
    report = await bench.outcome("silent:1", "eva:1", "nowhere:1", "nonsense", "ben:1", "ben:1")
    assert report[0] == LinkOpened(LinkId(1), BEN.peer_id)
    assert trio.current_time() == began


async def test_refused_is_only_said_if_every_address_refused(
    clock: MockClock, bench: Bench
) -> None:
    assert await bench.outcome("a:1", "b:1") == [DialFailed(BEN.peer_id, LinkEnd.REFUSED)]
    await bench.listener("silent:1", None)
    report = await bench.outcome("a:1", "silent:1")
    assert report == [DialFailed(BEN.peer_id, LinkEnd.UNREACHABLE)]


async def test_no_address_at_all_is_unreachable(clock: MockClock, bench: Bench) -> None:
    assert await bench.outcome() == [DialFailed(BEN.peer_id, LinkEnd.UNREACHABLE)]
    assert "no address" in bench.mesh.tried


async def test_a_dial_takes_as_long_as_the_settings_say_and_no_longer(
    clock: MockClock, bench: Bench
) -> None:
    await bench.listener("silent:1", None)
    began = trio.current_time()
    await bench.outcome("silent:1")
    assert trio.current_time() - began == pytest.approx(5)


@pytest.mark.parametrize(
    "greeting", [hello(EVA), b"nonsense", b"\x00"], ids=["another_peer", "text", "zero"]
)
async def test_who_greets_as_somebody_else_is_not_reported_as_a_link(
    clock: MockClock, bench: Bench, greeting: bytes
) -> None:
    await bench.listener("eva:1", greeting)
    assert await bench.outcome("eva:1") == [DialFailed(BEN.peer_id, LinkEnd.UNREACHABLE)]


async def test_the_outcomes_are_told_address_by_address(clock: MockClock, bench: Bench) -> None:
    await bench.listener("silent:1", None)
    await bench.listener("eva:1", hello(EVA))
    await bench.outcome("a:1", "eva:1", "silent:1")
    assert "a:1 (refused" in bench.mesh.tried
    assert "eva:1 (not_p2pnet: somebody else" in bench.mesh.tried
    assert "silent:1 (unreachable: no answer in time)" in bench.mesh.tried


async def test_a_link_outlives_the_time_for_its_dial(clock: MockClock, bench: Bench) -> None:
    await bench.listener("ben:1", HELLO)
    await bench.outcome("ben:1")
    await trio.sleep(60)
    assert bench.inbox.take(10) == []
    bench.accepted[0].send_nowait(b"still here")
    await wait_all_tasks_blocked()
    assert bench.inbox.take(10) == [FrameReceived(LinkId(1), b"still here")]


# --- links ---


@asynccontextmanager
async def linked(bench: Bench) -> AsyncIterator[Link]:
    """The other end of a link that the mesh accepted as number 1."""
    await bench.mesh.listen("ana", 7)
    async with bench.network.dial("ana:7", LIMITS) as link:
        await wait_all_tasks_blocked()
        assert bench.inbox.take(1) == [LinkOpened(LinkId(1), None)]
        yield link


async def test_frames_of_an_accepted_link_come_in_order(clock: MockClock, bench: Bench) -> None:
    async with linked(bench) as link:
        for data in (b"a", b"b"):
            link.send_nowait(data)
        await wait_all_tasks_blocked()
        frames = [FrameReceived(LinkId(1), b"a"), FrameReceived(LinkId(1), b"b")]
        assert bench.inbox.take(10) == frames


async def test_sending_goes_to_each_link_that_is_still_there(
    clock: MockClock, bench: Bench
) -> None:
    async with linked(bench) as link:
        bench.mesh.send(Send((LinkId(99), LinkId(1)), b"data"))
        assert await link.receive() == b"data"


def abort(bench: Bench, link: Link) -> None:
    link.abort()


def oversize(bench: Bench, link: Link) -> None:
    bench.mesh.send(Send((LinkId(1),), bytes(SETTINGS.frame_bytes_max + 1)))


@pytest.mark.parametrize(("deed", "end"), [(abort, LinkEnd.BROKEN), (oversize, LinkEnd.OVERSIZE)])
async def test_the_end_of_a_link_is_reported_once_with_its_reason(
    clock: MockClock, bench: Bench, deed: Callable[[Bench, Link], None], end: LinkEnd
) -> None:
    async with linked(bench) as link:
        deed(bench, link)
        bench.mesh.send(Send((LinkId(1),), b"into the void"))
        await wait_all_tasks_blocked()
        assert bench.inbox.take(10) == [LinkClosed(LinkId(1), end)]
        bench.mesh.close(CloseLink(LinkId(1), LinkEnd.CLOSED))
        bench.mesh.send(Send((LinkId(1),), b"gone"))


async def test_a_good_bye_is_delivered_before_the_link_is_closed(
    clock: MockClock, bench: Bench
) -> None:
    async with linked(bench) as link:
        bench.mesh.send(Send((LinkId(1),), b"bye"))
        bench.mesh.close(CloseLink(LinkId(1), LinkEnd.CLOSED))
        assert await link.receive() == b"bye"
        with pytest.raises(LinkDown) as caught:
            await link.receive()
        assert caught.value.end is LinkEnd.CLOSED
    await wait_all_tasks_blocked()
    assert bench.inbox.take(10) == [LinkClosed(LinkId(1), LinkEnd.CLOSED)]


async def test_numbers_of_links_are_never_used_again(clock: MockClock, bench: Bench) -> None:
    await bench.mesh.listen("ana", 7)
    numbers = []
    for _ in range(3):
        async with bench.network.dial("ana:7", LIMITS):
            await wait_all_tasks_blocked()
        await wait_all_tasks_blocked()
        report = bench.inbox.take(10)
        numbers += [item.link for item in report if isinstance(item, LinkOpened)]
    assert numbers == [1, 2, 3]


async def test_a_full_inbox_holds_up_the_reader_and_loses_nothing(
    clock: MockClock, bench: Bench
) -> None:
    async with linked(bench) as link:
        for number in range(3000):
            link.send_nowait(str(number).encode())
        await wait_all_tasks_blocked()
        assert len(bench.inbox) < 3000
        got: list[Any] = []
        while len(got) < 3000:
            await bench.inbox.wait()
            got += bench.inbox.take(100)
        assert [item.data for item in got] == [str(number).encode() for number in range(3000)]


# --- listening and the end ---


async def test_listening_tells_where_others_may_dial(clock: MockClock, bench: Bench) -> None:
    listener = await bench.mesh.listen("ana", 0)
    assert bench.mesh.addresses == (f"ana:{listener.port}",)


async def test_a_taken_port_is_told_to_the_caller_and_harms_nothing(
    clock: MockClock, bench: Bench
) -> None:
    await bench.listener("ana:7", None)
    with pytest.raises(PortTaken):
        await bench.mesh.listen("ana", 7)
    await bench.mesh.listen("ana", 8)


async def test_closing_waits_until_all_links_are_gone(clock: MockClock, bench: Bench) -> None:
    async with linked(bench) as link:
        bench.mesh.send(Send((LinkId(1),), b"bye"))
        await bench.mesh.aclose()
        assert bench.inbox.take(10) == [LinkClosed(LinkId(1), LinkEnd.CLOSED)]
        assert await link.receive() == b"bye"
    async with bench.network.dial("ana:7", LIMITS) as late:
        with pytest.raises(LinkDown):
            await late.receive()
    assert bench.inbox.take(10) == []


async def test_closing_without_links_is_done_at_once(clock: MockClock, bench: Bench) -> None:
    await bench.mesh.aclose()
