"""Named deadlines of one peer. The shell asks for the earliest and calls back when it is due."""

from __future__ import annotations

import attrs

Name = tuple[str, ...]
"""What a deadline is for, such as ("answers",) or ("seat", peer)."""


@attrs.define
class Timers:
    """Deadlines by name, in microseconds. Setting a name again moves it."""

    _due: dict[Name, int] = attrs.field(factory=dict)
    changes: int = 0
    """Counts up whenever the earliest deadline may be another one."""

    _next_us: int | None = None  # the earliest, …
    _next_at: int = 0  # … as it was when so many changes had been made

    def set(self, *name: str, at: int) -> None:
        """Have `name` come due at `at`."""
        self.changes += 1
        self._due[name] = at

    def set_once(self, *name: str, at: int) -> None:
        """Like `set`, but leave a deadline alone that is there already."""
        self.changes += 1
        self._due.setdefault(name, at)

    def hasten(self, *name: str, at: int) -> None:
        """Like `set`, but leave a deadline alone that comes sooner."""
        self.set(*name, at=min(at, self._due.get(name, at)))

    def cancel(self, *name: str) -> None:
        """Forget `name`; nothing happens if it was not set."""
        if self._due.pop(name, None) is not None:
            self.changes += 1

    def cancel_all(self, kind: str) -> None:
        """Forget all names that begin with `kind`."""
        self.changes += 1
        for name in [name for name in self._due if name[0] == kind]:
            del self._due[name]

    def clear(self) -> None:
        """Forget all."""
        self.changes += 1
        self._due.clear()

    def count(self, kind: str) -> int:
        """How many names begin with `kind`."""
        return sum(name[0] == kind for name in self._due)

    def __contains__(self, name: Name) -> bool:
        return name in self._due

    def __len__(self) -> int:
        return len(self._due)

    def next(self) -> int | None:
        """The earliest deadline, or None."""
        if self._next_at != self.changes:
            self._next_at = self.changes
            self._next_us = min(self._due.values()) if self._due else None
        return self._next_us

    def take_due(self, now: int) -> Name | None:
        """Remove and return one name that is due, the earliest first, or None.

        One at a time, because what it sets off may cancel the others.
        """
        at = self.next()
        if at is None or at > now:
            return None
        name = min(name for name, due in self._due.items() if due == at)
        del self._due[name]
        self.changes += 1
        return name
