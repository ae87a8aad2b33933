"""What the application of each peer is told: all that it has to know, and nothing twice (S27).

`watch` knows what is called when.
"""

from __future__ import annotations

import attrs

from p2pnet.core.errors import ADVICE, EndReason, RefuseReason
from p2pnet.core.events import (
    BecameHost,
    ClaimDenied,
    ClaimMade,
    ClaimRefused,
    Deposed,
    HandoverFailed,
    HostChanged,
    HostLost,
    HostRecovered,
    HostSuspected,
    Isolated,
    Joined,
    JoinFailed,
    MigrationStarted,
    Overslept,
    PeerGone,
    PeerJoined,
    PeerLost,
    PeerReturned,
    RoleChanged,
    RosterChanged,
    SeatReclaimed,
    SessionEnded,
    SessionPaused,
    SessionResumed,
    StateChanged,
)
from p2pnet.core.messages import Refuse
from p2pnet.core.states import HOSTLESS, ROLES, SETTLED, Role, State
from p2pnet.core.values import Epoch

from .catalogue import InvariantBroken
from .record import Record, Seen
from .sim_peer import SimPeer


@attrs.frozen
class Announcements:
    """The invariants of events, and of what the game is told along with them."""

    record: Record

    # --- itself ---

    def of_a_state(self, peer: SimPeer, seen: Seen, state: State, epoch: Epoch | None) -> None:
        """Whoever plays, or has to wait, knows which it is, and the game knows it as well."""
        role, game = ROLES[state], peer.journal
        knows = state is State.LEFT or game.is_host is (role is Role.HOST)  # or it has ended itself
        if seen.role is not role or seen.told_role is not role or not knows:
            raise InvariantBroken("S27", f"{peer.name} is {state}, and not everybody there knows")
        if ROLES[seen.state] is Role.HOST and role is Role.CLIENT and not seen.gave_way:
            raise InvariantBroken("S27", f"{peer.name} hosts no more, and was not told")
        if state is State.LEFT and not seen.ended:
            raise InvariantBroken("S27", f"{peer.name} is out, and was not told")
        if state is State.LEFT and (waits := peer.sent.keys() - peer.settled.keys()):
            raise InvariantBroken("L4", f"{peer.name} is out, and {len(waits)} commands wait on")
        if state is State.CLAIMING and not seen.claims_told:
            raise InvariantBroken("S27", f"{peer.name} claims, and was not told")
        seen.gave_way = seen.claims_told = False
        told, host = seen.told and seen.told.host, epoch and epoch.host
        if state in SETTLED and told != host:
            raise InvariantBroken("S27", f"{peer.name} was not told of {epoch}")
        if state in SETTLED | HOSTLESS and game.host_lost is not (state in HOSTLESS):
            raise InvariantBroken("S27", f"the game of {peer.name} does not know of its host")

    def joins(self, now: int, peer: SimPeer, seen: Seen, event: Joined) -> None:
        seen.told = event.epoch

    def gives_way(
        self, now: int, peer: SimPeer, seen: Seen, event: Deposed | HandoverFailed
    ) -> None:
        seen.gave_way = True

    def is_out(self, now: int, peer: SimPeer, seen: Seen, event: SessionEnded) -> None:
        if seen.ended:
            raise InvariantBroken("S27", f"{peer.name} is told twice that it is out")
        if not event.text and event.reason in ADVICE:
            raise InvariantBroken("S27", f"{peer.name} is out, and not told why")
        if event.reason is EndReason.UNREACHABLE and not seen.unreachable:
            raise InvariantBroken("S27", f"{peer.name} was not told that it gets no seat")
        seen.ended = True

    def takes_a_role(self, now: int, peer: SimPeer, seen: Seen, event: RoleChanged) -> None:
        seen.told_role = event.role

    def gets_no_seat(self, now: int, peer: SimPeer, seen: Seen, event: JoinFailed) -> None:
        seen.unreachable = True

    def claims(self, now: int, peer: SimPeer, seen: Seen, event: ClaimMade) -> None:
        seen.claims_told = True

    def denies(self, now: int, peer: SimPeer, seen: Seen, event: ClaimDenied) -> None:
        seen.denied_us = now

    def refuses(
        self, peer: SimPeer, seen: Seen, targets: tuple[SimPeer, ...], frame: Refuse
    ) -> None:
        if seen.denied_us != self.record.world.now:
            raise InvariantBroken("S27", f"{peer.name} refuses a claim, and was not told")

    def takes_refusal(self, peer: SimPeer, seen: Seen, source: SimPeer, frame: Refuse) -> None:
        claims = seen.state is State.CLAIMING and frame.number == seen.claimed
        slept = bool(seen.claims) and seen.gave_up_us >= seen.claims[-1]  # so it may claim no more
        seen.refused = claims and not slept and frame.reason is not RefuseReason.NEWER

    def refused(self, now: int, peer: SimPeer, seen: Seen, event: ClaimRefused) -> None:
        seen.refused = False

    def missing(self, peer: SimPeer, seen: Seen) -> None:
        """Of this its application has to be told at once, and was not."""
        what = "that its claim was refused" if seen.refused else f"that {seen.back} is back"
        raise InvariantBroken("S27", f"{peer.name} was not told {what}")

    def overslept(self, now: int, peer: SimPeer, seen: Seen, event: Overslept) -> None:
        seen.slept = False

    def changes(self, now: int, peer: SimPeer, seen: Seen, event: StateChanged) -> None:
        if seen.slept:
            raise InvariantBroken("S27", f"{peer.name} overslept, and was not told")

    # --- its host ---

    def announced_once(
        self, now: int, peer: SimPeer, seen: Seen, event: BecameHost | HostChanged
    ) -> None:
        if seen.told is None and isinstance(event, HostChanged):
            raise InvariantBroken("S27", f"{peer.name} is new, and told of another host: {event}")
        if seen.told is not None and event.epoch <= seen.told:
            raise InvariantBroken("S27", f"{peer.name} was told of {event.epoch} after {seen.told}")
        seen.told, seen.lost, seen.suspects = event.epoch, False, False

    def suspects(
        self, now: int, peer: SimPeer, seen: Seen, event: HostSuspected | HostRecovered
    ) -> None:
        """Which of the two it is alternates, until there is another host."""
        suspects = isinstance(event, HostSuspected)
        if seen.suspects is suspects:
            raise InvariantBroken("S27", f"{peer.name} is told what it knew: {event}")
        seen.suspects = suspects

    def pauses(
        self, now: int, peer: SimPeer, seen: Seen, event: SessionPaused | SessionResumed
    ) -> None:
        """Which of the two it is alternates, whoever hosts."""
        pauses = isinstance(event, SessionPaused)
        if seen.paused is pauses:
            raise InvariantBroken("S27", f"{peer.name} is told what it knew: {event}")
        seen.paused = pauses

    def lost(self, now: int, peer: SimPeer, seen: Seen, event: HostLost) -> None:
        if seen.lost:
            raise InvariantBroken("S27", f"{peer.name} was told twice that its host is lost")
        if self.record.together and any(host.id == event.host for host in self.record.world.hosts):
            raise InvariantBroken("S27", f"{peer.name} loses a host that lives, and is not parted")
        seen.lost = seen.suspects = True

    def migrates(
        self, now: int, peer: SimPeer, seen: Seen, event: MigrationStarted | Isolated
    ) -> None:
        if not seen.lost and isinstance(event, MigrationStarted):
            raise InvariantBroken("S27", f"{peer.name} migrates and has lost nobody")
        seen.lost = False

    # --- the others ---

    def hears_of(
        self,
        now: int,
        peer: SimPeer,
        seen: Seen,
        event: PeerJoined | PeerReturned | PeerLost | PeerGone,
    ) -> None:
        if event.peer == peer.id and isinstance(event, PeerLost | PeerReturned):
            raise InvariantBroken("S27", f"{peer.name} is told of itself: {event}")
        there = seen.members.get(event.peer)
        twice = {PeerJoined: event.peer in seen.members, PeerLost: there is False}
        if twice.get(type(event), there is True and isinstance(event, PeerReturned)):
            raise InvariantBroken("S27", f"{peer.name} is told what it knew: {event}")
        if isinstance(event, PeerGone):
            seen.members.pop(event.peer, None)
        elif isinstance(event, PeerJoined):
            seen.members[event.peer] = None
        else:
            seen.members[event.peer] = isinstance(event, PeerReturned)
            if isinstance(event, PeerReturned) and peer.core.role is Role.HOST:
                seen.back = event.peer

    def reclaims(self, now: int, peer: SimPeer, seen: Seen, event: SeatReclaimed) -> None:
        """The game of the host hears who is back, and what it brought with it."""
        if seen.back == event.peer:
            seen.back = None

    def roster(self, now: int, peer: SimPeer, seen: Seen, event: RosterChanged) -> None:
        roster = event.roster
        told = [(m.peer, m.present) for m in roster.members if seen.members.get(m.peer) is not None]
        if dict(told) != {p: here for p, here in seen.members.items() if here is not None}:
            raise InvariantBroken("S27", f"{peer.name} was not told who is there")
        if len(seen.members) != len(roster.members):
            raise InvariantBroken("S27", f"{peer.name} was not told who came and went")
