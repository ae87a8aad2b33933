from __future__ import annotations

from typing import Final

import pytest

from p2pnet.core.settings import Policy, Settings
from p2pnet.testing import apart
from p2pnet.testing.apart import Apart, late_us
from p2pnet.testing.catalogue import InvariantBroken
from p2pnet.testing.playing import play
from p2pnet.testing.scenario import Kind, Scenario, Step

_SPLIT: Final = (Step(Kind.HALVES, amount=2), Step(Kind.NUDGE, 1_500_000))
_ONE_DEAD: Final = (Step(Kind.VANISH), Step(Kind.NUDGE, 100_000))
_MOST_DEAD: Final = (*3 * (Step(Kind.VANISH),), Step(Kind.NUDGE, 1_500_000))
_WAITS: Final = Settings(policy=Policy.PAUSE_MINORITY, pause_us=2_000_000)
_EXPIRES: Final = Settings(seat_us=1_000_000)


def _scenario(steps: tuple[Step, ...], **choices: object) -> Scenario:
    return Scenario(5, steps, **choices)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("scenario", "why"),
    [
        (_scenario(_SPLIT), Apart.NEAR),
        (_scenario(_SPLIT, delay_us=(5_000, 80_000)), Apart.FAR),
        (_scenario(_ONE_DEAD), Apart.BEREFT),
        (_scenario((*_SPLIT, Step(Kind.NUDGE, 1_500_000)), settings=_EXPIRES), Apart.GIVEN_UP),
        (_scenario(_MOST_DEAD, settings=_WAITS), Apart.TOO_FEW),
        (_scenario((Step(Kind.NUDGE),)), None),
    ],
    ids=lambda value: value.name if isinstance(value, Apart) else "",
)
def test_what_those_who_are_apart_have_to_wait_for(scenario: Scenario, why: Apart | None) -> None:
    run = play(scenario)
    assert run.apart is why
    assert run.converged_us is not None
    assert why is None or 0 < run.converged_us <= late_us(why, scenario.settings)


def test_who_takes_longer_than_that_is_late(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "_LATE", dict.fromkeys(Apart, (0, 0)))
    with pytest.raises(InvariantBroken, match="L1"):
        play(_scenario(_SPLIT))


def test_slow_heartbeats_take_their_time_and_a_pause_is_no_delay() -> None:
    slow, patient = Settings(heartbeat_us=5_000_000, dead_link_us=60_000_000), Settings()
    assert late_us(Apart.NEAR, slow) == 2 * slow.red_us > late_us(Apart.NEAR, patient)
    assert late_us(Apart.NEAR, patient) == 1_500_000 and late_us(Apart.BEREFT, patient) == 8_000_000
    assert late_us(Apart.TOO_FEW, patient) == late_us(Apart.BEREFT, patient) + patient.pause_us
