"""Ways into a world of real peers: from a coroutine, and from ordinary functions."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import trio

from p2pnet.core.settings import Settings
from p2pnet.world.game import Game

from .guest import Guest
from .reproducible import LIMIT_S
from .trio_world import TrioWorld
from .virtual_clock import VirtualClock


@asynccontextmanager
async def open_world(
    game: Game,
    players: int = 0,
    *,
    seed: int = 0,
    settings: Settings | None = None,
    delay_us: tuple[int, int] = (20_000, 30_000),
    websockets: bool = False,
) -> AsyncIterator[TrioWorld]:
    """A world with a session of so many peers, inside a run of `reproducible.run`."""
    clock = trio.lowlevel.current_clock()
    assert isinstance(clock, VirtualClock), "a world lives in a run of reproducible.run"
    world = TrioWorld(
        game,
        seed=seed,
        settings=settings,
        delay_us=delay_us,
        websockets=websockets,
        clock=clock,
    )
    async with world.living():
        if players:
            await world.gather(players)
        yield world


@contextmanager
def still_world(
    game: Game,
    players: int = 0,
    *,
    seed: int = 0,
    settings: Settings | None = None,
    delay_us: tuple[int, int] = (20_000, 30_000),
    websockets: bool = False,
    limit_s: float = LIMIT_S,
) -> Iterator[tuple[Guest, TrioWorld]]:
    """The same for ordinary functions: time goes on only while the guest is driven."""
    with Guest(seed, limit_s) as guest:
        world = TrioWorld(
            game,
            seed=seed,
            settings=settings,
            delay_us=delay_us,
            websockets=websockets,
            clock=guest.clock,
        )

        async def live(*, task_status: trio.TaskStatus[None]) -> None:
            async with world.living():
                task_status.started()
                await trio.sleep_forever()

        guest.start(live)
        if players:
            guest.call(world.gather, players)
        yield guest, world
