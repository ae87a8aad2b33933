"""What must never happen to reigns: who claims, who grants, who orders, and who gives way.

S01 to S10, S14, S19, S20 and S34, and the claims of L6. `watch` knows what is called when.
"""

from __future__ import annotations

from typing import Any

import attrs

from p2pnet.core.errors import EndReason, RefuseReason
from p2pnet.core.events import (
    BecameHost,
    ClaimMade,
    HandoverStarted,
    PullStarted,
    ReignsMet,
    SessionEnded,
    StateChanged,
)
from p2pnet.core.history import reaches
from p2pnet.core.messages import (
    Claim,
    Grant,
    Meeting,
    Pong,
    Refuse,
    Update,
    Welcome,
    Yield,
)
from p2pnet.core.states import ROLES, Role, State
from p2pnet.core.values import Epoch, PeerId

from .announcements import Announcements
from .catalogue import InvariantBroken
from .record import Record, Seen, paced
from .sim_peer import SimPeer


@attrs.define(eq=False)
class Reigns:
    """The invariants of reigns."""

    record: Record
    announcements: Announcements
    _claimed: dict[tuple[int, PeerId, int], tuple[Epoch, int]] = attrs.field(factory=dict)
    _verdicts: dict[frozenset[Any], Epoch] = attrs.field(factory=dict)

    # --- epochs and roles ---

    def state_and_epoch(self, peer: SimPeer, seen: Seen, state: State, epoch: Epoch | None) -> None:
        if seen.epoch is not None and (epoch is None or epoch < seen.epoch):
            raise InvariantBroken("S03", f"{peer.name} went from {seen.epoch} back to {epoch}")
        if ROLES[state] is Role.HOST and epoch is not None:
            self.one_reign_per_epoch(peer, epoch)
            self.merged_once(peer, seen, epoch)
            if (reign := peer.core.reign) is not None and reign.parent is not None:
                self.record.parents.setdefault(epoch, reign.parent)
        if state is State.FOLLOWING and epoch not in self.record.reigns:
            raise InvariantBroken("S02", f"{peer.name} follows {epoch}, under which nobody reigns")
        if ROLES[state] is not Role.HOST:
            seen.asleep, seen.handing_over = False, None
        if state is not seen.state:
            self.announcements.of_a_state(peer, seen, state, epoch)
        seen.state, seen.epoch = state, epoch

    def one_reign_per_epoch(self, peer: SimPeer, epoch: Epoch) -> None:
        first = self.record.reigns.setdefault(epoch, peer.number)
        if first != peer.number or epoch.host != peer.id:
            raise InvariantBroken("S01", f"{peer.name} speaks for {epoch} of peer {first}")
        self.record.numbers = max(self.record.numbers, epoch.number)

    def orders(
        self, peer: SimPeer, seen: Seen, targets: tuple[SimPeer, ...], frame: Update
    ) -> None:
        self.one_reign_per_epoch(peer, frame.epoch)
        if seen.asleep:
            raise InvariantBroken("S09", f"{peer.name} orders though it overslept")
        if seen.handing_over == frame.epoch:
            raise InvariantBroken("S10", f"{peer.name} orders after it handed over")

    def stale_is_inert(self, peer: SimPeer, seen: Seen, frame: Any) -> None:
        if seen.epoch is None or frame.epoch >= seen.epoch or peer.core.state is State.PROBATION:
            return
        core = peer.core
        if seen.gave_up_us == self.record.world.now and core.state is State.DOUBTING:
            return  # it gave up its claim for having slept, and the frame was the first it saw then
        if (core.state, core.epoch, core.position) != (seen.state, seen.epoch, seen.position):
            kind = type(frame).__name__
            raise InvariantBroken("S04", f"{peer.name} heeded {kind} of {frame.epoch}")

    # --- claims ---

    def claims(self, now: int, peer: SimPeer, seen: Seen, event: ClaimMade) -> None:
        seen.grants, seen.heard = {}, {}
        seen.vetoed, seen.claimed = False, event.number
        self.record.numbers = max(self.record.numbers, event.number)
        paced(now, seen.claims, peer, "claims")
        if event.number <= seen.handed_over:
            raise InvariantBroken("S05", f"{peer.name} claims {event.number}, which it gave away")
        if seen.asleep or seen.woke_us == now:
            raise InvariantBroken("S09", f"{peer.name} claims though it overslept")

    def takes_claim(self, peer: SimPeer, seen: Seen, source: SimPeer, frame: Claim) -> None:
        lost = frame.reign.epoch, self.record.world.now
        self._claimed.setdefault((peer.number, source.id, frame.number), lost)
        if frame.number <= self.record.numbers + _free(source, frame.reign.epoch.host):
            self.record.numbers = max(self.record.numbers, frame.number)  # signed: it is a proof

    def grants(self, peer: SimPeer, seen: Seen, targets: tuple[SimPeer, ...], frame: Grant) -> None:
        if not targets:
            return  # the claimant has closed the link meanwhile
        self.can_host(peer, targets[0].id)
        claimant, number = targets[0].id, frame.number
        if seen.granted.setdefault(number, claimant) != claimant or number < max(seen.granted):
            given = ", ".join(f"{n} to {who}" for n, who in seen.granted.items())
            text = f"{peer.name} gave its word for {number} to {claimant}, having given {given}"
            raise InvariantBroken("S05", text)
        if number > self.record.numbers + _free(targets[0], peer.core.host_peer):
            raise InvariantBroken(
                "S08", f"{peer.name} granted {number}, {self.record.numbers} was the last"
            )
        # Whoever answered is heard before a crown, also if its answer is still under way.
        for target in targets if self.record.together else ():
            claimant_seen = self.record.seen(target)
            if claimant_seen.claimed == number:
                claimant_seen.grants[peer.number] = frame.position

    def refuses(
        self, peer: SimPeer, seen: Seen, targets: tuple[SimPeer, ...], frame: Refuse
    ) -> None:
        if frame.reason is not RefuseReason.ALIVE:
            return
        if peer.core.host_peer != peer.id and not isinstance(self.record.took, Pong):
            raise InvariantBroken("S07", f"{peer.name} says from memory that the host lives")
        epoch, host = peer.core.epoch, peer.core.host_peer
        for target in targets:
            lost, asked_us = self._claimed.get((peer.number, target.id, frame.number), (None, 0))
            if lost is not None and epoch is not None and epoch < lost:
                raise InvariantBroken("S07", f"{peer.name} of {epoch} defends against {lost}")
            if host not in (None, peer.id) and not self._lived(host, asked_us):
                text = f"{peer.name} says that its host lives, which had died before it was asked"
                raise InvariantBroken("S07", text)

    def _lived(self, whose: PeerId | None, since_us: int) -> bool:
        """Whether a process with this key has not died before."""
        deaths = [self.record.seen(p).died_us for p in self.record.world.peers if p.id == whose]
        return any(died_us is None or died_us >= since_us for died_us in deaths)

    def can_host(self, peer: SimPeer, whom: PeerId) -> None:
        """Whoever stands behind a new host knows that it can be one."""
        member = peer.core.roster.get(whom)
        if member is not None and not member.can_host:
            raise InvariantBroken("S34", f"{peer.name} wants {whom} to host, which can't")

    def takes_grant(self, peer: SimPeer, seen: Seen, source: SimPeer, frame: Grant) -> None:
        if peer.core.state in (State.CLAIMING, State.PULLING, State.REIGNING):
            seen.grants[source.number] = seen.heard[source.number] = frame.position

    def takes_refusal(self, peer: SimPeer, seen: Seen, source: SimPeer, frame: Refuse) -> None:
        own = peer.core.host_peer == peer.id  # a host that claims anew knows that it lives
        # What was claimed in its name says nothing of what it claims.
        claimed = seen.state in (State.CLAIMING, State.PULLING) and frame.number <= seen.claimed
        if frame.reason is RefuseReason.ALIVE and claimed and not own:
            seen.vetoed = True

    def crowned(self, now: int, peer: SimPeer, seen: Seen, event: BecameHost) -> None:
        self.one_reign_per_epoch(peer, event.epoch)
        self.can_host(peer, peer.id)
        self.reigns_alone(peer)
        claimed = seen.state in (State.CLAIMING, State.PULLING)
        others = peer.core.census["links"] and len(self.record.world.members) > 1
        if claimed and others and seen.woke_us == now:
            raise InvariantBroken("S09", f"{peer.name} wakes up and reigns")
        if claimed and seen.vetoed:
            raise InvariantBroken("S06", f"{peer.name} reigns though the host was proved alive")
        for source, position in seen.grants.items() if event.migrated else ():
            grantor = self.record.world.peers[source]
            parent = peer.core.reign.parent if peer.core.reign is not None else None
            if (
                grantor in self.record.world.members
                and self.record.together
                and parent is not None
                and position > parent
            ):
                text = f"{peer.name} reigns from {parent}, {grantor.name} had {position}"
                raise InvariantBroken("S14", text)

    def reigns_alone(self, peer: SimPeer) -> None:
        """Where nobody is parted from anybody, one loss of a host leads to one reign.

        Who came later may not be linked to all so far.
        """
        linked = self.record.together and len(self.record.world.peers) == self.record.processes
        for other in self.record.world.hosts if linked else ():
            if other is not peer and other.core.state is not State.HANDING_OVER:
                raise InvariantBroken(
                    "L5", f"{peer.name} reigns, and {other.name} lives and reigns"
                )

    def pulls(self, now: int, peer: SimPeer, seen: Seen, event: PullStarted) -> None:
        """Whoever is behind asks the freshest first: with each question time goes by."""
        if seen.state is not State.CLAIMING or not self.record.together:
            return  # not the first that it asks, or some can't be asked
        living = {member.number for member in self.record.world.members}
        best = max((at for n, at in seen.heard.items() if n in living), default=event.position)
        if event.position < best:
            text = f"{peer.name} asks for {event.position}, and somebody has {best}"
            raise InvariantBroken("S14", text)

    # --- sleep and handover ---

    def wakes(self, now: int, peer: SimPeer, seen: Seen) -> None:
        """A process that stood still goes on: if it hosts, the others may have given it up."""
        settings = self.record.world.settings
        others = peer.core.census["followers"] > 0
        slept = now - seen.stood_still_us > settings.red_us + settings.heartbeat_us
        claims = seen.state in (State.CLAIMING, State.PULLING)
        seen.woke_us = now if slept and ROLES[seen.state] is Role.CLIENT else -1
        seen.gave_up_us = now if claims else -1
        seen.slept = slept and (others or ROLES[seen.state] is Role.CLIENT)
        seen.asleep = others and slept and seen.state is State.REIGNING

    def welcomes(
        self, peer: SimPeer, seen: Seen, targets: tuple[SimPeer, ...], frame: Welcome
    ) -> None:
        if seen.asleep:
            raise InvariantBroken("S09", f"{peer.name} welcomes though it overslept")

    def changes(self, now: int, peer: SimPeer, seen: Seen, event: StateChanged) -> None:
        if event.new is State.PROBATION:
            seen.probation_us = now
            return
        # By its own clock, which may be wrong, it waits for an answer window.
        enough_us = self.record.world.settings.answer_us_min // 2
        goes_on = event.old is State.PROBATION and event.new is State.REIGNING
        if goes_on and now < seen.probation_us + enough_us:
            raise InvariantBroken("S09", f"{peer.name} asks who rules, and does not listen")
        seen.asleep = False  # it has asked the others, or is a host no more

    def hands_over(self, now: int, peer: SimPeer, seen: Seen, event: HandoverStarted) -> None:
        self.record.numbers = max(self.record.numbers, event.number)
        seen.handing_over, seen.handed_over = peer.core.epoch, event.number

    def hands_over_first(self, now: int, host: SimPeer, seen: Seen, event: SessionEnded) -> None:
        """A host that leaves on purpose goes at once only if nobody can take over."""
        if event.reason is not EndReason.LEFT or seen.state is not State.REIGNING:
            return
        for peer in self.record.world.members if self.record.together else ():
            own = peer.core.roster.get(peer.id)
            follows = peer.core.state is State.FOLLOWING and peer.core.host_peer == host.id
            if follows and own is not None and own.can_host:
                raise InvariantBroken("S10", f"{host.name} leaves, and {peer.name} follows it")

    # --- merges ---

    def meets(self, now: int, peer: SimPeer, seen: Seen, event: ReignsMet) -> None:
        """Both hosts come to one verdict, and an ancestor gives way to its descendant."""
        frame = self.record.took
        if not isinstance(frame, Meeting) or peer.core.reign is None:
            return
        # What was written and waited for a tick is a part of its history before it decides.
        theirs, mine, position = frame.header, seen.epoch, peer.core.position
        if mine is None or position is None:
            return
        winner = mine if event.ours else event.theirs
        loser = event.theirs if event.ours else mine
        here = mine, position, peer.core.sworn
        there = theirs.reign.epoch, theirs.position, frozenset(o.key for o in theirs.oaths)
        headers = frozenset((here, there))
        if self._verdicts.setdefault(headers, winner) != winner:
            raise InvariantBroken("S20", f"two verdicts on {winner} and {loser}")
        if event.theirs == mine or theirs.position == position:
            return
        ahead = reaches(theirs.lineage, theirs.position.seq, position)
        behind = reaches(peer.core.lineage, position.seq, theirs.position)
        if ahead if event.ours else behind:
            text = f"{peer.name} parts {mine} from {event.theirs}, and one goes on from the other"
            raise InvariantBroken("S19", text)

    def merged_once(self, peer: SimPeer, seen: Seen, epoch: Epoch) -> None:
        """A yield that comes again begins no reign again."""
        frame = self.record.took
        if isinstance(frame, Yield) and seen.epoch is not None and epoch != seen.epoch:
            if frame.epoch in seen.merged:
                raise InvariantBroken("S20", f"{peer.name} moved twice for {frame.epoch}")
            seen.merged.append(frame.epoch)


def _free(claimant: SimPeer, host: PeerId | None) -> int:
    """How far a claim may be above the last number.

    A host whose handover failed has spent a number that its members may not have heard of.
    """
    return 2 if claimant.id == host else 1
