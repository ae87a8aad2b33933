"""`p2pnet simulate --report`: the picture of a run, or of what came of a campaign, in a file."""

from __future__ import annotations

from pathlib import Path

from ..testing.campaign import Report
from ..testing.report.charts import ChartsMissing, check_charts
from ..testing.report.page import to_html
from ..testing.report.picture import Picture
from ..testing.report.summary import campaign_html, campaign_svg
from ..testing.report.svg import to_svg
from .complaints import Complaint, one_line

_KINDS = (".html", ".svg")


def check_report(path: Path | None, of_campaign: bool) -> None:
    """Raises `Complaint` for a file that can't be written in the end, before any work is done."""
    if path is None:
        return
    if path.suffix not in _KINDS:
        raise Complaint(f"--report is {path}: give a name that ends in {' or '.join(_KINDS)}")
    if not path.parent.is_dir() or path.is_dir():
        raise Complaint(f"--report is {path}: there is no folder for that file")
    if of_campaign:
        try:
            check_charts()
        except ChartsMissing as error:
            raise Complaint(one_line(error)) from None


def write_run(path: Path, picture: Picture) -> Path:
    """Put the picture of one run into a file. Raises `Complaint`."""
    return _write(path, to_svg(picture) if path.suffix == ".svg" else to_html(picture))


def write_campaign(path: Path, report: Report, setting: str, broken: Picture | None) -> Path:
    """Put what came of a campaign into a file. Raises `Complaint`."""
    if path.suffix == ".svg":
        return _write(path, campaign_svg(report, setting))
    return _write(path, campaign_html(report, setting, broken))


def _write(path: Path, text: str) -> Path:
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        raise Complaint(f"{path} can't be written: {error.strerror}") from None
    return path
