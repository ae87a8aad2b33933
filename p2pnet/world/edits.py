"""Edits of one element: how a container changes, on the host and on the clients alike.

`perform_list`, `perform_dict` and `perform_set` do one edit on the plain data of a container. No
other code changes that data, so the peers can't differ in what an edit means.
"""

from __future__ import annotations

import enum
from typing import Any

import attrs


class SyncOp(enum.Enum):
    """What happened to one element. The numbers travel."""

    ADD = 0  # at the end of a list, under a new key of a dict, into a set
    INSERT = 1  # into a list, before another element
    SET = 2  # another element at an index, or under a key
    REMOVE = 3
    CLEAR = 4  # all elements


@attrs.frozen
class Change:
    """One change of one element, as an `on_change` hook of a container gets it."""

    op: SyncOp
    key: Any = None
    """Index in a list, key of a dict, None in a set and for CLEAR."""

    old: Any = None
    """The element that was there, or None."""

    new: Any = None
    """The element that is there now, or None."""


# --- one edit on plain data -----------------------------------------------------------------------


def _index(data: list[Any], key: Any) -> int:
    if type(key) is not int or not 0 <= key < len(data):
        raise LookupError(f"no index {key!r} in a list of {len(data)}")
    return key


def perform_list(data: list[Any], op: SyncOp, key: Any, new: Any) -> Change:
    """Raises `LookupError` if there is no such element."""
    if op is SyncOp.ADD:
        data.append(new)
        return Change(op, len(data) - 1, None, new)
    if op is SyncOp.CLEAR:
        data.clear()
        return Change(op)
    index = _index(data, key)
    if op is SyncOp.INSERT:
        data.insert(index, new)
        return Change(op, index, None, new)
    old = data[index]
    if op is SyncOp.SET:
        data[index] = new
        return Change(op, index, old, new)
    del data[index]
    return Change(op, index, old)


def perform_dict(data: dict[Any, Any], op: SyncOp, key: Any, new: Any) -> Change:
    """Raises `LookupError` if there is no such key, or if it is there already."""
    if op is SyncOp.CLEAR:
        data.clear()
        return Change(op)
    if op is SyncOp.INSERT or (key in data) is (op is SyncOp.ADD):
        raise LookupError(f"no {op.name} with the key {key!r}")
    old = data.get(key)
    if op is SyncOp.REMOVE:
        del data[key]
        return Change(op, key, old)
    data[key] = new
    return Change(op, key, old, new)


def perform_set(data: dict[Any, Any], op: SyncOp, key: Any, new: Any) -> Change:
    """Raises `LookupError` if there is no such member, or if it is there already."""
    if op is SyncOp.CLEAR:
        data.clear()
        return Change(op)
    if op is SyncOp.ADD and new not in data:
        data[new] = None
        return Change(op, None, None, new)
    if op is SyncOp.REMOVE and new in data:
        del data[new]
        return Change(op, None, new)
    raise LookupError(f"no {op.name} of the member {new!r}")
