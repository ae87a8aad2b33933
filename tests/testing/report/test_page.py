"""The page holds the run; what it does in a browser is shown by `test_in_browser`."""

from __future__ import annotations

import json
import re

import attrs

from p2pnet.testing.report.page import document, to_html
from p2pnet.testing.report.picture import Picture


def data_of(page: str) -> dict[str, object]:
    found = re.search(r'id="data">(.*?)</script>', page)
    assert found is not None
    plain: dict[str, object] = json.loads(found[1])
    return plain


def test_it_carries_every_message(lost_twice: Picture) -> None:
    plain = data_of(to_html(lost_twice))
    arrows, kinds, texts = plain["arrows"], plain["kinds"], plain["texts"]
    assert isinstance(arrows, list) and isinstance(kinds, list) and isinstance(texts, list)
    assert len(arrows) == len(lost_twice.arrows)
    for row, arrow in zip(arrows, lost_twice.arrows, strict=True):
        source, target, kind, sent, taken, text, relayed = row
        assert (source, target, sent, taken) == (
            arrow.source,
            arrow.target,
            arrow.sent_us,
            arrow.taken_us,
        )
        assert kinds[kind] == [arrow.kind, arrow.family.value]
        assert texts[text] == arrow.text[: len(texts[text])]
        assert relayed == arrow.relayed


def test_nothing_is_fetched(lost_twice: Picture) -> None:
    page = to_html(lost_twice)
    assert not re.findall(r"<link[^>]+href=\"(?!data:)|\ssrc=|@import", page)
    assert set(re.findall(r"https?://[^\s\"')]+", page)) == {"http://www.w3.org/2000/svg"}


def test_what_players_say_can_not_become_code(lost_twice: Picture) -> None:
    bad = "</script><script>alert(1)</script>"
    arrow = attrs.evolve(lost_twice.arrows[0], text=bad)
    lane = attrs.evolve(lost_twice.lanes[0], name=bad)
    picture = attrs.evolve(
        lost_twice, arrows=(arrow,), lanes=(lane, *lost_twice.lanes[1:]), title=bad, story=(bad,)
    )
    page = to_html(picture)
    assert bad not in page
    assert data_of(page)["texts"] == [bad]


def test_each_migration_has_a_card_and_each_phase_a_part_of_it(lost_twice: Picture) -> None:
    page = to_html(lost_twice)
    assert page.count('class="card"') == 2
    assert len(re.findall(r'<i class="p-\w+"', page)) == 8


def test_the_story_is_there_in_words(lost_twice: Picture) -> None:
    assert "* vanishes" in to_html(lost_twice)


def test_a_page_has_a_title_and_a_language() -> None:
    page = document("a & b", "<p>text</p>")
    assert page.startswith('<!doctype html>\n<html lang="en">')
    assert "<title>a &amp; b</title>" in page
