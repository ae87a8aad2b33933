from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from p2pnet.core.merge import Verdict, verdict
from p2pnet.core.messages import Header, Reign
from p2pnet.core.values import Epoch, PeerId, Position

FIRST = Epoch(1, PeerId("a"), 1)


def header(number: int, host: str, base: int, seq: int, worked: Position | None = None) -> Header:
    """A reign that began after `base` updates of the first one, and stands at `seq`."""
    epoch = Epoch(number, PeerId(host), 1)
    lineage = ((FIRST, 0), (epoch, base))
    here = Position(epoch, seq)
    return Header(Reign(epoch, None, b"", b""), here, worked or here, lineage, (), b"")


def first(seq: int, worked: int) -> Header:
    """The first reign, at `seq`, whose last real work was at `worked`."""
    here, work = Position(FIRST, seq), Position(FIRST, worked)
    return Header(Reign(FIRST, None, b"", b""), here, work, ((FIRST, 0),), (), b"")


OLD = first(10, 10)


def test_the_beginning_of_a_history_yields_to_its_continuation_whoever_is_more() -> None:
    longer = header(2, "b", base=10, seq=12)
    assert verdict(longer, 1, OLD, 9) is Verdict.MINE
    assert verdict(OLD, 9, longer, 1) is Verdict.THEIRS


def test_what_a_host_did_to_the_seats_alone_is_no_history_of_its_own() -> None:
    """Hard case 2: an idle host that lost everybody had to suspend them, and that was all."""
    other = header(2, "b", base=10, seq=30)
    assert verdict(other, 1, first(14, worked=10), 1) is Verdict.MINE
    assert verdict(first(14, worked=12), 1, other, 1) is Verdict.MINE, "it worked: the tie-break"


def test_else_the_larger_side_goes_on() -> None:
    one, other = header(2, "b", 4, 30), header(3, "c", 6, 8)
    assert verdict(one, 2, other, 3) is Verdict.THEIRS
    assert verdict(one, 3, other, 2) is Verdict.MINE


def test_else_the_older_reign_goes_on_then_the_lower_host() -> None:
    one, other, third = header(2, "b", 4, 5), header(3, "a", 6, 99), header(2, "c", 5, 5)
    assert verdict(one, 2, other, 2) is Verdict.MINE
    assert verdict(third, 2, one, 2) is Verdict.THEIRS


_headers = st.builds(
    header, st.integers(2, 4), st.sampled_from("bc"), st.integers(0, 9), st.integers(9, 20)
)


@given(_headers, st.integers(1, 4), _headers, st.integers(1, 4))
def test_swapped_sides_get_the_mirrored_verdict(
    one: Header, one_live: int, other: Header, other_live: int
) -> None:
    """S20."""
    if one.reign.epoch == other.reign.epoch:
        return
    here = verdict(one, one_live, other, other_live)
    assert {here, verdict(other, other_live, one, one_live)} == set(Verdict)
