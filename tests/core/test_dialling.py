from __future__ import annotations

from p2pnet.core.dialling import Dialling
from p2pnet.core.settings import Settings

THERE = ("there",)
SETTINGS = Settings()


def test_who_is_said_to_be_elsewhere_is_dialled_there_at_once() -> None:
    dial = Dialling()
    assert dial.begin(0, THERE) == THERE
    assert dial.begin(1, THERE) == ()
    assert dial.begin(2, ("elsewhere", *THERE)) == ("elsewhere",)
    assert dial.began_us == 2
    assert dial.begin(3, ("nowhere",)) == (), "there is a limit to that"


def test_there_is_no_wait_before_the_last_dial_has_failed() -> None:
    dial = Dialling()
    for now, where in enumerate((THERE, ("elsewhere",))):
        dial.begin(now, where)
    dial.failed(4, SETTINGS)
    assert dial.under_way == 1 and dial.waits(10**9)
    assert dial.begin(5, ("elsewhere",)) == (), "it is dialled there still"
    dial.failed(6, SETTINGS)
    assert dial.waits(6 + SETTINGS.redial_us_min - 1)
    assert not dial.waits(6 + SETTINGS.redial_us_min)
    assert dial.begin(10**9, THERE) == THERE


def test_waits_double_up_to_a_limit() -> None:
    dial, waits = Dialling(), []
    for _ in range(20):
        dial.failed(0, SETTINGS)
        waits.append(dial.next_us)
    assert waits[:5] == [250_000, 400_000, 400_000, 400_000, 400_000]
    assert set(waits[4:]) == {400_000}


def test_a_link_that_nobody_dialled_here_counts_from_when_it_came_up() -> None:
    dial = Dialling()
    assert dial.led_to_a_link(7) == 7
    assert dial.led_to_a_link(9) == 7
    assert dial.begin(10, THERE) == (), "it is on its way to nobody knows where"


def test_a_dial_began_before_its_link_was_there() -> None:
    dial = Dialling()
    dial.begin(3, THERE)
    assert dial.led_to_a_link(9) == 3
