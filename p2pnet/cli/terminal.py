"""How a peer talks to whoever started it: as text or as JSON, and how it says what went wrong."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import TextIO

import attrs
import typer

from ..core.errors import GameError, P2PNetError
from .complaints import CRASHED, Complaint, complaint, one_line
from .json_front import JsonFront, record_line
from .keys import CAN_READ_KEYS
from .loading import GameName
from .session import Front
from .text_front import TextFront


@attrs.frozen(kw_only=True)
class Terminal:
    """Standard input and output of this process. `t0_ns` is when its clock for JSON began."""

    name: str
    as_json: bool
    t0_ns: int
    out: TextIO = attrs.field(factory=lambda: sys.stdout)

    def front(self, game: GameName) -> Front:
        """What talks to the person, or to the program."""
        if self.as_json:
            return JsonFront(self.name, game, self.t0_ns)
        from rich.console import Console

        from .live_front import LiveFront  # with all that paints, which no program asks for

        console = Console()
        if console.is_terminal and not console.is_dumb_terminal and _can_type():
            return LiveFront(game, console)
        return TextFront(game)

    @contextmanager
    def told(self) -> Iterator[None]:
        """Turn the library's errors into a `Complaint`, and tell a program of it in JSON too.

        What the game prints goes to standard error then: it must not come between our lines.
        """
        try:
            with redirect_stdout(sys.stderr if self.as_json else sys.stdout):
                yield
        except GameError as error:
            self._tell(error, one_line(error))
            # Whoever wrote the game has to see where its code went wrong.
            traceback.print_exception(error.__cause__ or error)
            raise typer.Exit(CRASHED) from error
        except (P2PNetError, Complaint) as error:
            found = error if isinstance(error, Complaint) else complaint(error)
            self._tell(error, str(found))
            raise found from None

    def _tell(self, error: Exception, text: str) -> None:
        if self.as_json:
            fields = {"reason": "error", "error": type(error).__name__, "text": text}
            line = record_line(self.name, self.t0_ns, "ended", fields)
            print(line, file=self.out, flush=True)


def _can_type() -> bool:
    """Whether a person sits at a keyboard that gives us its keys one by one."""
    return CAN_READ_KEYS and sys.stdin is not None and sys.stdin.isatty()
