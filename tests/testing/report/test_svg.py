"""The picture file is whole, and stands alone."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import attrs

from p2pnet.testing.report.picture import Picture
from p2pnet.testing.report.svg import close_up, in_groups, style, to_svg

SPACE = "{http://www.w3.org/2000/svg}"


def test_it_is_one_element_that_fetches_nothing(lost_twice: Picture) -> None:
    text = to_svg(lost_twice)
    root = ElementTree.fromstring(text)
    assert root.tag == f"{SPACE}svg"
    assert set(re.findall(r"(?:https?|file):[^\s\"')]+", text)) == {"http://www.w3.org/2000/svg"}
    assert set(re.findall(r"url\(([^)]*)\)", text)) <= {
        f"#{e.get('id')}" for e in root.iter() if e.get("id")
    }


def test_it_has_the_whole_run_and_each_migration(lost_twice: Picture) -> None:
    root = ElementTree.fromstring(to_svg(lost_twice))
    titles = [e.text or "" for e in root.iter() if e.get("class") == "section"]
    assert titles[0] == "The whole run"
    assert [title.split(":")[0] for title in titles[1:]] == ["peer0 vanishes", "peer1 crashes"]


def test_without_a_migration_the_whole_run_is_drawn_in_full(lost_twice: Picture) -> None:
    text = to_svg(attrs.evolve(lost_twice, migrations=()))
    assert text.count("The whole run") == 1 and 'class="arrow' in text


def test_what_is_wrong_is_told_in_red(lost_twice: Picture) -> None:
    text = to_svg(attrs.evolve(lost_twice, is_good=False, outcome="S05 <broken>"))
    assert 'class="outcome bad"' in text and "S05 &lt;broken&gt;" in text


def test_long_silence_begins_before_the_close_up(lost_twice: Picture) -> None:
    first, second = lost_twice.migrations
    assert close_up(lost_twice, [first], 900).from_us > first.from_us
    assert close_up(lost_twice, [second], 900).from_us < second.from_us
    for migration in (first, second):
        view = close_up(lost_twice, [migration], 900)
        assert all(view.shows(p.to_us, p.to_us) for p in migration.phases)


def test_migrations_that_overlap_are_drawn_once(lost_twice: Picture) -> None:
    first, second = lost_twice.migrations
    assert in_groups([second, first]) == [[first], [second]]
    late = attrs.evolve(second, from_us=first.to_us - 1)
    assert in_groups([first, late]) == [[first, late]]


def test_colours_are_for_light_and_dark() -> None:
    sheet = style()
    assert "prefers-color-scheme: dark" in sheet and "data-theme=dark" in sheet
    used = set(re.findall(r"var\((--[\w-]+)\)", sheet))
    assert used <= set(re.findall(r"(--[\w-]+):", sheet))
