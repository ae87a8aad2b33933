"""What all parts of one peer share: who it is, where it stands, and what it wants done.

The parts (`hosting`, `following`, `succession`) hold what is theirs alone; whatever outlives a
role lives here. Nothing here decides anything, but each change of state, of the roster and of the
history goes through here, so that the events that belong to it can't be forgotten.
"""

from __future__ import annotations

import attrs

from .codec import decode, encode
from .effects import CloseLink, Dial, Effect, Emit, Send, Settle, TakeRole
from .errors import EndReason, LinkEnd, P2PNetError, RemoteProtocolError
from .events import (
    BranchDiscarded,
    Event,
    PeerGone,
    PeerJoined,
    PeerLost,
    PeerReturned,
    RoleChanged,
    RosterChanged,
    StateChanged,
)
from .history import History, fork, reaches
from .ledger import Ledger
from .mesh import Mesh
from .messages import Frame, Missing, Ping, Reign, Snapshot, Update
from .outbox import Outbox
from .replica import Replica
from .roster import Member, Roster
from .settings import Settings
from .states import ROLES, Move, Role, State, after
from .timers import Timers
from .values import (
    RECONNECT_ID_INVALID,
    ConnectionId,
    Epoch,
    LinkId,
    PeerId,
    Position,
    SessionId,
)


@attrs.define(eq=False, kw_only=True)
class Session:
    """One peer's view of the session it is in."""

    me: PeerId
    key: bytes
    nonce: int
    name: str
    addresses: tuple[str, ...]
    can_host: bool
    fingerprint: str
    settings: Settings
    replica: Replica

    now: int = 0
    state: State = State.IDLE
    id: SessionId | None = None
    reign: Reign | None = None  # the newest that this peer knows of and obeys
    roster: Roster = attrs.field(factory=Roster)
    history: History = attrs.field(init=False)
    ledger: Ledger = attrs.field(factory=Ledger)
    outbox: Outbox = attrs.field(factory=Outbox)
    mesh: Mesh = attrs.field(init=False)
    timers: Timers = attrs.field(factory=Timers)
    effects: list[Effect] = attrs.field(factory=list)

    def __attrs_post_init__(self) -> None:
        self.history = History(self.settings.tail_updates_max, self.settings.tail_bytes_max)
        self.mesh = Mesh(self.settings)

    # --- reading ---

    @property
    def role(self) -> Role | None:
        return ROLES[self.state]

    @property
    def epoch(self) -> Epoch | None:
        return self.reign.epoch if self.reign is not None else None

    @property
    def host(self) -> PeerId | None:
        return self.reign.epoch.host if self.reign is not None else None

    @property
    def seat(self) -> Member | None:
        """This peer's own place in the roster."""
        return self.roster.get(self.me)

    @property
    def connection_id(self) -> ConnectionId:
        return RECONNECT_ID_INVALID if (seat := self.seat) is None else seat.connection_id

    @property
    def old_connection_id(self) -> ConnectionId:
        return RECONNECT_ID_INVALID if (seat := self.seat) is None else seat.old_connection_id

    # --- effects ---

    def emit(self, event: Event) -> None:
        self.effects.append(Emit(event))

    def send(self, peer: PeerId | None, frame: Frame) -> None:
        """To one peer, if a link leads there."""
        link = self.mesh.link_to(peer)
        if link is not None:
            self.send_on((link.id,), encode(frame))

    def send_all(self, frame: Frame) -> None:
        """To everybody that is linked."""
        self.send_on(tuple(link.id for _, link in self.mesh.peers()), encode(frame))

    def send_on(self, links: tuple[LinkId, ...], data: bytes) -> None:
        """The same bytes on each of these links."""
        open_links = tuple(link for link in links if link in self.mesh.links)
        for link in open_links:
            self.mesh.links[link].sent_us = self.now
        if open_links:
            self.effects.append(Send(open_links, data))

    def ping(self, peer: PeerId | None) -> None:
        """Ask a peer to answer now."""
        link = self.mesh.link_to(peer)
        if link is not None:
            link.ping_us, link.ping_token = self.now, link.ping_token + 1
            self.send_on((link.id,), encode(Ping(link.ping_token)))

    def close(self, link: LinkId, reason: LinkEnd = LinkEnd.CLOSED) -> PeerId | None:
        """Have the shell close a link. Returns the peer that can't be reached any more."""
        if link not in self.mesh.links:
            return None
        self.effects.append(CloseLink(link, reason))
        return self.mesh.closed(self.now, link)

    def dial(self, peer: PeerId, addresses: tuple[str, ...]) -> None:
        """Have the shell dial a peer, unless that is under way, or it is linked or nowhere."""
        dial = self.mesh.dials.get(peer)
        if addresses and self.mesh.link_to(peer) is None and not (dial is not None and dial.busy):
            self.mesh.dialling(peer)
            self.effects.append(Dial(peer, addresses))

    def dial_missing(self) -> None:
        """Keep warm links to those who may become the host.

        Between two members the lower in rank dials. A host also looks for those who are away.
        """
        if self.seat is None or self.host is None:
            return
        members = self.roster.members
        if len(members) > self.settings.warm_links_all_max:
            members = self.roster.successors(self.host)[: self.settings.successors]
        mine = self.roster.rank(self.me)
        for member in members:
            if member.peer == self.me or not self.mesh.may_dial(self.now, member.peer):
                continue
            ours = member.present and mine > self.roster.rank(member.peer)
            if ours or self.state is State.REIGNING:
                self.dial(member.peer, member.addresses)

    def addresses_of(self, peer: PeerId | None) -> tuple[str, ...]:
        """Where a member listens, as far as the roster knows."""
        member = None if peer is None else self.roster.get(peer)
        return () if member is None else member.addresses

    # --- state ---

    def move(self, move: Move) -> None:
        """Take one step of the state table, and say so."""
        old, new = self.state, after(self.state, move)
        if old is new:
            return
        self.state = new
        self.emit(StateChanged(old, new))
        if ROLES[old] is not ROLES[new]:
            self.effects.append(TakeRole(ROLES[new]))
            self.emit(RoleChanged(ROLES[new]))

    def set_roster(self, roster: Roster) -> None:
        """The roster changed: tell what that means, and forget who is gone."""
        old, self.roster = self.roster, roster
        if roster.version == old.version:
            return
        for member in old.members:
            if roster.get(member.peer) is None:
                self.ledger.forget(member.peer)
                self.mesh.forget(member.peer)
                reason = _why_gone(member, roster)
                self.emit(PeerGone(member.peer, member.connection_id, reason))
        for member in roster.members:
            before = old.get(member.peer)
            if before is None:
                self.emit(PeerJoined(member.peer, member.connection_id))
            elif before.present and not member.present:
                self.emit(PeerLost(member.peer, member.connection_id))
            elif member.present and not before.present:
                ids = member.connection_id, member.old_connection_id
                self.emit(PeerReturned(member.peer, *ids))
        self.emit(RosterChanged(roster))

    def set_settings(self, settings: Settings) -> None:
        """Take over the settings of the session."""
        if settings == self.settings:
            return
        self.settings = self.mesh.settings = settings
        self.history.updates_max = settings.tail_updates_max
        self.history.bytes_max = settings.tail_bytes_max
        for link in self.mesh.links.values():
            link.detector.settings = settings

    # --- history ---

    def take_update(self, frame: Update, raw: bytes) -> None:
        """Apply the next update of the branch."""
        assert frame.seq == self.history.seq + 1, "updates are applied without a gap"
        self.history.begin(frame.epoch)
        self.replica.apply(frame.payload)
        self.history.append(raw)
        for line in frame.executed:
            self.ledger.record(line)
            if (line.peer, line.nonce) == (self.me, self.nonce):
                self.outbox.executed(line.seq, line.outcome, frame.seq)

    def take_missing(self, missing: Missing) -> Roster:
        """Apply what another peer says this one lacks. Returns the roster at that position.

        Raises `RemoteProtocolError` if it does not fit to what is here.
        """
        roster = self.roster
        if missing.snapshot is not None:
            roster = self._restore(missing.snapshot)
        for raw in missing.updates:
            frame = decode(raw)
            if not isinstance(frame, Update) or frame.seq != self.history.seq + 1:
                raise RemoteProtocolError("the tail does not continue this history")
            self.take_update(frame, raw)
            roster = frame.roster or roster
        return roster

    def _restore(self, snapshot: Snapshot) -> Roster:
        self._discard(snapshot)
        self.replica.restore(snapshot.world)
        self.history.reset(snapshot.position.seq, snapshot.digest, snapshot.lineage)
        self.ledger.reset(snapshot.marks, snapshot.executed)
        return snapshot.roster

    def _discard(self, snapshot: Snapshot) -> None:
        """The snapshot may be of another branch: say what of ours is not in it."""
        here, end = self.history.position, snapshot.position.seq
        if here is None or reaches(snapshot.lineage, end, here):
            return
        shared = fork(tuple(self.history.lineage), self.history.seq, snapshot.lineage, end)
        seq = 0 if shared is None else shared.seq
        nonce, last = snapshot.marks.get(self.me, (self.nonce, 0))
        lost = self.outbox.retract(seq, last if nonce == self.nonce else 0)
        tickets = tuple(submission.ticket for submission in lost)
        self.emit(BranchDiscarded(shared, self.history.seq - seq, tickets))

    def missing_for(self, position: Position | None) -> Missing:
        """What a peer at `position` lacks: the tail if it is kept, else a snapshot."""
        tail = None if position is None else self.history.since(position)
        if tail is not None:
            return Missing(updates=tail)
        here = self.history.position
        assert here is not None, "only a peer with a history can give it away"
        return Missing(
            snapshot=Snapshot(
                position=here,
                digest=self.history.digest,
                lineage=tuple(self.history.lineage),
                world=self.replica.snapshot(),
                executed=self.ledger.lines(),
                marks=dict(self.ledger.marks),
                roster=self.roster,
            )
        )

    def look_up_submissions(self) -> None:
        """After a change of branch: which of our commands does it hold?"""
        self.outbox.forget_executions()
        for submission in self.outbox:
            outcome = self.ledger.outcome(self.me, self.nonce, submission.seq)
            if outcome is not None:
                self.outbox.executed(submission.seq, outcome, self.history.seq)

    def settle(self, one: int, all_: int) -> None:
        """Give the receipts of all commands that are durable enough by now."""
        for done in self.outbox.settle(one, all_, self.history.seq):
            self.effects.append(Settle(done.ticket, done.outcome))

    def give_up_submissions(self, error: P2PNetError) -> None:
        """The outcome of what is in flight will never be known here."""
        for submission in self.outbox.drain():
            self.effects.append(Settle(submission.ticket, None, error))


def _why_gone(member: Member, roster: Roster) -> EndReason:
    if member.peer in roster.banned:
        return EndReason.KICKED
    return EndReason.LEFT if member.present else EndReason.SEAT_EXPIRED
