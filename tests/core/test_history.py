from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from p2pnet.core.history import History, Lineage, agree, fork, reaches
from p2pnet.core.values import Epoch, PeerId, Position

ANA, BO = PeerId("ana"), PeerId("bo")
E1, E2, E3 = (Epoch(n, PeerId(c * 16), n) for n, c in ((1, "a"), (2, "b"), (3, "c")))


def history(*reigns: tuple[Epoch, int], updates_max: int = 100, bytes_max: int = 10_000) -> History:
    """A branch on which each reign wrote so many updates."""
    branch = History(updates_max, bytes_max)
    for epoch, updates in reigns:
        branch.begin(epoch)
        for number in range(updates):
            branch.append(f"{epoch}.{number}".encode())
    return branch


def test_there_is_no_position_before_the_first_reign() -> None:
    assert history().position is None
    assert history((E1, 0)).position == Position(E1, 0)


def test_updates_are_counted_over_reigns() -> None:
    assert history((E1, 3), (E2, 2)).position == Position(E2, 5)


def test_a_reign_begins_once() -> None:
    branch = history((E1, 3))
    branch.begin(E1)
    assert branch.lineage == [(E1, 0)]


def test_equal_updates_give_equal_digests_and_their_order_counts() -> None:
    one, same, swapped = (history((E1, 0)) for _ in range(3))
    for branch, updates in ((one, b"xy"), (same, b"xy"), (swapped, b"yx")):
        for update in updates:
            branch.append(bytes([update]))
    assert one.digest == same.digest != swapped.digest
    assert len(one.digest) == 16


def test_a_position_is_on_the_branch_only_under_its_own_reign() -> None:
    branch = history((E1, 3), (E2, 2))
    assert branch.contains(Position(E1, 0)) and branch.contains(Position(E1, 3))
    assert branch.contains(Position(E2, 3)) and branch.contains(Position(E2, 5))
    assert not branch.contains(Position(E1, 4)), "written after that reign was over"
    assert not branch.contains(Position(E2, 2)) and not branch.contains(Position(E2, 6))
    assert not branch.contains(Position(E3, 4)), "equal length, another history"


def test_who_is_on_the_branch_gets_what_came_after() -> None:
    branch = history((E1, 2), (E2, 1))
    assert branch.since(Position(E1, 1)) == (b"1:aaaa.1", b"2:bbbb.0")
    assert branch.since(Position(E2, 3)) == ()


def test_who_is_not_on_it_or_ahead_gets_nothing() -> None:
    branch = history((E1, 2), (E2, 1))
    for position in (Position(E1, 3), Position(E3, 1), Position(E2, 99), Position(E1, -5)):
        assert branch.since(position) is None


def test_what_is_too_long_ago_is_not_kept() -> None:
    branch = history((E1, 10), updates_max=4)
    assert branch.since(Position(E1, 5)) is None
    assert len(branch.since(Position(E1, 6)) or ()) == 4


def test_the_bytes_of_the_tail_are_limited_too() -> None:
    branch = History(100, 25)
    branch.begin(E1)
    for _ in range(5):
        branch.append(b"0123456789")
    assert branch.since(Position(E1, 3)) == (b"0123456789",) * 2
    assert branch.since(Position(E1, 2)) is None
    branch.append(b"x" * 26)
    assert branch.since(Position(E1, 5)) is None and branch.seq == 6


def test_a_snapshot_replaces_everything() -> None:
    branch = history((E1, 5))
    branch.reset(40, b"digest", ((E1, 0), (E3, 30)), ((0, (ANA,)),))
    assert branch.position == Position(E3, 40) and branch.digest == b"digest"
    assert branch.since(Position(E3, 39)) is None, "the tail before it is void"
    assert branch.since(Position(E3, 40)) == ()


def test_reigns_that_are_long_gone_are_forgotten() -> None:
    branch = history(*((Epoch(n, E1.host, 0), 1) for n in range(1, 201)))
    assert len(branch.lineage) == 64
    assert not branch.contains(Position(Epoch(1, E1.host, 0), 1))


def test_the_fork_is_the_last_shared_position() -> None:
    one, other = ((E1, 0), (E2, 5)), ((E1, 0), (E3, 3))
    assert fork(one, 9, other, 7) == Position(E1, 3)
    assert fork(other, 7, one, 9) == Position(E1, 3)


def test_the_fork_of_a_branch_and_its_beginning_is_the_beginning() -> None:
    assert fork(((E1, 0),), 4, ((E1, 0), (E2, 6)), 8) == Position(E1, 4)


def test_branches_without_a_shared_reign_have_no_known_fork() -> None:
    assert fork(((E1, 0),), 4, ((E2, 0),), 4) is None


@given(st.lists(st.integers(0, 4), min_size=1, max_size=6))
def test_each_position_that_a_branch_went_through_is_on_it(counts: list[int]) -> None:
    branch, seen = History(1000, 10**6), []
    for number, updates in enumerate(counts, 1):
        branch.begin(Epoch(number, E1.host, 0))
        seen.append(branch.position)
        for _ in range(updates):
            branch.append(b"u")
            seen.append(branch.position)
    lineage = tuple(branch.lineage)
    assert all(p is not None and reaches(lineage, branch.seq, p) for p in seen)
    for position in seen:
        assert position is not None
        assert len(branch.since(position) or ()) == branch.seq - position.seq


def test_the_reigns_after_a_position_are_told() -> None:
    branch = history((E1, 2), (E2, 0), (E3, 1))
    assert branch.reigns_since(Position(E1, 1)) == ((E2, 2), (E3, 2))
    assert branch.reigns_since(Position(E3, 2)) == ()


def test_who_had_a_seat_is_known_for_each_sequence() -> None:
    branch = history((E1, 2))
    branch.seat((ANA,))
    branch.append(b"x")
    branch.seat((ANA, BO))
    branch.append(b"y")
    branch.seat((ANA, BO))  # no change
    assert branch.seated_at(1) is None
    assert branch.seated_at(2) == {ANA}
    assert branch.seated_at(3) == branch.seated_at(99) == {ANA, BO}
    assert len(branch.seats) == 2


def reigns_of(first: int, last: int) -> Lineage:
    return tuple((Epoch(number, PeerId("a" * 16), 0), 10 * number) for number in range(first, last))


def test_of_a_reign_there_is_one_past() -> None:
    one, base = reigns_of(1, 5), 1
    assert agree(one, one) and agree(one, one[:2])
    assert agree(one, (*one[:2], (Epoch(9, PeerId("b" * 16), 0), 25)))  # it parted there
    assert not agree(one, ((one[0][0], one[0][base] + 1), *one[1:]))
    assert not agree(one, (one[0], *one[2:])) and not agree(one, one[1:])
    assert not agree(one, reigns_of(6, 8)), "they share no reign, and forgot none"


def test_what_was_forgotten_is_not_held_against_anybody() -> None:
    long, short = reigns_of(1, 65), reigns_of(10, 74)
    assert agree(long, short) and agree(short, long)
    assert agree(long, reigns_of(100, 102))
    assert not agree(long, reigns_of(2, 65)), "it has forgotten none, and lacks the first"
