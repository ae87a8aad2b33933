"""Elements are where their times say, and are cut to what can be seen."""

from __future__ import annotations

from xml.etree import ElementTree

from p2pnet.testing.report.canvas import Canvas
from p2pnet.testing.report.shapes import View
from p2pnet.testing.report.signs import Look

VIEW = View(1_000, 2_000, 500)
CANVAS = Canvas(VIEW, Look(40))
ALL = Canvas(VIEW, Look(40, all_of_it=True))


def read(text: str) -> ElementTree.Element:
    return ElementTree.fromstring(text)


def test_a_box_is_cut_to_the_view_and_keeps_its_times() -> None:
    box = read(CANVAS.span(500, 1_500, 0, 10, "band", "a text"))
    assert (box.get("x"), box.get("width")) == ("0", "250")
    assert (box.get("data-a"), box.get("data-b"), box.get("data-text")) == ("500", "1500", "a text")
    assert read(ALL.span(500, 1_500, 0, 10, "band", "")).get("x") == "-250"
    assert read(CANVAS.span(1_200, 1_200, 0, 10, "band", "")).get("width") == "1"


def test_a_label_is_as_long_as_there_is_room() -> None:
    assert read(CANVAS.inside(1_000, 2_000, 0, "a long label", "x", "short")).text == "a long label"
    assert read(CANVAS.inside(1_000, 1_100, 0, "a long label", "x", "short")).text == "short"
    assert CANVAS.inside(1_000, 1_010, 0, "a long label", "x", "short") == ""
    hidden = read(ALL.inside(1_000, 1_010, 0, "a long label", "x", "short"))
    assert "hidden" in hidden.get("class", "") and hidden.get("data-long") == "a long label"


def test_a_label_in_the_middle_of_what_is_seen() -> None:
    assert read(CANVAS.middle(0, 2_000, 0, "m", "x")).get("x") == "250"


def test_a_line_at_an_instant() -> None:
    line = read(CANVAS.upright(1_500, 80, "x"))
    assert (line.get("x1"), line.get("x2"), line.get("y2")) == ("250", "250", "80")


def test_what_is_out_of_view_is_drawn_only_where_all_is() -> None:
    assert not CANVAS.shows(0, 999) and CANVAS.shows(0, 1_000) and ALL.shows(0, 1)
