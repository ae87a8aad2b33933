from __future__ import annotations

from p2pnet.core.events import HookFailed
from p2pnet.testing.clumsy import ClumsyHooks, ClumsyManager
from p2pnet.testing.trio_lane import TrioLane


def test_a_peer_whose_game_raises_all_the_time_plays_on() -> None:
    lane = TrioLane(seed=1)
    lane.game(2)
    clumsy = lane.trio.peers[1].shell
    assert isinstance(clumsy.manager, ClumsyManager)
    assert isinstance(clumsy.session_hooks, ClumsyHooks)
    events = clumsy.fanout.subscribe()
    lane.crash(lane.peers[0])
    lane.run_for(2_000_000)
    told = " ".join(event.text for event in events._waiting if isinstance(event, HookFailed))
    assert "on_transport_disconnect" in told and "on_became_host" in told
    assert lane.hosts == [lane.peers[1]]
    lane.wind_up()
    lane.close()
