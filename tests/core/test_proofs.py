from __future__ import annotations

from msgspec.structs import replace

from p2pnet.core.credentials import Says
from p2pnet.core.events import ProofRejected
from p2pnet.core.messages import Claim, Follow, Meeting, Yield
from p2pnet.core.values import Epoch
from p2pnet.testing.sim_peer import SimPeer
from tests.core.bench import Bench, picture


def told(bench: Bench, peer: SimPeer) -> list[str]:
    """What could not be proved, as the application was told."""
    return [event.text for event in peer.saw(ProofRejected)]  # type: ignore[attr-defined]


def test_nobody_claims_gives_up_or_swears_in_the_name_of_another() -> None:
    for forge in (_claim, _meeting, _yield, _oath):
        bench = Bench.of(3)
        host, liar, _ = bench.peers
        before = picture(host)
        bench.slip(liar, host, forge(bench))
        assert len(told(bench, host)) == host.core.census["rejected"] == 1, forge
        assert picture(host)[:3] == before[:3]  # type: ignore[index]


def _claim(bench: Bench) -> Claim:
    host, liar, _ = bench.peers
    reign, position = host.core.reign, liar.core.position
    assert reign is not None and position is not None
    signature = liar.core._s.sign(Says.CLAIM, 3, reign.epoch, position)
    return Claim(2, liar.key, reign, position, signature)


def _meeting(bench: Bench) -> Meeting:
    liar = bench.peers[1]
    liar.core._s.reign = liar.core._s.reign_of(Epoch(2, liar.id, 1), liar.core.position)
    liar.core._roles.hosting.ordering.worked = liar.core.position
    header = liar.core._roles.reunion.header()
    return Meeting(replace(header, worked=replace(header.worked, seq=1)), answer=False)


def _yield(bench: Bench) -> Yield:
    liar, other = bench.peers[1:]
    mine, theirs = Epoch(2, liar.id, 1), bench.peers[0].core.epoch
    assert theirs is not None
    return Yield(mine, theirs, other.core._s.sign(Says.YIELD, mine, theirs))


def _oath(bench: Bench) -> Follow:
    epoch = bench.peers[0].core.epoch
    assert epoch is not None
    return Follow(epoch, bench.peers[2].core._s.sign(Says.OATH, epoch))
