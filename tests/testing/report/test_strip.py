"""A strip shows what is in its view, where it belongs."""

from __future__ import annotations

import re
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from p2pnet.testing.report.picture import Doing, Family, Picture
from p2pnet.testing.report.shapes import View
from p2pnet.testing.report.signs import MARKERS, Look
from p2pnet.testing.report.strip import Strip

NEAR = Look(84)


def drawn(picture: Picture, view: View, look: Look = NEAR) -> ElementTree.Element:
    text = Strip(view, look, picture).draw()
    return ElementTree.fromstring(f"<svg>{MARKERS}{text}</svg>")


def of_class(root: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    return [
        e
        for e in root.iter()
        if name in e.get("class", "").split() and not e.tag.endswith("pattern")
    ]


def whole(picture: Picture, width: int = 1_000) -> View:
    return View(picture.from_us, picture.to_us, width)


def test_the_whole_run_shows_everything_but_heartbeats(lost_twice: Picture) -> None:
    root = drawn(lost_twice, whole(lost_twice))
    said = [a for a in lost_twice.arrows if a.family is not Family.HEARTBEATS]
    assert len(of_class(root, "arrow")) == len(said)
    assert len(of_class(root, "band")) == len(lost_twice.bands)
    assert len(of_class(root, "mark")) == len(lost_twice.marks)
    assert len(of_class(root, "reign")) == len(lost_twice.reigns)
    assert len(of_class(root, "gap")) == len(lost_twice.gaps)
    assert len(of_class(root, "phase")) == sum(len(m.phases) for m in lost_twice.migrations)


def test_heartbeats_are_drawn_if_asked_for(lost_twice: Picture) -> None:
    root = drawn(lost_twice, whole(lost_twice), Look(84, heartbeats=True))
    assert len(of_class(root, "arrow")) == len(lost_twice.arrows)


def test_a_close_up_shows_only_what_is_there(lost_twice: Picture) -> None:
    migration = lost_twice.migrations[0]
    view = View(migration.from_us, migration.to_us, 1_000)
    root = drawn(lost_twice, view)
    marks = [m for m in lost_twice.marks if view.shows(m.at_us, m.at_us)]
    assert len(of_class(root, "mark")) == len(marks) < len(lost_twice.marks)
    crown = next(m for m in marks if m.word == "crown 2")
    (place,) = [e.get("transform") or "" for e in of_class(root, "m-crown")]
    x = float(place.removeprefix("translate(").removesuffix(" 0)"))
    assert x == pytest.approx(view.x(crown.at_us), abs=0.06)


def test_arrows_go_from_lane_to_lane_and_lost_ones_stop(lost_twice: Picture) -> None:
    strip = Strip(whole(lost_twice), NEAR, lost_twice)
    root = drawn(lost_twice, whole(lost_twice))
    for line in of_class(root, "arrow"):
        source, target = strip.lane_y(int(line.get("data-s", ""))), line.get("data-t", "")
        reach = float(line.get("y2", "")) - source
        full = strip.lane_y(int(target)) - source
        lost = "lost" in line.get("class", "")
        assert float(line.get("y1", "")) == pytest.approx(source, abs=0.06)
        assert reach == pytest.approx(full * (0.55 if lost else 1), abs=0.11)


def test_the_phases_are_labelled_with_their_times(lost_twice: Picture) -> None:
    migration = lost_twice.migrations[1]
    root = drawn(lost_twice, View(migration.from_us, migration.to_us, 1_200))
    texts = [e.text or "" for e in of_class(root, "phase-label")]
    assert any(re.fullmatch(r"crowned in [\d.]+ ms", text) for text in texts)
    (sentence,) = of_class(root, "sentence")
    assert (sentence.text or "").startswith("peer1 crashes: peer2 hosts after ")


def test_the_gap_is_told(lost_twice: Picture) -> None:
    labels = [e.text for e in of_class(drawn(lost_twice, whole(lost_twice)), "gap-label")]
    assert len(labels) == 2 and all(text and text.endswith("ms") for text in labels)


def test_two_reigns_at_one_time_have_two_rows(cut_off: Picture) -> None:
    rows = of_class(drawn(cut_off, whole(cut_off)), "reign-row")
    assert len({row.get("transform") for row in rows}) == 2


def test_what_lasts_is_drawn_for_as_long_as_it_lasted(asleep: Picture) -> None:
    view = whole(asleep)
    (paused,) = of_class(drawn(asleep, view), "t-paused")
    assert float(paused.get("width", "")) == pytest.approx(
        view.x(asleep.from_us + 2_000_000), abs=0.1
    )


def test_an_overview_leaves_out_the_details(lost_twice: Picture) -> None:
    look = Look(36, label_rows=1, bands=0.5, all_marks=False, arrows=False, migrations=False)
    root = drawn(lost_twice, whole(lost_twice), look)
    assert not of_class(root, "arrow") and not of_class(root, "phase")
    assert len(of_class(root, "m-death")) == 2 and not of_class(root, "m-step")
    hosts = [b for b in lost_twice.bands if b.doing is Doing.HOST]
    assert len(of_class(root, "d-host")) == len(hosts)


def test_many_labels_do_not_cover_one_another(crowded: Picture) -> None:
    root = drawn(crowded, whole(crowded))
    for group in of_class(root, "lane-marks"):
        spans: dict[str, list[tuple[float, float]]] = {}
        for mark in group:
            x = float(mark.get("transform", "")[10:].split()[0])
            for word in of_class(mark, "word"):
                if "hidden" not in word.get("class", ""):
                    end = x + 8 + 6 * len(word.text or "")
                    spans.setdefault(word.get("y", ""), []).append((x, end))
        for found in spans.values():
            found.sort()
            assert all(a[1] <= b[0] + 1 for a, b in pairwise(found))


def test_no_label_is_cut_off_at_the_right_edge(lost_twice: Picture) -> None:
    last = next(m for m in lost_twice.marks if m.word == "crown 2")
    view = View(lost_twice.from_us, last.at_us + 1_000, 1_000)
    (mark,) = (
        e
        for e in of_class(drawn(lost_twice, view), "m-crown")
        if float(e.get("transform", "")[10:].split()[0]) > 900
    )
    (word,) = (e for e in mark if "word" in e.get("class", ""))
    assert (word.text, word.get("text-anchor"), word.get("x")) == ("crown 2", "end", "-8")


def test_many_small_messages_are_faint_and_behind(crowded: Picture) -> None:
    root = drawn(crowded, whole(crowded), Look(40, heartbeats=True))
    (minor,) = of_class(root, "minor")
    assert "dense" in minor.get("class", "")
    (front,) = (group for group in of_class(root, "arrows") if group is not minor)
    assert of_class(front, "f-succession") and not of_class(minor, "f-succession")
    assert "dense" not in front.get("class", "")
