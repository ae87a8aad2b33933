"""What game developers write tests with: `HostDropMachine`, `host_drops` and `simulated`.

All of them make plain test functions that run trio themselves, in virtual time. So they work in any
pytest, also where pytest-trio runs everything that is asynchronous.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any, ClassVar, Final, TypeVar

import hypothesis
from hypothesis import strategies as st

from p2pnet.core.errors import DeclarationError
from p2pnet.core.settings import Settings
from p2pnet.world.game import Game

from .arguments import Arguments
from .drawn import SEED_MAX, Plan, plans
from .expressions import place_of
from .moves import Drop, Incident
from .options import options
from .playing import Body, DropPlan, PlannedDrop, Rules, play_plan, play_with_drops
from .searching import search
from .story import Story
from .world import Invariant

W = TypeVar("W", Drop, Incident)

TestFunction = Callable[..., None]

_AFTER_STEPS_MAX: Final = 30
_AFTER_STEP_S: Final = 0.05
_USUAL_DROPS: Final = ("kill", "vanish", "freeze", "hand_over")
"""Of `host_drops`: those after which the old host comes back with everything that it had."""


class HostDropMachine:
    """Subclass it as `class TestMyGame(HostDropMachine)` and set `game`: pytest does the rest.

    Hypothesis draws stories: commands of the game with arguments that fit their annotations, and
    pauses, and in between the host is lost. After each step `invariants` have to hold, and at the
    end all peers have to agree. A story that fails is made as short as possible and told as code.
    """

    game: ClassVar[Game]

    invariants: ClassVar[Sequence[Invariant]] = ()
    """Functions that get the world, and raise AssertionError or return False."""

    peers: ClassVar[Sequence[int]] = range(2, 6)
    """How many there may be at the beginning."""

    drops: ClassVar[Sequence[int]] = range(1, 4)
    """How often the host may be lost in one story."""

    kinds: ClassVar[Collection[str]] = tuple(Drop)
    """In which ways: `kill`, `vanish`, `freeze`, `hand_over`, `isolate`, `leave`."""

    incidents: ClassVar[Collection[str]] = tuple(Incident)
    """What else may happen: `join`, `restart`, `freeze_client` and so on."""

    commands: ClassVar[Collection[str] | None] = None
    """Only these commands, as `Class.command`; None for all."""

    arguments: ClassVar[Arguments] = {}
    """Strategies where an annotation does not say enough: {"Tank.aim": {"at": ...}}."""

    local: ClassVar[Collection[str]] = ()
    """Attributes and variables that are not replicated on purpose: `Tank.sprite`."""

    session_settings: ClassVar[Settings | None] = None
    """Of p2pnet."""

    settings: ClassVar[hypothesis.settings | None] = None
    """Of Hypothesis: `settings(max_examples=200)`."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if isinstance(getattr(cls, "game", None), Game):
            cls.test_survives_host_drops = _test_of(cls)  # type: ignore[attr-defined]


def _test_of(machine: type[HostDropMachine]) -> TestFunction:
    """The test method of a machine. Raises `DeclarationError` for what can't be drawn."""
    rules = Rules(
        game=machine.game,
        invariants=tuple(machine.invariants),
        local=machine.local,
        settings=machine.session_settings,
    )
    drawn = plans(
        machine.game,
        peers=_numbers(machine.peers, "peers", 1),
        drops=_numbers(machine.drops, "drops", 0),
        arguments=machine.arguments,
        commands=machine.commands,
        kinds=_members(Drop, machine.kinds, "kinds"),
        incidents=_members(Incident, machine.incidents, "incidents"),
    )

    def play(plan: Plan) -> Story:
        return rules.play(functools.partial(play_plan, plan=plan), plan.peers, plan.seed)

    def test_survives_host_drops(self: HostDropMachine) -> None:
        __tracebackhide__ = True
        name = f"{machine.__module__}.{machine.__qualname__}"
        search(name, drawn, play, machine.settings, local=machine.local)

    return test_survives_host_drops


# --- functions ------------------------------------------------------------------------------------


def host_drops(
    game: Game,
    *,
    peers: int | Sequence[int] = range(2, 6),
    drops: int | Sequence[int] | Sequence[tuple[str, float]] = range(1, 4),
    kinds: Collection[str] = _USUAL_DROPS,
    seed: int = 0,
    invariants: Sequence[Invariant] = (),
    local: Collection[str] = (),
    session_settings: Settings | None = None,
    settings: hypothesis.settings | None = None,
) -> Callable[[Callable[..., Awaitable[object]]], TestFunction]:
    """Run an `async def test(world)` again and again, and lose the host meanwhile.

    When and how, Hypothesis draws; `world.settle()` waits until all of it is over. What was killed
    is started again. `drops` as pairs of a kind and the seconds before it plays just that, once.
    """
    rules = Rules(game=game, invariants=invariants, local=local, settings=session_settings)

    def decorate(body: Callable[..., Awaitable[object]]) -> TestFunction:
        if (fixed := _fixed(drops)) is not None:
            count = _numbers(peers, "peers", 1)[0]
            plan = DropPlan(count, seed, fixed)
            return _as_test(body, lambda world_body: _play(rules, world_body, plan))
        counts = _numbers(drops, "drops", 0)  # type: ignore[arg-type]
        drop = st.builds(
            PlannedDrop,
            st.sampled_from(_members(Drop, kinds, "kinds")),
            st.integers(0, _AFTER_STEPS_MAX).map(lambda steps: round(steps * _AFTER_STEP_S, 2)),
        )
        drawn = st.builds(
            DropPlan,
            st.sampled_from(_numbers(peers, "peers", 1)),
            st.integers(0, SEED_MAX),
            st.lists(drop, min_size=min(counts), max_size=max(counts)),
        )
        name = f"{body.__module__}.{getattr(body, '__qualname__', 'test')}"

        def play(world_body: Body) -> None:
            __tracebackhide__ = True
            search(
                *(name, drawn, functools.partial(_play, rules, world_body), settings), local=local
            )

        return _as_test(body, play)

    return decorate


def _play(rules: Rules, body: Body, plan: DropPlan) -> Story:
    """Play a function in one world in which the host is lost like this."""

    def told(story: Story) -> str:
        _, name = place_of(rules.game)
        pairs = ", ".join(f'("{planned.drop.value}", {planned.after_s})' for planned in plan.drops)
        given = f"peers={plan.peers}, seed={plan.seed}, drops=[{pairs}]"
        return f"\nTo play exactly this again:\n\n@host_drops({name}, {given})\n"

    both = functools.partial(play_with_drops, body=body, drops=plan.drops)
    return rules.play(both, plan.peers, plan.seed, told)


def simulated(
    game: Game,
    *,
    peers: int = 2,
    seed: int | None = None,
    invariants: Sequence[Invariant] = (),
    local: Collection[str] = (),
    session_settings: Settings | None = None,
) -> Callable[[Callable[..., Awaitable[object]]], TestFunction]:
    """Run an `async def test(world)` once, in a world with so many peers."""
    rules = Rules(game=game, invariants=invariants, local=local, settings=session_settings)

    def decorate(body: Callable[..., Awaitable[object]]) -> TestFunction:
        def play(world_body: Body) -> None:
            __tracebackhide__ = True
            chosen = options().seed if seed is None else seed
            rules.play(world_body, peers, chosen or 0)

        return _as_test(body, play)

    return decorate


def _as_test(
    body: Callable[..., Awaitable[object]], play: Callable[[Body], object]
) -> TestFunction:
    """A plain test function with the parameters of `body` but for the world."""
    if not inspect.iscoroutinefunction(body):
        raise DeclarationError(
            f"{getattr(body, '__name__', body)!r} has to be an `async def` that takes a world"
        )
    signature = inspect.signature(body)
    if "world" not in signature.parameters:
        raise DeclarationError(f"{body.__name__} has to take a parameter that is called `world`")

    def test(*args: Any, **kwargs: Any) -> None:
        __tracebackhide__ = True
        play(lambda world: body(*args, world=world, **kwargs))

    functools.update_wrapper(test, body)
    others = [p for name, p in signature.parameters.items() if name != "world"]
    # What pytest goes by: without this it would see the coroutine function.
    vars(test).pop("__wrapped__")
    vars(test)["__signature__"] = signature.replace(parameters=others)
    return test


def _fixed(drops: Any) -> list[PlannedDrop] | None:
    """The drops, if they are given one by one; None if only how many."""
    if isinstance(drops, int | range) or not all(isinstance(each, tuple) for each in drops):
        return None
    return [PlannedDrop(Drop(kind), float(after_s)) for kind, after_s in drops]


def _members(words: type[W], given: Collection[str], name: str) -> list[W]:
    """Words as members of their enum. Raises `DeclarationError`."""
    try:
        return [words(word) for word in given]
    except ValueError as error:
        raise DeclarationError(f"{name}: {error}; give some of {', '.join(words)}") from None


def _numbers(given: int | Sequence[int], name: str, least: int) -> list[int]:
    """A number or several, as a list. Raises `DeclarationError`."""
    found = [given] if isinstance(given, int) else list(given)
    if not found or min(found) < least:
        raise DeclarationError(
            f"{name}={given!r}: give a number of at least {least}, or a range of such"
        )
    return found
