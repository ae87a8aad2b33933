"""Every kind of thing has a sign."""

from __future__ import annotations

from xml.etree import ElementTree

import attrs

from p2pnet.testing.report.picture import Doing, Family, Mark, Picture, Sort
from p2pnet.testing.report.signs import (
    GLYPHS,
    HEIGHTS,
    MARKERS,
    label_of,
    pitch_for,
    sentence,
    shade_of,
)


def test_nothing_is_without_a_sign() -> None:
    assert set(GLYPHS) == set(Sort)
    assert set(HEIGHTS) == set(Doing)
    ids = {e.get("id") for e in ElementTree.fromstring(MARKERS).iter()}
    assert {f"head-{family.value}" for family in Family} | {"head-lost"} <= ids


def test_a_mark_tells_how_often() -> None:
    mark = Mark(0, Sort.FAULT, "cut", "", 0)
    assert label_of(mark) == "cut"
    assert label_of(attrs.evolve(mark, times=3)).endswith("3")
    assert label_of(attrs.evolve(mark, sort=Sort.WORK)) == ""


def test_a_reign_has_the_colour_of_its_host(cut_off: Picture) -> None:
    shades = {shade_of(cut_off, reign) for reign in cut_off.reigns}
    assert len(shades) == len({(r.lane, r.number) for r in cut_off.reigns}) == 2


def test_a_migration_in_words(lost_twice: Picture, cut_off: Picture) -> None:
    told = [sentence(lost_twice, migration) for migration in lost_twice.migrations]
    assert told[0].startswith("peer0 vanishes: peer1 hosts after ")
    assert ", all back after " in told[1]
    assert sentence(cut_off, cut_off.migrations[0]).startswith("peer0 is cut off: peer2 hosts")


def test_a_host_that_goes_on_by_itself(lost_twice: Picture) -> None:
    first = lost_twice.migrations[0]
    same = attrs.evolve(first, new=first.old, cause="takes the role up again")
    assert "takes the role up again as reign 2" in sentence(lost_twice, same)


def test_many_lanes_are_closer_together() -> None:
    pitches = [pitch_for(lanes) for lanes in (2, 8, 16, 64)]
    assert pitches == sorted(pitches, reverse=True)
