from __future__ import annotations

from p2pnet.core.errors import EndReason
from p2pnet.core.events import PeerGone, PeerLost, PeerReturned, RoleChanged
from p2pnet.core.values import ConnectionId, PeerId
from p2pnet.peer.arrivals import Arrivals

ANA, BEN = PeerId("ana"), PeerId("ben")
ONE = ConnectionId(1)


def back(peer: PeerId) -> PeerReturned:
    return PeerReturned(peer, ONE, ONE)


def test_who_is_ready_is_back_at_once_and_the_others_when_they_are() -> None:
    ready = {ANA}
    arrivals = Arrivals(ready.__contains__)
    assert arrivals.sift(back(ANA)) == back(ANA)
    assert arrivals.sift(back(BEN)) is None and arrivals.release() == []
    ready.add(BEN)
    assert arrivals.release() == [back(BEN)] and arrivals.release() == []


def test_who_is_lost_again_before_was_never_back() -> None:
    ready: set[PeerId] = set()
    arrivals = Arrivals(ready.__contains__)
    lost = PeerLost(BEN, ONE)
    assert arrivals.sift(lost) is lost
    arrivals.sift(back(BEN))
    assert arrivals.sift(lost) is None
    ready.add(BEN)
    assert arrivals.release() == []
    assert arrivals.sift(lost) is lost


def test_who_is_gone_does_not_come_and_all_else_passes() -> None:
    ready: set[PeerId] = set()
    arrivals = Arrivals(ready.__contains__)
    arrivals.sift(back(BEN))
    gone = PeerGone(BEN, ONE, EndReason.LEFT)
    assert arrivals.sift(gone) is gone
    ready.add(BEN)
    assert arrivals.release() == []
    other = RoleChanged(None)
    assert arrivals.sift(other) is other
