"""The charts of a campaign show all that was measured and counted."""

from __future__ import annotations

import re
import sys
from xml.etree import ElementTree

import pytest

from p2pnet.testing.campaign import Report, Tallied
from p2pnet.testing.goals import Goal
from p2pnet.testing.recovery import Cause
from p2pnet.testing.report.charts import (
    ChartsMissing,
    check_charts,
    convergence_chart,
    matrix_chart,
    recovery_chart,
)

USE = "{http://www.w3.org/2000/svg}use"


def test_each_recovery_is_a_point(campaign: Report) -> None:
    root = ElementTree.fromstring(recovery_chart(campaign.tallied))
    groups = [e for e in root.iter() if e.get("id", "").startswith("PathCollection")]
    points = sum(len(list(group.iter(USE))) for group in groups)
    assert points == len(campaign.tallied.recoveries) == 4 * len(Cause)


def test_the_causes_are_named_with_how_often(campaign: Report) -> None:
    text = recovery_chart(campaign.tallied)
    assert len(re.findall(r"\(4 times\)", text)) == len(Cause)


def test_each_pair_of_a_fault_and_a_goal_has_its_number(campaign: Report) -> None:
    tallied = campaign.tallied
    text = matrix_chart(tallied)
    found = re.findall(r">(\d+|\u00b7)</text>", text)
    kinds = [kind for kind, times in tallied.faults.items() if times]
    assert len(found) == len(kinds) * len(Goal)
    assert sorted(int(n) for n in found if n.isdigit()) == sorted(tallied.together.values())
    for goal in Goal:
        assert f"{goal.value.replace('_', ' ')} {tallied.goals[goal]}" in text


def test_an_empty_campaign_has_empty_charts() -> None:
    for chart in (recovery_chart, convergence_chart, matrix_chart):
        ElementTree.fromstring(chart(Tallied()))


def test_colours_are_those_of_the_page_and_equal_charts_are_equal(campaign: Report) -> None:
    text = convergence_chart(campaign.tallied)
    assert "var(--ink)" in text and "#0102" not in text
    assert convergence_chart(campaign.tallied) == text


def test_a_missing_library_is_told_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ChartsMissing, match=r"pip install 'p2pnet\[report\]'"):
        check_charts()
