"""What must never happen, for an instant: somebody who sees all peers looks after every step.

Nothing here believes what one peer thinks of itself. `Watch` keeps a record of its own of reigns,
words given, receipts and positions, and raises `InvariantBroken` as soon as a core contradicts it.
It sorts what it is told. It judges time and pace itself (S28, S31, L6); `reigns`, `histories` and
`announcements` do the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import attrs

from p2pnet.core.effects import CloseLink, Dial, Effect, Emit, Send, Settle, TakeRole
from p2pnet.core.errors import RemoteProtocolError
from p2pnet.core.events import (
    BecameHost,
    BranchDiscarded,
    ClaimDenied,
    ClaimMade,
    ClaimRefused,
    Deposed,
    Event,
    HandoverFailed,
    HandoverStarted,
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
    ProofRejected,
    PullStarted,
    ReignsMet,
    RoleChanged,
    RosterChanged,
    SeatReclaimed,
    SessionEnded,
    SessionPaused,
    SessionResumed,
    StateChanged,
    StrangerRefused,
)
from p2pnet.core.messages import (
    Bye,
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
    Refuse,
    Rejoin,
    Tail,
    Update,
    Welcome,
)
from p2pnet.core.states import State

from .announcements import Announcements
from .catalogue import InvariantBroken
from .frames import read, tag_of
from .histories import Histories
from .particulars import check_truth, check_types
from .record import Acknowledged, Record, Seen, paced
from .reigns import Reigns
from .sim_peer import Observer, SimPeer
from .sim_world import WOKEN_EARLY, SimWorld

_INSTANT_STEPS_MAX: Final = 20_000  # inputs taken without a microsecond going by

_ACTS: Final = (StateChanged, HostLost, ClaimMade, PeerGone)
_SPEAK_FOR_A_REIGN: Final = frozenset(
    {Heartbeat, Command, Update, Confirm, Follow, Marks, Handover}
)

_Taken = Callable[[SimPeer, Seen, SimPeer, Any], None]
_Said = Callable[[SimPeer, Seen, tuple[SimPeer, ...], Any], None]
_Told = Callable[[int, SimPeer, Seen, Any], None]


@attrs.define(eq=False)
class Watch(Observer):
    """The invariants of every instant."""

    heartbeats = False
    sends = frozenset(
        tag_of(kind) for kind in (Bye, Carry, Update, Grant, Refuse, Rejoin, Tail, Welcome)
    )

    world: SimWorld
    together: bool = False  # nobody was ever parted from anybody who lives
    progress: int = 0  # changes of a state, a reign or a position, anywhere
    record: Record = attrs.field(init=False)
    _announcements: Announcements = attrs.field(init=False)
    _reigns: Reigns = attrs.field(init=False)
    _histories: Histories = attrs.field(init=False)
    _taken: dict[type[Frame], tuple[_Taken, ...]] = attrs.field(init=False)
    _said: dict[int, tuple[_Said, ...]] = attrs.field(init=False)
    _told: dict[type[Event], tuple[_Told, ...]] = attrs.field(init=False)
    forged: set[bytes] = attrs.field(factory=set)  # what is said, and can't be proved
    _untrue: bool = False  # such a thing was taken, and has not been rejected so far
    _early: int | None = None  # who is woken though nothing is due
    _instant_us: int = 0  # when the last step was …
    _instant_steps: int = 0  # … and how many more there were at that time

    def __attrs_post_init__(self) -> None:
        self.record = Record(self.world, self.together)
        told = self._announcements = Announcements(self.record)
        reigns = self._reigns = Reigns(self.record, told)
        histories = self._histories = Histories(self.record)
        self._taken = {
            Bye: (histories.takes_good_bye,),
            Claim: (reigns.takes_claim,),
            Grant: (reigns.takes_grant,),
            Refuse: (told.takes_refusal, reigns.takes_refusal),
            Welcome: (histories.takes_welcome,),
        }
        self._said = {
            tag_of(Bye): (histories.sends_away,),
            tag_of(Carry): (self._said_relayed,),
            tag_of(Update): (reigns.orders, histories.orders),
            tag_of(Grant): (reigns.grants, histories.asks_again),
            tag_of(Rejoin): (histories.asks_again,),
            tag_of(Refuse): (reigns.refuses, told.refuses),
            tag_of(Tail): (histories.tells,),
            tag_of(Welcome): (histories.welcomes, reigns.welcomes),
        }
        self._told = {
            BecameHost: (reigns.crowned, told.announced_once, histories.crowned),
            HostChanged: (told.announced_once, histories.welcomed_in_pieces),
            BranchDiscarded: (histories.discards,),
            ClaimDenied: (told.denies,),
            ClaimMade: (told.claims, reigns.claims),
            ClaimRefused: (told.refused,),
            Deposed: (told.gives_way,),
            HandoverFailed: (told.gives_way,),
            HandoverStarted: (reigns.hands_over,),
            HostLost: (told.lost,),
            HostRecovered: (told.suspects,),
            HostSuspected: (told.suspects,),
            Isolated: (told.migrates,),
            Joined: (told.joins, histories.welcomed_in_pieces),
            JoinFailed: (told.gets_no_seat,),
            MigrationStarted: (told.migrates,),
            Overslept: (told.overslept,),
            PeerGone: (told.hears_of,),
            PeerJoined: (told.hears_of,),
            PeerLost: (told.hears_of,),
            PeerReturned: (told.hears_of,),
            PullStarted: (reigns.pulls,),
            ReignsMet: (reigns.meets,),
            RoleChanged: (told.takes_a_role,),
            RosterChanged: (told.roster, histories.roster),
            SeatReclaimed: (told.reclaims,),
            SessionEnded: (reigns.hands_over_first, told.is_out),
            SessionPaused: (told.pauses, self._time_goes_on),
            SessionResumed: (told.pauses, self._time_goes_on),
            StateChanged: (told.changes, reigns.changes, self._time_goes_on),
        }

    # --- what came of it ---

    @property
    def reigns(self) -> int:
        """How many there were."""
        return len(self.record.reigns)

    @property
    def acknowledged(self) -> list[Acknowledged]:
        """All receipts that were given."""
        return self.record.acknowledged

    @property
    def discarded(self) -> list[tuple[int, int]]:
        """The commands that a merge dropped: who submitted each, and its ticket there."""
        return self.record.discarded

    def complete(self) -> None:
        """All are there with whom the session begins. Who comes later is new to some of them."""
        self.record.processes = len(self.world.peers)

    # --- what is told ---

    def submitted(self, now: int, peer: SimPeer, ticket: int) -> None:
        waiting = len(peer.sent) - len(peer.settled)
        if waiting > peer.core.settings.commands_in_flight_max:
            raise InvariantBroken("S28", f"{peer.name} waits for {waiting} commands")

    def befell(self, now: int, peer: SimPeer | None, text: str) -> None:
        if peer is not None and text == "stands still":
            self.record.seen(peer).stood_still_us = now
        elif peer is not None and text in ("crashes", "vanishes"):
            self.record.seen(peer).died_us = now
        elif peer is not None and text == "goes on":
            self._reigns.wakes(now, peer, self.record.seen(peer))
        elif peer is not None and text == WOKEN_EARLY:
            self._early = peer.number if not peer.paused else None

    def took(self, now: int, peer: SimPeer, source: int, data: bytes) -> None:
        try:
            frame = read(data)
        except RemoteProtocolError:
            self.record.took, self.record.noise_from = None, source
            return
        if isinstance(frame, Carried):
            self._took_relayed(now, peer, frame)
            return
        self.record.took = frame
        self._untrue = data in self.forged
        seen = self.record.seen(peer)
        if type(frame) in _SPEAK_FOR_A_REIGN:
            self._reigns.stale_is_inert(peer, seen, frame)
        if self._untrue:
            return  # what can't be proved was not said
        for handler in self._taken.get(type(frame), ()):
            handler(peer, seen, self.world.peers[source], frame)

    def _took_relayed(self, now: int, peer: SimPeer, frame: Carried) -> None:
        """What a neighbour passed on counts as said by whom it came from."""
        source = next((p.number for p in self.world.peers if p.id == frame.far), None)
        if source is not None and frame.data:
            self.took(now, peer, source, frame.data)

    def _said_relayed(
        self, peer: SimPeer, seen: Seen, targets: tuple[SimPeer, ...], frame: Carry
    ) -> None:
        """What a neighbour is asked to pass on counts as said to whom it is for."""
        handlers = self._said.get(frame.data[1]) if frame.data else None
        if handlers:
            far = (p for p in self.world.peers if p.id == frame.far and p.alive)
            target = next((p for p in far if not p.impostor), None)  # nobody relays to that one
            inner = read(frame.data)
            for handler in handlers:
                handler(peer, seen, (target,) if target else (), inner)

    def did(self, now: int, peer: SimPeer, effect: Effect, targets: tuple[SimPeer, ...]) -> None:
        if isinstance(effect, Send):
            handlers = self._said.get(effect.data[1])
            if handlers is not None:
                frame = read(effect.data)
                if self._untrue and isinstance(frame, Grant | Welcome):
                    self._believes(peer)
                for handler in handlers:
                    handler(peer, self.record.seen(peer), targets, frame)
        elif isinstance(effect, Emit):
            if self._early == peer.number and isinstance(effect.event, _ACTS):
                raise InvariantBroken("S31", f"{peer.name} acted before its time: {effect.event}")
            if isinstance(effect.event, ProofRejected | StrangerRefused):
                self._untrue = False
            seen = self.record.seen(peer)
            check_types(peer, effect.event)
            for told in self._told.get(type(effect.event), ()):
                told(now, peer, seen, effect.event)
            check_truth(peer, seen, effect.event)
        elif isinstance(effect, Settle) and effect.outcome is not None:
            self._histories.note(peer, effect)
        elif isinstance(effect, Dial):
            paced(now, self.record.seen(peer).dials[effect.peer], peer, "dials")
        elif isinstance(effect, TakeRole):
            self.record.seen(peer).role = effect.role
        elif isinstance(effect, CloseLink):
            self._histories.closes_its_own(peer, effect)

    def stepped(self, now: int, peer: SimPeer) -> None:
        core, record = peer.core, self.record
        seen = record.seen(peer)
        if now != self._instant_us:
            self._instant_us, self._instant_steps = now, 0
        else:
            self._time_stands(peer)
        if self._untrue and (core.epoch, core.position) != (seen.epoch, seen.position):
            self._believes(peer)
        if peer.journal.told_us != seen.told_us:
            self._time_goes_on(now, peer, seen)
        state, epoch = core.state, core.epoch
        if state is not seen.state or (epoch is not seen.epoch and epoch != seen.epoch):
            self.progress += 1
            self._reigns.state_and_epoch(peer, seen, state, epoch)
        position = core.position
        if position is not seen.position and position is not None:
            if position != seen.position or core.digest != seen.digest:
                self.progress += 1
                self._histories.moved(peer, seen, position)
                seen.digest = core.digest
            seen.position = position
        if seen.back is not None or seen.refused:
            self._announcements.missing(peer, seen)
        record.took = record.noise_from = self._early = None
        self._untrue = False

    def _believes(self, peer: SimPeer) -> None:
        kind = type(self.record.took).__name__
        raise InvariantBroken("S24", f"{peer.name} believes a {kind} with a false signature")

    def ended(self) -> None:
        """All has healed and is at rest."""
        for peer in self.world.members:
            seen = self.record.seen(peer)
            if seen.paused or (seen.suspects and peer.core.state is State.FOLLOWING):
                raise InvariantBroken("S27", f"{peer.name} does not hear that all is well again")
        for host in self.world.hosts:
            self._histories.labels_for_life(host)

    def _time_goes_on(
        self, now: int, peer: SimPeer, seen: Seen, event: Event | None = None
    ) -> None:
        """The game on a host is told of no time in which it did not run."""
        told_us, own_us = peer.journal.told_us, peer.clock.at(now)
        ran_us = own_us - seen.since_us if seen.runs else 0
        if told_us - seen.told_us > ran_us:
            text = f"the game of {peer.name} is told of {told_us - seen.told_us} us, of {ran_us}"
            raise InvariantBroken("S31", text)
        seen.told_us, seen.since_us = told_us, own_us
        seen.runs = peer.core.state is State.REIGNING and not seen.paused

    def _time_stands(self, peer: SimPeer) -> None:
        self._instant_steps += 1
        if self._instant_steps > _INSTANT_STEPS_MAX:
            text = f"{self._instant_steps} steps at one instant, of {peer.name} at last"
            raise InvariantBroken("L6", text)
