"""A drill in which whoever is asked for what a claimant lacks makes something up.

A grantor that is ahead could tell a claimant what the others never had. What no host has signed,
what does not go on from where the claimant stands, and what comes from somebody who was not asked
has to come to nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import attrs
import msgspec

from p2pnet.core.codec import decode, encode
from p2pnet.core.credentials import Says, statement
from p2pnet.core.events import PullStarted
from p2pnet.core.frame_parts import Executed, Missing, RosterProof, Snapshot
from p2pnet.core.history import Lineage
from p2pnet.core.messages import Tail, Update
from p2pnet.core.roster import Roster
from p2pnet.core.settings import AckLevel
from p2pnet.core.values import Epoch, Position

from .catalogue import InvariantBroken
from .forgeries import FALSE
from .ground import NOTICED_US, SOON_US, STEP_US, Ground, holds
from .hostile import Tape
from .sim_peer import SimPeer

_MADE_UP: Final = "made up"


@attrs.frozen
class _Liar:
    """Who is asked for what a claimant lacks, and what it can make of what it has."""

    peer: SimPeer
    claimant: SimPeer
    updates: tuple[bytes, ...]  # that it has and the claimant lacks
    proof: RosterProof  # of the last roster that a host has signed

    @property
    def here(self) -> Position:
        """Where the claimant stands."""
        assert self.claimant.core.position is not None
        return self.claimant.core.position

    @property
    def own(self) -> Epoch:
        """A reign of its own that there never was."""
        return Epoch(self.here.epoch.number, self.peer.id, 0)

    @property
    def roster(self) -> Roster:
        """That it makes up: the same seats, as if something had changed."""
        return self.peer.core.roster.renewed()

    def update(
        self,
        epoch: Epoch | None = None,
        proof: RosterProof | None = None,
        roster: Roster | None = None,
    ) -> Update:
        """The next one: somebody says something, and the seats are other seats."""
        entry = msgspec.msgpack.encode([("entry", self.peer.id, _MADE_UP)])
        roster = None if proof is None else roster or self.roster
        return Update(epoch or self.here.epoch, self.here.seq + 1, entry, (), roster, proof)

    def tail(self, *updates: Update, reigns: Lineage = ()) -> Missing:
        return Missing(tuple(map(encode, updates)), reigns)

    def signs(self, epoch: Epoch, roster: Roster | None = None) -> RosterProof:
        """Its own signature under a roster that it makes up."""
        core = self.peer.core
        assert core.session is not None
        fields = epoch, (roster or self.roster).digest()
        signature = self.peer.credentials.sign(statement(core.session, Says.ROSTER, fields))
        return RosterProof(epoch, signature)

    def snapshot(self, lineage: Lineage, proof: RosterProof) -> Missing:
        """All that it has, and something on top, with another past or another roster."""
        core, (last, _) = self.peer.core, lineage[-1]
        entries = [*self.peer.journal.entries, (self.peer.id, _MADE_UP)]
        world = msgspec.msgpack.encode((entries, self.peer.journal.away))
        at = Position(last, self.here.seq + len(self.updates) + 1)
        roster, marks = core.roster, dict(core.marks)
        return Missing(snapshot=Snapshot(at, FALSE, lineage, world, (), marks, roster, proof, ()))


def _with_a_gap(liar: _Liar) -> Missing:
    return Missing(liar.updates[1:])


def _backwards(liar: _Liar) -> Missing:
    return Missing(tuple(reversed(liar.updates)))


def _of_its_own(liar: _Liar) -> Missing:
    return liar.tail(liar.update(liar.own))


def _of_its_own_reign(liar: _Liar) -> Missing:
    return liar.tail(liar.update(liar.own), reigns=((liar.own, liar.here.seq),))


def _of_a_reign_to_come(liar: _Liar) -> Missing:
    epoch = Epoch(liar.here.epoch.number + 1, liar.peer.id, 0)
    return liar.tail(liar.update(epoch), reigns=((epoch, liar.here.seq),))


def _run_twice(liar: _Liar) -> Missing:
    peer, (nonce, seq) = next(iter(liar.claimant.core.marks.items()))
    update, line = liar.update(), Executed(peer, nonce, seq, 1, b"")
    return liar.tail(msgspec.structs.replace(update, executed=(line,)))


def _roster_unsigned(liar: _Liar) -> Missing:
    return liar.tail(liar.update(proof=RosterProof(liar.here.epoch, FALSE)))


def _roster_of_another(liar: _Liar) -> Missing:
    return liar.tail(liar.update(proof=liar.signs(liar.here.epoch)))


def _roster_of_its_own(liar: _Liar) -> Missing:
    return liar.tail(liar.update(proof=liar.signs(liar.own)))


def _roster_of_another_with_its_key(liar: _Liar) -> Missing:
    epoch, roster = liar.here.epoch, liar.roster
    members = tuple(
        msgspec.structs.replace(member, key=liar.peer.key) if member.peer == epoch.host else member
        for member in roster.members
    )
    forged = msgspec.structs.replace(roster, members=members)
    return liar.tail(liar.update(proof=liar.signs(epoch, forged), roster=forged))


def _snapshot_unsigned(liar: _Liar) -> Missing:
    return liar.snapshot(liar.claimant.core.lineage, RosterProof(liar.here.epoch, FALSE))


def _snapshot_with_another_past(liar: _Liar) -> Missing:
    older = Epoch(0, liar.peer.id, 0)
    return liar.snapshot(((older, 0), *liar.claimant.core.lineage), liar.proof)


_LIES: Final[tuple[Callable[[_Liar], Missing], ...]] = (
    _with_a_gap,
    _backwards,
    _of_its_own,
    _of_its_own_reign,
    _of_a_reign_to_come,
    _run_twice,
    _roster_unsigned,
    _roster_of_another,
    _roster_of_its_own,
    _roster_of_another_with_its_key,
    _snapshot_unsigned,
    _snapshot_with_another_past,
)


def false_tails(ground: Ground) -> None:
    """The first in rank missed something. Whomever it asks for that lies before it answers, and
    somebody says something who was not asked.
    """
    world, (host, heir, *others) = ground.world, ground.peers
    tape, lies = Tape(), ground.rng.sample(_LIES, len(_LIES))
    world.observers.append(tape)
    ground.say(heir, "before")
    ground.want(host, lambda core, now: core.announce(now))  # a roster is heard, and its proof
    world.run_for(STEP_US)
    world.cut(host, heir)
    for number in range(3):
        ground.say(host, f"missed number {number}", AckLevel.HOST)
        world.run_for(STEP_US)

    def lie(claimant: SimPeer, event: PullStarted) -> None:
        asked = next(peer for peer in others if peer.id == event.source)
        liar = _liar(asked, claimant, tape, host)
        words = [(asked, lies.pop()(liar))]
        *_, last_but_one, last = sorted(others, key=lambda peer: peer.id, reverse=True)
        if asked not in (last_but_one, last):  # else it is asked itself by the time that this comes
            words.append((last, liar.tail(liar.update())))
        for speaker, missing in words:
            data = encode(Tail(missing))
            ground.watch.forged.add(data)
            world.slip(speaker, claimant, data)

    ground.on(PullStarted, lie, times=len(lies))
    world.crash(host, silent=True)
    world.run_for(NOTICED_US)
    if any(holds(peer, _MADE_UP) for peer in (heir, *others)):
        raise InvariantBroken("S24", "somebody holds what was made up")
    ground.heal()
    ground.say(heir, "after all")
    world.run_for(SOON_US)
    ground.settled(heir)


def _liar(peer: SimPeer, claimant: SimPeer, tape: Tape, host: SimPeer) -> _Liar:
    assert claimant.core.position is not None
    frames = [decode(data) for data in tape.frames[host.number, peer.number]]
    updates = [frame for frame in frames if isinstance(frame, Update)]
    proof = next(frame.roster_proof for frame in reversed(updates) if frame.roster_proof)
    lacks = tuple(encode(update) for update in updates if update.seq > claimant.core.position.seq)
    return _Liar(peer, claimant, lacks, proof)
