"""What the command line of pytest says about these tests, and what came of them for its summary."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Final

import attrs


@attrs.frozen(kw_only=True)
class Outcome:
    """What one test has played."""

    name: str
    stories: int
    commands: int
    hosts_lost: int
    virtual_s: float


@attrs.define(kw_only=True)
class Options:
    """The options of one run of pytest, and its outcomes so far."""

    stories: int | None = None
    """Stories of each test; None for what the test or the settings profile say."""

    seed: int | None = None
    """Of everything that is random; None for another one each time."""

    show: Callable[[str], None] | None = None
    """Shows one line of how far a test is, in place of the one before."""

    outcomes: list[Outcome] = attrs.field(factory=list)


OPTIONS: Final[ContextVar[Options]] = ContextVar("OPTIONS")
"""Set by the plugin."""


def options() -> Options:
    """Those of this run; the usual ones where there is no plugin."""
    found = OPTIONS.get(None)
    return Options() if found is None else found
