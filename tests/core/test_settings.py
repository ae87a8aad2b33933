from __future__ import annotations

from typing import Any

import attrs
import msgspec
import pytest

from p2pnet.core.errors import SettingsError
from p2pnet.core.settings import APPROVAL_US_MAX, AckLevel, Policy, Settings


def test_the_defaults_fit_together() -> None:
    settings = Settings()
    assert settings.ack is AckLevel.ONE
    assert settings.heartbeat_us * settings.red_tenths // 10 >= 600_000, "below is packet loss"


FIGURES = [f.name for f in attrs.fields(Settings) if f.default.__class__ is int]
MAY_BE_ZERO = ("seat_us", "pause_us")


@pytest.mark.parametrize("name", [name for name in FIGURES if name not in MAY_BE_ZERO])
@pytest.mark.parametrize("value", [-1, 0, 1.5, "2"])
def test_each_figure_has_a_lower_limit_and_is_an_integer(name: str, value: Any) -> None:
    with pytest.raises(SettingsError, match=name):
        Settings(**{name: value})


@pytest.mark.parametrize("name", MAY_BE_ZERO)
def test_some_times_may_be_none_at_all(name: str) -> None:
    assert getattr(Settings(**{name: 0}), name) == 0  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "contradiction",
    [
        {"yellow_tenths": 30, "red_tenths": 30},
        {"redial_us_min": 2_000_000, "redial_us_max": 1_000_000},
        {"heartbeat_us": 500_000, "dead_link_us": 1_499_999},
        {"red_tenths": 1501, "dead_link_us": 30_000_000},
        {"heartbeat_us": 200_001, "connect_us": 200_000},
        {"tail_bytes_max": (8 << 20) + 1},
        {"players_max": 4097},
        {"players_max": 2, "tail_bytes_max": 2048, "frame_bytes_max": 8191},
        {"frame_bytes_max": 65 << 20},
    ],
)
def test_two_figures_that_contradict_one_another_are_refused(contradiction: dict[str, int]) -> None:
    with pytest.raises(SettingsError):
        Settings(**contradiction)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "fitting",
    [
        {"heartbeat_us": 500_000, "dead_link_us": 1_500_000},
        {"heartbeat_us": 200_000, "connect_us": 200_000},
        {"players_max": 4096},
        {"players_max": 2, "tail_bytes_max": 4096, "frame_bytes_max": 8192},
        {"frame_bytes_max": 64 << 20},
        {"approval_us": APPROVAL_US_MAX},
    ],
)
def test_figures_that_just_fit_together_are_taken(fitting: dict[str, int]) -> None:
    assert Settings(**fitting) != Settings()  # type: ignore[arg-type]


def test_a_link_may_not_be_closed_before_its_peer_counts_as_gone() -> None:
    with pytest.raises(SettingsError, match=r"dead_link_us must be at least .*, here 600000"):
        Settings(dead_link_us=500_000)


@pytest.mark.parametrize("name", FIGURES)
def test_each_figure_can_be_sent(name: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} must be an integer of at most"):
        Settings(**{name: (1 << 53) + 1})  # type: ignore[arg-type]


def test_nobody_is_asked_to_wait_for_longer_than_it_does() -> None:
    with pytest.raises(SettingsError, match="approval_us must be an integer of at most 3600000000"):
        Settings(approval_us=APPROVAL_US_MAX + 1)


def test_an_ack_level_is_known_by_its_name() -> None:
    assert Settings(ack="all").ack is AckLevel.ALL  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match="ack must be one of 'host', 'one', 'all', not 'most'"):
        Settings(ack="most")  # type: ignore[arg-type]


def test_a_policy_is_known_by_its_name() -> None:
    assert Settings(policy="majority_only").policy is Policy.MAJORITY_ONLY  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match="anarchy"):
        Settings(policy="anarchy")  # type: ignore[arg-type]


def test_settings_travel() -> None:
    settings = Settings(players_max=4, ack=AckLevel.HOST)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(settings), type=Settings) == settings


def test_settings_that_come_over_the_wire_are_checked_as_well() -> None:
    hostile = msgspec.to_builtins(Settings()) | {"heartbeat_us": 0}
    with pytest.raises(msgspec.ValidationError):
        msgspec.msgpack.decode(msgspec.msgpack.encode(hostile), type=Settings)
