"""What follows from the parts of a picture."""

from __future__ import annotations

import attrs
import pytest

from p2pnet.core.messages import AnyFrame
from p2pnet.testing.report.picture import (
    FAMILIES,
    Band,
    Doing,
    Family,
    Phase,
    Picture,
    Reign,
    milliseconds,
)

EMPTY = Picture("", "", "", True, 0, 100, (), (), (), (), (), (), ())


def test_every_frame_has_a_family() -> None:
    kinds = {kind.__name__ for kind in AnyFrame.__args__} | {"Noise"}
    assert set(FAMILIES) == kinds - {"Carry", "Carried"}
    assert set(FAMILIES.values()) == set(Family)
    told = [FAMILIES[kind] for kind in ("Claim", "Welcome", "Command", "Ping", "Hello")]
    assert told == [
        Family.SUCCESSION,
        Family.SEATS,
        Family.WORK,
        Family.DETECTION,
        Family.GREETING,
    ]


def test_gaps_are_where_nobody_reigns() -> None:
    reigns = (Reign(1, 0, 10, 30), Reign(2, 1, 20, 40), Reign(3, 0, 55, 90))
    picture = attrs.evolve(EMPTY, reigns=reigns)
    assert picture.gaps == ((0, 10), (40, 55), (90, 100))
    assert picture.longest_gap_us == 15
    last = Band(0, Doing.HOST, "", 3, 0, 55, 90)
    assert attrs.evolve(picture, bands=(last,)).gaps[-1] == (40, 55)  # then all have left


def test_an_outage_lasts_until_the_peer_follows_again() -> None:
    def band(lane: int, doing: Doing, from_us: int, to_us: int) -> Band:
        return Band(lane, doing, "", 0, 0, from_us, to_us)

    bands = (
        band(0, Doing.SEATING, 0, 60),  # a newcomer has lost nobody
        band(0, Doing.CLIENT, 60, 70),
        band(0, Doing.OUT, 70, 75),
        band(0, Doing.SEATING, 75, 90),
        band(1, Doing.OUT, 0, 5),
    )
    assert attrs.evolve(EMPTY, bands=bands).longest_outage_us == 20
    assert EMPTY.longest_outage_us == 0


def test_calm_at_the_end_is_left_out(lost_twice: Picture) -> None:
    assert lost_twice.migrations[-1].to_us < lost_twice.busy_to_us < lost_twice.to_us
    assert lost_twice.seen_from_us < lost_twice.from_us


@pytest.mark.parametrize(
    ("us", "text"),
    [
        (0, "0 ms"),
        (1_500, "1.5 ms"),
        (99_960, "100 ms"),
        (554_321, "554 ms"),
        (12_340_000, "12.3 s"),
    ],
)
def test_durations(us: int, text: str) -> None:
    assert milliseconds(us) == text
    assert Phase("x", 5, 5 + us).ms == text
