from __future__ import annotations

import pytest
import trio

from p2pnet.core.errors import LinkDown, LinkEnd
from p2pnet.links.base import Limits
from p2pnet.testing.reproducible import run
from p2pnet.testing.sim_peer import Dials
from p2pnet.testing.trio_links import SimLink
from p2pnet.testing.trio_network import address_of, host_of
from p2pnet.testing.trio_world import TrioWorld
from p2pnet.testing.worlds import open_world

from .tanks import TANKS

LIMITS = Limits(frame_bytes_max=1_000, send_bytes_max=3_000, connect_us=2_000_000)


async def dial(world: TrioWorld, address: str) -> SimLink:
    """A link from process 1, without a peer that knows of it."""
    return await world.ether.dial(
        1, address, LIMITS, lambda end: SimLink(world.ether, end, address, LIMITS)
    )


async def fails(world: TrioWorld, address: str = address_of(0)) -> tuple[LinkEnd, float]:
    """How a dial from process 1 ends, and after how many virtual seconds."""
    began = trio.current_time()
    with pytest.raises(LinkDown) as caught:
        await dial(world, address)
    return caught.value.end, trio.current_time() - began


def test_who_is_dialled_may_be_gone_silent_or_unwilling() -> None:
    async def main() -> None:
        async with open_world(TANKS, 2) as world:
            target = world.peers[0]
            link = await dial(world, address_of(0))
            link.abort()
            target.dials = Dials.REFUSED
            end, after = await fails(world)
            assert end is LinkEnd.REFUSED and 0.04 <= after <= 0.06
            target.dials = Dials.IGNORED
            assert await fails(world) == (LinkEnd.UNREACHABLE, pytest.approx(2))
            target.dials = Dials.WELCOME
            world.cut(target, world.peers[1], both=False)
            assert (await fails(world))[0] is LinkEnd.UNREACHABLE
            world.heal()
            world.kill(target)
            assert (await fails(world))[0] is LinkEnd.REFUSED
            target.vanished = True
            assert (await fails(world))[0] is LinkEnd.UNREACHABLE

    run(main)


def test_a_dial_that_waits_gets_through_when_the_cut_heals() -> None:
    async def main() -> None:
        async with open_world(TANKS, 2) as world:
            host, client = world.peers
            world.cut(client, host, both=False)
            world.after(700_000, world.heal)
            began = trio.current_time()
            link = await dial(world, address_of(0))
            assert 0.7 < trio.current_time() - began < 1.1
            link.abort()

    run(main)


def test_who_gives_up_on_a_dial_leaves_no_link_behind() -> None:
    async def main() -> None:
        async with open_world(TANKS, 2) as world:
            before = set(world.ether.ends)
            with trio.move_on_after(0.035):
                await dial(world, address_of(0))
            await trio.sleep(1)
            assert set(world.ether.ends) == before

    run(main)


@pytest.mark.parametrize(
    "address", ["", "nowhere", "peer7:1", "peer:7777", "ana:7777", address_of(9)]
)
def test_where_nobody_can_be_nobody_answers(address: str) -> None:
    async def main() -> LinkEnd:
        async with open_world(TANKS, 2) as world:
            return (await fails(world, address))[0]

    assert run(main) is LinkEnd.UNREACHABLE


def test_addresses_are_of_the_form_that_peers_know() -> None:
    assert address_of(12) == "peer12:7777" and host_of(12) == "peer12"
