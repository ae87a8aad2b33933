"""What must hold whatever goes wrong, watched from outside by somebody who sees all peers.

`Watch` looks after every step of every core, for what must never happen for an instant. The
functions look at a world that has healed, for what must be true in the end. Each failure names the
invariant that it breaks, by its number in the catalogue of the design.
"""

from __future__ import annotations

import attrs

from p2pnet.core.effects import Effect, Emit, Settle
from p2pnet.core.events import BecameHost, BranchDiscarded, HostChanged
from p2pnet.core.settings import AckLevel
from p2pnet.core.states import State
from p2pnet.core.values import Epoch, PeerId, Position

from .core_world import CoreWorld
from .sim_peer import Observer, SimPeer


class InvariantBroken(AssertionError):
    """`name` is what does not hold, such as S01; the text says who did what."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(f"{name}: {text}")
        self.name = name


@attrs.frozen
class Acknowledged:
    """A receipt was given: for what, and which processes held it at that time."""

    text: str
    peer: int
    ticket: int
    level: AckLevel
    holders: tuple[int, ...]


@attrs.define(eq=False)
class Watch(Observer):
    """The invariants of every instant: S01, S03, S11 and S27."""

    world: CoreWorld
    acknowledged: list[Acknowledged] = attrs.field(factory=list)
    discarded: list[tuple[int, int]] = attrs.field(factory=list)  # (peer, ticket)
    _reigns: dict[Epoch, int] = attrs.field(factory=dict)
    _epochs: dict[int, Epoch] = attrs.field(factory=dict)  # last adopted, by process
    _announced: dict[int, Epoch] = attrs.field(factory=dict)  # last told to its application
    _states: dict[Position, tuple[bytes, int, int]] = attrs.field(factory=dict)

    def did(self, now: int, peer: SimPeer, effect: Effect, targets: tuple[SimPeer, ...]) -> None:
        if isinstance(effect, Settle) and effect.outcome is not None:
            self._note(peer, effect)
        elif isinstance(effect, Emit):
            if isinstance(effect.event, BecameHost):
                self._one_reign_per_epoch(peer, effect.event.epoch)
            if isinstance(effect.event, BranchDiscarded):
                self.discarded += [(peer.number, ticket) for ticket in effect.event.tickets]
            if isinstance(effect.event, BecameHost | HostChanged):
                self._announced_once(peer, effect.event.epoch)

    def stepped(self, now: int, peer: SimPeer) -> None:
        self._epoch_never_back(peer)
        self._same_position_same_state(peer)

    def _note(self, peer: SimPeer, settle: Settle) -> None:
        text = peer.sent[settle.ticket]
        entry = (str(peer.id), text)
        holders = tuple(p.number for p in self.world.peers if entry in p.journal.entries)
        level = peer.levels[settle.ticket]
        self.acknowledged.append(Acknowledged(text, peer.number, settle.ticket, level, holders))

    def _one_reign_per_epoch(self, peer: SimPeer, epoch: Epoch) -> None:
        first = self._reigns.setdefault(epoch, peer.number)
        if first != peer.number or epoch.host != peer.id:
            raise InvariantBroken("S01", f"{peer.name} reigns under {epoch} of peer {first}")

    def _announced_once(self, peer: SimPeer, epoch: Epoch) -> None:
        last = self._announced.get(peer.number)
        if last is not None and epoch <= last:
            raise InvariantBroken("S27", f"{peer.name} was told of {epoch} after {last}")
        self._announced[peer.number] = epoch

    def _epoch_never_back(self, peer: SimPeer) -> None:
        epoch = peer.core.epoch
        if epoch is None:
            return
        last = self._epochs.get(peer.number)
        if last is not None and epoch < last:
            raise InvariantBroken("S03", f"{peer.name} went from {last} back to {epoch}")
        self._epochs[peer.number] = epoch

    def _same_position_same_state(self, peer: SimPeer) -> None:
        position = peer.core.position
        if position is None or position.seq == 0:
            return
        here = (peer.core.digest, len(peer.journal.entries), len(peer.journal.away))
        if self._states.setdefault(position, here) != here:
            raise InvariantBroken("S11", f"{peer.name} at {position} holds another state")


# --- once all is healed ---------------------------------------------------------------------------


def in_session(world: CoreWorld) -> list[SimPeer]:
    """The processes that are alive and in the session."""
    return [p for p in world.peers if p.alive and p.core.state is not State.LEFT]


def equal_states(world: CoreWorld) -> None:
    """S11: everybody holds the same entries, the same absences, the same digest and roster."""
    first, *others = in_session(world)
    for peer in others:
        for name, mine, theirs in (
            ("entries", first.journal.entries, peer.journal.entries),
            ("absences", first.journal.away, peer.journal.away),
            ("digest", first.core.digest, peer.core.digest),
            ("roster", first.core.roster, peer.core.roster),
        ):
            if mine != theirs:
                raise InvariantBroken("S11", f"{first.name} and {peer.name} differ in {name}")


def at_most_once(world: CoreWorld) -> None:
    """S17: no command left two entries. Texts of commands are all different."""
    texts = [text for _, text in in_session(world)[0].journal.entries]
    if len(set(texts)) != len(texts):
        twice = sorted({text for text in texts if texts.count(text) > 1})
        raise InvariantBroken("S17", f"run more than once: {', '.join(twice)}")


def in_submit_order(world: CoreWorld) -> None:
    """S18: the entries of one process are in the order in which it submitted them."""
    texts = [text for _, text in in_session(world)[0].journal.entries]
    place = {text: number for number, text in enumerate(texts)}
    for peer in world.peers:
        places = [place[text] for _, text in sorted(peer.sent.items()) if text in place]
        if places != sorted(places):
            raise InvariantBroken("S18", f"the commands of {peer.name} changed their order")


def acknowledged_survive(world: CoreWorld, watch: Watch) -> None:
    """S15: what was acknowledged is there, unless all who held it then are dead.

    Holds as long as nobody was parted from the others: a lone host under the policy `continue`
    acknowledges what a merge may discard.
    """
    texts = {text for _, text in in_session(world)[0].journal.entries}
    living = {peer.number for peer in in_session(world)}
    for line in watch.acknowledged:
        if line.text not in texts and living.intersection(line.holders):
            raise InvariantBroken("S15", f"{line.text} was acknowledged and is gone")


def nothing_lost_in_silence(world: CoreWorld, watch: Watch) -> None:
    """S16: what was acknowledged and is gone was named once to its owner, if that one lives."""
    texts = {text for _, text in in_session(world)[0].journal.entries}
    living = {peer.number for peer in in_session(world)}
    for line in watch.acknowledged:
        if line.text in texts or line.peer not in living:
            continue
        if watch.discarded.count((line.peer, line.ticket)) != 1:
            raise InvariantBroken("S16", f"{line.text} was acknowledged, and vanished silently")


def everything_settled(world: CoreWorld) -> None:
    """L4: each receipt of each living process was given."""
    for peer in in_session(world):
        open_ = [text for ticket, text in peer.sent.items() if ticket not in peer.settled]
        if open_:
            raise InvariantBroken("L4", f"{peer.name} waits in vain for {', '.join(open_)}")


def nothing_piles_up(world: CoreWorld) -> None:
    """S30: what a core holds is what its role and the number of members demand."""
    for peer in in_session(world):
        census, seats = peer.core.census, len(peer.core.roster.members)
        limits = {
            "links": 2 * seats,  # a link that was replaced may not have been missed yet
            "dials": seats,
            "timers": seats + 4,
            "outbox": 0,
            "followers": seats,
            "held": 0,
        }
        for what, limit in limits.items():
            if census[what] > limit:
                raise InvariantBroken("S30", f"{peer.name} holds {census[what]} {what}")


def same_owners(world: CoreWorld) -> None:
    """S21, S24: every label belongs to one member, and label 0 to the host."""
    for peer in in_session(world):
        labels: dict[int, PeerId] = {}
        for member in peer.core.roster.members:
            if labels.setdefault(member.connection_id, member.peer) != member.peer:
                raise InvariantBroken("S24", f"two members have label {member.connection_id}")
        if labels.get(0) != peer.core.host_peer:
            raise InvariantBroken("S02", f"{peer.name} sees label 0 at another peer than its host")
