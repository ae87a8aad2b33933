"""A host looks for those whose seats have expired: they may live, on the other side of a split.

Who is away is dialled as long as its seat is kept, twice a second. If a split lasts longer than
that, each side has given up the seats of the other, and neither would ever hear of the other again.
So the roster remembers whom it gave up, and a host dials one of them a second, in turn. That costs
as little when they are many, and it is enough to reach any one of the other side: whoever it is
tells its own host, and the two hosts meet.
"""

from __future__ import annotations

from typing import Final

import attrs

from .session import Session

_EVERY_US: Final = 1_000_000


@attrs.define(eq=False)
class Lookout:
    """Whom to look for next."""

    session: Session

    def begin(self) -> None:
        """This peer is the host, or has given somebody up."""
        if self.session.roster.given_up:
            self.session.timers.set_once("lookout", at=self.session.now + _EVERY_US)

    def on_timer(self) -> None:
        """Dial the next one."""
        s = self.session
        if gone := s.roster.given_up:
            turn = s.now // _EVERY_US % len(gone)
            s.dial(gone[turn].peer, gone[turn].addresses)
        self.begin()

    def end(self) -> None:
        """This peer is not the host any more."""
        self.session.timers.cancel("lookout")
