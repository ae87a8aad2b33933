from __future__ import annotations

from pathlib import Path

import pytest

from p2pnet import State
from p2pnet.cli.loading import GameName
from p2pnet.cli.text_front import TextFront
from p2pnet.core.events import BecameHost, HostSuspected, PeerJoined, PeerLost
from p2pnet.core.values import ConnectionId, PeerId

from .fronts import Written, order
from .playing import hosting


@pytest.fixture
def front() -> TextFront:
    return TextFront(GameName("tanks", "game"))


@pytest.fixture
def written(front: TextFront) -> Written:
    return Written(front)


async def test_the_beginning_tells_how_others_join(front: TextFront, written: Written) -> None:
    async with hosting() as peer:
        front.opened(peer)
        assert f"p2pnet join {peer.invite}#tanks:game" in written.text
    assert "ana: host" in written.lines[0]


async def test_events_are_told_in_words_with_names(front: TextFront, written: Written) -> None:
    async with hosting() as peer:
        front.event(peer, HostSuspected(peer.me))
        front.event(peer, PeerLost(PeerId("z" * 16), ConnectionId(1)))
    assert "ana host ana is silent" in written.lines[0]
    assert "ana keeps the seat and the player of zzzzzz" in written.lines[1]


async def test_what_only_concerns_oneself_is_no_news(front: TextFront, written: Written) -> None:
    async with hosting() as peer:
        front.event(peer, PeerJoined(peer.me, ConnectionId(0)))
    assert written.lines == []


async def test_a_change_of_host_is_followed_by_the_status(
    front: TextFront, written: Written
) -> None:
    async with hosting() as peer:
        assert peer.epoch is not None
        assert peer.position is not None
        front.event(peer, BecameHost(peer.epoch, peer.position, migrated=True))
    assert "is the host of epoch 1" in written.lines[0]
    assert "reigning" in written.lines[1]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("drive 1.5", "drive 1.5 = 1.5"),
        ("take 'long sword' 2", "take long sword 2 = 2"),
        ("fail", "not today"),
        ("drive far", "dx"),
        ("nix", "no command 'nix'"),
        ("drive 'open", "? No closing quotation"),
        ("help", "drive dx:float -> float"),
        ("players", "  0 ana (host)"),
        ("objects", "Tank of ana name='ana' x=0.0"),
        ("invite", "#tanks:game"),
        ("status", "connection 0"),
    ],
)
async def test_what_is_typed_has_an_answer(
    front: TextFront, written: Written, typed: str, expected: str
) -> None:
    async with hosting() as peer:
        front.event(peer, PeerJoined(peer.me, ConnectionId(0)))  # names are learned from events
        await order(front, peer, typed)
    assert expected in written.text


async def test_a_session_is_saved(front: TextFront, written: Written, tmp_path: Path) -> None:
    async with hosting() as peer:
        await order(front, peer, f"save {tmp_path / 'x'}", f"save {tmp_path / 'no' / 'x'}")
    assert (tmp_path / "x").exists()
    assert f"p2pnet host --resume {tmp_path / 'x'}" in written.lines[0]
    assert written.lines[1].startswith("? ")


async def test_an_empty_line_says_nothing(front: TextFront, written: Written) -> None:
    async with hosting() as peer:
        await order(front, peer, "", "  ")
    assert written.lines == []


async def test_quit_leaves(front: TextFront, written: Written) -> None:
    async with hosting() as peer:
        await order(front, peer, "quit")
        assert peer.state is State.LEFT
        await order(front, peer, "drive 1")
    assert len(written.lines) == 1
