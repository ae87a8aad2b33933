"""Followers behind a slow link: they get one frame for many updates.

Theory of operation
-------------------

The same updates go to everybody. Where more waits on a link than it can carry, more of them would
only make what waits grow older. So a follower whose link is crowded gets none for a while, and when
the link is free again one frame that says what all of them come to: every change but those that a
later one made void, which only fields have that are declared so. Nobody else notices.

It stands where the others stand afterwards, with the same digest, but lacks the updates themselves:
to somebody who asks it for them it gives a snapshot. What may not be left out, a change of the
roster and the end of a reign, goes out at once, behind what was kept back.
"""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from .codec import decode, encode
from .errors import RemoteProtocolError
from .frame_parts import Oath
from .messages import Condensed, Update
from .session import Session
from .values import LinkId


@attrs.define
class Follower:
    """A member that was welcomed."""

    link: LinkId
    attempt: int  # of the request that the welcome answered
    confirmed: int  # it has the history up to here
    admitted: int = 0  # the update that gave it its seat, until all others have that
    active_us: int = 0  # when it last called a command, or was welcomed
    waits_for: int = 0  # the last update that may hold an outcome of its own
    marks: tuple[int, int] = (0, 0)  # as it was told last
    oath: Oath | None = None  # the latest
    behind: int | None = None  # got no update after this one, since its link is crowded


@attrs.define(eq=False)
class SlowLinks:
    """What a host keeps back from whom."""

    crowded: frozenset[LinkId] = frozenset()  # where more waits than the link can carry

    def keeping_up(
        self, session: Session, followers: Iterable[Follower], at_once: bool
    ) -> tuple[LinkId, ...]:
        """Where the next update goes; `at_once` to all, who have been caught up before."""
        if not self.crowded or at_once:
            return tuple(follower.link for follower in followers)
        links = []
        for follower in followers:
            if follower.behind is None and follower.link in self.crowded:
                follower.behind = session.history.seq
            if follower.behind is None:
                links.append(follower.link)
        return tuple(links)

    def catch_up(
        self, session: Session, followers: Iterable[Follower], but: frozenset[LinkId]
    ) -> list[LinkId]:
        """Send what was kept back, except on some links. Returns those on which that is too much
        to be known any more.
        """
        lost = []
        for follower in followers:
            base = follower.behind
            if base is None or follower.link in but:
                continue
            follower.behind = None
            raws = session.history.after(base)
            if raws is None:
                lost.append(follower.link)
            elif raws:
                frame = raws[0] if len(raws) == 1 else _condensed(session, base, raws)
                session.send_on((follower.link,), frame)
        return lost


def _condensed(session: Session, base: int, raws: tuple[bytes, ...]) -> bytes:
    updates, here = [_update_in(raw) for raw in raws], session.history
    assert session.epoch is not None
    lines = tuple(line for update in updates for line in update.executed)
    payload = session.replica.condense([update.payload for update in updates])
    return encode(Condensed(session.epoch, base, here.seq, here.digest, payload, lines))


def kept_back(followers: Iterable[Follower]) -> dict[LinkId, int]:
    """The links on which updates were kept back, with the last one that went out there."""
    return {f.link: f.behind for f in followers if f.behind is not None}


def _update_in(raw: bytes) -> Update:
    frame = decode(raw)
    assert isinstance(frame, Update), "a tail holds updates"
    return frame


def take_condensed(session: Session, frame: Condensed) -> None:
    """Apply what many updates come to. Raises `RemoteProtocolError` if it does not fit."""
    assert frame.base == session.history.seq, "applied without a gap"
    if frame.seq <= frame.base:
        raise RemoteProtocolError("many updates that lead nowhere")
    if not session.ledger.admits(frame.executed):
        raise RemoteProtocolError("the update runs a command that was run before")
    session.history.begin(frame.epoch)
    session.replica.apply(frame.payload)
    session.history.leap(frame.seq, frame.digest)
    session.record(frame.executed)
