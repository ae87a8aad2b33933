"""What a peer does because time goes by: deadlines, lights, heartbeats, dials.

Who hears its host is calm, and says so with each heartbeat. Then it need not say often that it is
there itself: the host hears it with every second heartbeat, and other calm ones hear it with every
fourth, for nobody asks who else is there before the host is suspected. Their link is *at rest*. Who
is calm no more beats as the host does. It says so at once to those at rest, and they answer at once
and say more often from then on that they are there.
That each end of a link can ask the other to be heard more often is a rule of BFD (RFC 5880, 6.8.3).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import attrs

from .errors import DenyReason, EndReason, LinkEnd
from .events import LossCause
from .link_state import CALM_BEATS, LOOK_BEATS, LinkState
from .roles import IN_SESSION, Roles
from .session import Session
from .states import FOLLOWING, JOINING, REIGNING, SETTLED, State
from .values import LinkId, PeerId

_DECISIONS: Final = frozenset({"seat", "pause", "rank"})
"""Deadlines of a reign that end with an update.

That nothing is ordered on probation (see `Ordering.order`) is not enough for these: an expired seat
or the end of a pause is told to the game and changes the world here before it is ordered.
"""


@attrs.define(eq=False)
class Upkeep:
    """Keeps one peer going between its inputs."""

    session: Session
    roles: Roles
    take: Callable[[LinkId, bytes], None]  # for requests that were held back
    promised_us: int | None = None
    """When this peer is woken at the latest; it stands still if that is long ago."""

    _lively: list[LinkState] | None = None  # those that are not at rest: nothing else is due …
    _look_us: int = 0  # … before all are looked at again, then …
    _looked_at: int = 0  # … or when links have changed, which they had so often

    _promised_in: State | None = None  # the promise is for this state, …
    _promised_at: int = 0  # … and for deadlines and links that had changed so often

    def next_us(self) -> int | None:
        """When there will be something to do, or None if there never will.

        This is asked for after each batch of input, and the answer hardly ever changes: what comes
        in on links that there were already can only put off what is due. So an answer stands until
        its time has come, and it may turn out then that there is nothing to do yet.
        """
        s, promised = self.session, self.promised_us
        changes = s.timers.changes + s.mesh.changes
        if (
            promised is None
            or s.now >= promised
            or s.state is not self._promised_in
            or changes != self._promised_at
        ):
            self._promised_in, self._promised_at = s.state, changes
            self.promised_us = self._earliest_us() if s.state in IN_SESSION else None
        return self.promised_us

    def _earliest_us(self) -> int | None:
        s, earliest_us = self.session, None
        for due_us in (s.timers.next(), self._links_us(), self._watch_us()):
            if due_us is not None and (earliest_us is None or due_us < earliest_us):
                earliest_us = due_us
        return None if earliest_us is None else max(earliest_us, s.now)

    def _links_us(self) -> int | None:
        """When a heartbeat is due, or a look at all links."""
        s = self.session
        if s.mesh.disturbed:
            return s.now
        if self._lively is None or s.mesh.changes != self._looked_at:
            return s.mesh.heartbeat_due_us()
        beat_us = CALM_BEATS * s.settings.heartbeat_us
        return min([self._look_us, *[link.sent_us + beat_us for link in self._lively]])

    def run(self) -> None:
        """Do what is due."""
        s = self.session
        self._promised_in = None
        for _ in range(len(s.timers)):  # what comes due at once again waits for the next wake
            if (name := s.timers.take_due(s.now)) is None:
                break
            self.on_timer(name)
            self._lively = None
        if s.state is REIGNING:
            self.roles.hosting.watch(s.now)
        elif s.state is FOLLOWING or s.state is JOINING:
            self.roles.watch_host()
        lively = self._lively
        if lively is None or s.mesh.changes != self._looked_at or s.now >= self._look_us:
            self.keep_links()
            return
        due_us = s.now - CALM_BEATS * s.settings.heartbeat_us
        if quiet := [link for link in lively if link.sent_us <= due_us]:
            self.roles.heartbeat(quiet)

    def _watch_us(self) -> int | None:
        """When the light of somebody whose silence would matter changes next."""
        state = self.session.state
        if state is FOLLOWING or state is JOINING:
            return self.roles.watching.watch_us()
        return self.roles.hosting.ordering.watch_us() if state is REIGNING else None

    def on_timer(self, name: tuple[str, ...]) -> None:
        """What came due. What a host decides by itself waits until it knows that it is the host."""
        kind, *rest = name
        s = self.session
        if kind in _DECISIONS and s.state is not REIGNING:
            s.timers.set(*name, at=s.now + s.mesh.answer_us())
            return
        _ON_TIMER[kind](self, *rest)

    def _on_approval_timer(self, peer: PeerId) -> None:
        text = "nobody on the host decided about it in time"
        self.roles.hosting.turn_away(peer, DenyReason.APPROVAL, text)

    def _on_cold_timer(self) -> None:
        s = self.session
        if s.state is not JOINING or s.seat is None:
            return  # a newcomer has a deadline of its own
        link = s.mesh.link_to(self.roles.joining.target)
        if link is not None and link.pieces.parts:
            s.timers.set("cold", at=s.now + s.settings.connect_us)  # a long welcome is on its way
        else:
            self.roles.lose_host(LossCause.SILENT)  # no link came up, or nobody there is a host

    def _on_verify_timer(self) -> None:
        s = self.session
        if self.roles.granting.doubts and s.mesh.alive(s.now, s.host):
            self.roles.granting.await_proof()
        elif self.roles.granting.doubts:
            self.roles.lose_host(LossCause.SILENT)

    def _on_confirm_timer(self) -> None:
        for link, data in self.roles.confirm():
            self.take(link, data)

    def keep_links(self) -> None:
        """Heartbeats where nothing else was said; an end to what is dead; dials that are due."""
        s, settings = self.session, self.session.settings
        now = s.now
        calm = s.mesh.calm = self.roles.watching.is_calm()
        s.mesh.disturbed = False
        # What is due soon goes out with what is due, so that one wake serves all links.
        soon_us, unheard_us = now - settings.heartbeat_us // 2, now - settings.dead_link_us
        quiet, dead = [], []
        for link in s.mesh.links.values():
            if link.peer is None:
                if now >= link.mute_us:
                    dead.append(link.id)
            elif link.detector.silent_us < unheard_us:
                dead.append(link.id)
            elif link.sent_us <= soon_us or (link.said_calm and not calm):
                quiet.append(link)
        if dead:
            for id_ in dead:
                self.roles.cut(id_, LinkEnd.BROKEN)
            quiet = [link for link in quiet if link.id in s.mesh.links]  # links depend on links
        if quiet:
            self.roles.heartbeat(quiet)
        if s.state in SETTLED or self.roles.succession.search.looks():
            s.dial_missing()
        self._rest()

    def _rest(self) -> None:
        """Where nothing is amiss, look at all links but once in a while."""
        s, links = self.session, self.session.mesh.links.values()
        self._lively = None
        if s.mesh.calm and all(link.peer is not None for link in links):
            self._lively, self._looked_at = [ln for ln in links if not ln.rests], s.mesh.changes
            rested_us, dead_us = s.now + LOOK_BEATS * s.settings.heartbeat_us, s.mesh.dead_us()
            self._look_us = rested_us if dead_us is None else min(rested_us, dead_us)


_ON_TIMER: Final[dict[str, Callable[..., None]]] = {
    "seat": lambda keep, peer: keep.roles.hosting.expire(PeerId(peer)),
    "join": lambda keep: keep.roles.joining.fail(
        EndReason.TIMED_OUT, "the host did not answer in time"
    ),
    "approval": lambda keep, peer: keep._on_approval_timer(PeerId(peer)),
    "seek": lambda keep: keep.roles.joining.on_seek_timer(),
    "cold": lambda keep: keep._on_cold_timer(),
    "claim": lambda keep: keep.roles.succession.on_claim_timer(),
    "awake": lambda keep: keep.roles.succession.on_awake_timer(),
    "answers": lambda keep: keep.roles.succession.on_answers_timer(),
    "pull": lambda keep: keep.roles.succession.on_pull_timer(),
    "promise": lambda keep: keep.roles.succession.on_promise_timer(),
    "redial": lambda keep: keep.roles.succession.on_redial_timer(),
    "verify": lambda keep: keep._on_verify_timer(),
    "dial": lambda keep, peer: None,  # being awake is enough, see `keep_links`
    "look": lambda keep: None,  # likewise
    "pause": lambda keep: keep.roles.hosting.minority.on_pause_timer(),
    "lookout": lambda keep: keep.roles.hosting.lookout.on_timer(),
    "rank": lambda keep: keep.roles.hosting.on_rank_timer(),
    "probation": lambda keep: keep._on_confirm_timer(),
    "yield": lambda keep: keep._on_confirm_timer(),
    "handover": lambda keep: keep.roles.fail_handover(),
}
