from __future__ import annotations

import pytest

from p2pnet.core.detector import Detector
from p2pnet.core.link_state import CALM_BEATS, REST_BEATS, LinkState
from p2pnet.core.messages import Piece
from p2pnet.core.settings import Settings
from p2pnet.core.values import Epoch, LinkId, PeerId

RED_US = Settings().red_us
FIRST, SECOND = Epoch(1, PeerId("ana"), 0), Epoch(2, PeerId("bo"), 0)


@pytest.fixture
def state() -> LinkState:
    return LinkState(LinkId(1), None, Detector(Settings(), 0), sent_us=0)


def test_only_the_latest_ping_can_be_answered(state: LinkState) -> None:
    assert not state.ponged(5, 0), "nobody asked"
    state.ping_us, state.ping_token = 10, 2
    assert not state.ponged(20, 1), "an older one"
    assert state.ponged(50, 2) and state.rtt_us == 40
    assert not state.ponged(60, 2), "answered already"


def test_round_trips_are_smoothed(state: LinkState) -> None:
    for took, smoothed in ((40_000, 40_000), (60_000, 45_000)):
        state.ping_us = 0
        assert state.ponged(took, state.ping_token) and state.rtt_us == smoothed


def test_one_pong_that_took_long_says_little(state: LinkState) -> None:
    for took in (40_000, 900_000, 40_000):
        state.ping_us = 0
        assert state.ponged(took, state.ping_token)
    assert state.rtt_us == pytest.approx(47_500)


def test_a_link_on_which_we_ask_in_vain_is_no_good(state: LinkState) -> None:
    state.ask(0, FIRST)
    for now in range(0, 2 * RED_US, 100_000):
        state.detector.heard(now)
        state.ask(now, FIRST)
        assert state.unanswered_us(now) == now
        assert not state.is_deaf(now) and state.is_good(now)
    assert state.is_deaf(2 * RED_US) and not state.is_good(2 * RED_US)


def test_who_asks_for_a_seat_under_another_reign_begins_anew(state: LinkState) -> None:
    state.ask(0, FIRST)
    state.ask(2 * RED_US, SECOND)
    state.detector.heard(2 * RED_US)
    assert not state.is_deaf(2 * RED_US) and state.is_good(2 * RED_US)


def test_a_link_on_which_a_long_answer_comes_in_is_not_deaf(state: LinkState) -> None:
    state.ask(0, FIRST)
    assert state.pieces.add(Piece(1, b"x"), 1_000) is None
    assert not state.is_deaf(9 * RED_US)


@pytest.mark.parametrize(
    ("calm", "said_calm", "beats"),
    [(False, False, 1), (False, True, 1), (True, False, CALM_BEATS), (True, True, REST_BEATS)],
)
def test_how_often_the_other_end_is_to_be_heard(
    state: LinkState, calm: bool, said_calm: bool, beats: int
) -> None:
    state.say(0, said_calm)
    state.hear(0, calm)
    assert state.detector.yellow_us == (2 * beats + 1) * Settings().heartbeat_us // 2
    assert state.rests == (calm and said_calm)


def test_who_is_told_of_a_reign_is_not_told_again_at_once(state: LinkState) -> None:
    state.tell(0, FIRST, SECOND)
    assert not state.is_to_tell(Settings().heartbeat_us // 2 - 1, FIRST, SECOND)
    assert state.is_to_tell(Settings().heartbeat_us // 2, FIRST, SECOND)
