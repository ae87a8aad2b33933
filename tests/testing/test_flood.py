"""What a real peer must not do when it is told more than it can take."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from p2pnet.core.settings import Settings
from p2pnet.links.inbox import Inbox as LinkInbox
from p2pnet.peer.inbox import Inbox
from p2pnet.peer.subscription import Subscription
from p2pnet.testing.flood import Flood, within_sight
from p2pnet.testing.trio_lane import TrioLane

from .watched import broken


@pytest.fixture
def lane() -> Iterator[TrioLane]:
    lane = TrioLane(seed=4)
    lane.game(2)
    yield lane
    lane.close()


def test_limits_that_are_low_already_stay(lane: TrioLane) -> None:
    low = Settings(
        players_max=4, tail_bytes_max=8192, frame_bytes_max=16_384, send_bytes_max=32_768
    )
    assert within_sight(low) == low
    assert within_sight(Settings()) == lane.settings


def test_it_takes_two(lane: TrioLane) -> None:
    lane.crash(lane.peers[1])
    lane.run_for(2_000_000)
    Flood(lane).play()


@pytest.mark.parametrize("websockets", [False, True])
def test_a_peer_stands_it(websockets: bool) -> None:
    lane = TrioLane(seed=4, websockets=websockets)
    lane.game(2)
    Flood(lane).play()
    lane.close()


def test_a_link_without_a_limit_is_found(lane: TrioLane, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LinkInbox, "is_full", False)
    assert "bytes of its links" in broken("S28", Flood(lane).play)


def test_an_inbox_that_counts_frames_alone_is_found(
    lane: TrioLane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Inbox, "is_full", property(lambda inbox: len(inbox) >= 1_024))
    assert "bytes in its inbox" in broken("S28", Flood(lane).play)


def test_a_link_that_is_not_told_of_room_is_found(
    lane: TrioLane, monkeypatch: pytest.MonkeyPatch
) -> None:
    def take(inbox: Inbox, count_max: int) -> Any:
        inbox._putters, putters = type(inbox._putters)(), inbox._putters
        try:
            return original(inbox, count_max)
        finally:
            inbox._putters = putters

    original = Inbox.take
    monkeypatch.setattr(Inbox, "take", take)
    assert "nobody takes them" in broken("L4", Flood(lane).play)


def test_events_without_a_limit_are_found(lane: TrioLane, monkeypatch: pytest.MonkeyPatch) -> None:
    def put(stream: Subscription, event: Any) -> None:
        stream._waiting.append(event)

    monkeypatch.setattr(Subscription, "put", put)
    assert "events" in broken("S28", Flood(lane).play)
