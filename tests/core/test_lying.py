"""A member that grants a claim and says that it is ahead: what it can have the claimant believe."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from p2pnet.core.catchup import snapshot_of
from p2pnet.core.codec import encode
from p2pnet.core.credentials import Says
from p2pnet.core.events import PullStarted
from p2pnet.core.frame_parts import Missing, RosterProof, Snapshot
from p2pnet.core.messages import Tail, Update
from p2pnet.core.session import Session
from p2pnet.core.states import State
from p2pnet.core.values import Epoch
from p2pnet.testing.sim_peer import SimPeer
from tests.core.bench import Bench, pulling


def forged_roster(liar: Session, epoch: Epoch, victim: SimPeer) -> Update:
    """Without a member. It is signed by the liar, as if it had been the host of that reign."""
    roster = liar.roster.remove(victim.id)
    proof = RosterProof(epoch, liar.sign(Says.ROSTER, epoch, roster.digest()))
    assert liar.epoch is not None
    return Update(liar.epoch, liar.history.seq, b"", roster=roster, roster_proof=proof)


def ends_well(bench: Bench, first: SimPeer) -> None:
    assert bench.world.run_while(lambda: not bench.world.converged(), 5_000_000)
    assert [text for _, text in first.journal.entries] == ["x"]
    assert len(first.core.roster.members) == 4


def test_who_has_nothing_to_show_keeps_nobody_from_what_others_have() -> None:
    bench, first, liar = pulling()
    bench.slip(liar, first, Tail(Missing()))
    assert first.core.state is State.PULLING and len(first.saw(PullStarted)) == 2
    ends_well(bench, first)


def test_a_roster_counts_with_the_signature_of_the_host_of_its_update_only() -> None:
    bench, first, liar = pulling()
    s = liar.core._s
    lie = forged_roster(s, Epoch(1, s.me, s.nonce), bench.peers[3])
    bench.slip(liar, first, Tail(Missing(updates=(encode(lie),))))
    assert first.core.state is State.PULLING and len(first.saw(PullStarted)) == 2
    ends_well(bench, first)


@pytest.mark.parametrize("number", [0, 7])
def test_no_update_of_a_reign_that_cannot_be_is_taken(number: int) -> None:
    """Older than what is here, or newer than the reign that was lost."""
    for by_update in (True, False):
        bench, first, liar = pulling()
        s = liar.core._s
        epoch = Epoch(number, s.me, s.nonce)
        lie = replace(forged_roster(s, epoch, bench.peers[3]), epoch=epoch)
        reigns = ((epoch, first.core._s.history.seq),)
        told = Missing(updates=(encode(lie),)) if by_update else Missing(reigns=reigns)
        bench.slip(liar, first, Tail(told))
        assert first.core.state is State.PULLING and len(first.saw(PullStarted)) == 2
        assert all(known.number == 1 for known, _ in first.core.lineage)
        ends_well(bench, first)


def false_snapshots(liar: Session, claimant: Session) -> list[Snapshot]:
    """With a roster, or a past, that nobody but the liar ever had."""
    good = snapshot_of(liar)
    mine, here = Epoch(1, liar.me, liar.nonce), good.position.epoch
    roster = liar.roster.remove(claimant.me)
    proof = RosterProof(mine, liar.sign(Says.ROSTER, mine, roster.digest()))
    forged = replace(good, roster=roster, roster_proof=proof)
    newer = Epoch(7, liar.me, liar.nonce)
    ahead = replace(good.position, epoch=newer)
    return [
        forged,
        replace(forged, lineage=((mine, 0), (here, 0))),
        replace(good, lineage=((here, 0), (newer, 2)), position=ahead),
        replace(good, lineage=((here, 1),)),
    ]


@pytest.mark.parametrize("which", range(4))
def test_a_snapshot_with_a_false_roster_or_past_is_left_for_the_next(which: int) -> None:
    bench, first, liar = pulling()
    lie = false_snapshots(liar.core._s, first.core._s)[which]
    bench.slip(liar, first, Tail(Missing(snapshot=lie)))
    assert first.core.state is State.PULLING and len(first.saw(PullStarted)) == 2
    ends_well(bench, first)
