from __future__ import annotations

from collections import Counter

import attrs

from p2pnet.core.settings import Settings
from p2pnet.testing.drawing import _DRILL_EVERY, Shape, draw
from p2pnet.testing.drills import DRILLS
from p2pnet.testing.scenario import AMOUNTS, TOGETHER, Drill, Kind, Scenario
from p2pnet.testing.scenario_json import from_json, to_json

MANY = 200


def many(shape: Shape, count: int = MANY) -> list[Scenario]:
    return [draw(1, number, shape) for number in range(count)]


def test_a_scenario_follows_from_its_number_and_the_seed() -> None:
    assert draw(1, 2, Shape()) == draw(1, 2, Shape())
    assert len({draw(seed, number, Shape()).seed for seed in (1, 2) for number in (1, 2)}) == 4


def test_what_is_drawn_keeps_to_its_shape() -> None:
    drawn = many(Shape(players=(3, 5), length_us=40_000_000, delay_us=(7, 8)))
    assert {scenario.players for scenario in drawn} == {3, 4, 5}
    assert {(s.length_us, s.delay_us, s.ways) for s in drawn} == {(40_000_000, (7, 8), ())}


def test_every_kind_of_fault_is_drawn_and_every_amount_is_allowed() -> None:
    steps = [step for scenario in many(Shape()) for step in scenario.steps]
    assert {step.kind for step in steps} >= set(Kind) - {Kind.WRITE, Kind.RESUME, Kind.HEAL}
    for step in steps:
        low, high = AMOUNTS.get(step.kind, (0, 0))
        assert low <= step.amount <= high, step


def test_where_seats_expire_early_no_link_outlasts_a_cut() -> None:
    usual = Settings()
    randoms = (s for s in many(Shape()) if s.drill is None)
    early = [s for s in randoms if s.settings.seat_us != usual.seat_us]
    apart = [s for s in early if any(step.kind not in TOGETHER for step in s.steps)]
    assert apart and len(apart) < len(early)
    assert all(s.settings.dead_link_us < s.settings.seat_us for s in apart)


def test_now_and_then_a_drill_is_held_that_fits() -> None:
    often = {drill: rules.often for drill, rules in DRILLS.items()}
    drawn = many(Shape(), _DRILL_EVERY * sum(often.values()))
    drills = [s for s in drawn if s.drill is not None]
    assert Counter(s.drill for s in drills) == often
    for scenario in drills:
        rules = DRILLS[Drill(scenario.drill)]
        assert rules.players <= scenario.players <= rules.players_max
    of_two = [s for s in many(Shape(players=(2, 2))) if s.drill is not None]
    assert of_two and all(s.players == 2 for s in of_two)
    assert not any(s.drill for s in many(Shape(players=(9, 64))))


def test_what_is_drawn_can_be_written_down_and_read() -> None:
    for scenario in many(Shape())[:40]:
        assert attrs.asdict(from_json(to_json(scenario))) == attrs.asdict(scenario)
