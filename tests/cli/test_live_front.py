from __future__ import annotations

import io

import pytest
from rich.console import Console

from p2pnet.cli.live_front import LiveFront
from p2pnet.cli.loading import GameName
from p2pnet.core.events import HostSuspected

from .playing import hosting


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), width=100)


@pytest.fixture
def front(console: Console) -> LiveFront:
    return LiveFront(GameName("tanks", "game"), console)


def shown(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


async def test_what_happens_scrolls_by(front: LiveFront, console: Console) -> None:
    async with hosting() as peer:
        front.event(peer, HostSuspected(peer.me))
    assert "ana host ana is silent" in shown(console)


async def test_an_invite_is_not_broken_into_lines(front: LiveFront, console: Console) -> None:
    async with hosting() as peer:
        front.opened(peer)
        assert f"{peer.invite}#tanks:game" in shown(console)


async def test_the_picture_shows_the_peer_and_the_members(
    front: LiveFront, console: Console
) -> None:
    async with hosting() as peer:
        front.event(peer, HostSuspected(peer.me))
        console.print(front.picture())
    lines = shown(console).splitlines()
    assert any("ana: HOST · reigning · epoch 1" in line for line in lines)
    assert any("ana (you)" in line and "home:7777" in line and "yes" in line for line in lines)


def test_the_picture_shows_what_is_typed(front: LiveFront, console: Console) -> None:
    front._editor.feed("drive 1")
    console.print(front.picture())
    assert "> drive 1" in shown(console)
