"""The game while somebody is away: it goes on, pauses, votes, lets a bot play, or calls it lost.

What is decided is decided on the host, in its tick, from what is replicated: the rule, who is away
since when, the votes, and whether the game is paused since when. So the next host goes on with a
pause, a vote or a bot where the lost one was.

Two times are told apart. The session's uptime counts whenever there is a host; seats, votes and
absences are measured with it. The time of the game is what is left of it without the pauses.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import attrs

from ..core.errors import CommandRefusal, CommandRefused, SyncTypeError
from ..core.events import GamePaused
from ..core.values import PeerId
from .rules import Absence, Vote, WhileAway

if TYPE_CHECKING:
    from .world import World

_US_PER_S: Final = 1_000_000
_PAUSING: Final = frozenset({WhileAway.PAUSE, WhileAway.VOTE})


@attrs.frozen(eq=False)
class Absences:
    """Who is away in one world, and what that means for the game."""

    world: World

    # --- reading ---

    @property
    def paused(self) -> bool:
        """Whether the game stands still."""
        return self.world.session.paused_at_us is not None

    @property
    def missing(self) -> tuple[PeerId, ...]:
        """Those who are away, without whom the others have not decided to go on."""
        session = self.world.session
        return tuple(PeerId(peer) for peer in session.away_us if peer not in session.excused)

    def game_us(self, uptime_us: int) -> int:
        """The time of the game when the session has been up for so long."""
        session = self.world.session
        now_us = uptime_us if session.paused_at_us is None else session.paused_at_us
        return now_us - session.paused_us

    def paused_event(self) -> GamePaused:
        return GamePaused(self.missing, self.world.session.vote_until_us is not None)

    # --- who comes and goes, on the host ---

    def lose(self, peer: PeerId) -> None:
        """A peer is away from now on; if it was before, that counts."""
        self.world.session.away_us.setdefault(peer, self.world.clock.us)

    def find(self, peer: PeerId) -> None:
        """A peer is back, or its seat was given up."""
        session = self.world.session
        session.away_us.pop(peer, None)
        session.excused.discard(peer)
        session.bots.discard(peer)
        session.reserved.discard(peer)

    def forfeits(self, peer: PeerId) -> bool:
        """Whether a seat that is given up now means that its player has lost the game."""
        session = self.world.session
        return session.absence.policy is WhileAway.FORFEIT and peer in session.away_us

    def grace_us(self, peer: PeerId, seat_us: int) -> int | None:
        """How much longer the seat of a peer is kept; None for ever."""
        session = self.world.session
        rule = session.absence
        grace_s = rule.after_s if rule.policy is WhileAway.FORFEIT else rule.grace_s
        grace_s = session.graces.get(peer, grace_s)
        if peer in session.reserved or grace_s == math.inf:
            return None
        whole_us = seat_us if grace_s is None else round(grace_s * _US_PER_S)
        now_us = self.world.clock.us
        return max(0, whole_us - (now_us - session.away_us.get(peer, now_us)))

    # --- what is decided, on the host ---

    def tick(self) -> None:
        """Decide what is to be decided by now."""
        session, now_us = self.world.session, self.world.clock.us
        if not session.away_us and session.paused_at_us is None and not session.held:
            return
        rule = session.absence
        missing = [peer for peer in self.missing if self._is_due(peer)]
        self._set_bots(missing if rule.policy is WhileAway.BOT else [])
        waits = bool(missing) and rule.policy in _PAUSING
        if waits and rule.policy is WhileAway.VOTE:
            waits = self._vote(missing, now_us)
        elif session.vote_until_us is not None:
            self._close_vote()
        self._set_paused(waits or session.held, now_us)

    def _is_due(self, peer: PeerId) -> bool:
        session = self.world.session
        away_us = self.world.clock.us - session.away_us[peer]
        return away_us >= session.absence.after_s * _US_PER_S

    def _set_bots(self, missing: list[PeerId]) -> None:
        bots = self.world.session.bots
        for peer in [peer for peer in bots if peer not in missing]:
            bots.discard(peer)
        bots.update(missing)

    def _set_paused(self, paused: bool, now_us: int) -> None:
        session = self.world.session
        if paused and session.paused_at_us is None:
            session.paused_at_us = now_us
        elif not paused and session.paused_at_us is not None:
            session.paused_us += now_us - session.paused_at_us
            session.paused_at_us = None

    # --- votes ---

    def _vote(self, missing: list[PeerId], now_us: int) -> bool:
        """Whether the game waits on: look at the vote, or open it."""
        session = self.world.session
        length_us = session.absence.vote_s * _US_PER_S
        if session.vote_until_us is None:
            session.vote_until_us = now_us + length_us
        elif self._share(Vote.GO_ON) > 0.5:
            self._excuse(missing)
        elif now_us >= session.vote_until_us:
            if self._share(Vote.WAIT) <= 0.5:
                self._excuse(missing)
            else:
                session.votes.clear()
                session.vote_until_us = now_us + length_us
        return not set(missing) <= set(session.excused)

    def _share(self, vote: Vote) -> float:
        """Of all who are there, how many voted for this."""
        here = [peer for peer in self.world.connections if peer not in self.world.registry.away]
        voted = [peer for peer in here if self.world.session.votes.get(peer) is vote]
        return len(voted) / max(1, len(here))

    def _close_vote(self) -> None:
        self.world.session.votes.clear()
        self.world.session.vote_until_us = None

    def _excuse(self, missing: list[PeerId] | tuple[PeerId, ...]) -> None:
        self.world.session.excused.update(missing)
        self._close_vote()

    def cast(self, origin: PeerId, vote: Vote) -> None:
        """A member votes. Raises `CommandRefused` if there is no vote."""
        session = self.world.session
        if session.vote_until_us is None or origin in self.world.registry.away:
            raise CommandRefused(CommandRefusal.DECLINED, "there is no vote to take part in")
        session.votes[origin] = vote

    # --- what the host's player decides ---

    def set_rule(self, rule: Absence) -> None:
        """Another rule from now on."""
        if not isinstance(rule, Absence):
            raise SyncTypeError(f"expected p2pnet.Absence(...), got {rule!r}")
        self.world.check_host("change the rule for absent players")
        self.world.session.absence = rule
        self._tell_graces()

    def set_grace(self, peer: PeerId, seconds: float | None) -> None:
        """Keep one seat for so long when its player is away; None for what the rule says."""
        self.world.check_host("change how long a seat is kept")
        if seconds is None:
            self.world.session.graces.pop(peer, None)
        else:
            self.world.session.graces[peer] = Absence(grace_s=seconds).grace_s or 0.0
        self._tell_graces()

    def _tell_graces(self) -> None:
        for hook in self.world.on_graces:
            hook()

    def hold(self) -> None:
        """Pause the game until `go_on`."""
        self.world.check_host("pause the game")
        self.world.session.held = True
        self._set_paused(True, self.world.clock.us)

    def go_on(self) -> None:
        """End a pause of any kind: whoever is away now is not waited for any more."""
        self.world.check_host("let the game go on")
        self.world.session.held = False
        self._excuse(self.missing)
        self._set_paused(False, self.world.clock.us)
