"""What a peer lacks of the history, and how it takes it in.

Whoever is on the same branch gets the updates after its position. Whoever is not, or was away for
too long, gets a snapshot. A snapshot of another branch replaces one's own, and what is lost by that
is said by name.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

from .codec import decode
from .credentials import Says
from .errors import RemoteProtocolError
from .events import BranchDiscarded
from .frame_parts import Missing, RosterProof, Snapshot
from .history import agree, fork, reaches
from .messages import Update
from .outbox import Submission
from .roster import Roster
from .session import Session
from .values import Epoch, PeerId, Position, peer_id


def take_update(session: Session, frame: Update, raw: bytes) -> None:
    """Apply the next update of the branch."""
    assert frame.seq == session.history.seq + 1, "updates are applied without a gap"
    if not session.ledger.admits(frame.executed):
        raise RemoteProtocolError("the update runs a command that was run before")
    _check_roster(session, frame.roster, frame.roster_proof, (frame.epoch,))
    session.history.begin(frame.epoch)
    session.replica.apply(frame.payload)
    session.history.append(raw)
    if frame.roster is not None:
        session.history.seat(frame.roster.peers)
    session.record(frame.executed)


def _check_roster(
    session: Session, roster: Roster | None, proof: RosterProof | None, reigns: Iterable[Epoch]
) -> None:
    """A roster counts with the signature of the host whose roster it was, in one of these reigns.

    Raises `RemoteProtocolError` without it. The host may be somebody that this peer learns of
    by this very roster, having been away; then the roster itself says what its key is.
    """
    if roster is None:
        return
    host = None if proof is None else roster.get(proof.epoch.host)
    signed = proof is not None and proof.epoch in reigns
    if proof is None or not signed or host is None or peer_id(host.key) != host.peer:
        raise RemoteProtocolError("a roster that nobody vouches for")
    digest = roster.digest()
    if not session.proves(host.key, proof.signature, Says.ROSTER, proof.epoch, digest):
        raise RemoteProtocolError("a roster with a false signature")
    session.roster_proof = proof


def take_missing(session: Session, missing: Missing) -> Roster:
    """Apply what another peer says this one lacks. Returns the roster at that position.

    Raises `RemoteProtocolError` if it does not fit to what is here.
    """
    roster = session.roster
    if missing.snapshot is not None:
        roster = _restore(session, missing.snapshot)
    reigns = deque(missing.reigns)
    for raw in missing.updates:
        frame = decode(raw)
        if not isinstance(frame, Update) or frame.seq != session.history.seq + 1:
            raise RemoteProtocolError("the tail does not continue this history")
        _begin(session, reigns)  # not before it is known that they began here
        take_update(session, frame, raw)
        if frame.roster is not None:
            for peer in roster.known - frame.roster.known:  # it may have come within the tail
                session.ledger.forget(peer)
            roster = frame.roster
    _begin(session, reigns)
    return roster


def check_told(session: Session, missing: Missing) -> None:
    """What a grantor tells is of no reign that can't be, and of no other past than is known here.

    Raises `RemoteProtocolError`. A host tells of its own reign, and needs no such check.
    """
    assert session.epoch is not None
    lineage = tuple(session.history.lineage)
    if missing.snapshot is not None:
        if not agree(lineage, missing.snapshot.lineage):
            raise RemoteProtocolError("a snapshot with another past than is known here")
        here = session.history.position
        if here is not None and missing.snapshot.position < here:
            raise RemoteProtocolError("a snapshot of less than is here")
        lineage = missing.snapshot.lineage
    reigns = [epoch for epoch, _ in (*lineage, *missing.reigns)]
    if reigns != sorted(set(reigns)) or not reigns or reigns[-1] > session.epoch:
        raise RemoteProtocolError("a tail of reigns that can't be")
    told = [frame.epoch for frame in map(decode, missing.updates) if isinstance(frame, Update)]
    if told != sorted(told) or not set(told) <= {lineage[-1][0], *reigns[len(lineage) :]}:
        raise RemoteProtocolError("updates of reigns that the tail does not go through")


def check_seated(session: Session, missing: Missing, peer: PeerId) -> None:
    """Somebody unknown tells the truth if a host that is known here has given it a seat.

    Raises `RemoteProtocolError`.
    """
    frames = [frame for frame in map(decode, missing.updates) if isinstance(frame, Update)]
    proofs = [(frame.roster, frame.roster_proof) for frame in frames]
    if missing.snapshot is not None:
        proofs.append((missing.snapshot.roster, missing.snapshot.roster_proof))
    known = [epoch for epoch, _ in session.history.lineage]
    for roster, proof in proofs:
        if roster is not None and roster.get(peer) is not None:
            _check_roster(session, roster, proof, known)
            return
    raise RemoteProtocolError("a tail from somebody who has no seat")


def _begin(session: Session, reigns: deque[tuple[Epoch, int]]) -> None:
    """Go on under the reigns that began at this very place."""
    while reigns and reigns[0][1] == session.history.seq:
        session.history.begin(reigns.popleft()[0])


def _restore(session: Session, snapshot: Snapshot) -> Roster:
    reigns = [epoch for epoch, _ in snapshot.lineage]
    _check_roster(session, snapshot.roster, snapshot.roster_proof, reigns)
    if not snapshot.lineage or snapshot.lineage[-1][0] != snapshot.position.epoch:
        raise RemoteProtocolError("the snapshot is of another reign than it says")
    _discard(session, snapshot)
    session.replica.restore(snapshot.world)
    at, lineage = snapshot.position.seq, snapshot.lineage
    session.history.reset(at, snapshot.digest, lineage, snapshot.seats)
    session.ledger.reset(snapshot.marks, snapshot.executed)
    return snapshot.roster


def _discard(session: Session, snapshot: Snapshot) -> None:
    """The snapshot may be of another branch: say what of ours is not in it."""
    here, end = session.history.position, snapshot.position.seq
    if here is None or reaches(snapshot.lineage, end, here):
        return
    shared = fork(tuple(session.history.lineage), session.history.seq, snapshot.lineage, end)
    seq = 0 if shared is None else shared.seq
    lost = session.outbox.retract(seq, end, _holds(session, snapshot))
    tickets = tuple(submission.ticket for submission in lost)
    commands = tuple(submission.payload for submission in lost)
    if session.history.seq > seq:  # else a reign that began there, and did nothing
        session.emit(BranchDiscarded(shared, session.history.seq - seq, tickets, commands))


def _holds(session: Session, snapshot: Snapshot) -> Callable[[Submission], bool]:
    """Which commands of ours ran there too, and were not refused for the hosts that they cost."""
    me, nonce = session.me, session.nonce
    process, last = snapshot.marks.get(me, (nonce, 0))
    outcomes = {
        line.seq: line.outcome
        for line in snapshot.executed
        if (line.peer, line.nonce) == (me, nonce) and not line.trial
    }

    def holds(submission: Submission) -> bool:
        if process != nonce or submission.seq > last:
            return False
        outcome = outcomes.get(submission.seq, submission.outcome)
        return outcome == submission.outcome or outcome != session.replica.refuse(
            submission.payload
        )

    return holds


def missing_for(session: Session, position: Position | None) -> Missing:
    """What a peer at `position` lacks: the tail if it is kept, else a snapshot."""
    tail = None if position is None else session.history.since(position)
    if position is not None and tail is not None:
        return Missing(tail, session.history.reigns_since(position))
    return Missing(snapshot=snapshot_of(session))


def snapshot_of(session: Session) -> Snapshot:
    """All that the session has agreed on, as it is here. Nothing may be waiting to be ordered."""
    here = session.history.position
    assert here is not None, "only a peer with a history can give it away"
    assert session.roster_proof is not None
    return Snapshot(
        position=here,
        digest=session.history.digest,
        lineage=tuple(session.history.lineage),
        world=session.replica.snapshot(),
        executed=session.ledger.lines(),
        marks=dict(session.ledger.marks),
        roster=session.roster,
        roster_proof=session.roster_proof,
        seats=tuple(session.history.seats),
    )
