"""Whom a claimant asks, who stands behind it, and for whose answer it still waits.

Those who are silent may have died with the host, and those who are not may have to find out first
whether it lives. So half of those asked are enough where the others are silent. Short of that,
whoever may yet be heard is asked again for a while: a host that is late for one is often late for
all, and a session is not to break in two because the weather turns. Who was heard as it was asked
has the time to answer that everybody has, though it falls silent meanwhile.
"""

from __future__ import annotations

from typing import Final

import attrs

from .codec import encode
from .events import LossCause
from .messages import Claim, Grant, Withdraw
from .session import Session
from .values import PeerId

_DEAF: Final = 3
"""For so many red periods a claimant that hears nobody in a rough network waits for somebody, and
for half as long if there was but one to be heard."""


@attrs.define(eq=False)
class Asking:
    """One claim, and what the others say to it."""

    session: Session
    asked: dict[PeerId, int] = attrs.field(factory=dict)  # since when
    _heard: set[PeerId] = attrs.field(factory=set)  # … and was heard as it was asked last
    grants: dict[PeerId, Grant] = attrs.field(factory=dict)
    contested: bool = False  # the word of somebody has gone to a claim that gives way to ours
    redialling: bool = False  # whether the host is there is found out by a dial
    _is_greeted: bool = False  # somebody was about to prove on a new link that it is the host
    _lost: PeerId | None = None  # who is not asked
    _claim: Claim | None = None
    _deaf_us: int = 0  # until when hearing nobody says little

    def suspect(self, cause: LossCause) -> None:
        """The host was lost just now."""
        s = self.session
        self.redialling = cause is LossCause.CLOSED
        self._is_greeted = s.mesh.is_greeting(s.now, s.host)
        patient = cause is LossCause.SILENT and self._is_rough()
        patience_us = _DEAF * s.settings.red_us if patient else 0
        if s.mesh.linked(self._present()) == 1:
            patience_us //= 2  # that one is dead is not as rare as that several are
        self._deaf_us = s.now + patience_us

    def begin(self, claim: Claim, lost: PeerId | None) -> None:
        """Ask everybody that is there."""
        self._claim, self._lost = claim, lost
        self.asked, self.grants, self.contested = {}, {}, False
        self.repeat()

    def repeat(self) -> None:
        """Ask, also once more: somebody may be heard again, and who has granted holds to it."""
        s = self.session
        assert self._claim is not None
        there = (peer for peer in self._others() if s.mesh.alive(s.now, peer))
        self.asked = {peer: self.asked.get(peer, s.now) for peer in there}
        self._heard = {peer for peer in self.asked if s.mesh.is_green(s.now, peer)}
        for peer in self.asked:
            s.send(peer, self._claim)
        s.send_on(s.mesh.other_ends(), encode(self._claim))  # whoever was started again is there
        # Those asked may have to ask the host first, which takes one answer window by itself.
        windows = 2 if self.asked else 1
        at = s.now + windows * s.mesh.answer_us(self._lost if self._expects_host else None)
        s.timers.set("answers", at=min(at, self._deaf_us) if self._is_deaf() else at)

    def grant(self, peer: PeerId, frame: Grant) -> None:
        """Somebody stands behind us. If nobody was heard before, others may be heard again, too."""
        is_first = not self.grants and not self._heard
        self.grants[peer] = frame
        if is_first:
            self.repeat()

    def lose(self, peer: PeerId) -> None:
        """Somebody can't be reached any more."""
        self.asked.pop(peer, None)

    def on_back(self, peer: PeerId) -> None:
        """A member was started again: it can't grant, but who hears it is not cut off from all."""
        self.lose(peer)
        self._deaf_us = self.session.now

    def is_done(self) -> bool:
        """Whether the answers are enough, with time left for more."""
        witnessed = bool(self.asked) or not (self._expects_host or self._is_deaf())
        return (
            witnessed
            and not self.contested
            and not any(self._may_answer(peer) for peer in self._missing())
        )

    def is_over(self) -> bool:
        """Whether the time is up: nobody that may yet be heard is missing."""
        s = self.session
        if self.redialling and self._is_answered():
            return False  # who is there has not greeted so far, or not said whether it reigns
        return not self._is_deaf() and not any(
            self._is_needed(peer) and s.mesh.has_time(s.now, peer, self.asked[peer])
            for peer in self._missing()
        )

    def _is_answered(self) -> bool:
        s = self.session
        member = s.roster.get(self._lost) if self._lost else None
        return member is not None and s.mesh.is_answered(s.now, member.peer, member.nonce)

    def withdraw(self, alive: bool = False) -> None:
        """No reign comes of this claim: whoever gave its word need not wait for one."""
        if self._claim is not None:
            for peer in {**self.asked, **self.grants}:
                self.session.send(peer, Withdraw(self._claim.number, alive))
        self.end()

    def end(self) -> None:
        """There is a reign, or there was no claim: nothing that was asked for is waited for."""
        for timer in ("answers", "pull"):
            self.session.timers.cancel(timer)
        self._claim, self._is_greeted = None, False
        self.asked.clear()
        self.grants.clear()

    @property
    def _expects_host(self) -> bool:
        """Whether the lost host itself may be heard, if nobody else is."""
        return self.redialling or self._is_greeted

    def _others(self) -> list[PeerId]:
        s = self.session
        return [peer for peer, _ in s.mesh.peers() if peer != self._lost and s.roster.get(peer)]

    def _is_rough(self) -> bool:
        """Whether the network may be to blame. Who was away before says nothing of it."""
        return self.session.mesh.is_rough(self._present())

    def _present(self) -> set[PeerId]:
        return {member.peer for member in self.session.roster.members if member.present}

    def _missing(self) -> list[PeerId]:
        return [peer for peer in self.asked if peer not in self.grants]

    def _may_answer(self, peer: PeerId) -> bool:
        """Whether this answer is waited for until the time for all is up."""
        s = self.session
        heard = peer in self._heard and not s.mesh.is_mute(s.now, peer)
        return heard or self._is_needed(peer)

    def _is_needed(self, peer: PeerId) -> bool:
        """Whether this answer is waited for, as long as there is time."""
        s = self.session
        if s.mesh.is_mute(s.now, peer):
            return False
        if s.mesh.is_green(s.now, peer) or s.mesh.is_late(s.now, peer):
            return True
        enough = 2 * len(self.grants) >= len(self.asked)
        return not enough and self._is_rough()

    def _is_deaf(self) -> bool:
        """Whether nobody is with us, and that may be the network's doing."""
        return not self.grants and self.session.now < self._deaf_us
