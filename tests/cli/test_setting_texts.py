from __future__ import annotations

import pytest

from p2pnet.cli.complaints import Complaint
from p2pnet.cli.setting_texts import read_settings
from p2pnet.core.settings import AckLevel, Settings


@pytest.mark.parametrize("text", ["false", "no", "False"])
def test_a_switch_is_turned_off_by_a_word(text: str) -> None:
    assert read_settings([f"host_migration={text}"]) == Settings(host_migration=False)


@pytest.mark.parametrize("text", ["ack=two", "host_migration=maybe", "host_migration=0"])
def test_a_word_that_means_nothing_here_is_refused(text: str) -> None:
    with pytest.raises(Complaint, match=f"{text.partition('=')[0]} must be"):
        read_settings([text])


def test_nothing_gives_the_defaults() -> None:
    assert read_settings([]) == Settings()


def test_fields_are_set_by_name() -> None:
    settings = read_settings(["heartbeat_us=100000", "ack=all"])
    assert settings == Settings(heartbeat_us=100_000, ack=AckLevel.ALL)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("heartbeat_us", "KEY=VALUE"),
        ("nix=1", "heartbeat_us"),  # the known ones are listed
        ("heartbeat_us=-1", "at least"),
        ("heartbeat_us=soon", "integer"),
        ("ack=some", "some"),
        ("yellow_tenths=40", "below red_tenths"),
    ],
)
def test_what_does_not_fit_is_told(text: str, expected: str) -> None:
    with pytest.raises(Complaint, match=expected):
        read_settings([text])
