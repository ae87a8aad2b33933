"""A host with few of the seats: may it go on?

A host that has fewer than half of the seats with it may be on a branch: the others may have a host
of their own. Whether it plays on, waits for a while first, or stands still is `Settings.policy`.
"""

from __future__ import annotations

import attrs

from .events import OnBranch
from .ordering import Ordering
from .policy import Standing, stand
from .session import Session


@attrs.define(eq=False)
class Minority:
    """How many of the seats are with this host, and what follows from it."""

    session: Session
    ordering: Ordering
    _on_branch: bool = False  # fewer than half of the seats are here, and the application knows
    went_on: bool = False  # this minority has had its pause

    def weigh(self) -> None:
        """How many of the seats are here, and may so few go on?

        Who is heard again may obey another host by now, so to go on again it takes followers.
        """
        s, paused = self.session, self.ordering.is_paused
        seats = s.roster.members
        present = 1 + len(self.ordering.followers) if paused else self._here()
        standing = stand(s.settings.policy, present, len(seats))
        if standing is Standing.GO or self.went_on:
            s.timers.cancel("pause")
            self._go_on(present)
        elif not paused:
            self._pause(standing, present)
        self._tell_branch(present, len(seats))

    def _here(self) -> int:
        """Members that follow, or can be reached and are about to; this one included."""
        s, followers = self.session, self.ordering.followers
        return sum(
            [
                member.peer in followers or member.peer == s.me or s.mesh.alive(s.now, member.peer)
                for member in s.roster.members
            ]
        )

    def end(self) -> None:
        """This peer is not the host any more."""
        self.went_on = self._on_branch = False

    def _pause(self, standing: Standing, present: int) -> None:
        s = self.session
        self.ordering.pause()
        s.pause(present, len(s.roster.members))
        if standing is Standing.WAIT:
            s.timers.set("pause", at=s.now + s.settings.pause_us)

    def on_pause_timer(self) -> None:
        """The minority has waited for long enough: it goes on alone."""
        self.went_on = True
        self._go_on(self._here())

    def _go_on(self, present: int) -> None:
        self.session.resume(present, len(self.session.roster.members))
        if self.ordering.is_paused:
            self.ordering.go_on()

    def _tell_branch(self, present: int, seats: int) -> None:
        """Who plays on with fewer than half knows that it may be on a branch."""
        few = 2 * present < seats
        if few and not self._on_branch and not self.ordering.is_paused:
            self.session.emit(OnBranch(present, seats))
        self._on_branch = few
        self.went_on = self.went_on and few
