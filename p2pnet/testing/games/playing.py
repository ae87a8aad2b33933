"""How stories are played: each in a run of its own, in virtual time, the same every time."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final

import attrs
import trio

from p2pnet.core.settings import Settings
from p2pnet.world.game import Game

from .. import reproducible
from ..watched_world import WatchedWorld
from .drawn import Plan
from .moves import Drop, keeps_going, lose_host
from .story import Story
from .world import GameWorld, Invariant, open_game_world

_INNER: Final = (
    str(Path(__file__).parents[2]),
    str(Path(trio.__file__).parent),
    contextlib.__file__,
)

Body = Callable[[GameWorld], Awaitable[object]]


@attrs.frozen(kw_only=True)
class Rules:
    """What all stories of one test have in common."""

    game: Game
    invariants: Sequence[Invariant] = ()
    local: Collection[str] = ()
    settings: Settings | None = None

    def play(
        self,
        body: Body,
        peers: int,
        seed: int = 0,
        tell: Callable[[Story], str] | None = None,
        watch: Callable[[WatchedWorld], None] | None = None,
    ) -> Story:
        """Play `body` in a world of its own, and check it at the end. Returns what was done.

        What fails comes out as it is, with a note of what `tell` says; by default, the story.
        `watch` gets what the world stands on, before anything happens.
        """
        __tracebackhide__ = True
        stories: list[GameWorld] = []

        async def main() -> None:
            opened = open_game_world(
                self.game,
                peers,
                seed=seed,
                settings=self.settings,
                invariants=self.invariants,
                local=self.local,
                watch=watch,
            )
            async with opened as world:
                stories.append(world)
                await body(world)
                await world.finish()

        error = _error_of(lambda: reproducible.run(main, seed=seed))
        if error is not None:
            # A world that could not begin has no story, and yet there is one to play again.
            story = stories[0].story if stories else Story(peers, seed)
            error.add_note((tell or self.told)(story))
            # Nothing of how it got here: Hypothesis would take it for a part of what failed.
            error.__context__ = None
            if error.__cause__ is not None:
                error.__cause__.__traceback__ = theirs(error.__cause__.__traceback__)
            raise error.with_traceback(theirs(error.__traceback__))
        return stories[0].story

    def told(self, story: Story) -> str:
        """A story as code, for whoever reads of its failure."""
        code = story.code(self.game, self.invariants, sorted(self.local), self.settings)
        return f"\nThis is what happened, as a test:\n\n{code}\n"


async def play_plan(world: GameWorld, plan: Plan) -> None:
    """Make all moves, with a look at the invariants after each."""
    for move in plan.moves:
        await move.make(world)
        world.check_invariants()


async def play_story(world: GameWorld, story: Story) -> None:
    """Do all steps of a story that was told."""
    for step in story.steps:
        done = getattr(world, step.verb)(*step.args, **step.kwargs)
        if isinstance(done, Awaitable) and step.verb != "submit":
            await done


# --- drops beside a test function -----------------------------------------------------------------


@attrs.frozen
class PlannedDrop:
    """The host is lost, so long after the last time, and comes back as a client."""

    drop: Drop
    after_s: float


@attrs.frozen
class DropPlan:
    """What is drawn for a test function."""

    peers: int
    seed: int
    drops: Sequence[PlannedDrop]

    def shorter(self) -> Iterator[DropPlan]:
        """The same with one drop less, in each way."""
        for place in reversed(range(len(self.drops))):
            drops = [*self.drops[:place], *self.drops[place + 1 :]]
            yield attrs.evolve(self, drops=drops)


async def play_with_drops(world: GameWorld, body: Body, drops: Iterable[PlannedDrop]) -> None:
    """Run `body`, and lose hosts meanwhile. `world.settle` waits for those to come."""
    over = trio.Event()

    async def lose_hosts() -> None:
        for planned in drops:
            await trio.sleep(planned.after_s)
            await _lose_and_find(world, planned.drop)
        world.on_settle = None
        over.set()

    world.on_settle = over.wait
    async with trio.open_nursery() as nursery:
        nursery.start_soon(lose_hosts)
        await body(world)
        await over.wait()


async def _lose_and_find(world: GameWorld, drop: Drop) -> None:
    """Lose the host, wait until there is another, and bring the old one back.

    A host with a command of its own under way is given the time to end it: in the game nobody would
    be left who could ask what became of it.
    """
    await world.until_there_is_a_host()
    if not await keeps_going(world):
        return
    if drop in (Drop.KILL, Drop.VANISH):
        await world.until_it_can_go(world.host)
    lost = await lose_host(world, drop)
    await world.until_there_is_a_host(but=lost)
    if drop in (Drop.FREEZE, Drop.ISOLATE):
        world.heal()
    elif drop in (Drop.KILL, Drop.VANISH):
        await world.restart(lost)


def _error_of(run: Callable[[], object]) -> BaseException | None:
    try:
        run()
    except BaseException as error:  # noqa: BLE001  # raised by the caller
        return first_failure(error)
    return None


def theirs(trace: TracebackType | None) -> TracebackType | None:
    """A traceback without the places in here, which say nothing to the game's author."""
    if trace is None:
        return None
    rest = theirs(trace.tb_next)
    if trace.tb_frame.f_code.co_filename.startswith(_INNER):
        return rest
    return TracebackType(rest, trace.tb_frame, trace.tb_lasti, trace.tb_lineno)


def first_failure(error: BaseException) -> BaseException:
    """The error in a group, however deep; what is not a cancellation comes first."""
    if not isinstance(error, BaseExceptionGroup):
        return error
    inner = [first_failure(each) for each in error.exceptions]
    return next((each for each in inner if not isinstance(each, trio.Cancelled)), inner[0])
