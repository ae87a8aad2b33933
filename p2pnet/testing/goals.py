"""Hard places that a campaign has to reach: one that never got there has proved little.

`Tally` watches a run and counts how often each goal was reached.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from types import MappingProxyType
from typing import Any, Final

import attrs

from p2pnet.core.effects import Effect, Emit, Send, Settle
from p2pnet.core.errors import RefuseReason, RemoteProtocolError
from p2pnet.core.events import (
    BecameHost,
    BranchDiscarded,
    ClaimMade,
    ClaimRefused,
    Deposed,
    Event,
    HandoverFailed,
    HandoverStarted,
    HostChanged,
    HostRecovered,
    Isolated,
    Joined,
    Overslept,
    PeerGone,
    ProofRejected,
    PullStarted,
    ReignsMet,
)
from p2pnet.core.messages import Command, Fenced, Welcome
from p2pnet.core.states import HOSTLESS, ROLES, Role, State
from p2pnet.core.values import Epoch

from .frames import read, tag_of
from .sim_peer import Observer, SimPeer
from .sim_world import SimWorld

_AT_ONCE_US: Final = 100_000  # deaths within so much count as one
_JUST_US: Final = 200_000  # a host that died within so much of its crown died right after it


class Goal(enum.StrEnum):
    """What has to happen at least once in a campaign."""

    CLAIM_VETOED = "claim_vetoed"  # a claimant was shown that the host lives
    PULLED = "pulled"  # a claimant found somebody ahead and fetched what it lacked
    DIED_CLAIMING = "died_claiming"  # a claimant died between its claim and its crown
    DIED_PULLING = "died_pulling"  # one died while it fetched
    DIED_CROWNED = "died_crowned"  # a host died right after its crown
    DIED_BEFORE_WELCOME = "died_before_welcome"  # one died before it had welcomed anybody
    ONE_NUMBER_CLAIMED_TWICE = "one_number_claimed_twice"  # two claimed under one number
    REIGNS_MET = "reigns_met"  # two hosts of one session met
    FAST_FORWARD = "fast_forward"  # an old host came back and had nothing to lose
    DISCARDED = "discarded"  # a merge in which acknowledged work was dropped, by name
    OLD_HOST_FENCED = "old_host_fenced"  # a host was told of a newer reign
    SLEEPER_STOOD_DOWN = "sleeper_stood_down"  # a host that overslept found itself deposed
    SLEEPER_GOES_ON = "sleeper_goes_on"  # a host overslept, and asked before anything
    LONE_SURVIVOR = "lone_survivor"  # somebody was left alone and became the host
    HOST_AND_TWO_DIED = "host_and_two_died"  # the host and two more died at once
    JOINED_DURING_MIGRATION = (
        "joined_during_migration"  # a newcomer got in while a host was looked for
    )
    HANDED_OVER = "handed_over"  # a planned handover went well
    HANDOVER_ABORTED = "handover_aborted"  # one did not
    PROOF_REJECTED = "proof_rejected"  # somebody could not prove who it is
    RESUBMISSION_SUPPRESSED = (
        "resubmission_suppressed"  # a command was sent again that had been run
    )
    QUEUE_LIMIT = "queue_limit"  # an outbox was full
    ACKED_ACROSS_TWO = "acked_across_two_migrations"  # a command was acknowledged two hosts later
    ISOLATED = "isolated"  # somebody learned that it alone had lost the host
    HOST_RECOVERED = "host_recovered"  # a host that was suspected was heard again
    SNAPSHOT = "snapshot"  # somebody was so far behind that it got everything anew
    SEAT_EXPIRED = "seat_expired"  # a seat was given up


@attrs.define(eq=False)
class Tally(Observer):
    """Counts what is reached in one world."""

    heartbeats, sends = False, frozenset({tag_of(Welcome)})

    world: SimWorld
    reached: dict[Goal, int] = attrs.field(factory=dict)
    _claims: dict[int, int] = attrs.field(factory=dict)  # the process that used a number first
    _crowned_us: dict[int, int] = attrs.field(factory=dict)  # by process
    _welcomes: dict[Epoch, int] = attrs.field(factory=dict)
    _deaths: list[tuple[int, bool]] = attrs.field(factory=list)  # when, and whether of a host
    _deposed: dict[int, bool] = attrs.field(factory=dict)  # by process: True once it discarded
    _slept: dict[int, bool] = attrs.field(factory=dict)
    _submitted: dict[tuple[int, int], int] = attrs.field(factory=dict)  # under which number
    _handing_over: bool = False

    def count(self, goal: Goal) -> None:
        """A goal was reached."""
        self.reached[goal] = self.reached.get(goal, 0) + 1

    # --- what is told ---

    def befell(self, now: int, peer: SimPeer | None, text: str) -> None:
        if peer is None or text not in ("crashes", "vanishes"):
            return
        state = peer.core.state
        if state is State.CLAIMING:
            self.count(Goal.DIED_CLAIMING)
        elif state is State.PULLING:
            self.count(Goal.DIED_PULLING)
        elif state is State.REIGNING and peer.number in self._crowned_us:
            if now - self._crowned_us[peer.number] < _JUST_US:
                self.count(Goal.DIED_CROWNED)
            if peer.core.epoch not in self._welcomes:
                self.count(Goal.DIED_BEFORE_WELCOME)
        self._deaths.append((now, ROLES[state] is Role.HOST))
        latest = [host for at, host in self._deaths if now - at <= _AT_ONCE_US]
        if len(latest) >= 3 and any(latest):
            self.count(Goal.HOST_AND_TWO_DIED)

    def took(self, now: int, peer: SimPeer, source: int, data: bytes) -> None:
        if data[1] in _LOOKED_AT:
            try:
                frame = read(data)
            except RemoteProtocolError:
                return
            if isinstance(frame, Fenced) and ROLES[peer.core.state] is Role.HOST:
                self.count(Goal.OLD_HOST_FENCED)
            elif isinstance(frame, Command) and peer.core.state is State.REIGNING:
                self._look_at_command(peer, source, frame)

    def _look_at_command(self, peer: SimPeer, source: int, frame: Command) -> None:
        entry = str(self.world.peers[source].id), self.world.command_text(frame.payload)
        if entry in peer.journal.entries[:-1]:
            self.count(Goal.RESUBMISSION_SUPPRESSED)

    def did(self, now: int, peer: SimPeer, effect: Effect, targets: tuple[SimPeer, ...]) -> None:
        if isinstance(effect, Emit):
            counter = _COUNTERS.get(type(effect.event))
            if counter is not None:
                counter(self, now, peer, effect.event)
        elif isinstance(effect, Settle):
            self._settled(peer, effect)
        elif isinstance(effect, Send):
            frame = read(effect.data)
            if isinstance(frame, Welcome) and frame.missing.snapshot is not None:
                known = frame.reign.parent is not None or peer.core.roster.version > 2 * len(
                    self.world.peers
                )
                if known:
                    self.count(Goal.SNAPSHOT)

    def submitted(self, now: int, peer: SimPeer, ticket: int) -> None:
        epoch = peer.core.epoch
        if epoch is not None:
            self._submitted[peer.number, ticket] = epoch.number

    def _settled(self, peer: SimPeer, settle: Settle) -> None:
        number, epoch = self._submitted.pop((peer.number, settle.ticket), None), peer.core.epoch
        if number is None or epoch is None or settle.outcome is None:
            return
        if epoch.number >= number + 2:
            self.count(Goal.ACKED_ACROSS_TWO)

    # --- events ---

    def _claimed(self, now: int, peer: SimPeer, event: ClaimMade) -> None:
        if self._claims.setdefault(event.number, peer.number) != peer.number:
            self.count(Goal.ONE_NUMBER_CLAIMED_TWICE)

    def _refused(self, now: int, peer: SimPeer, event: ClaimRefused) -> None:
        if event.reason == RefuseReason.ALIVE:
            self.count(Goal.CLAIM_VETOED)

    def _crowned(self, now: int, peer: SimPeer, event: BecameHost) -> None:
        if not event.migrated:
            return
        self._crowned_us[peer.number] = now
        if len(self.world.members) == 1:
            self.count(Goal.LONE_SURVIVOR)
        if self._handing_over:
            self._handing_over = False
            self.count(Goal.HANDED_OVER)

    def _changed(self, now: int, peer: SimPeer, event: HostChanged) -> None:
        self._welcomes[event.epoch] = self._welcomes.get(event.epoch, 0) + 1
        if self._deposed.pop(peer.number, True) is False:
            self.count(Goal.FAST_FORWARD)

    def _was_deposed(self, now: int, peer: SimPeer, event: Deposed) -> None:
        self._deposed[peer.number] = False
        if self._slept.pop(peer.number, False):
            self.count(Goal.SLEEPER_STOOD_DOWN)

    def _discarded(self, now: int, peer: SimPeer, event: BranchDiscarded) -> None:
        if peer.number in self._deposed:
            self._deposed[peer.number] = True
        if event.tickets:
            self.count(Goal.DISCARDED)

    def _overslept(self, now: int, peer: SimPeer, event: Overslept) -> None:
        if ROLES[peer.core.state] is Role.HOST:
            self._slept[peer.number] = True
            self.count(Goal.SLEEPER_GOES_ON)

    def _joined(self, now: int, peer: SimPeer, event: Joined) -> None:
        if any(other.core.state in HOSTLESS for other in self.world.members):
            self.count(Goal.JOINED_DURING_MIGRATION)

    def _hands_over(self, now: int, peer: SimPeer, event: HandoverStarted) -> None:
        self._handing_over = True

    def _gone(self, now: int, peer: SimPeer, event: PeerGone) -> None:
        if event.reason.value == "seat_expired":
            self.count(Goal.SEAT_EXPIRED)


def _plain(goal: Goal) -> Callable[[Tally, int, SimPeer, Any], None]:
    return lambda tally, now, peer, event: tally.count(goal)


_LOOKED_AT: Final = frozenset({tag_of(Fenced), tag_of(Command)})

_COUNTERS: Final[MappingProxyType[type[Event], Callable[[Tally, int, SimPeer, Any], None]]] = (
    MappingProxyType(
        {
            ClaimMade: Tally._claimed,
            ClaimRefused: Tally._refused,
            PullStarted: _plain(Goal.PULLED),
            BecameHost: Tally._crowned,
            HostChanged: Tally._changed,
            Deposed: Tally._was_deposed,
            BranchDiscarded: Tally._discarded,
            Overslept: Tally._overslept,
            Joined: Tally._joined,
            HandoverStarted: Tally._hands_over,
            HandoverFailed: _plain(Goal.HANDOVER_ABORTED),
            ProofRejected: _plain(Goal.PROOF_REJECTED),
            ReignsMet: _plain(Goal.REIGNS_MET),
            Isolated: _plain(Goal.ISOLATED),
            HostRecovered: _plain(Goal.HOST_RECOVERED),
            PeerGone: Tally._gone,
        }
    )
)
