"""What went wrong, as one line that says what to do. The person at the terminal sees no traceback.

`CRASHED` is for what the game's own code raised: there the traceback is what its author needs.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ..core.errors import (
    ADVICE,
    Denied,
    DenyReason,
    HostUnreachable,
    ListenFailed,
    P2PNetError,
    SessionOver,
)

OK: Final = 0
CRASHED: Final = 1
COMPLAINT: Final = 2
INTERRUPTED: Final = 130  # what a shell reports for a program that SIGINT ended
TERMINATED: Final = 143  # the same for SIGTERM

_MENDING: Final[dict[type[P2PNetError], str]] = {
    ListenFailed: "give an address of this machine with --address, or 0.0.0.0 for all of them",
    HostUnreachable: "is the game still running, and no firewall between you and its host?",
}

_DENIED: Final[dict[DenyReason, str]] = {
    DenyReason.VERSION: "install the same version of p2pnet as the host has",
    DenyReason.GAME: "run the same version of the game as the host does",
    DenyReason.SESSION: "ask the host for a new invite",
    DenyReason.FULL: "wait until somebody leaves",
    DenyReason.BANNED: "the host removed you from this game",
    DenyReason.APPROVAL: "the game of the host decides whom to let in",
    DenyReason.AUTHENTICATION: "ask the host what its game wants to know",
    DenyReason.IDENTITY: "use the identity file that you joined with",
}


class Complaint(Exception):
    """Something that the user can mend. The text is one line; the exit status is `COMPLAINT`."""


def complaint(error: P2PNetError) -> Complaint:
    """The line for an error of the library."""
    if isinstance(error, Denied):
        return Complaint(f"the host refused: {one_line(error)} ({_DENIED[error.reason]})")
    if isinstance(error, SessionOver):
        advice = ADVICE.get(error.reason, "the game is over")
        text = f": {error.text}" if error.text not in ("", advice) else ""
        return Complaint(f"{advice}{text}")
    for kind, advice in _MENDING.items():
        if isinstance(error, kind):
            return Complaint(f"{one_line(error)} ({advice})")
    return Complaint(one_line(error))


def one_line(error: BaseException) -> str:
    """The text of an exception without line breaks; its class where it has no text."""
    return " ".join(str(error).split()) or type(error).__name__


def leaves(error: BaseException) -> Iterator[BaseException]:
    """The single exceptions of a group, however deep, or the exception itself."""
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from leaves(inner)
    else:
        yield error
