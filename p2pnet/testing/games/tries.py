"""Commands that never come through: a test in which nothing happens finds nothing.

Whatever a command raises goes to its caller, and the game goes on. So one that raises each time
because of a slip in its code, or because it needs something that is only there in the real game,
would pass every test.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import attrs

from .mistakes import Mistake, MistakeKind

_SLIPS: Final = (AttributeError, TypeError, NameError, ImportError)
"""What is raised for code that is wrong, and not for arguments that are."""

_TIMES_MIN: Final = 3


@attrs.define
class Tries:
    """How often each command was run, and how often that came to a slip."""

    _runs: dict[str, int] = attrs.field(factory=dict, init=False)
    _slips: dict[str, int] = attrs.field(factory=dict, init=False)
    _texts: dict[str, str] = attrs.field(factory=dict, init=False)

    def ran(self, command: str) -> None:
        """`Class.command` was run, whatever came of it."""
        self._runs[command] = self._runs.get(command, 0) + 1

    def raised(self, command: str, error: Exception, text: str) -> None:
        """It raised. `text` says what, where and on whom."""
        if isinstance(error, _SLIPS):
            self._slips[command] = self._slips.get(command, 0) + 1
            self._texts.setdefault(command, text)

    def add(self, other: Tries) -> None:
        """What was tried in another story."""
        for mine, theirs in ((self._runs, other._runs), (self._slips, other._slips)):
            for command, times in theirs.items():
                mine[command] = mine.get(command, 0) + times
        self._texts = {**other._texts, **self._texts}

    def mistakes(self) -> Iterator[Mistake]:
        """One for each command that came to a slip every time."""
        for command, times in self._slips.items():
            if times == self._runs.get(command) and times >= _TIMES_MIN:
                evidence = f"It was run {times} times in all stories. {self._texts[command]}"
                yield Mistake(MistakeKind.NEVER_WORKS, command, evidence)
