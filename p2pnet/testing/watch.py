"""What must never happen, for an instant: somebody who sees all peers looks after every step.

Nothing here believes what one peer thinks of itself. `Watch` keeps its own record of reigns, words
given, receipts and positions, and raises `InvariantBroken` as soon as a core contradicts it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from types import MappingProxyType
from typing import Any, Final

import attrs

from p2pnet.core.codec import decode
from p2pnet.core.effects import CloseLink, Dial, Effect, Emit, Send, Settle
from p2pnet.core.errors import RemoteProtocolError
from p2pnet.core.events import (
    BecameHost,
    BranchDiscarded,
    ClaimMade,
    Event,
    HandoverStarted,
    HostChanged,
    HostLost,
    Isolated,
    MigrationStarted,
    PeerGone,
    ReignsMet,
    RosterChanged,
    StateChanged,
)
from p2pnet.core.history import reaches
from p2pnet.core.messages import (
    Carried,
    Carry,
    Claim,
    Command,
    Confirm,
    Follow,
    Frame,
    Grant,
    Handover,
    Heartbeat,
    Marks,
    Meeting,
    Pong,
    Refuse,
    RefuseReason,
    Rejoin,
    Update,
    Welcome,
    Yield,
)
from p2pnet.core.roster import Roster
from p2pnet.core.settings import AckLevel
from p2pnet.core.states import ROLES, Role, State
from p2pnet.core.values import Epoch, PeerId, Position, peer_id

from .catalogue import InvariantBroken
from .core_world import WOKEN_EARLY, CoreWorld
from .sim_peer import Observer, SimPeer

_INSTANT_STEPS_MAX: Final = 20_000  # inputs taken without a microsecond going by
_CLAIMS_A_SECOND_MAX: Final = 20
_DIALS_A_SECOND_MAX: Final = 20
_SECOND_US: Final = 1_000_000


def tag_of(kind: type[Frame]) -> int:
    """The second byte of each frame of this kind."""
    tag = kind.__struct_config__.tag
    assert isinstance(tag, int)
    return tag


@attrs.frozen
class Acknowledged:
    """A receipt was given: for what, and which processes held it at that time."""

    text: str
    peer: int
    ticket: int
    level: AckLevel
    holders: tuple[int, ...]


@attrs.define(eq=False)
class Seen:
    """One process as it was after its last step."""

    state: State = State.IDLE
    epoch: Epoch | None = None
    position: Position | None = None
    digest: bytes = b""
    told: Epoch | None = None  # the last reign that its application was told of
    lost: bool = False  # its application was told of a loss, and not yet of a migration
    welcomed: PeerId | None = None  # the host whose welcome came last
    stood_still_us: int = 0  # since when it was paused
    asleep: bool = False  # it was the host, overslept, and has not asked anybody since
    handing_over: Epoch | None = None  # the reign under which it may order nothing any more
    granted: dict[int, PeerId] = attrs.field(factory=dict)  # by number
    grants: dict[int, Position] = attrs.field(factory=dict)  # for its own claim, by process
    vetoed: bool = False  # proof that the host lives has come for its own claim
    claims: deque[int] = attrs.field(factory=lambda: deque(maxlen=_CLAIMS_A_SECOND_MAX))
    dials: deque[int] = attrs.field(factory=lambda: deque(maxlen=_DIALS_A_SECOND_MAX))
    merged: list[Epoch] = attrs.field(factory=list)  # the yields for which it moved on


@attrs.define(eq=False)
class Watch(Observer):
    """The invariants of every instant."""

    heartbeats = False

    world: CoreWorld
    together: bool = False  # nobody was ever parted from anybody who lives
    acknowledged: list[Acknowledged] = attrs.field(factory=list)
    discarded: list[tuple[int, int]] = attrs.field(factory=list)  # (peer, ticket)
    progress: int = 0  # changes of a state, a reign or a position, anywhere
    _reigns: dict[Epoch, int] = attrs.field(factory=dict)  # which process reigns under it
    _seen: dict[int, Seen] = attrs.field(factory=dict)
    _states: dict[Position, tuple[Any, ...]] = attrs.field(factory=dict)
    _rosters: dict[Position, tuple[Roster, str]] = attrs.field(factory=dict)
    _claimed: dict[tuple[int, PeerId, int], Epoch] = attrs.field(factory=dict)
    _verdicts: dict[frozenset[Any], Epoch] = attrs.field(factory=dict)
    _keys: dict[PeerId, bytes] = attrs.field(factory=dict)  # known to be theirs
    _numbers: int = 1  # the highest that an honest peer has used
    _early: int | None = None  # who is woken though nothing is due
    _noise_from: int | None = None  # who said what is not a frame, just now
    _took: Frame | None = None  # what the core that acts now has taken
    _instant: tuple[int, int] = (0, 0)  # when, and how many steps

    def __attrs_post_init__(self) -> None:
        """Begin with what is: the session may have been on for a while."""
        for peer in self.world.peers:
            core, seen = peer.core, self.seen(peer)
            seen.state, seen.epoch, seen.position = core.state, core.epoch, core.position
            seen.digest, seen.welcomed = core.digest, core.host_peer
            if core.epoch is not None and core.role is Role.HOST:
                self._reigns[core.epoch] = peer.number
                self._numbers = max(self._numbers, core.epoch.number)

    @property
    def reigns(self) -> int:
        """How many there were."""
        return len(self._reigns)

    def seen(self, peer: SimPeer) -> Seen:
        """One process as it was after its last step."""
        found = self._seen.get(peer.number)
        if found is None:
            found = self._seen[peer.number] = Seen()
        return found

    # --- what is told ---

    def submitted(self, now: int, peer: SimPeer, ticket: int) -> None:
        waiting, limit = (
            len(peer.sent) - len(peer.settled),
            peer.core.settings.commands_in_flight_max,
        )
        if waiting > limit:
            raise InvariantBroken("S28", f"{peer.name} waits for {waiting} commands")

    def befell(self, now: int, peer: SimPeer | None, text: str) -> None:
        if peer is not None and text == "stands still":
            self.seen(peer).stood_still_us = now
        elif peer is not None and text == "goes on":
            seen, red_us = self.seen(peer), self.world.settings.red_us
            others = peer.core.census["followers"] > 0
            slept = now - seen.stood_still_us > red_us + self.world.settings.heartbeat_us
            seen.asleep = others and slept and seen.state is State.REIGNING
        elif peer is not None and text == WOKEN_EARLY:
            self._early = peer.number if not peer.paused else None

    def took(self, now: int, peer: SimPeer, source: int, data: bytes) -> None:
        try:
            frame = decode(data)
        except RemoteProtocolError:
            self._took, self._noise_from = None, source
            return
        if isinstance(frame, Carried):
            self._took_relayed(now, peer, frame)
            return
        self._took = frame
        seen = self.seen(peer)
        if isinstance(frame, _SPEAK_FOR_A_REIGN):
            self._stale_is_inert(peer, seen, frame)
        handler = _TAKEN.get(type(frame))
        if handler is not None:
            handler(self, peer, seen, self.world.peers[source], frame)

    def _took_relayed(self, now: int, peer: SimPeer, frame: Carried) -> None:
        """What a neighbour passed on counts as said by whom it came from."""
        source = next((p.number for p in self.world.peers if p.id == frame.far), None)
        if source is not None and frame.data:
            self.took(now, peer, source, frame.data)

    def _said_relayed(
        self, peer: SimPeer, seen: Seen, targets: tuple[SimPeer, ...], frame: Carry
    ) -> None:
        """What a neighbour is asked to pass on counts as said to whom it is for."""
        handler = _SAID.get(frame.data[1]) if frame.data else None
        if handler is not None:
            target = next((p for p in self.world.peers if p.id == frame.far and p.alive), None)
            handler(self, peer, seen, (target,) if target else (), decode(frame.data))

    def did(self, now: int, peer: SimPeer, effect: Effect, targets: tuple[SimPeer, ...]) -> None:
        if isinstance(effect, Send):
            handler = _SAID.get(effect.data[1])
            if handler is not None:
                handler(self, peer, self.seen(peer), targets, decode(effect.data))
        elif isinstance(effect, Emit):
            if self._early == peer.number and isinstance(effect.event, _ACTS):
                raise InvariantBroken("S31", f"{peer.name} acted before its time: {effect.event}")
            told = _TOLD.get(type(effect.event))
            if told is not None:
                told(self, now, peer, self.seen(peer), effect.event)
        elif isinstance(effect, Settle) and effect.outcome is not None:
            self._note(peer, effect)
        elif isinstance(effect, Dial):
            _paced(now, self.seen(peer).dials, peer, "dials")
        elif isinstance(effect, CloseLink):
            self._closes_its_own(peer, effect)

    def stepped(self, now: int, peer: SimPeer) -> None:
        core, seen = peer.core, self.seen(peer)
        state, epoch = core.state, core.epoch
        self._time_goes_on(now, peer)
        if state is not seen.state or epoch != seen.epoch:
            self.progress += 1
            self._state_and_epoch(peer, seen, state, epoch)
        position, digest = core.position, core.digest
        if position is not None and (position != seen.position or digest != seen.digest):
            self.progress += 1
            self._moved(peer, seen, position)
            seen.digest = digest
        self._took = self._noise_from = self._early = None

    # --- time ---

    def _time_goes_on(self, now: int, peer: SimPeer) -> None:
        at, steps = self._instant
        self._instant = now, steps + 1 if at == now else 0
        if steps > _INSTANT_STEPS_MAX:
            raise InvariantBroken("L6", f"{steps} steps at one instant, of {peer.name} at last")

    # --- epochs and roles ---

    def _state_and_epoch(
        self, peer: SimPeer, seen: Seen, state: State, epoch: Epoch | None
    ) -> None:
        if seen.epoch is not None and (epoch is None or epoch < seen.epoch):
            raise InvariantBroken("S03", f"{peer.name} went from {seen.epoch} back to {epoch}")
        if ROLES[state] is Role.HOST and epoch is not None:
            self._one_reign_per_epoch(peer, epoch)
            self._merged_once(peer, seen, epoch)
        if state is State.FOLLOWING and epoch not in self._reigns:
            raise InvariantBroken("S02", f"{peer.name} follows {epoch}, under which nobody reigns")
        if ROLES[state] is not Role.HOST:
            seen.asleep, seen.handing_over = False, None
        seen.state, seen.epoch = state, epoch

    def _one_reign_per_epoch(self, peer: SimPeer, epoch: Epoch) -> None:
        first = self._reigns.setdefault(epoch, peer.number)
        if first != peer.number or epoch.host != peer.id:
            raise InvariantBroken("S01", f"{peer.name} speaks for {epoch} of peer {first}")

    def _orders(
        self, peer: SimPeer, seen: Seen, targets: tuple[SimPeer, ...], frame: Update
    ) -> None:
        self._one_reign_per_epoch(peer, frame.epoch)
        if seen.asleep:
            raise InvariantBroken("S09", f"{peer.name} orders though it overslept")
        if seen.handing_over == frame.epoch:
            raise InvariantBroken("S10", f"{peer.name} orders after it handed over")
        if len(set(targets)) < len(targets):
            raise InvariantBroken("S22", f"{peer.name} has two links to one follower")
        self._no_strangers(peer, targets)

    def _stale_is_inert(self, peer: SimPeer, seen: Seen, frame: Any) -> None:
        if seen.epoch is None or frame.epoch >= seen.epoch or peer.core.state is State.PROBATION:
            return
        core = peer.core
        if (core.state, core.epoch, core.position) != (seen.state, seen.epoch, seen.position):
            kind = type(frame).__name__
            raise InvariantBroken("S04", f"{peer.name} heeded {kind} of {frame.epoch}")

    # --- claims ---

    def _claims(self, now: int, peer: SimPeer, seen: Seen, event: ClaimMade) -> None:
        seen.grants, seen.vetoed = {}, False
        self._numbers = max(self._numbers, event.number)
        _paced(now, seen.claims, peer, "claims")
        if seen.asleep:
            raise InvariantBroken("S09", f"{peer.name} claims though it overslept")

    def _takes_claim(self, peer: SimPeer, seen: Seen, source: SimPeer, frame: Claim) -> None:
        self._claimed[peer.number, source.id, frame.number] = frame.reign.epoch
        if frame.number <= self._numbers + 1:
            self._numbers = max(self._numbers, frame.number)  # signed, so it proves the next one

    def _grants(
        self, peer: SimPeer, seen: Seen, targets: tuple[SimPeer, ...], frame: Grant
    ) -> None:
        claimant, number = targets[0].id if targets else PeerId(""), frame.number
        if seen.granted.setdefault(number, claimant) != claimant or number < max(seen.granted):
            given = ", ".join(f"{n} to {who}" for n, who in seen.granted.items())
            text = f"{peer.name} gave its word for {number} to {claimant}, having given {given}"
            raise InvariantBroken("S05", text)
        # A host whose handover failed has spent a number that its members may not have heard of.
        free = 2 if claimant == peer.core.host_peer else 1
        if number > self._numbers + free:
            raise InvariantBroken(
                "S08", f"{peer.name} granted {number}, {self._numbers} was the last"
            )

    def _refuses(
        self, peer: SimPeer, seen: Seen, targets: tuple[SimPeer, ...], frame: Refuse
    ) -> None:
        if frame.reason is not RefuseReason.ALIVE:
            return
        if peer.core.host_peer != peer.id and not isinstance(self._took, Pong):
            raise InvariantBroken("S07", f"{peer.name} says from memory that the host lives")
        for target in targets:
            lost = self._claimed.get((peer.number, target.id, frame.number))
            epoch = peer.core.epoch
            if lost is not None and epoch is not None and epoch < lost:
                raise InvariantBroken("S07", f"{peer.name} of {epoch} defends against {lost}")

    def _takes_grant(self, peer: SimPeer, seen: Seen, source: SimPeer, frame: Grant) -> None:
        if peer.core.state in (State.CLAIMING, State.PULLING, State.REIGNING):
            seen.grants[source.number] = frame.position

    def _takes_refusal(self, peer: SimPeer, seen: Seen, source: SimPeer, frame: Refuse) -> None:
        own = peer.core.host_peer == peer.id  # a host that claims anew knows that it lives
        if frame.reason is RefuseReason.ALIVE and seen.state is State.CLAIMING and not own:
            seen.vetoed = True

    def _crowned(self, now: int, peer: SimPeer, seen: Seen, event: BecameHost) -> None:
        self._one_reign_per_epoch(peer, event.epoch)
        self._announced_once(now, peer, seen, event)
        self._numbers = max(self._numbers, event.epoch.number)
        if seen.vetoed and seen.state in (State.CLAIMING, State.PULLING):
            raise InvariantBroken("S06", f"{peer.name} reigns though the host was proved alive")
        for source, position in seen.grants.items() if event.migrated else ():
            grantor = self.world.peers[source]
            parent = peer.core.reign.parent if peer.core.reign is not None else None
            if (
                grantor in self.world.members
                and self.together
                and parent is not None
                and position > parent
            ):
                text = f"{peer.name} reigns from {parent}, {grantor.name} had {position}"
                raise InvariantBroken("S14", text)
        self._at_most_once(peer)

    # --- sleep and handover ---

    def _changes(self, now: int, peer: SimPeer, seen: Seen, event: StateChanged) -> None:
        if event.new is not State.PROBATION:
            seen.asleep = False  # it has asked the others, or is a host no more

    def _hands_over(self, now: int, peer: SimPeer, seen: Seen, event: HandoverStarted) -> None:
        self._numbers = max(self._numbers, event.number)
        seen.handing_over = peer.core.epoch

    # --- history and state ---

    def _moved(self, peer: SimPeer, seen: Seen, position: Position) -> None:
        before, seen.position = seen.position, position
        if isinstance(self._took, Update) and before is not None:
            if self._took.seq != before.seq + 1:
                raise InvariantBroken("S12", f"{peer.name} applied {self._took.seq} at {before}")
            if seen.welcomed != position.epoch.host:
                raise InvariantBroken("S13", f"{peer.name} applied {position} before its welcome")
        if position.seq == 0:
            return
        journal = peer.journal
        here = peer.core.digest, len(journal.entries), len(journal.away)
        if self._states.setdefault(position, here) != here:
            raise InvariantBroken("S11", f"{peer.name} at {position} holds another state")
        roster, name = self._rosters.setdefault(position, (peer.core.roster, peer.name))
        if roster != peer.core.roster:
            text = f"{peer.name} and {name} have two rosters at {position}"
            raise InvariantBroken("S25", text)

    def _at_most_once(self, peer: SimPeer) -> None:
        texts = [text for _, text in peer.journal.entries]
        if len(set(texts)) != len(texts):
            twice = sorted({text for text in texts if texts.count(text) > 1})
            raise InvariantBroken("S17", f"{peer.name} holds {', '.join(twice)} more than once")

    def _note(self, peer: SimPeer, settle: Settle) -> None:
        text = peer.sent[settle.ticket]
        entry = (str(peer.id), text)
        holders = tuple(p.number for p in self.world.peers if entry in p.journal.entries)
        level = peer.levels[settle.ticket]
        self.acknowledged.append(Acknowledged(text, peer.number, settle.ticket, level, holders))

    # --- merges ---

    def _discards(self, now: int, peer: SimPeer, seen: Seen, event: BranchDiscarded) -> None:
        self.discarded += [(peer.number, ticket) for ticket in event.tickets]
        if event.updates <= 0:
            raise InvariantBroken("S19", f"{peer.name} discards, and has nothing to discard")

    def _meets(self, now: int, peer: SimPeer, seen: Seen, event: ReignsMet) -> None:
        """Both hosts come to one verdict, and an ancestor gives way to its descendant."""
        frame = self._took
        if not isinstance(frame, Meeting) or peer.core.reign is None:
            return
        theirs, mine = frame.header, seen.epoch
        if mine is None or seen.position is None:
            return
        winner = mine if event.ours else event.theirs
        loser = event.theirs if event.ours else mine
        here = mine, seen.position, peer.core.census["sworn"]
        there = theirs.reign.epoch, theirs.position, len(theirs.oaths)
        headers = frozenset((here, there))
        if self._verdicts.setdefault(headers, winner) != winner:
            raise InvariantBroken("S20", f"two verdicts on {winner} and {loser}")
        if event.theirs == mine or theirs.position == seen.position:
            return
        ahead = reaches(theirs.lineage, theirs.position.seq, seen.position)
        behind = reaches(peer.core.lineage, seen.position.seq, theirs.position)
        if ahead if event.ours else behind:
            text = f"{peer.name} parts {mine} from {event.theirs}, and one goes on from the other"
            raise InvariantBroken("S19", text)

    def _merged_once(self, peer: SimPeer, seen: Seen, epoch: Epoch) -> None:
        """A yield that comes again begins no reign again."""
        frame = self._took
        if isinstance(frame, Yield) and seen.epoch is not None and epoch != seen.epoch:
            if frame.epoch in seen.merged:
                raise InvariantBroken("S20", f"{peer.name} moved twice for {frame.epoch}")
            seen.merged.append(frame.epoch)
            self._numbers = max(self._numbers, epoch.number)

    # --- identity ---

    def _welcomes(
        self, peer: SimPeer, seen: Seen, targets: tuple[SimPeer, ...], frame: Welcome
    ) -> None:
        self._no_strangers(peer, targets)
        if seen.asleep:
            raise InvariantBroken("S09", f"{peer.name} welcomes though it overslept")
        if isinstance(self._took, Rejoin) and self._took.epoch != frame.reign.epoch:
            text = f"{peer.name} took a proof for {self._took.epoch} under {frame.reign.epoch}"
            raise InvariantBroken("S26", text)

    def _no_strangers(self, peer: SimPeer, targets: tuple[SimPeer, ...]) -> None:
        for target in targets:
            if target.impostor:
                raise InvariantBroken("S23", f"{peer.name} lets an impostor in")

    def _takes_welcome(self, peer: SimPeer, seen: Seen, source: SimPeer, frame: Welcome) -> None:
        if peer.core.state is State.FOLLOWING and peer.core.epoch == frame.reign.epoch:
            seen.welcomed = frame.reign.epoch.host

    def _roster(self, now: int, peer: SimPeer, seen: Seen, event: RosterChanged) -> None:
        roster = event.roster
        labels = [member.connection_id for member in roster.members]
        if len(set(labels)) < len(labels):
            raise InvariantBroken("S21", f"{peer.name} sees two members with one label")
        for member in roster.members:
            if self._keys.get(member.peer) != member.key:
                if peer_id(member.key) != member.peer:
                    raise InvariantBroken("S24", f"{peer.name} sees a member with another's key")
                self._keys[member.peer] = member.key
            if member.peer in roster.banned:
                raise InvariantBroken("S24", f"{peer.name} sees a member that was kicked")

    def _closes_its_own(self, peer: SimPeer, effect: CloseLink) -> None:
        """Where what came was not a frame, the link that it came on is closed, and no other."""
        end = self.world.network.far_end(peer.number, effect.link)
        if self._noise_from is not None and end is not None and end[0] != self._noise_from:
            name = self.world.peers[end[0]].name
            raise InvariantBroken("S29", f"{peer.name} closes its link to {name} for others' noise")

    # --- events ---

    def _announced_once(
        self, now: int, peer: SimPeer, seen: Seen, event: BecameHost | HostChanged
    ) -> None:
        if seen.told is not None and event.epoch <= seen.told:
            raise InvariantBroken("S27", f"{peer.name} was told of {event.epoch} after {seen.told}")
        seen.told, seen.lost = event.epoch, False

    def _lost(self, now: int, peer: SimPeer, seen: Seen, event: HostLost) -> None:
        if seen.lost:
            raise InvariantBroken("S27", f"{peer.name} was told twice that its host is lost")
        seen.lost = True

    def _migrates(
        self, now: int, peer: SimPeer, seen: Seen, event: MigrationStarted | Isolated
    ) -> None:
        if not seen.lost and isinstance(event, MigrationStarted):
            raise InvariantBroken("S27", f"{peer.name} migrates and has lost nobody")
        seen.lost = False


def _paced(now: int, times: deque[int], peer: SimPeer, what: str) -> None:
    if len(times) == times.maxlen and now - times[0] < _SECOND_US:
        raise InvariantBroken("L6", f"{peer.name} {what} {len(times)} times in a second")
    times.append(now)


_ACTS: Final = (StateChanged, HostLost, ClaimMade, PeerGone)
_SPEAK_FOR_A_REIGN: Final = (Heartbeat, Command, Update, Confirm, Follow, Marks, Handover)

_Taken = Callable[[Watch, SimPeer, Seen, SimPeer, Any], None]
_Said = Callable[[Watch, SimPeer, Seen, tuple[SimPeer, ...], Any], None]
_Told = Callable[[Watch, int, SimPeer, Seen, Any], None]

_TAKEN: Final[MappingProxyType[type[Frame], _Taken]] = MappingProxyType(
    {
        Claim: Watch._takes_claim,
        Grant: Watch._takes_grant,
        Refuse: Watch._takes_refusal,
        Welcome: Watch._takes_welcome,
    }
)

_SAID: Final[MappingProxyType[int, _Said]] = MappingProxyType(
    {
        tag_of(Carry): Watch._said_relayed,
        tag_of(Update): Watch._orders,
        tag_of(Grant): Watch._grants,
        tag_of(Refuse): Watch._refuses,
        tag_of(Welcome): Watch._welcomes,
    }
)

_TOLD: Final[MappingProxyType[type[Event], _Told]] = MappingProxyType(
    {
        BecameHost: Watch._crowned,
        HostChanged: Watch._announced_once,
        BranchDiscarded: Watch._discards,
        ClaimMade: Watch._claims,
        HandoverStarted: Watch._hands_over,
        HostLost: Watch._lost,
        Isolated: Watch._migrates,
        MigrationStarted: Watch._migrates,
        ReignsMet: Watch._meets,
        RosterChanged: Watch._roster,
        StateChanged: Watch._changes,
    }
)
