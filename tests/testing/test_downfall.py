from __future__ import annotations

from collections.abc import Iterator

import pytest

from p2pnet.core.errors import GameError
from p2pnet.peer.inbox import Inbox
from p2pnet.testing.downfall import Downfall, fall, is_downfall
from p2pnet.testing.trio_lane import TrioLane

from .watched import broken


@pytest.fixture
def lane() -> Iterator[TrioLane]:
    lane = TrioLane(seed=3)
    lane.game(3)
    yield lane
    lane.close()


def test_one_falls_and_the_others_go_on(lane: TrioLane) -> None:
    host = lane.trio.peers[0]
    fall(lane, host)
    assert host.failure is not None and is_downfall(host.failure)
    assert not is_downfall(GameError("another")) and not is_downfall(Downfall())
    assert lane.members == lane.peers[1:]


def test_it_happens_now_and_then(lane: TrioLane) -> None:
    lane.wind_up()
    assert [peer.failure is not None for peer in lane.trio.peers] == [True, False, False]


def test_a_receipt_that_is_forgotten_with_it_is_found(
    lane: TrioLane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Inbox, "put_back", lambda inbox, items: None)
    assert "holds a receipt that is never given" in broken("L4", lane.wind_up)
