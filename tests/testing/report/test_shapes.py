"""The small parts that strips are made of."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from p2pnet.testing.report.shapes import View, fitting, in_rows, tag, ticks, words

SPANS = st.lists(st.tuples(st.integers(0, 50), st.integers(1, 20)), max_size=12)


def test_a_view_puts_time_on_pixels() -> None:
    view = View(1_000, 3_000, 200)
    assert [view.x(us) for us in (1_000, 2_000, 3_000)] == [0, 100, 200]
    assert view.shows(0, 1_000) and view.shows(2_000, 9_000) and not view.shows(0, 999)


def test_what_others_said_can_not_become_markup() -> None:
    assert words("<b>&", class_="x") == '<text class="x">&lt;b&gt;&amp;</text>'
    assert tag("g", data_text='"><script>') == '<g data-text="&quot;&gt;&lt;script&gt;"/>'
    assert tag("g", x=None, y=1.0, stroke_width=2.25) == '<g y="1" stroke-width="2.2"/>'


@given(st.integers(0, 10**8), st.integers(1_000, 10**9), st.integers(300, 3_000))
def test_ticks_are_round_in_view_and_not_too_close(from_us: int, span_us: int, width: int) -> None:
    view = View(from_us, from_us + span_us, width)
    found = [view.x(at) for at, _ in ticks(view)]
    assert all(0 <= x <= width for x in found)
    assert all(b - a >= 89 for a, b in pairwise(found))
    assert len(found) >= width // 500 or width < 600


def test_ticks_are_seconds_or_milliseconds() -> None:
    assert ticks(View(0, 2_000_000, 200))[1] == (1_000_000, "1 s")
    assert ticks(View(0, 200_000, 200))[1] == (100_000, "100 ms")
    assert ticks(View(0, 1_000, 200))[1] == (500, "0.5 ms")


@given(SPANS)
def test_rows_keep_spans_apart(found: list[tuple[int, int]]) -> None:
    spans = [(float(a), float(a + size)) for a, size in found]
    rows = in_rows(spans)
    for i, (a, b) in enumerate(spans):
        for j in range(i):
            c, d = spans[j]
            assert rows[i] != rows[j] or b <= c or d <= a


def test_the_first_labels_get_the_room() -> None:
    assert fitting([(0, 10), (5, 10), (8, 10), (15, 5)], 2) == [0, 1, None, 0]
    assert fitting([(0, 10)], 0) == [None]
