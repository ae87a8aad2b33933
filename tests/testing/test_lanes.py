from __future__ import annotations

import attrs
import pytest

from p2pnet.testing.core_world import CoreWorld
from p2pnet.testing.lanes import world_of
from p2pnet.testing.playing import finish, play, prepare
from p2pnet.testing.scenario import Kind, Lane, Scenario, Step, Way
from p2pnet.testing.scenario_json import from_json, to_json
from p2pnet.testing.trace import Trace
from p2pnet.testing.transcript import Transcript
from p2pnet.testing.trio_lane import TrioLane

STORY = Scenario(
    4,
    (
        Step(Kind.SUBMIT, peer=1),
        Step(Kind.HAND_OVER, 1_000_000, peer=2),
        Step(Kind.SUBMIT, 10_000, peer=3),
        Step(Kind.PAUSE, 1_000_000, for_us=3_000_000),
        Step(Kind.HALVES, 5_000_000, amount=2, for_us=4_000_000),
        Step(Kind.SUBMIT, 1_000_000, peer=3),
        Step(Kind.SUBMIT, 10_000, peer=0),
        Step(Kind.CRASH, 5_000_000),
    ),
)


def test_each_lane_has_its_world() -> None:
    world = world_of(STORY)
    assert isinstance(world, CoreWorld)
    for lane in (Lane.TRIO, Lane.WIRE):
        way = Way(0, 1, (7, 8))
        world = world_of(attrs.evolve(STORY, lane=lane, ways=(way,)))
        assert isinstance(world, TrioLane) and world.network.ways == {(0, 1): (7, 8)}
        world.close()
        world.close()


def test_a_scenario_takes_its_lane_along() -> None:
    scenario = attrs.evolve(STORY, lane=Lane.TRIO)
    assert '"lane": "trio"' in to_json(scenario)
    assert from_json(to_json(scenario)) == scenario
    assert "lane" not in to_json(STORY)


def test_all_lanes_come_through_the_same_hard_places() -> None:
    runs = {lane: play(attrs.evolve(STORY, lane=lane)) for lane in Lane}
    reached = {lane: set(run.tally.reached) for lane, run in runs.items()}
    assert reached[Lane.CORE] <= reached[Lane.TRIO], "which are flooded besides, in the end"
    assert reached[Lane.CORE] <= reached[Lane.WIRE]
    assert {run.watch.reigns for run in runs.values()} == {runs[Lane.CORE].watch.reigns}
    assert all(run.watch.acknowledged for run in runs.values())


@pytest.mark.parametrize("lane", list(Lane))
def test_a_run_repeats_itself_and_can_be_told(lane: Lane) -> None:
    digests, stories = [], []
    for _ in range(2):
        trace = Trace()
        run = prepare(attrs.evolve(STORY, lane=lane), trace)
        transcript = Transcript(run.world)
        finish(run)
        digests.append(trace.digest)
        stories.append(transcript.text)
    assert digests[0] == digests[1] and stories[0] == stories[1]
    assert "Command #1 'c1', settled below 1" in stories[0]
