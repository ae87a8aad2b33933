from __future__ import annotations

import pytest

from p2pnet.core.detector import Detector, Light
from p2pnet.core.settings import Settings

H = Settings().heartbeat_us


def steady(gap: int, frames: int = 50) -> Detector:
    """A detector that heard a frame in each gap."""
    detector = Detector(Settings(), 0)
    for number in range(1, frames + 1):
        detector.heard(number * gap)
    return detector


@pytest.mark.parametrize(
    ("silence", "light"),
    [
        (0, Light.GREEN),
        (H * 3 // 2 - 1, Light.GREEN),
        (H * 3 // 2, Light.YELLOW),
        (3 * H - 1, Light.YELLOW),
        (3 * H, Light.RED),
        (900 * H, Light.RED),
    ],
)
def test_the_light_depends_on_the_silence(silence: int, light: Light) -> None:
    detector = steady(H)
    assert detector.light(detector.heard_us + silence) is light


def test_a_busy_link_does_not_make_red_come_sooner_than_three_heartbeats() -> None:
    detector = steady(gap=1_000)
    assert detector.red_us - detector.heard_us == 3 * H


def test_a_slow_link_gets_more_patience_up_to_a_limit() -> None:
    assert steady(2 * H).red_us - steady(2 * H).heard_us == pytest.approx(6 * H, rel=0.01)
    patient = steady(50 * H)
    assert patient.red_us - patient.heard_us == 15 * H


def test_one_late_frame_changes_the_gap_by_a_fifth_of_the_difference() -> None:
    detector = steady(H)
    detector.heard(detector.heard_us + 2 * H)
    assert detector.gap_us == H + H // 5


def test_sleep_is_forgiven_without_learning_from_it() -> None:
    detector = steady(H)
    woke = detector.heard_us + 25 * H
    detector.forgive(woke)
    assert detector.light(woke + H) is Light.GREEN
    assert detector.gap_us == H


def test_lights_are_ordered_by_how_bad_they_are() -> None:
    assert Light.GREEN < Light.YELLOW < Light.RED


def test_one_long_silence_is_an_accident_and_two_are_a_habit() -> None:
    detector = steady(H)
    for silence, gap in ((4 * H, H), (4 * H, 4 * H)):
        detector.heard(detector.heard_us + silence)
        for _ in range(20):  # until the average is what it was
            detector.heard(detector.heard_us + H)
        assert detector.gap_us == pytest.approx(gap, rel=0.2)
    assert detector.stalls


def test_a_habit_is_unlearned_in_about_a_minute() -> None:
    detector = steady(H)
    for _ in range(2):
        detector.heard(detector.heard_us + 4 * H)
    for _ in range(400):
        detector.heard(detector.heard_us + H)
    assert detector.gap_us < H + H // 2 and not detector.stalls


def test_a_link_that_was_broken_teaches_no_habit() -> None:
    detector = steady(H)
    for _ in range(5):
        detector.heard(detector.heard_us + 16 * H)
        for _ in range(20):
            detector.heard(detector.heard_us + H)
    assert detector.gap_us == pytest.approx(H, rel=0.1) and not detector.stalls


def test_where_the_network_loses_much_a_long_silence_says_little() -> None:
    """Eight stalls within a minute: with a third of all segments lost that is usual."""
    watch = Detector(Settings(), 0)
    now = 0
    for _ in range(8):
        now += 500_000
        watch.heard(now)
    assert watch.light(now + 8_900_000) is not Light.RED
    assert watch.light(now + 9_000_000) is Light.RED
    for _ in range(700):
        now += 100_000
        watch.heard(now)
    assert watch.light(now + 1_600_000) is Light.RED, "that was a minute ago"


def test_seven_stalls_are_no_weather() -> None:
    watch = Detector(Settings(), 0)
    for number in range(1, 8):
        watch.heard(number * 500_000)
    assert watch.light(3_500_000 + 3_000_000) is Light.RED


def test_the_gap_is_no_shorter_than_the_round_trip() -> None:
    detector = steady(H)
    detector.measured(2 * H)
    detector.heard(detector.heard_us + H)
    assert detector.gap_us == 2 * H
    detector.habit.round_trip_us = 9 * H
    detector.heard(detector.heard_us + H)
    assert detector.gap_us == 5 * H


def test_other_settings_count_at_once() -> None:
    detector = steady(H)
    detector.adjust(Settings(red_tenths=40))
    assert not detector.is_red(detector.heard_us + 4 * H - 1)
    assert detector.is_red(detector.heard_us + 4 * H)


def test_at_rest_silence_counts_from_when_a_frame_is_due() -> None:
    detector = steady(H)
    heard_us = detector.heard_us
    detector.watch(heard_us, beats=5)
    assert detector.heard_us == heard_us and detector.yellow_us == heard_us + 11 * H // 2
    for number in range(1, 20):
        detector.heard(heard_us + number * 5 * H)
    assert detector.gap_us == H and not detector.stalls and not detector.habit.stalls
    assert detector.red_us == heard_us + 19 * 5 * H + 7 * H


@pytest.mark.parametrize(
    ("silence_us", "left_us"),
    [(0, 3 * H // 2), (H // 4, 5 * H // 4), (4 * H, H), (5 * H, H // 2), (6 * H, -H // 2)],
)
def test_who_is_watched_again_has_time_to_answer(silence_us: int, left_us: int) -> None:
    """Half a gap counts as silence at most, and what is late by the rules of rest stays late."""
    detector = steady(H)
    detector.watch(detector.heard_us, beats=5)
    now = detector.heard_us + silence_us
    detector.watch(now, beats=1)
    assert detector.yellow_us - now == left_us and detector.rest_us == 0


def test_frames_that_come_in_time_teach_nothing() -> None:
    detector = steady(H)
    for _ in range(50):
        detector.heard(detector.heard_us + 5 * H // 4)
    assert detector.gap_us == H and detector.habit.longest_us <= 5 * H // 4
    assert steady(gap=41 * H // 40).gap_us == H


def test_a_habit_of_another_link_to_the_same_peer_is_heeded() -> None:
    detector = steady(H)
    for silence_us in (3 * H, 3 * H):
        detector.habit.learn(silence_us)
    detector.heard(detector.heard_us + H)
    assert detector.gap_us == pytest.approx(3 * H, rel=0.02)
