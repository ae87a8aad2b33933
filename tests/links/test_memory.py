from __future__ import annotations

import trio

from p2pnet.links import Limits, Link, MemoryNetwork


async def test_links_take_no_time_and_every_run_is_the_same(
    autojump_clock, listening, limits: Limits
) -> None:
    """Ten diallers at once; what each sees depends on nothing but the program."""

    async def one_run() -> list[tuple[str, bytes]]:
        network = MemoryNetwork()
        seen: list[tuple[str, bytes]] = []

        async def handle(link: Link) -> None:
            seen.append((link.remote, await link.receive()))

        async with listening(network, handle, limits) as listener:
            for i in range(10):
                async with network.dial(f"127.0.0.1:{listener.port}", limits) as link:
                    link.send_nowait(b"%d" % i)
        return seen

    start = trio.current_time()
    first, second = await one_run(), await one_run()
    assert trio.current_time() == start
    assert first == second == [(f"dialler:{i + 1}", b"%d" % i) for i in range(10)]


async def test_free_ports_are_counted_up_for_each_name(listening, limits: Limits) -> None:
    network = MemoryNetwork()

    async def handle(link: Link) -> None:
        await link.receive()

    async with (
        listening(network, handle, limits, host="ana") as first,
        listening(network, handle, limits, host="ana") as second,
        listening(network, handle, limits, host="ben") as other,
    ):
        assert (first.address, second.address, other.address) == ("ana", "ana", "ben")
        assert second.port == first.port + 1
        assert other.port == first.port


async def test_networks_do_not_reach_one_another(listening, limits: Limits) -> None:
    heard = []

    async def handle(link: Link) -> None:
        heard.append(await link.receive())

    here, there = MemoryNetwork(), MemoryNetwork()
    async with (
        listening(here, handle, limits, host="ana") as at_home,
        listening(there, handle, limits, host="ana") as away,
    ):
        assert at_home.port == away.port
        async with there.dial(f"ana:{away.port}", limits) as link:
            link.send_nowait(b"there")
    assert heard == [b"there"]
