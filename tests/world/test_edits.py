from __future__ import annotations

from typing import Any

import pytest

from p2pnet.world import Change, SyncOp
from p2pnet.world.edits import perform_dict, perform_list, perform_set


@pytest.mark.parametrize(
    ("op", "key", "new", "after", "change"),
    [
        (SyncOp.ADD, None, "z", ["a", "b", "z"], Change(SyncOp.ADD, 2, None, "z")),
        (SyncOp.INSERT, 0, "z", ["z", "a", "b"], Change(SyncOp.INSERT, 0, None, "z")),
        (SyncOp.SET, 1, "z", ["a", "z"], Change(SyncOp.SET, 1, "b", "z")),
        (SyncOp.REMOVE, 0, None, ["b"], Change(SyncOp.REMOVE, 0, "a")),
        (SyncOp.CLEAR, None, None, [], Change(SyncOp.CLEAR)),
    ],
)
def test_edits_of_a_list(op: SyncOp, key: Any, new: Any, after: list[str], change: Change) -> None:
    data = ["a", "b"]
    assert perform_list(data, op, key, new) == change
    assert data == after


@pytest.mark.parametrize("key", [-1, 2, None, "a", True, 1.0])
@pytest.mark.parametrize("op", [SyncOp.INSERT, SyncOp.SET, SyncOp.REMOVE])
def test_an_index_out_of_a_list_changes_nothing(op: SyncOp, key: Any) -> None:
    data = ["a", "b"]
    with pytest.raises(LookupError):
        perform_list(data, op, key, "z")
    assert data == ["a", "b"]


@pytest.mark.parametrize(
    ("op", "key", "new", "after", "change"),
    [
        (SyncOp.ADD, "b", 2, {"a": 1, "b": 2}, Change(SyncOp.ADD, "b", None, 2)),
        (SyncOp.SET, "a", 2, {"a": 2}, Change(SyncOp.SET, "a", 1, 2)),
        (SyncOp.REMOVE, "a", None, {}, Change(SyncOp.REMOVE, "a", 1)),
        (SyncOp.CLEAR, None, None, {}, Change(SyncOp.CLEAR)),
    ],
)
def test_edits_of_a_dict(
    op: SyncOp, key: Any, new: Any, after: dict[str, int], change: Change
) -> None:
    data = {"a": 1}
    assert perform_dict(data, op, key, new) == change
    assert data == after


@pytest.mark.parametrize(
    ("op", "key"),
    [(SyncOp.ADD, "a"), (SyncOp.SET, "b"), (SyncOp.REMOVE, "b"), (SyncOp.INSERT, "a")],
)
def test_a_key_that_does_not_fit_changes_nothing(op: SyncOp, key: str) -> None:
    data = {"a": 1}
    with pytest.raises(LookupError):
        perform_dict(data, op, key, 2)
    assert data == {"a": 1}


def test_edits_of_a_set() -> None:
    data = {"a": None}
    assert perform_set(data, SyncOp.ADD, None, "b") == Change(SyncOp.ADD, None, None, "b")
    assert perform_set(data, SyncOp.REMOVE, None, "a") == Change(SyncOp.REMOVE, None, "a")
    assert list(data) == ["b"]
    for op, member in ((SyncOp.ADD, "b"), (SyncOp.REMOVE, "a"), (SyncOp.SET, "b")):
        with pytest.raises(LookupError):
            perform_set(data, op, None, member)
    assert perform_set(data, SyncOp.CLEAR, None, None) == Change(SyncOp.CLEAR)
    assert not data
