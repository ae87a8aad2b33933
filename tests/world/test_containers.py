from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from p2pnet.core.errors import AuthorityError, SyncTypeError
from p2pnet.world import Change, SyncOp
from p2pnet.world.wire import UPDATE, Edits
from tests.world.tanks import Crate, Point, Table, Tank


def edits_of(update: bytes) -> list[tuple[str, object, object]]:
    ops = [op for op in UPDATE.decode(update) if isinstance(op, Edits)]
    return [(SyncOp(op).name, key, new) for found in ops for op, key, new in found.edits]


# --- lists ---


def test_one_append_to_a_long_list_is_a_small_update() -> None:
    table = Table()
    crate = table.host.spawn(Crate())
    crate.items.extend(range(1000))
    assert len(table.sync()) > 1000
    crate.items.append(7)
    assert len(table.sync()) < 20


def test_changes_of_a_list_travel_one_by_one() -> None:
    table = Table()
    bag = table.tank(table.host).bag
    bag.extend(["a", "b", "c"])
    bag.insert(0, "z")
    bag[1] = "A"
    del bag[-1]
    bag.remove("b")
    assert edits_of(table.sync()) == [
        ("ADD", None, "a"),
        ("ADD", None, "b"),
        ("ADD", None, "c"),
        ("INSERT", 0, "z"),
        ("SET", 1, "A"),
        ("REMOVE", 3, None),
        ("REMOVE", 2, None),
    ]
    assert table.tank(table.bob).bag == ["z", "A"]


def test_slices_sort_and_reverse_travel_as_edits_of_elements() -> None:
    table = Table()
    items = table.host.spawn(Crate()).items
    items.extend([3, 1, 2, 5, 4])
    table.sync()
    items.sort()
    assert [op for op, _, _ in edits_of(table.sync())] == ["SET"] * 5
    del items[1:3]
    assert edits_of(table.sync()) == [("REMOVE", 2, None), ("REMOVE", 1, None)]
    items.reverse()
    items[1:2] = [7, 8, 9]
    table.sync()
    assert list(items) == [5, 7, 8, 9, 1]


def test_cutting_out_and_putting_in_cost_their_own_elements_only() -> None:
    table = Table()
    items = table.host.spawn(Crate()).items
    items.extend(range(100))
    table.sync()
    items[10:12] = []
    items[50:50] = [1000]
    assert edits_of(table.sync()) == [
        ("REMOVE", 11, None),
        ("REMOVE", 10, None),
        ("INSERT", 50, 1000),
    ]


def test_writing_an_equal_element_is_no_change() -> None:
    table = Table()
    tank = table.tank(table.host)
    tank.bag.append("a")
    tank.marks["a"] = Point(1.0, 2.0)
    tank.friends.add(1)
    table.sync()
    tank.bag[0] = "a"
    tank.marks["a"] = Point(1.0, 2.0)
    tank.friends.add(1)
    tank.friends.discard(9)
    tank.bag.sort()
    assert table.sync() == b""


def test_assigning_replaces_the_contents_and_keeps_the_container() -> None:
    table = Table()
    tank = table.tank(table.host)
    before = tank.bag
    tank.bag = ["a", "b"]  # type: ignore[assignment]
    tank.bag += ["c"]
    tank.marks = {"a": Point(1.0, 2.0)}  # type: ignore[assignment]
    tank.friends = {3, 1, 2}  # type: ignore[assignment]
    table.sync()
    assert tank.bag is before
    assert list(table.tank(table.bob).friends) == [1, 2, 3]


def test_a_wrong_element_is_refused_before_any_is_taken() -> None:
    table = Table()
    tank = table.tank(table.host)
    with pytest.raises(SyncTypeError, match=r"Tank\.bag: expected str, got 3"):
        tank.bag.extend(["a", 3])  # type: ignore[list-item]
    with pytest.raises(SyncTypeError, match=r"Tank\.marks"):
        tank.marks["a"] = (1.0, 2.0)  # type: ignore[assignment]
    with pytest.raises(SyncTypeError):
        tank.marks.update({"a": Point(1.0, 2.0), 3: Point(1.0, 2.0)})
    with pytest.raises(SyncTypeError):
        tank.bag = "abc"  # type: ignore[assignment]
    assert (len(tank.bag), len(tank.marks)) == (0, 0)
    assert table.sync() == b""


def test_list_behaves_like_a_list() -> None:
    bag = Tank(bag=["b", "a", "c"]).bag  # type: ignore[arg-type]
    assert (bag.pop(), bag.pop(0)) == ("c", "b")
    assert bag == ["a"] and "a" in bag and bag[0:1] == ["a"] and repr(bag) == "['a']"
    bag.insert(-5, "x")
    bag.insert(99, "y")
    assert bag.index("a") == 1 and bag == ["x", "a", "y"]
    bag.clear()
    with pytest.raises(IndexError):
        bag.pop()
    with pytest.raises(IndexError):
        bag[0]
    with pytest.raises(ValueError):  # noqa: PT011  as a list does, without a text
        bag.remove("a")


@given(st.lists(st.integers(0, 5), max_size=8), st.lists(st.integers(0, 5), max_size=8))
def test_edits_lead_from_any_contents_to_any_other(old: list[int], new: list[int]) -> None:
    items = Crate(items=old).items  # type: ignore[arg-type]
    data = list(old)
    for edit in items.edits_to(new):
        items.perform(data, *edit)
    assert data == new


# --- dicts ---


def test_changes_of_a_dict_travel_key_by_key() -> None:
    table = Table()
    marks = table.tank(table.host).marks
    marks["a"] = Point(1.0, 1.0)
    marks.update(b=Point(2.0, 2.0), c=Point(3.0, 3.0))
    marks["a"] = Point(4.0, 4.0)
    assert marks.setdefault("a", Point(0.0, 0.0)) == Point(4.0, 4.0)
    assert marks.popitem() == ("c", Point(3.0, 3.0))
    marks.pop("b")
    assert [(op, key) for op, key, _ in edits_of(table.sync())] == [
        ("ADD", "a"),
        ("ADD", "b"),
        ("ADD", "c"),
        ("SET", "a"),
        ("REMOVE", "c"),
        ("REMOVE", "b"),
    ]
    assert table.tank(table.bob).marks == {"a": Point(4.0, 4.0)}
    marks.clear()
    assert edits_of(table.sync()) == [("CLEAR", None, None)]
    with pytest.raises(KeyError):
        del marks["a"]


_dicts = st.dictionaries(st.sampled_from("abcd"), st.builds(Point, st.floats(0, 3), st.just(0.0)))


@given(_dicts, _dicts)
def test_edits_of_a_dict_lead_to_the_same_order(
    old: dict[str, Point], new: dict[str, Point]
) -> None:
    marks = Tank(marks=old).marks  # type: ignore[arg-type]
    data = dict(old)
    for edit in marks.edits_to(new):
        marks.perform(data, *edit)
    assert list(data.items()) == list(new.items())


# --- all ---


def test_hooks_of_containers_get_each_change_on_every_peer() -> None:
    table = Table()
    tank = table.tank(table.host)
    tank.bag.append("a")
    tank.bag[0] = "b"
    tank.marks["k"] = Point(1.0, 2.0)
    tank.friends.add(4)
    tank.bag.clear()
    table.sync()
    expected = [
        Change(SyncOp.ADD, 0, None, "a"),
        Change(SyncOp.SET, 0, "a", "b"),
        Change(SyncOp.ADD, "k", None, Point(1.0, 2.0)),
        Change(SyncOp.ADD, None, None, 4),
        Change(SyncOp.CLEAR),
    ]
    assert tank.heard == expected
    # A client hears of each container's changes together, in the order of their first changes.
    assert table.tank(table.bob).heard == [*expected[:2], expected[4], *expected[2:4]]


def test_containers_can_not_be_changed_on_a_client() -> None:
    table = Table()
    tank = table.tank(table.host)
    tank.bag.append("a")
    tank.friends.add(1)
    table.sync()
    copy = table.tank(table.bob)
    for change in (
        lambda: copy.bag.append("b"),
        lambda: copy.bag.extend([]),
        lambda: copy.bag.sort(),
        lambda: copy.bag.pop(),
        lambda: copy.marks.update({}),
        lambda: copy.marks.clear(),
        lambda: copy.friends.discard(1),
        lambda: copy.friends.add(1),
        lambda: setattr(copy, "bag", []),
    ):
        with pytest.raises(AuthorityError, match="@command, which runs on the host"):
            change()
    assert copy.world.dump() == table.host.dump()


def test_containers_are_not_hashable_and_differ_by_contents() -> None:
    assert Tank(bag=["a"]).bag == Tank(bag=["a"]).bag  # type: ignore[arg-type]
    assert Tank(bag=["a"]).bag != Tank().bag  # type: ignore[arg-type]
    for container in (Tank().bag, Tank().marks, Tank().friends):
        with pytest.raises(TypeError):
            hash(container)
