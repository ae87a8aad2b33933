"""A set that knows when it changes.

It keeps its members as the keys of a dict, since the order of a plain set depends on the hash seed
and would differ from peer to peer.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, MutableSet
from typing import Any, Self, TypeVar

from ..core.errors import SyncTypeError
from .containers import SyncContainer
from .edits import SyncOp, perform_set
from .hints import ENCODER

T = TypeVar("T")


class SyncSet(SyncContainer, MutableSet[T]):
    """A set that is replicated member by member. It iterates in the order of insertion."""

    __slots__ = ()
    perform = staticmethod(perform_set)

    def __iter__(self) -> Iterator[T]:
        return iter(self._data)

    def __contains__(self, value: object) -> bool:
        return value in self._data

    def __repr__(self) -> str:
        return f"{{{', '.join(map(repr, self._data))}}}" if self._data else "set()"

    # The mixin's own would go through plain sets in the order of their hashes.

    def __ior__(self, other: Iterable[Any]) -> Self:  # type: ignore[misc]
        self.update(other)
        return self

    def __iand__(self, other: Container[Any]) -> Self:
        return self._without([member for member in self._data if member not in other])

    def __isub__(self, other: Container[Any]) -> Self:
        return self._without([member for member in self._data if member in other])

    def __ixor__(self, other: Iterable[Any]) -> Self:  # type: ignore[misc]
        others = self.checked(other)
        both = [member for member in self._data if member in others]
        self.update([member for member in others if member not in self._data])
        return self._without(both)

    def _without(self, members: list[Any]) -> Self:
        self._guard()
        for member in members:
            self._edit(SyncOp.REMOVE, None, member)
        return self

    @classmethod
    def _from_iterable(cls, values: Iterable[Any]) -> set[Any]:
        return set(values)  # what the operators |, & and - give: a plain set

    def add(self, value: T) -> None:
        """Put `value` in, if it is not there."""
        self._guard()
        new = self._checked_key(value)
        if new not in self._data:
            self._edit(SyncOp.ADD, None, new)

    def discard(self, value: T) -> None:
        """Take `value` out, if it is there."""
        self._guard()
        if value in self._data:
            self._edit(SyncOp.REMOVE, None, self._checked(self._field.value, value))

    def update(self, *others: Iterable[T]) -> None:
        """Put all members of `others` in: all of them fit, or none is taken."""
        self._guard()
        for new in self.checked([value for other in others for value in _in_order(other)]):
            if new not in self._data:
                self._edit(SyncOp.ADD, None, new)

    def clear(self) -> None:
        """Take out everything."""
        self._guard()
        if self._data:
            self._edit(SyncOp.CLEAR)

    def checked(self, values: Any) -> dict[Any, None]:
        """Plain data made of `values`. Raises `SyncTypeError`."""
        if isinstance(values, str | bytes) or not isinstance(values, Iterable):
            raise SyncTypeError(f"{self._field.where}: expected a set, got {values!r}")
        return dict.fromkeys(self._checked_key(value) for value in _in_order(values))

    def edits_to(self, data: dict[Any, None]) -> list[tuple[SyncOp, Any, Any]]:
        now: dict[Any, None] = self._data
        kept = [member for member in now if member in data]
        if kept != list(data)[: len(kept)]:
            clear: list[tuple[SyncOp, Any, Any]] = [(SyncOp.CLEAR, None, None)]
            return clear + [(SyncOp.ADD, None, member) for member in data]
        if now and not data:
            return [(SyncOp.CLEAR, None, None)]
        gone = [(SyncOp.REMOVE, None, member) for member in now if member not in data]
        return gone + [(SyncOp.ADD, None, member) for member in data if member not in now]


def _in_order(values: Iterable[Any]) -> Iterable[Any]:
    """The members of a plain set in an order that does not depend on the hash seed."""
    return sorted(values, key=ENCODER.encode) if isinstance(values, set | frozenset) else values
