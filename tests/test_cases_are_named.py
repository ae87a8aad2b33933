"""Each hard case, and each of UNet's scenarios, has a test that bears its number.

`pytest -k hard_case_24` runs what shows case 24 of `docs/hard-cases.md`, and `-k unet_scenario_31`
what shows scenario 31 of the list there. A transcript says in its test's name what it shows.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.transcripts.collection import CASES

ROOT = Path(__file__).parent.parent
HARD_CASES = range(1, 37)
UNET_SCENARIOS = range(19, 41)
NOT_ABOUT_SUCCESSION = {31: "there is no interest management: every member has every object"}
"""UNet's scenarios for which there is nothing to test, and why."""

_NUMBERED = re.compile(r"(hard_case|unet_scenario)_(\d+)")


@cache
def names() -> list[str]:
    """The names of all tests, with what each transcript shows."""
    return list(_names())


def _names() -> Iterator[str]:
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node.name
    for case in CASES.values():
        yield case.test_id


def numbers(kind: str) -> set[int]:
    """The numbers of one list that some test bears."""
    return {int(n) for name in names() for found, n in _NUMBERED.findall(name) if found == kind}


def test_every_hard_case_is_named_in_a_test() -> None:
    assert numbers("hard_case") == set(HARD_CASES)


def test_every_unet_scenario_is_named_in_a_test() -> None:
    assert numbers("unet_scenario") == set(range(1, 41)) - set(NOT_ABOUT_SUCCESSION)


def shown_by(text: str) -> set[str]:
    """What the tests and transcripts that a passage names show."""
    functions = re.findall(r"`tests/[\w/]+\.py::(\w+)`", text)
    transcripts = re.findall(r"`tests/transcripts/(\w+)\.txt`", text)
    ids = [CASES[name].test_id for name in transcripts]
    return {"_".join(found) for name in (*functions, *ids) for found in _NUMBERED.findall(name)}


PAGE = (ROOT / "docs" / "hard-cases.md").read_text("utf-8")
PASSAGES = dict(re.findall(r"^\*\*(\d+)\. (.*?)(?=^\*\*\d+\. |^## |\Z)", PAGE, re.S | re.M))
ROWS = dict(re.findall(r"^\| (\d+) \|(.*)\|$", PAGE, re.M))


@pytest.mark.parametrize("number", HARD_CASES)
def test_the_page_names_a_test_for_each_hard_case(number: int) -> None:
    assert f"hard_case_{number}" in shown_by(PASSAGES[str(number)])


@pytest.mark.parametrize("number", UNET_SCENARIOS)
def test_the_page_names_a_test_for_each_unet_scenario(number: int) -> None:
    if number in NOT_ABOUT_SUCCESSION:
        assert NOT_ABOUT_SUCCESSION[number] in ROWS[str(number)]
    else:
        assert f"unet_scenario_{number}" in shown_by(ROWS[str(number)])
