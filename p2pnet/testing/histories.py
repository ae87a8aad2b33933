"""What must never happen to histories and seats: order, gaps, receipts, rosters, keys and links.

S11 to S13, S15, S17, S19, S21 to S26 and S29. `watch` knows what is called when.
"""

from __future__ import annotations

from typing import Any

import attrs

from p2pnet.core.effects import CloseLink, Settle
from p2pnet.core.errors import EndReason
from p2pnet.core.events import (
    BecameHost,
    BranchDiscarded,
    HostChanged,
    Joined,
    JoinFailed,
    RosterChanged,
)
from p2pnet.core.history import reaches
from p2pnet.core.messages import Bye, Grant, Piece, Pull, Rejoin, Tail, Update, Welcome
from p2pnet.core.roster import Roster
from p2pnet.core.settings import AckLevel
from p2pnet.core.states import State
from p2pnet.core.values import (
    RECONNECT_ID_HOST,
    RECONNECT_ID_INVALID,
    ConnectionId,
    PeerId,
    Position,
    peer_id,
)

from .catalogue import InvariantBroken
from .journal import REFUSED
from .record import Acknowledged, Record, Seen
from .sim_peer import SimPeer


@attrs.define(eq=False)
class Histories:
    """The invariants of histories, and of who is who."""

    record: Record
    _states: dict[Position, tuple[Any, ...]] = attrs.field(factory=dict)
    _rosters: dict[Position, tuple[Roster, str]] = attrs.field(factory=dict)
    _ordered: dict[int, Update] = attrs.field(factory=dict)  # the last of each number
    _keys: dict[PeerId, bytes] = attrs.field(factory=dict)  # known to be theirs

    # --- history and state ---

    def moved(self, peer: SimPeer, seen: Seen, position: Position) -> None:
        before, seen.position = seen.position, position
        took = self.record.took
        if isinstance(took, Update) and before is not None:
            if took.seq != before.seq + 1:
                raise InvariantBroken("S12", f"{peer.name} applied {took.seq} at {before}")
            if seen.welcomed != position.epoch.host:
                raise InvariantBroken("S13", f"{peer.name} applied {position} before its welcome")
        if position.seq == 0:
            return
        if before is not None and before.seq != position.seq and seen.digest == peer.core.digest:
            raise InvariantBroken("S11", f"{peer.name} has one digest at {before} and {position}")
        core, journal = peer.core, peer.journal
        here = core.digest, len(journal.entries), dict(core.marks)
        ahead = journal.has_changes  # of its position: a host in the middle of a batch
        if not ahead and self._states.setdefault(position, here) != here:
            raise InvariantBroken("S11", f"{peer.name} at {position} holds another state")
        roster, name = self._rosters.setdefault(position, (core.roster, peer.name))
        if roster != core.roster:
            text = f"{peer.name} and {name} have two rosters at {position}"
            raise InvariantBroken("S25", text)
        there = {member.peer: not member.present for member in roster.members}
        if not ahead and there != journal.away:
            raise InvariantBroken("S25", f"the game of {peer.name} knows others than its roster")

    def crowned(self, now: int, peer: SimPeer, seen: Seen, event: BecameHost) -> None:
        """What a new host starts from holds no command twice, and it goes on with the seats."""
        texts = [text for _, text in peer.journal.entries]
        if len(set(texts)) != len(texts):
            twice = sorted({text for text in texts if texts.count(text) > 1})
            raise InvariantBroken("S17", f"{peer.name} holds {', '.join(twice)} more than once")
        if peer.core.connection_id != RECONNECT_ID_HOST:
            raise InvariantBroken("S02", f"{peer.name} hosts as {peer.core.connection_id}")
        parent = peer.core.reign.parent if peer.core.reign is not None else None
        before, _ = self._rosters.get(parent, (None, "")) if parent is not None else (None, "")
        if before is not None:
            self._inherits(peer, before, peer.core.roster)

    def _inherits(self, peer: SimPeer, before: Roster, roster: Roster) -> None:
        """A new host forgets nobody who was kicked, and knows what each label was."""
        if not set(before.banned) <= set(roster.banned):
            raise InvariantBroken("S24", f"{peer.name} forgets who was kicked")
        labels = {member.peer: member.connection_id for member in before.members}
        for member in roster.members:
            if member.old_connection_id != labels.get(member.peer):
                text = f"{peer.name} takes {member.peer} for the former {member.old_connection_id}"
                raise InvariantBroken("S21", text)

    def note(self, peer: SimPeer, settle: Settle) -> None:
        """A receipt is given: by then so many have to hold it as its level says."""
        if self.record.world.outcome_text(settle.outcome or b"") == REFUSED.decode():
            return  # hosts were lost over it, and nobody runs it again
        text = peer.sent[settle.ticket]
        entry = (str(peer.id), text)
        holders = tuple(
            p.number for p in self.record.world.peers if entry in reversed(p.journal.entries)
        )
        ticket, level = settle.ticket, peer.levels[settle.ticket]
        self.record.acknowledged.append(Acknowledged(text, peer.number, ticket, level, holders))
        if level is AckLevel.ALL:
            self._is_held_by_all(peer, text, holders)
        if self.record.together and level is not AckLevel.HOST:
            self._is_held(peer, text, level, holders)

    def _is_held_by_all(self, peer: SimPeer, text: str, holders: tuple[int, ...]) -> None:
        """Also where some are cut off: who is not there for the host does not count, nor does who
        is back with what came after that.
        """
        epoch, known = peer.core.epoch, _present(peer)
        for host in (p for p in self.record.world.hosts if p.core.epoch == epoch):
            here = _present(host)
            if host.core.census["followers"] < len(here) - 1:
                continue  # the link of one broke, and it has another, on which it asks for its seat
            here &= known
            for p in self.record.world.members:
                follows = p.core.state is State.FOLLOWING and p.core.epoch == epoch
                if follows and p.id in here and p.number not in holders:
                    raise InvariantBroken("S15", f"{text} is acknowledged by all, not by {p.name}")

    def _is_held(self, peer: SimPeer, text: str, level: AckLevel, holders: tuple[int, ...]) -> None:
        """Those who died meanwhile count where they held it, and not where they did not."""
        epoch, members = peer.core.epoch, self.record.world.members
        behind = [p for p in members if p.core.state is State.FOLLOWING and p.core.epoch == epoch]
        without = [p.name for p in behind if p.number not in holders]
        if level is AckLevel.ALL and without:
            raise InvariantBroken("S15", f"{text} is acknowledged by all, not by {without[0]}")
        # In a game of two the one who submitted it is the one successor.
        hosts = [p.number for p in self.record.world.hosts if p.core.epoch == epoch]
        if any(number != peer.number and number not in hosts for number in holders):
            return
        # Whoever stands behind a new reign is expected back, and has what is acknowledged then.
        granted = self.record.seen(peer).grants if peer.number in hosts else {}
        if any(p is not peer and (p in behind or p.number in granted) for p in members):
            raise InvariantBroken("S15", f"{text} is acknowledged, and no successor holds it")

    def discards(self, now: int, peer: SimPeer, seen: Seen, event: BranchDiscarded) -> None:
        self.record.discarded += [(peer.number, ticket) for ticket in event.tickets]
        if event.updates <= 0:
            raise InvariantBroken("S19", f"{peer.name} discards, and has nothing to discard")
        self._says_what(peer, seen, event)
        held = {text for _, text in peer.journal.entries}
        for ticket in event.tickets:
            if peer.sent[ticket] in held:
                text = f"{peer.name} hears that {peer.sent[ticket]} is lost, and has it"
                raise InvariantBroken("S16", text)

    def _says_what(self, peer: SimPeer, seen: Seen, event: BranchDiscarded) -> None:
        """What is lost is said as it is: from where on, how much, and which commands."""
        here, shared = seen.position, event.fork
        if here is not None and shared is not None and event.updates != here.seq - shared.seq:
            text = f"{peer.name} goes from {here} back to {shared}, which is not {event.updates}"
            raise InvariantBroken("S16", text)
        there = peer.core.position
        parted = self.record.fork(here, there) if here and there and shared else None
        if parted is not None and shared != parted:
            text = f"{peer.name} goes from {here} to {there} by {shared}: they part at {parted}"
            raise InvariantBroken("S16", text)
        commands = [self.record.world.command_text(command) for command in event.commands]
        if commands != [peer.sent[ticket] for ticket in event.tickets]:
            raise InvariantBroken("S16", f"{peer.name} lost other commands than it is told")

    def sends_away(
        self, peer: SimPeer, seen: Seen, targets: tuple[SimPeer, ...], frame: Bye
    ) -> None:
        """Who was away for too long has nothing of its own to lose. Nobody else is sent away.

        What counts is how far it said that it was: it may have found another host since it asked.
        """
        here, took = peer.core.position, self.record.took
        said = took.position if isinstance(took, Rejoin) else None
        for target in targets if frame.reason is EndReason.SEAT_EXPIRED else ():
            theirs = said or target.core.position
            if here is None or theirs is None:
                continue
            if not reaches(peer.core.lineage, here.seq, theirs):
                text = f"{peer.name} sends {target.name} away, which has played on elsewhere"
                raise InvariantBroken("S16", text)

    # --- identity ---

    def labels_for_life(self, host: SimPeer) -> None:
        """In the history that goes on no label but the host's was ever that of a second member."""
        owners: dict[ConnectionId, PeerId] = {}
        lineage, end, version = host.core.lineage, host.core.position, None
        for position, (roster, _) in self._rosters.items():
            if roster.version == version or end is None:
                continue
            version = roster.version
            for member in roster.members if reaches(lineage, end.seq, position) else ():
                label, peer = member.connection_id, member.peer
                if label != RECONNECT_ID_HOST and owners.setdefault(label, peer) != peer:
                    raise InvariantBroken("S21", f"{label} is the label of a second member")

    def welcomes(
        self, peer: SimPeer, seen: Seen, targets: tuple[SimPeer, ...], frame: Welcome
    ) -> None:
        self.no_strangers(peer, targets)
        took = self.record.took
        if isinstance(took, Rejoin) and took.epoch != frame.reign.epoch:
            text = f"{peer.name} took a proof for {took.epoch} under {frame.reign.epoch}"
            raise InvariantBroken("S26", text)
        if isinstance(took, Rejoin) and not took.whole and frame.missing.snapshot is not None:
            self._lacks_more(peer, took.position, frame.base.seq)

    def asks_again(
        self, peer: SimPeer, seen: Seen, targets: tuple[SimPeer, ...], frame: Rejoin | Grant
    ) -> None:
        """Who was in the session says which of its members it was, and what it has is of use."""
        took, here = self.record.took, seen.position
        follows = seen.state is State.FOLLOWING  # else it wanted all before this came, or nothing
        if isinstance(took, Update) and isinstance(frame, Rejoin) and frame.whole and follows:
            next_ = here and took.epoch == seen.epoch and took.seq == here.seq + 1
            if next_ and took == self._ordered.get(took.seq):
                text = f"{peer.name} gets the next update, {took.seq}, and asks for everything"
                raise InvariantBroken("S12", text)
        request = frame.rejoin if isinstance(frame, Grant) else frame
        if request is not None and request.old_connection_id != seen.label:
            text = f"{peer.name} comes back as {request.old_connection_id}, and was {seen.label}"
            raise InvariantBroken("S21", text)

    def tells(self, peer: SimPeer, seen: Seen, targets: tuple[SimPeer, ...], frame: Tail) -> None:
        """What there is is told to members."""
        self.no_strangers(peer, targets)
        took, snapshot = self.record.took, frame.missing.snapshot
        if isinstance(took, Pull) and snapshot is not None:
            self._lacks_more(peer, took.position, snapshot.position.seq)
        for target in targets:
            if peer.core.roster.get(target.id) is None:
                raise InvariantBroken("S23", f"{peer.name} tells {target.name}, who has no seat")

    def _lacks_more(self, peer: SimPeer, position: Position | None, seq: int) -> None:
        """Who gets everything up to `seq` anew lacks more than this peer has kept one by one."""
        here = peer.core.position
        if here is None or position is None or not reaches(peer.core.lineage, seq, position):
            return
        kept = peer.core.census["tail"] - (here.seq - seq)  # by then; what came after it is kept
        if seq - position.seq <= kept:
            text = f"{peer.name} sends everything to who is at {position}, and has the rest of it"
            raise InvariantBroken("S22", text)

    def orders(
        self, peer: SimPeer, seen: Seen, targets: tuple[SimPeer, ...], frame: Update
    ) -> None:
        self._ordered[frame.seq] = frame
        if len(set(targets)) < len(targets):
            raise InvariantBroken("S22", f"{peer.name} has two links to one follower")
        self.no_strangers(peer, targets)

    def no_strangers(self, peer: SimPeer, targets: tuple[SimPeer, ...]) -> None:
        for target in targets:
            if target.impostor:
                raise InvariantBroken("S23", f"{peer.name} lets an impostor in")

    def takes_welcome(self, peer: SimPeer, seen: Seen, source: SimPeer, frame: Welcome) -> None:
        if peer.core.state is State.FOLLOWING and peer.core.epoch == frame.reign.epoch:
            seen.welcomed = frame.reign.epoch.host
            if peer.core.settings != self.record.world.settings:
                raise InvariantBroken("S11", f"{peer.name} plays by other settings than its host")

    def welcomed_in_pieces(
        self, now: int, peer: SimPeer, seen: Seen, event: HostChanged | Joined
    ) -> None:
        """A large welcome comes in pieces. Only the core sees it whole, and tells its game."""
        if isinstance(self.record.took, Piece):
            seen.welcomed = event.epoch.host

    def roster(self, now: int, peer: SimPeer, seen: Seen, event: RosterChanged) -> None:
        roster = event.roster
        labels = {member.peer: member.connection_id for member in roster.members}
        seen.label = labels.get(peer.id, RECONNECT_ID_INVALID)
        if len(set(labels.values())) < len(labels):
            raise InvariantBroken("S21", f"{peer.name} sees two members with one label")
        for member in roster.members:
            if self._keys.get(member.peer) != member.key:
                if peer_id(member.key) != member.peer:
                    raise InvariantBroken("S24", f"{peer.name} sees a member with another's key")
                self._keys[member.peer] = member.key
            if member.peer in roster.banned:
                raise InvariantBroken("S24", f"{peer.name} sees a member that was kicked")

    def takes_good_bye(self, peer: SimPeer, seen: Seen, source: SimPeer, frame: Bye) -> None:
        seen.good_byes.add(source.number)

    def closes_its_own(self, peer: SimPeer, effect: CloseLink) -> None:
        """Where what came was not a frame, the link that it came on is closed, and no other.

        A host that was about to leave, and is told by this that its heir is gone, leaves at once.
        A newcomer whose request ends with the link that it was made on is in no session.
        """
        source = self.record.noise_from
        if peer.left_us is not None or peer.saw(JoinFailed):
            return
        far = self.record.world.far_peer(peer, effect.link)
        if source is not None and far is not None and far != source:
            name = self.record.world.peers[far].name
            raise InvariantBroken("S29", f"{peer.name} closes its link to {name} for others' noise")


def _present(peer: SimPeer) -> set[PeerId]:
    """Who is there, as far as this peer knows."""
    return {member.peer for member in peer.core.roster.members if member.present}
