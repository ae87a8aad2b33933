"""What a member needs to find its session again: which one it is, and where its members listened.

With it, and its identity, a game that was killed gets its seat back from whoever is the host by
then, if one of those members is still there and the seat is still kept. It is a line of JSON.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Final

import attrs
import msgspec

from ..core.errors import BookmarkError
from ..core.roster import Roster
from ..core.values import PeerId, SessionId

_FORM: Final = "p2pnet-bookmark-1"

_Id = Annotated[str, msgspec.Meta(pattern="^[a-z2-7]{16}$")]


class _Body(msgspec.Struct, frozen=True):
    form: str
    session: _Id
    members: Annotated[tuple[tuple[_Id, tuple[str, ...]], ...], msgspec.Meta(min_length=1)]


@attrs.frozen
class Bookmark:
    """A session, and its members when this was made, the host first."""

    session: SessionId
    members: tuple[tuple[PeerId, tuple[str, ...]], ...]
    """Whom to ask for a seat, and where each listened."""

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it to a file. The old one stays whole until the new one is. Raises OSError."""
        target = Path(path)
        draft = target.with_name(f".{target.name}.{os.getpid()}.new")
        draft.write_bytes(msgspec.json.encode(_Body(_FORM, self.session, self.members)) + b"\n")
        draft.replace(target)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Bookmark:
        """Read what `save` wrote.

        Raises BookmarkError if the file holds no bookmark, OSError if it can't be read.
        """
        try:
            body = msgspec.json.decode(Path(path).read_bytes(), type=_Body)
            if body.form != _FORM:
                raise ValueError(f"its form is {body.form!r}")
        except ValueError as error:  # msgspec's errors are ValueErrors
            raise BookmarkError(
                f"{os.fspath(path)} is damaged, or no bookmark of p2pnet ({error}): delete it, and "
                "ask for an invite"
            ) from error
        members = tuple((PeerId(peer), addresses) for peer, addresses in body.members)
        return cls(SessionId(body.session), members)


def bookmark_of(session: SessionId, roster: Roster, host: PeerId | None, me: PeerId) -> Bookmark:
    """The bookmark for a member: the host first, then the others by rank; last itself, so that
    there is somebody even when nobody else is.
    """
    ranked = sorted(roster.members, key=lambda m: (m.peer == me, m.peer != host, not m.present))
    return Bookmark(session, tuple((m.peer, m.addresses) for m in ranked))
