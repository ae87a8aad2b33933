"""The report of a campaign has its figures, its charts, and the run that broke something."""

from __future__ import annotations

from xml.etree import ElementTree

import attrs

from p2pnet.testing.campaign import Report, Violation
from p2pnet.testing.report.picture import Picture
from p2pnet.testing.report.summary import campaign_html, campaign_svg, outcome_of

from .conftest import LOST_TWICE


def broken(campaign: Report) -> Report:
    violation = Violation(7, LOST_TWICE, "S05", "S05 promise-once: peer1 gave two")
    return attrs.evolve(campaign, tallied=attrs.evolve(campaign.tallied, violation=violation))


def test_a_page_has_three_charts(campaign: Report) -> None:
    page = campaign_html(campaign, "seed 1")
    assert page.count('<div class="chart">') == 3
    assert "no violation in 3 scenarios" in page and 'id="data"' not in page


def test_a_run_that_broke_something_is_on_the_page(campaign: Report, lost_twice: Picture) -> None:
    page = campaign_html(broken(campaign), "seed 1", lost_twice)
    assert "S05 promise-once: peer1 gave two, in scenario 7" in page
    assert 'id="data"' in page and "placeArrows" in page


def test_a_picture_file_has_them_one_below_the_other(campaign: Report) -> None:
    root = ElementTree.fromstring(campaign_svg(campaign, "seed 1"))
    assert [e.get("class") for e in root if e.get("class", "").startswith("outcome")] == ["outcome"]
    charts = [e for e in root.iter() if e.get("width") == "1000"]
    assert len(charts) == 3


def test_the_outcome_in_one_line(campaign: Report) -> None:
    assert outcome_of(campaign) == "no violation in 3 scenarios"
    assert outcome_of(broken(campaign)).endswith("in scenario 7")
