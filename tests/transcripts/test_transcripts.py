"""Each case is told as it was before. To tell all anew: `python -m tests.transcripts`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.transcripts.collection import CASES, SUBJECTS, tell

HERE = Path(__file__).parent


@pytest.mark.parametrize("name", CASES, ids=[case.test_id for case in CASES.values()])
def test_the_case_is_told_as_expected(name: str) -> None:
    assert tell(name) == (HERE / f"{name}.txt").read_text(encoding="utf-8")


def test_no_transcript_is_left_without_its_case() -> None:
    assert {path.stem for path in HERE.glob("*.txt")} == set(CASES)


@pytest.mark.parametrize("subject", SUBJECTS)
def test_each_subject_of_the_protocol_is_told(subject: str) -> None:
    assert [name for name, case in CASES.items() if subject in case.shows]


def test_a_case_shows_what_there_is_a_list_of() -> None:
    for case in CASES.values():
        for shown in case.shows:
            assert shown in SUBJECTS or shown.startswith(("hard_case_", "unet_scenario_")), shown
