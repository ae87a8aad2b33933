"""What came of a campaign, as a page or as a picture file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from typing import Final

from ..campaign import Report, percentile
from ..recovery import Cause
from .charts import convergence_chart, matrix_chart, recovery_chart
from .page import asset, document, figures, heading, run_section
from .picture import Picture, milliseconds
from .shapes import tag, words

_WIDTH: Final = 1000
_SECTIONS: Final = (
    (
        "How long everybody was out of the game when the host was lost",
        "Clean losses between the scenarios: nothing else goes wrong, round trips are 40 to 60 ms.",
        recovery_chart,
    ),
    (
        "How long it took to come together after all faults were over",
        "Sessions that had come apart by then.",
        convergence_chart,
    ),
    (
        "Which faults were seen with which goals",
        "Scenarios in which both happened. A goal in red was never reached.",
        matrix_chart,
    ),
)


def campaign_html(report: Report, setting: str, broken: Picture | None = None) -> str:
    """The text of a page. `broken` is the run that broke an invariant, if one did."""
    tallied = report.tallied
    head = heading("A campaign", setting, outcome_of(report), tallied.violation is None)
    parts = [head, figures(_figures(report))]
    if broken is not None:
        parts += [f"<h2>{escape(broken.title)}: {escape(broken.outcome)}</h2>", run_section(broken)]
    for title, text, chart in _SECTIONS:
        parts.append(f"<h2>{title}</h2><p>{text}</p>")
        parts.append(f'<div class="chart">{chart(tallied)}</div>')
    script = "" if broken is None else asset("page.js")
    return document("A campaign", "\n".join(parts), script)


def campaign_svg(report: Report, setting: str) -> str:
    """The text of a picture file."""
    kind = "outcome" if report.tallied.violation is None else "outcome bad"
    lines = (("A campaign", 34, "title"), (setting, 54, "subtitle"))
    parts = [words(text, class_=name, x=24, y=y) for text, y, name in lines]
    parts.append(words(outcome_of(report), class_=kind, x=24, y=74))
    y = 104
    for title, text, chart in _SECTIONS:
        parts.append(words(title, class_="section", x=24, y=y))
        parts.append(words(text, class_="subtitle", x=24, y=y + 18))
        drawn, height = _sized(chart(report.tallied))
        parts.append(tag("g", drawn, transform=f"translate(24 {y + 26})"))
        y += height + 60
    width = _WIDTH + 48
    paper = tag("rect", class_="paper", width=width, height=y)
    return tag(
        "svg",
        tag("style", asset("style.css")) + paper + "".join(parts),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width} {y}",
        width=width,
        height=y,
    )


def _sized(chart: str) -> tuple[str, int]:
    """A chart as wide as the file, and how high that makes it."""
    found = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', chart)
    assert found is not None, "charts have a size"
    height = round(float(found[2]) * _WIDTH / float(found[1]))
    size = f'width="{_WIDTH}" height="{height}"'
    return re.sub(r'width="[\d.]+pt" height="[\d.]+pt"', size, chart, count=1), height


def outcome_of(report: Report) -> str:
    """How a campaign went, in one line."""
    violation = report.tallied.violation
    if violation is not None:
        return f"{violation.text}, in scenario {violation.number}"
    return f"no violation in {report.tallied.scenarios} scenarios"


def _figures(report: Report) -> Iterator[tuple[str, object]]:
    tallied = report.tallied
    yield "scenarios", tallied.scenarios
    yield "violated", "nothing" if tallied.violation is None else tallied.violation.invariant
    yield "faults", sum(tallied.faults.values())
    yield "reigns", tallied.reigns
    yield "goals missed", len(report.goals_missed)
    for cause in Cause:
        if times := tallied.recovered_us[cause]:
            half, most = (milliseconds(percentile(times, percent)) for percent in (50, 100))
            yield f"back after {cause.value}: half, all", f"{half}, {most}"
