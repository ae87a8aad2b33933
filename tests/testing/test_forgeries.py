from __future__ import annotations

import pytest

from p2pnet.core.codec import decode
from p2pnet.core.messages import Frame
from p2pnet.testing.core_world import CoreWorld
from p2pnet.testing.forgeries import LIES, forge
from p2pnet.testing.scenario import AMOUNTS, Kind


def told(monkeypatch: pytest.MonkeyPatch, players: int) -> list[Frame | None]:
    """What a client tells the host, lie by lie."""
    world = CoreWorld()
    world.game(players)
    monkeypatch.setattr(world, "slip", lambda *details: None)
    host, liar, *_ = world.peers
    lies = (forge(world, liar, host, which) for which in range(len(LIES)))
    return [None if data is None else decode(data) for data in lies]


def test_scenarios_can_ask_for_each_lie_and_each_is_another() -> None:
    assert AMOUNTS[Kind.FORGE] == (0, len(LIES) - 1)
    assert len({lie.tell for lie in LIES}) == len(LIES)


def test_all_are_frames_but_oaths_where_nobody_else_swears(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert None not in told(monkeypatch, players=4)
    assert told(monkeypatch, players=2).count(None) == 1


def test_who_is_in_no_session_has_nothing_to_tell() -> None:
    world = CoreWorld()
    host, client = world.game(2)
    newcomer = world.join(host)
    assert forge(world, newcomer, client, 0) is None
