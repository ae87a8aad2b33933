"""Migrations are put together from what was told of them."""

from __future__ import annotations

import pytest

from p2pnet.testing.report.migrations import PHASES
from p2pnet.testing.report.picture import Picture
from p2pnet.testing.scenario import Kind, Scenario, Step

from .conftest import played


def test_a_host_that_vanishes_and_one_that_crashes(lost_twice: Picture) -> None:
    first, second = lost_twice.migrations
    names = [lane.name for lane in lost_twice.lanes]
    assert (names[first.old or 0], first.cause, names[first.new]) == ("peer0", "vanishes", "peer1")
    assert (names[second.old or 0], second.cause) == ("peer1", "crashes")
    for migration in (first, second):
        assert tuple(phase.name for phase in migration.phases) == PHASES
        assert migration.phases[0].from_us == migration.from_us
    assert 400_000 < first.phases[0].to_us - first.from_us < 700_000  # silence takes long to see
    assert second.phases[0].to_us - second.from_us < 30_000  # a link that closes does not


def test_the_phases_end_when_it_was_told(lost_twice: Picture) -> None:
    migration = lost_twice.migrations[0]
    at = {mark.word: mark.at_us for mark in reversed(lost_twice.marks)}
    ends = {phase.name: phase.to_us for phase in migration.phases}
    assert migration.from_us == at["vanishes"]
    assert ends["detected"] == at["host lost"]
    assert ends["claimed"] == at["claim 2"]
    assert ends["crowned"] == at["crown 2"]
    assert ends["rejoined"] == max(m.at_us for m in lost_twice.marks if m.word == "follows 2")


def test_a_handover_has_nothing_to_detect() -> None:
    picture = played(Scenario(3, (Step(Kind.HAND_OVER, 100_000, 1),))).picture
    (migration,) = picture.migrations
    assert migration.cause == "hands over"
    assert [phase.name for phase in migration.phases] == ["crowned", "rejoined"]


def test_a_part_that_is_cut_off_gets_a_host_of_its_own(cut_off: Picture) -> None:
    (migration,) = cut_off.migrations
    assert (migration.old, migration.cause) == (0, "is cut off")
    began = min(trouble.from_us for trouble in cut_off.troubles)
    assert migration.from_us == began
    ended = max(trouble.to_us for trouble in cut_off.troubles)
    assert migration.to_us < ended  # who comes over when all is mended was never without a host


@pytest.mark.parametrize("seed", range(3))
def test_phases_never_go_back(seed: int) -> None:
    steps = (Step(Kind.VANISH, 100_000), Step(Kind.CRASH, 520_000), Step(Kind.RESET, 90_000, 1))
    picture = played(Scenario(6, steps, seed=seed)).picture
    assert picture.migrations
    for migration in picture.migrations:
        assert all(phase.from_us <= phase.to_us for phase in migration.phases)
