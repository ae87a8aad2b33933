from __future__ import annotations

from p2pnet.core.effects import Effect
from p2pnet.core.events import Joined
from p2pnet.testing.sim_peer import Observer, SimPeer
from p2pnet.testing.trio_lane import TrioLane


class Listener(Observer):
    """Wants no heartbeats, and loses its patience at the third word."""

    heartbeats = False
    heard = 0

    def did(self, now: int, peer: SimPeer, effect: Effect, targets: tuple[SimPeer, ...]) -> None:
        self.heard += 1
        if self.heard == 3:
            raise RuntimeError("enough")


def test_what_a_listener_does_wrong_does_not_end_the_peer_that_it_listens_to() -> None:
    lane = TrioLane()
    lane.game(2)
    listener = Listener()
    lane.observers.append(listener)
    lane.hand_over(lane.peers[0], lane.peers[1])
    lane._guest.run_for(1_000_000)
    assert lane.broken is not None and "enough" in str(lane.broken)
    assert all(peer.failure is None for peer in lane.trio.peers)
    lane.close()


def test_events_are_kept_with_their_time() -> None:
    lane = TrioLane()
    lane.game(2)
    [(when, joined)] = [line for line in lane.peers[1].events if isinstance(line[1], Joined)]
    assert 0 < when < lane.now and joined in lane.peers[1].saw(Joined)
    lane.close()
