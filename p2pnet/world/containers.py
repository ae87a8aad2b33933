"""Lists and dicts that know when they change, and what they have in common with sets.

Each is an ordinary Python container (a `MutableSequence`, `MutableMapping` or `MutableSet`) over a
plain list or dict. Every change is broken into edits of one element, each of which is noted for
the coming update.
"""

from __future__ import annotations

from collections.abc import (
    Callable,
    Iterable,
    Iterator,
    Mapping,
    MutableMapping,
    MutableSequence,
)
from typing import TYPE_CHECKING, Any, TypeVar, overload

from ..core.errors import SyncTypeError
from .edits import Change, SyncOp, perform_dict, perform_list
from .hints import Misfit, WireType
from .wire import Edits

if TYPE_CHECKING:
    from .fields import ContainerField
    from .objects import NetworkObject

T = TypeVar("T")
K = TypeVar("K")
V = TypeVar("V")


# --- what all three share -------------------------------------------------------------------------


class SyncContainer:
    """A container that belongs to one field of one object. Made by the field, never by a game."""

    __slots__ = ("_data", "_field", "_obj", "_op")

    @staticmethod
    def perform(data: Any, op: SyncOp, key: Any, new: Any) -> Change:
        """Do one edit on plain data. Raises `LookupError` for an edit that does not fit it."""
        raise NotImplementedError

    def __init__(self, field: ContainerField, obj: NetworkObject, data: Any) -> None:
        self._field = field
        self._obj = obj
        self._data = data
        self._op: Edits | None = None  # of the coming update

    def __repr__(self) -> str:
        return repr(self._data)

    def __len__(self) -> int:
        return len(self._data)

    def _guard(self) -> None:
        """Raises `AuthorityError` where this peer may not change the container."""
        presence = self._obj._presence
        if presence is not None:
            presence.world.check_write(self._obj, self._field.name)

    def _checked(self, wire: WireType, value: Any) -> Any:
        try:
            return wire.check(value)
        except Misfit as error:
            raise SyncTypeError(f"{self._field.where}: {error}") from None

    def _checked_key(self, key: Any) -> Any:
        """A dict's key or a set's member: checked, and such that it can be found again."""
        checked = self._checked(self._field.key, key)
        if checked != checked:
            raise SyncTypeError(
                f"{self._field.where}: NaN equals nothing, so it can't be looked up"
            )
        return checked

    def _edit(self, op: SyncOp, key: Any = None, new: Any = None) -> Any:
        """Change one element, note it for the coming update, and tell the game."""
        presence = self._obj._presence
        if presence is None:
            return type(self).perform(self._data, op, key, new).old
        presence.world.check_write(self._obj, self._field.name)
        if not presence.spawning and self._op is None:
            self._op = presence.world.journal.open_edits(self, presence, self._field.index)
        change = type(self).perform(self._data, op, key, new)
        if self._op is not None and not presence.spawning:
            self._op.edits.append((op.value, key, new))
        if self._field.on_change is not None:
            presence.world.call_game(getattr(self._obj, self._field.on_change), change)
        return change.old

    def _replace(self, data: Any) -> None:
        """Turn the contents into `data`, which was checked already, element by element."""
        self._guard()
        for op, key, new in self.edits_to(data):
            self._edit(op, key, new)

    # --- for the world ---

    def edits_to(self, data: Any) -> list[tuple[SyncOp, Any, Any]]:
        """The edits that make these contents equal to `data`."""
        raise NotImplementedError

    def checked(self, values: Any) -> Any:
        """Plain data made of `values`. Raises `SyncTypeError`."""
        raise NotImplementedError


# --- list -----------------------------------------------------------------------------------------


class SyncList(SyncContainer, MutableSequence[T]):
    """A list that is replicated element by element."""

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]
    perform = staticmethod(perform_list)

    def __iter__(self) -> Iterator[T]:
        return iter(self._data)

    def __contains__(self, value: object) -> bool:
        return value in self._data

    def __eq__(self, other: object) -> bool:
        if isinstance(other, SyncList):
            return bool(self._data == other._data)
        return bool(self._data == other) if isinstance(other, list) else NotImplemented

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> list[T]: ...
    def __getitem__(self, index: int | slice) -> T | list[T]:
        found: T | list[T] = self._data[index]
        return found

    @overload
    def __setitem__(self, index: int, value: T) -> None: ...
    @overload
    def __setitem__(self, index: slice, value: Iterable[T]) -> None: ...
    def __setitem__(self, index: int | slice, value: Any) -> None:
        if isinstance(index, slice):
            whole = list(self._data)
            whole[index] = self._checked_all(value)
            self._replace(whole)
            return
        self._guard()
        new = self._checked(self._field.value, value)
        position = range(len(self._data))[index]
        if not self._field.value.same(self._data[position], new):
            self._edit(SyncOp.SET, position, new)

    def __delitem__(self, index: int | slice) -> None:
        self._guard()
        if isinstance(index, slice):
            # From the end, so that the indices of the others stay what they are.
            for position in sorted(range(len(self._data))[index], reverse=True):
                self._edit(SyncOp.REMOVE, position)
        else:
            self._edit(SyncOp.REMOVE, range(len(self._data))[index])

    def insert(self, index: int, value: T) -> None:
        """Put `value` before the element at `index`; at the end if there is none."""
        self._guard()
        new = self._checked(self._field.value, value)
        position = range(len(self._data))[index:].start
        if position == len(self._data):
            self._edit(SyncOp.ADD, None, new)
        else:
            self._edit(SyncOp.INSERT, position, new)

    def append(self, value: T) -> None:
        """Put `value` at the end."""
        self._guard()
        self._edit(SyncOp.ADD, None, self._checked(self._field.value, value))

    def extend(self, values: Iterable[T]) -> None:
        """Put all `values` at the end: all of them fit, or none is taken."""
        self._guard()
        for new in self._checked_all(values):
            self._edit(SyncOp.ADD, None, new)

    def pop(self, index: int = -1) -> T:
        """Take out the element at `index` and return it."""
        self._guard()
        if not self._data:
            raise IndexError("pop from an empty list")
        old: T = self._edit(SyncOp.REMOVE, range(len(self._data))[index])
        return old

    def clear(self) -> None:
        """Take out everything."""
        self._guard()
        if self._data:
            self._edit(SyncOp.CLEAR)

    def reverse(self) -> None:
        """Turn the order around."""
        self._replace(self._data[::-1])

    def sort(self, *, key: Callable[[T], Any] | None = None, reverse: bool = False) -> None:
        """Sort in place, as `list.sort`."""
        self._replace(sorted(self._data, key=key, reverse=reverse))

    def _checked_all(self, values: Iterable[Any]) -> list[Any]:
        return [self._checked(self._field.value, value) for value in values]

    def checked(self, values: Any) -> list[Any]:
        """Plain data made of `values`. Raises `SyncTypeError`."""
        if isinstance(values, str | bytes) or not isinstance(values, Iterable):
            raise SyncTypeError(f"{self._field.where}: expected a list, got {values!r}")
        return self._checked_all(values)

    def edits_to(self, data: list[Any]) -> list[tuple[SyncOp, Any, Any]]:
        same, edits = self._field.value.same, list[tuple[SyncOp, Any, Any]]()
        now: list[Any] = self._data
        if now and not data:
            return [(SyncOp.CLEAR, None, None)]
        # What is equal at both ends stays; so a slice that was cut out costs its own elements.
        shorter = min(len(now), len(data))
        head = 0
        while head < shorter and same(now[head], data[head]):
            head += 1
        tail = 0
        while tail < shorter - head and same(now[-1 - tail], data[-1 - tail]):
            tail += 1
        common = min(len(now), len(data)) - tail
        for index in range(head, common):
            if not same(now[index], data[index]):
                edits.append((SyncOp.SET, index, data[index]))
        for index in range(len(now) - tail - 1, common - 1, -1):
            edits.append((SyncOp.REMOVE, index, None))
        for index in range(common, len(data) - tail):
            op = SyncOp.INSERT if tail else SyncOp.ADD
            edits.append((op, index if tail else None, data[index]))
        return edits


# --- dict -----------------------------------------------------------------------------------------


class SyncDict(SyncContainer, MutableMapping[K, V]):
    """A dict that is replicated key by key. Its order is the same on all peers."""

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]
    perform = staticmethod(perform_dict)

    def __iter__(self) -> Iterator[K]:
        return iter(self._data)

    def __contains__(self, key: object) -> bool:
        return key in self._data

    def __getitem__(self, key: K) -> V:
        found: V = self._data[key]
        return found

    def __setitem__(self, key: K, value: V) -> None:
        self._guard()
        self._put(self._checked_key(key), self._checked(self._field.value, value))

    def __delitem__(self, key: K) -> None:
        self._guard()
        if key not in self._data:
            raise KeyError(key)
        self._edit(SyncOp.REMOVE, self._checked_key(key))

    def popitem(self) -> tuple[K, V]:
        """Take out the newest pair, as `dict.popitem`."""
        self._guard()
        if not self._data:
            raise KeyError("popitem from an empty dict")
        key = next(reversed(self._data))
        return key, self._edit(SyncOp.REMOVE, key)

    def clear(self) -> None:
        """Take out everything."""
        self._guard()
        if self._data:
            self._edit(SyncOp.CLEAR)

    def update(self, *others: Any, **named: Any) -> None:
        """As `dict.update`: all pairs fit, or none is taken."""
        self._guard()
        for key, value in self.checked(dict(*others, **named)).items():
            self._put(key, value)

    def _put(self, key: Any, value: Any) -> None:
        if key not in self._data:
            self._edit(SyncOp.ADD, key, value)
        elif not self._field.value.same(self._data[key], value):
            self._edit(SyncOp.SET, key, value)

    def checked(self, values: Any) -> dict[Any, Any]:
        """Plain data made of `values`. Raises `SyncTypeError`."""
        if not isinstance(values, Mapping):
            raise SyncTypeError(f"{self._field.where}: expected a dict, got {values!r}")
        return {
            self._checked_key(key): self._checked(self._field.value, value)
            for key, value in values.items()
        }

    def edits_to(self, data: dict[Any, Any]) -> list[tuple[SyncOp, Any, Any]]:
        now: dict[Any, Any] = self._data
        kept = [key for key in now if key in data]
        if kept != list(data)[: len(kept)]:  # another order, which only a new start can give
            clear: list[tuple[SyncOp, Any, Any]] = [(SyncOp.CLEAR, None, None)]
            return clear + [(SyncOp.ADD, key, value) for key, value in data.items()]
        if now and not data:
            return [(SyncOp.CLEAR, None, None)]
        same = self._field.value.same
        gone = [(SyncOp.REMOVE, key, None) for key in now if key not in data]
        set_ = [(SyncOp.SET, key, data[key]) for key in kept if not same(now[key], data[key])]
        added = [(SyncOp.ADD, key, value) for key, value in data.items() if key not in now]
        return gone + set_ + added
