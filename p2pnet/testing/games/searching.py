"""How Hypothesis looks for a story that fails, and how it is told when there is one."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from typing import Any, Final, Protocol, TypeVar

import attrs
import hypothesis
from hypothesis import HealthCheck, Phase

from .mistakes import MistakesFound
from .options import Outcome, options
from .playing import theirs
from .story import Story
from .tries import Tries

P = TypeVar("P", bound="Shortenable")

STORIES: Final = 50
"""Of one test, unless the test, a settings profile or the command line say otherwise."""


class Shortenable(Protocol):
    """Something drawn that can be played, and still makes sense when a part is missing."""

    def shorter(self: P) -> Iterable[P]:
        """The same without one of its parts, in each way."""


def search(
    name: str,
    drawn: hypothesis.strategies.SearchStrategy[P],
    play: Callable[[P], Story],
    settings: hypothesis.settings | None = None,
    seed: int | None = None,
    on_story: Callable[[Story], None] = lambda story: None,
    local: Collection[str] = (),
) -> None:
    """Play what is drawn until something fails; then what is raised for the shortest such story.

    `name` is where Hypothesis keeps what failed, to try it first the next time. `local` are the
    places of mistakes that are none.
    """
    __tracebackhide__ = True
    played = _Played()
    failing: list[P] = []

    limits = chosen(settings)
    show = options().show or _show_nothing

    def play_one(plan: P) -> None:
        show(played.line(name, limits.max_examples, bool(failing)))
        try:
            story = play(plan)
        except Exception:
            failing[:] = [plan]
            raise
        if not failing:  # afterwards it is only made shorter
            played.add(story)
            on_story(story)

    play_one.__name__ = play_one.__qualname__ = re.sub(r"\W", "_", name)
    test = hypothesis.given(drawn)(play_one)
    seed = options().seed if seed is None else seed
    if seed is not None:
        test = hypothesis.seed(seed)(test)
    error = _error_of(limits(test))
    show("")
    options().outcomes.append(played.outcome(name))
    if error is not None and failing:
        error = shortest(failing[0], play, error)
        error.__traceback__ = theirs(error.__traceback__)
    if error is None and (never := [m for m in played.tries.mistakes() if m.place not in local]):
        error = MistakesFound(never)
    if error is not None:
        raise error


def chosen(settings: hypothesis.settings | None) -> hypothesis.settings:
    """The settings of Hypothesis, made fit for tests in virtual time."""
    base = hypothesis.settings() if settings is None else settings
    stories = options().stories
    if stories is None:
        is_untouched = settings is None and base.max_examples == _usual_examples()
        stories = STORIES if is_untouched else base.max_examples
    return hypothesis.settings(
        base,
        max_examples=stories,
        deadline=None,  # which is by the clock on the wall
        # What it explains are lines of p2pnet, and tracing them takes most of the time.
        phases=[phase for phase in base.phases if phase is not Phase.explain],
        report_multiple_bugs=False,
        print_blob=False,
        suppress_health_check=[*base.suppress_health_check, HealthCheck.too_slow],
    )


def _usual_examples() -> int:
    return hypothesis.settings.get_profile("default").max_examples


def shortest(plan: P, play: Callable[[P], Story], error: Exception) -> Exception:
    """What is raised in the end, when everything is left out that can be.

    Hypothesis does most of it; but where one part is left out, others often may go as well, and its
    notes are of its own choices, which say nothing to anybody.
    """
    found = _failure(plan, play)
    if found is None or not _is_the_same(found, error):
        return error  # it does not fail each time: leave it as it is
    is_shorter = True
    while is_shorter:
        is_shorter = False
        for candidate in plan.shorter():
            failure = _failure(candidate, play)
            if failure is not None and _is_the_same(failure, found):
                plan, found, is_shorter = candidate, failure, True
                break
    return found


def _show_nothing(line: str) -> None:
    """Where there is no terminal."""


def _error_of(test: Callable[[], None]) -> Exception | None:
    """What the test raises. Caught here, so that nothing that comes later is raised within it."""
    __tracebackhide__ = True
    try:
        test()
    except Exception as error:  # noqa: BLE001  it is raised in the end
        return error
    return None


def _failure(plan: P, play: Callable[[P], Story]) -> Exception | None:
    __tracebackhide__ = True
    try:
        play(plan)
    except Exception as error:  # noqa: BLE001  # it is raised in the end
        return error
    return None


def _is_the_same(one: Exception, other: Exception) -> bool:
    """Whether two errors are of one kind, and name the same mistakes."""
    if isinstance(one, MistakesFound) and isinstance(other, MistakesFound):
        return one.key == other.key
    return type(one) is type(other)


@attrs.define
class _Played:
    """What was played so far."""

    stories: int = 0
    commands: int = 0
    hosts_lost: int = 0
    virtual_s: float = 0.0
    tries: Tries = attrs.field(factory=Tries)

    def add(self, story: Story) -> None:
        self.tries.add(story.tries)
        self.stories += 1
        self.commands += story.commands
        self.hosts_lost += story.hosts_lost
        self.virtual_s += story.length_s

    def line(self, name: str, stories: int, has_failed: bool) -> str:
        """How far it is, in one line."""
        test = name.rpartition(".")[2]
        if has_failed:
            return f"{test}: story {self.stories + 1} failed, looking for the shortest that does"
        return f"{test}: {self.stories} of {stories} stories, {self.hosts_lost} changes of host"

    def outcome(self, name: str) -> Outcome:
        values: dict[str, Any] = attrs.asdict(self, filter=lambda field, _: field.name != "tries")
        return Outcome(name=name, **values)
