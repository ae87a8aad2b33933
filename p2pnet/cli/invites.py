"""Invites as the command line prints them: with the name of the game behind a `#`.

The name is a hint and not more: whoever joins needs the game's code already. Nothing is fetched,
and the module is imported only from where the person who joins has put it.
"""

from __future__ import annotations

from ..peer import Invite
from .loading import GameName


def with_hint(invite: Invite | str, game: GameName) -> str:
    """The invite, and which game it is for."""
    return f"{invite}#{game}"


def split_hint(text: str) -> tuple[str, GameName | None]:
    """The invite without the hint, and the hint. Raises `Complaint` for a hint that is no name."""
    invite, sign, hint = text.strip().strip("'\"`<>").partition("#")
    return invite, GameName.parse(hint) if sign else None
