"""What all parts of one peer share: who it is, where it stands, and what it wants done.

The parts (`hosting`, `following`, `succession`) hold what is theirs alone; whatever outlives a
role lives here. Nothing here decides anything, but each change of state, of the roster and of the
history goes through here, so that the events that belong to it can't be forgotten.
"""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from .choices import Choices
from .codec import encode
from .credentials import Credentials, Says, process_nonce, statement
from .effects import CloseLink, Dial, Effect, Emit, Send, Settle, TakeRole
from .errors import ADVICE, EndReason, LinkEnd, P2PNetError, SessionOver
from .events import (
    Event,
    PeerGone,
    PeerJoined,
    PeerLost,
    PeerReturned,
    ProofRejected,
    RoleChanged,
    RosterChanged,
    SessionEnded,
    SessionPaused,
    SessionResumed,
    StateChanged,
)
from .frame_parts import Executed, RosterProof
from .history import History
from .ledger import Ledger
from .link_state import LinkState
from .mesh import Mesh
from .messages import Carry, Frame, Ping, Reign
from .outbox import Outbox
from .pieces import cut
from .replica import Replica
from .roster import Member, Roster
from .settings import Settings
from .states import FOLLOWING, REIGNING, ROLES, Move, Role, State, after
from .timers import Timers
from .values import (
    RECONNECT_ID_INVALID,
    ConnectionId,
    Epoch,
    LinkId,
    PeerId,
    Position,
    SessionId,
    peer_id,
)


@attrs.define(eq=False, kw_only=True)
class Session:
    """One peer's view of the session it is in."""

    credentials: Credentials
    entropy: bytes
    name: str
    addresses: tuple[str, ...]
    can_host: bool
    fingerprint: str
    settings: Settings
    replica: Replica
    choices: Choices = attrs.field(factory=Choices)

    me: PeerId = attrs.field(init=False)
    key: bytes = attrs.field(init=False)
    nonce: int = attrs.field(init=False)
    now: int = 0
    state: State = State.IDLE
    id: SessionId | None = None
    reign: Reign | None = None  # the newest that this peer knows of and obeys
    epoch: Epoch | None = None  # of that reign …
    host: PeerId | None = None  # … and whose it is
    roster: Roster = attrs.field(factory=Roster)
    seat: Member | None = None  # this peer's own place in the roster
    roster_proof: RosterProof | None = None
    paused: bool = False  # the game knows that too few are here to go on
    rejected: int = 0  # proofs that did not hold
    refused: int = 0  # claims that this peer did not stand behind
    departed: set[PeerId] = attrs.field(factory=set)  # members that said good-bye to this peer
    elsewhere: dict[PeerId, tuple[str, ...]] = attrs.field(factory=dict)  # where else to dial
    history: History = attrs.field(init=False)
    ledger: Ledger = attrs.field(factory=Ledger)
    outbox: Outbox = attrs.field(factory=Outbox)
    mesh: Mesh = attrs.field(init=False)
    timers: Timers = attrs.field(factory=Timers)
    effects: list[Effect] = attrs.field(factory=list)

    def __attrs_post_init__(self) -> None:
        self.key = self.credentials.public
        self.me = peer_id(self.key)
        self.nonce = process_nonce(self.entropy)
        self.history = History(self.settings.tail_updates_max, self.settings.tail_bytes_max)
        self.mesh = Mesh(self.settings)

    # --- reading ---

    @property
    def role(self) -> Role | None:
        return ROLES[self.state]

    @property
    def connection_id(self) -> ConnectionId:
        return RECONNECT_ID_INVALID if (seat := self.seat) is None else seat.connection_id

    @property
    def old_connection_id(self) -> ConnectionId:
        return RECONNECT_ID_INVALID if (seat := self.seat) is None else seat.old_connection_id

    @property
    def reached(self) -> int:
        """How far this peer is in the history of its reign: before its welcome it has none of it.

        It may have obeyed that reign already, and be far on in another branch.
        """
        here = self.history.position
        return here.seq if here is not None and here.epoch == self.epoch else 0

    # --- proofs ---

    def sign(self, kind: Says, *fields: object) -> bytes:
        """This peer's signature under a statement about this session."""
        assert self.id is not None
        return self.credentials.sign(statement(self.id, kind, fields))

    def proves(self, key: bytes, signature: bytes, kind: Says, *fields: object) -> bool:
        """Whether the holder of `key` signed this statement about this session."""
        assert self.id is not None
        return self.credentials.verify(key, statement(self.id, kind, fields), signature)

    def key_of(self, peer: PeerId | None) -> bytes:
        """The key that a member's seat is bound to; empty for no member."""
        member = None if peer is None else self.roster.get(peer)
        return b"" if member is None else member.key

    def reign_of(self, epoch: Epoch, parent: Position | None) -> Reign:
        """The signed header of a reign of this peer."""
        return Reign(epoch, parent, self.key, self.sign(Says.REIGN, epoch, parent))

    def is_genuine(self, reign: Reign) -> bool:
        """Whether the host that the header names has signed it."""
        if reign == self.reign:
            return True
        if peer_id(reign.key) != reign.epoch.host:
            return False
        return self.proves(reign.key, reign.signature, Says.REIGN, reign.epoch, reign.parent)

    def reject(self, link: LinkState, text: str) -> None:
        """Count and report what somebody could not prove."""
        self.rejected += 1
        self.emit(ProofRejected(link.peer, text))

    # --- effects ---

    def emit(self, event: Event) -> None:
        self.effects.append(Emit(event))

    def send(self, peer: PeerId | None, frame: Frame) -> None:
        """To one peer, if a link leads there."""
        link = self.mesh.link_to(peer)
        if link is not None:
            self.send_on((link.id,), encode(frame))

    def send_all(self, frame: Frame) -> None:
        """To everybody that is linked, and to each process of whoever was started again."""
        used = (link.id for _, link in self.mesh.peers())
        self.send_on((*used, *self.mesh.other_ends()), encode(frame))

    def send_on(self, links: Iterable[LinkId], data: bytes) -> None:
        """The same bytes on each of these links."""
        direct, link_of, now = [], self.mesh.links.get, self.now
        for link in links:
            state = link_of(link)
            if state is None:
                continue
            state.sent_us = now
            if state.relay is None:
                direct.append(link)
            else:
                self._carry(state, data)
        if direct:
            ends = tuple(direct)
            for part in cut(data):
                self.effects.append(Send(ends, part))

    def _carry(self, link: LinkState, data: bytes) -> None:
        """Over a relayed link: wrapped, to the neighbour that passes it on."""
        assert link.relay is not None
        bridge = self.mesh.link_to(link.relay.via)
        if bridge is not None and bridge.relay is None:
            carry = Carry(link.relay.far, link.relay.channel, data)
            self.send_on((bridge.id,), encode(carry))

    def ping(self, peer: PeerId | None) -> None:
        """Ask a peer to answer now."""
        link = self.mesh.link_to(peer)
        if link is not None:
            link.ping_us, link.ping_token = self.now, link.ping_token + 1
            self.send_on((link.id,), encode(Ping(link.ping_token)))

    def close(self, link: LinkId, reason: LinkEnd = LinkEnd.CLOSED) -> PeerId | None:
        """Have the shell close a link. Returns the peer that can't be reached any more."""
        state = self.mesh.links.get(link)
        if state is None:
            return None
        if state.relay is None:
            self.effects.append(CloseLink(link, reason))
        else:
            self._carry(state, b"")
        return self.unlink(link)

    def unlink(self, link: LinkId) -> PeerId | None:
        """A link is gone. Returns the peer that can't be reached any more."""
        state = self.mesh.links[link]
        lost = self.mesh.closed(self.now, link)
        self.plan_dial(state.peer or state.dialled)
        return lost

    def dial(self, peer: PeerId, addresses: tuple[str, ...]) -> None:
        """Have the shell dial a peer where that is not under way, unless it is reached."""
        if fresh := self.mesh.begin_dial(self.now, peer, addresses):
            self.effects.append(Dial(peer, fresh))

    def plan_dial(self, peer: PeerId | None) -> None:
        """Be awake when this peer may be dialled again: without a link nothing else wakes us.

        A host wants everybody back at once. Of a client's neighbours most that are lost are dead,
        and one that is being dialled counts as alive for as long as that takes.
        """
        if peer is None or self.state in (State.IDLE, State.LEFT):
            return
        dial = self.mesh.dials.get(peer)
        hosting = self.state is REIGNING
        soon = self.now if hosting else self.now + self.settings.heartbeat_us
        self.timers.set("dial", peer, at=soon if dial is None else max(soon, dial.next_us))

    def dial_missing(self) -> None:
        """Keep warm links to those who may become the host.

        Between two members the lower in rank dials, or whoever notices that their link is no good.
        Who follows nobody, be it a host or without one, looks for all, also those who are away.
        """
        if self.seat is None or self.host is None:
            return
        members, looks = self.roster.members, self.state is not FOLLOWING
        mesh, now = self.mesh, self.now
        if len(members) > self.settings.warm_links_all_max and not looks:
            members = self.roster.successors(self.host)[: self.settings.successors]
        for member in mesh.to_reach(now, members):
            if member.peer == self.me or not mesh.may_dial(now, member.peer):
                continue
            ours = member.present and self.roster.rank(self.me) > self.roster.rank(member.peer)
            poor = mesh.link_to(member.peer) is not None
            if ours or poor or looks:
                self.dial(member.peer, self.addresses_of(member.peer))

    def addresses_of(self, peer: PeerId | None) -> tuple[str, ...]:
        """Where a member listens, as the roster says, and before that where it may be now."""
        member = None if peer is None else self.roster.get(peer)
        return () if member is None else self.elsewhere.get(member.peer, ()) + member.addresses

    # --- state ---

    def move(self, move: Move) -> None:
        """Take one step of the state table, and say so."""
        old, new = self.state, after(self.state, move)
        if old is new:
            return
        self.state = new
        if old is FOLLOWING:
            self.mesh.disturb()
        self.emit(StateChanged(old, new))
        if ROLES[old] is not ROLES[new]:
            self.effects.append(TakeRole(ROLES[new]))
            self.emit(RoleChanged(ROLES[new]))

    def finish(self, reason: EndReason, text: str) -> None:
        """This peer is out of the session for good."""
        text = text or ADVICE.get(reason, "")
        self.give_up_submissions(SessionOver(reason, text))
        self.emit(SessionEnded(reason, text))
        self.move(Move.LEAVE)
        self.timers.clear()
        for link in list(self.mesh.links):
            self.close(link)

    def set_reign(self, reign: Reign) -> None:
        """From now on this reign is the one that counts."""
        self.reign, self.epoch, self.host = reign, reign.epoch, reign.epoch.host

    def set_roster(self, roster: Roster) -> None:
        """The roster changed: tell what that means, and forget who is gone."""
        old, self.roster, self.seat = self.roster, roster, roster.get(self.me)
        if roster == old:  # on two branches one version may be two rosters
            return
        for member in old.members:
            if roster.get(member.peer) is None:
                reason = self._why_gone(member, roster)
                self.departed.discard(member.peer)
                self.emit(PeerGone(member.peer, member.connection_id, reason))
        for peer in old.known - roster.known:
            self.ledger.forget(peer)
            self.mesh.forget(peer)
        for member in roster.members:
            before = old.get(member.peer)
            if before is not None and before.nonce != member.nonce:
                self.mesh.follow_process(member.peer, member.nonce)
                self.departed.discard(member.peer)
            if before is None:
                if (link := self.mesh.link_to(member.peer)) is not None:
                    self.mesh.know(member.peer, link.id)
                self.emit(PeerJoined(member.peer, member.connection_id))
            elif member.peer == self.me:
                continue  # it may hear late that it was away: of that its own application knows
            elif before.present and not member.present:
                self.emit(PeerLost(member.peer, member.connection_id))
            elif member.present and not before.present:
                ids = member.connection_id, member.old_connection_id
                self.emit(PeerReturned(member.peer, *ids))
        self.emit(RosterChanged(roster))

    def _why_gone(self, member: Member, roster: Roster) -> EndReason:
        if member.peer in roster.banned:
            return EndReason.KICKED
        expired = any(gone.peer == member.peer for gone in roster.given_up)
        return EndReason.SEAT_EXPIRED if expired else EndReason.LEFT

    def set_settings(self, settings: Settings) -> None:
        """Take over the settings of the session."""
        if settings == self.settings:
            return
        self.settings = self.mesh.settings = settings
        self.history.updates_max = settings.tail_updates_max
        self.history.bytes_max = settings.tail_bytes_max
        for link in self.mesh.links.values():
            link.detector.adjust(settings)

    def pause(self, present: int, seats: int) -> None:
        """Too few are here to go on, whether there is a host or not: the game is told so once."""
        if not self.paused:
            self.paused = True
            self.emit(SessionPaused(present, seats))

    def resume(self, present: int, seats: int) -> None:
        """There is a host, and enough are with it: if the game was told of a pause it is over."""
        if self.paused:
            self.paused = False
            self.emit(SessionResumed(present, seats))

    # --- submissions ---

    def look_up_submissions(self) -> None:
        """After a change of branch: which of our commands does it hold?"""
        self.outbox.forget_executions()
        for submission in self.outbox:
            outcome = self.ledger.outcome(self.me, self.nonce, submission.seq)
            if outcome is not None:
                self.outbox.executed(submission.seq, outcome, self.history.seq)

    def record(self, lines: Iterable[Executed]) -> None:
        """Commands were run; the history goes so far that it says so."""
        for line in lines:
            self.ledger.record(line)
            if (line.peer, line.nonce) == (self.me, self.nonce) and not line.trial:
                self.outbox.executed(line.seq, line.outcome, self.history.seq)

    def settle(self, one: int, all_: int) -> None:
        """Give the receipts of all commands that are durable enough by now."""
        for done in self.outbox.settle(one, all_, self.history.seq):
            self.effects.append(Settle(done.ticket, done.outcome))

    def give_up_submissions(self, error: P2PNetError) -> None:
        """The outcome of what is in flight will never be known here."""
        for submission in self.outbox.drain():
            self.effects.append(Settle(submission.ticket, None, error))
