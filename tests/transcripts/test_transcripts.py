"""Each case is told as it was before. To tell all anew: `python -m tests.transcripts`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.transcripts.cases import CASES, tell

HERE = Path(__file__).parent


@pytest.mark.parametrize("name", CASES)
def test_the_case_is_told_as_expected(name: str) -> None:
    assert tell(name) == (HERE / f"{name}.txt").read_text(encoding="utf-8")


def test_no_transcript_is_left_without_its_case() -> None:
    assert {path.stem for path in HERE.glob("*.txt")} == set(CASES)
