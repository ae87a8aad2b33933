from __future__ import annotations

from collections.abc import Iterator

import attrs
import pytest
from hypothesis import settings
from hypothesis import strategies as st

from p2pnet.testing import Mistake, MistakeKind, MistakesFound
from p2pnet.testing.games.options import OPTIONS, Options
from p2pnet.testing.games.searching import STORIES, chosen, search, shortest
from p2pnet.testing.games.story import Step, Story

QUIET = settings(max_examples=20, database=None)


@attrs.frozen
class Numbers:
    values: tuple[int, ...]

    def shorter(self) -> Iterator[Numbers]:
        for place in range(len(self.values)):
            yield Numbers(self.values[:place] + self.values[place + 1 :])


NUMBERS = st.builds(Numbers, st.lists(st.integers(0, 9), max_size=6).map(tuple))


def play(plan: Numbers) -> Story:
    if sum(plan.values) > 9:
        error = MistakesFound([Mistake(MistakeKind.LOST_STATE, "A.x", str(plan.values))])
        error.add_note("the story")
        raise error
    steps = [Step("submit")] * len(plan.values)
    return Story(2, steps=tuple(steps), hosts_lost=1, length_s=2.0)


def test_the_shortest_failure_is_told_without_what_hypothesis_says() -> None:
    with pytest.raises(MistakesFound) as caught:
        search("numbers", NUMBERS, play, QUIET, seed=1)
    assert caught.value.__notes__ == ["the story"]
    values = eval(caught.value.mistakes[0].evidence)
    assert sum(values) > 9 and all(sum(values) - value <= 9 for value in values)


def test_what_was_played_is_counted() -> None:
    token = OPTIONS.set(Options(stories=7))
    try:
        told: list[Story] = []
        search("none", st.builds(Numbers, st.just(())), play, on_story=told.append)
        search("few", st.builds(Numbers, st.tuples(st.integers(0, 9))), play)
        none, few = OPTIONS.get().outcomes
    finally:
        OPTIONS.reset(token)
    assert none.stories == 1 == len(told)
    assert few.stories == few.commands == few.hosts_lost == 7
    assert few.virtual_s == 14


def test_the_same_seed_gives_the_same_stories() -> None:
    def drawn(seed: int) -> list[int]:
        lengths: list[int] = []
        search(
            "same", NUMBERS.filter(lambda n: sum(n.values) < 10), play, QUIET, seed,
            lambda story: lengths.append(len(story.steps)),
        )  # fmt: skip
        return lengths

    assert drawn(3) == drawn(3) != drawn(4)


def test_leaving_out_goes_on_until_nothing_can_be_left_out() -> None:
    plan = Numbers((1, 9, 2, 9, 3))
    with pytest.raises(MistakesFound) as caught:
        play(plan)
    found = shortest(plan, play, caught.value)
    assert isinstance(found, MistakesFound)
    assert len(eval(found.mistakes[0].evidence)) == 2


def test_a_failure_that_does_not_come_again_is_left_as_it_is() -> None:
    error = ValueError()
    assert shortest(Numbers(()), play, error) is error


def test_settings_are_those_of_the_test_and_else_fit_for_virtual_time() -> None:
    assert chosen(settings(max_examples=3)).max_examples == 3
    assert chosen(settings(max_examples=3)).deadline is None
    usual = chosen(None)
    assert usual.max_examples in (STORIES, settings().max_examples)
