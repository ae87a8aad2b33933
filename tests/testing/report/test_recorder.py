"""The picture of a run holds what was said and done, no more and no less."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import attrs

from p2pnet.core.codec import decode
from p2pnet.core.effects import Effect, Emit, Send
from p2pnet.core.events import BecameHost, ClaimMade
from p2pnet.core.messages import Carried, Carry
from p2pnet.core.states import State
from p2pnet.testing.core_world import CoreWorld
from p2pnet.testing.playing import finish, prepare
from p2pnet.testing.report.picture import Doing, Family, Picture, Sort
from p2pnet.testing.report.recorder import Recorder
from p2pnet.testing.scenario import Kind, Lane, Scenario, Step
from p2pnet.testing.sim_peer import Observer, SimPeer
from p2pnet.testing.transcript import Transcript

from .conftest import LOST_TWICE


@attrs.define(eq=False)
class Clerk(Observer):
    """Counts in another way."""

    said: Counter[str] = attrs.field(factory=Counter)
    events: Counter[type] = attrs.field(factory=Counter)

    def did(self, now: int, peer: SimPeer, effect: Effect, targets: tuple[SimPeer, ...]) -> None:
        if isinstance(effect, Send):
            frame = decode(effect.data)
            while isinstance(frame, Carry | Carried) and frame.data:
                frame = decode(frame.data)
            self.said[type(frame).__name__] += len(targets)
        elif isinstance(effect, Emit):
            self.events[type(effect.event)] += 1


def recorded(scenario: Scenario) -> tuple[Picture, Clerk]:
    run, clerk = prepare(scenario), Clerk()
    recorder = Recorder(Transcript(run.world))
    run.world.observers.append(clerk)
    finish(run)
    return recorder.picture("t", "s", "o", None), clerk


def test_every_message_is_an_arrow_and_every_event_a_mark() -> None:
    picture, clerk = recorded(LOST_TWICE)
    assert Counter(arrow.kind for arrow in picture.arrows) == clerk.said
    sorts = Counter[Sort]()
    for mark in picture.marks:
        sorts[mark.sort] += mark.times
    assert sorts[Sort.CROWN] == clerk.events[BecameHost] == 2
    assert sorts[Sort.CLAIM] == clerk.events[ClaimMade] == 2


def test_messages_arrive_after_the_delay_of_the_network_or_never(lost_twice: Picture) -> None:
    taken = [a.taken_us - a.sent_us for a in lost_twice.arrows if a.taken_us is not None]
    assert taken and min(taken) >= 20_000 and max(taken) <= 30_000
    gone = next(i for i, lane in enumerate(lost_twice.lanes) if lane.name == "peer0")
    died_us = next(m.at_us for m in lost_twice.marks if m.word == "vanishes")
    late = [a for a in lost_twice.arrows if a.target == gone and a.sent_us > died_us]
    assert late and all(arrow.taken_us is None for arrow in late)


def test_heartbeats_are_there_with_their_arrival(lost_twice: Picture) -> None:
    beats = [a for a in lost_twice.arrows if a.family is Family.HEARTBEATS]
    assert len(beats) > 100
    assert any(arrow.taken_us is not None for arrow in beats)


def test_real_peers_in_a_simulated_world_make_the_same_picture() -> None:
    steps = (Step(Kind.CRASH, 200_000), Step(Kind.NUDGE, 500_000))
    picture, clerk = recorded(Scenario(3, steps, lane=Lane.TRIO))
    assert Counter(arrow.kind for arrow in picture.arrows) == clerk.said
    (migration,) = picture.migrations
    assert migration.cause == "crashes"
    beats = [a for a in picture.arrows if a.family is Family.HEARTBEATS and a.target != 0]
    assert len([a for a in beats if a.taken_us is not None]) > 0.9 * len(beats)


def test_bands_follow_one_another_and_end_with_the_process(lost_twice: Picture) -> None:
    for number, lane in enumerate(lost_twice.lanes):
        bands = [band for band in lost_twice.bands if band.lane == number]
        assert bands[0].from_us == lost_twice.from_us
        assert all(one.to_us == next_.from_us for one, next_ in pairwise(bands))
        died = [m.at_us for m in lost_twice.marks if m.lane == number and m.sort is Sort.DEATH]
        assert bands[-1].to_us == (died[0] if died else lost_twice.to_us), lane


def test_who_hosted_when(lost_twice: Picture) -> None:
    names = [(lost_twice.lanes[r.lane].name, r.number) for r in lost_twice.reigns]
    assert names == [("peer0", 1), ("peer1", 2), ("peer2", 3)]
    assert len(lost_twice.gaps) == 2


def test_a_host_that_stands_still_rules_nobody(asleep: Picture) -> None:
    (trouble,) = asleep.troubles
    assert trouble.to_us - trouble.from_us == 2_000_000
    assert asleep.reigns[0].to_us == trouble.from_us
    assert asleep.migrations[0].cause == "stands still"


def test_cuts_are_seen_from_both_sides(cut_off: Picture) -> None:
    assert {trouble.lane for trouble in cut_off.troubles} == set(range(5))
    assert {t.to_us - t.from_us for t in cut_off.troubles} <= set(range(1_400_000, 1_600_000))
    assert "cut off from peer" in cut_off.troubles[0].text
    assert any(mark.word == "reigns meet" for mark in cut_off.marks)


def test_who_comes_back_with_its_key_has_the_same_lane_and_an_impostor_its_own() -> None:
    steps = (Step(Kind.CRASH, 90_000, 2), Step(Kind.RESTART, 500_000), Step(Kind.IMPOSTOR, 1, 0, 1))
    picture, _ = recorded(Scenario(3, steps))
    assert [lane.name for lane in picture.lanes] == ["peer0", "peer1", "peer2", "impostor"]
    assert [lane.doubtful for lane in picture.lanes] == [False, False, False, True]
    again = [band for band in picture.bands if band.lane == 2]
    assert len([band for band in again if band.doing is Doing.CLIENT]) == 2


def test_what_no_core_has_sent_is_noise() -> None:
    steps = (Step(Kind.GARBAGE, 10_000, 1, 0), Step(Kind.REPLAY, 200_000, 0, 1))
    picture, _ = recorded(Scenario(3, steps))
    noise = [arrow for arrow in picture.arrows if arrow.family is Family.NOISE]
    assert noise and all(arrow.taken_us is not None for arrow in noise)


def test_a_broken_invariant_is_marked_and_is_the_outcome() -> None:
    world = CoreWorld()
    world.game(2)
    recorder = Recorder(Transcript(world))
    world.run_for(1_000_000)
    picture = recorder.picture("t", "s", "fine", "S05 promise-once: peer1 broke it")
    assert (picture.outcome, picture.is_good) == ("S05 promise-once: peer1 broke it", False)
    assert picture.marks[-1].sort is Sort.VIOLATION
    assert picture.marks[-1].at_us == world.now


def test_states_have_all_a_look() -> None:
    from p2pnet.testing.report.recorder import DOING

    assert set(DOING) == set(State) - {State.LEFT}
