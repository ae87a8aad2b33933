from __future__ import annotations

import re
from pathlib import Path

import pytest
import trio

from p2pnet.testing.reproducible import run
from p2pnet.testing.worlds import open_world, still_world

from .tanks import TANKS, tank


def test_rules_can_be_plain_functions() -> None:
    with still_world(TANKS, 3, seed=1) as (guest, world):
        tank(world.peers[2]).earn(5)
        guest.call(world.settle)
        world.kill(world.peers[0])
        assert world.host is None
        assert guest.run_while(lambda: not world.is_settled())
        before = world.now
        assert world.host is not None and [tank(p).gold for p in world.members] == [0, 5]
        assert world.now == before


def test_a_world_needs_virtual_time() -> None:
    async def main() -> None:
        async with open_world(TANKS):
            raise AssertionError("there is no world here")

    with pytest.raises(AssertionError, match="a world lives in a run"):
        trio.run(main)


@pytest.mark.parametrize("websockets", [False, True])
def test_a_world_begins_with_so_many_who_play(websockets: bool) -> None:
    async def main() -> None:
        async with open_world(TANKS, 3, websockets=websockets) as world:
            assert world.is_settled() and len(world.members) == 3
        async with open_world(TANKS, websockets=websockets) as world:
            assert not world.peers

    run(main)


def test_what_goes_wrong_in_a_world_comes_out_as_it_is() -> None:
    async def main() -> None:
        async with open_world(TANKS, 2):
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        run(main)


def test_the_code_of_the_page_about_real_peers_runs() -> None:
    page = Path(__file__).parents[2] / "docs" / "real-peers.md"
    code = re.findall(r"^```python\n(.*?)^```$", page.read_text("utf-8"), re.DOTALL | re.M)
    assert len(code) == 3
    exec("\n".join(code), {"__name__": "page"})
