from __future__ import annotations

from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from p2pnet import (
    Bookmark,
    BookmarkError,
    HostUnreachable,
    LocalProtocolError,
    PeerId,
    Role,
    SessionId,
    Settings,
    events,
)

from .conftest import Table, crash, seed, tank

ONE = Bookmark(SessionId("a" * 16), ((PeerId("b" * 16), ("ana:1", "ana:2")),))


def test_a_bookmark_is_a_file(tmp_path: Path) -> None:
    path = tmp_path / "session.bookmark"
    ONE.save(path)
    assert Bookmark.load(path) == ONE
    assert [file.name for file in tmp_path.iterdir()] == ["session.bookmark"]
    with pytest.raises(FileNotFoundError):
        Bookmark.load(tmp_path / "none")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"{}",
        b"hello",
        b'{"form":"p2pnet-bookmark-9","session":"aaaaaaaaaaaaaaaa","members":[["bbbbbbbbbbbbbbbb",[]]]}',
        b'{"form":"p2pnet-bookmark-1","session":"../x","members":[["bbbbbbbbbbbbbbbb",[]]]}',
        b'{"form":"p2pnet-bookmark-1","session":"aaaaaaaaaaaaaaaa","members":[]}',
    ],
)
def test_what_is_no_bookmark_says_what_to_do(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken"
    path.write_bytes(content)
    with pytest.raises(BookmarkError, match="delete it"):
        Bookmark.load(path)


async def test_there_is_no_bookmark_without_a_session(clock: MockClock, table: Table) -> None:
    with pytest.raises(LocalProtocolError):
        _ = (await table.open("ana")).bookmark


async def test_a_game_that_was_killed_comes_back_with_two_files(
    clock: MockClock, table: Table, tmp_path: Path
) -> None:
    """Its key and its bookmark are all that is left, and it gets everything back."""
    path = tmp_path / "session"
    ana = await table.host("ana")
    ben = await table.join("ben", ana)
    cat = await table.join("cat", ana, identity=seed(3), bookmark=path)
    await tank(cat).earn(6)
    number = await tank(cat).drop()
    crash(cat)
    await trio.sleep(2)
    assert ana.objects[number].suspended

    again = await table.open("cat", identity=seed(3), bookmark=path)
    await again.join(Bookmark.load(path), address="cat")
    await table.agree(ana, ben, again)
    assert tank(again).gold == 6 and again.objects[number].owner == again.me
    assert again.connection_id == 2
    await again.leave()
    assert not path.exists(), "who has left has nothing to come back to"


async def test_who_slept_through_two_hosts_comes_back_to_the_third(
    clock: MockClock, table: Table, tmp_path: Path
) -> None:
    path = tmp_path / "session"
    ana = await table.host("ana")
    ben = await table.join("ben", ana)
    cat = await table.join("cat", ana)
    dan = await table.join("dan", ana, identity=seed(4), bookmark=path)
    await trio.sleep(0.05)
    await tank(dan).earn(8)
    crash(dan)
    for host in (ana, ben):
        await trio.sleep(1)
        crash(host)
    await trio.sleep(1)
    assert cat.role is Role.HOST and cat.epoch is not None and cat.epoch.number == 3

    again = await table.open("dan", identity=seed(4))
    await again.join(Bookmark.load(path), address="dan")
    await table.agree(cat, again)
    assert tank(again).gold == 8 and again.connection_id == 3


async def test_a_bookmark_leads_to_a_client_as_well_which_knows_the_host(
    clock: MockClock, table: Table
) -> None:
    ana, ben, cat = await table.three()
    bookmark = cat.bookmark
    assert [peer for peer, _ in bookmark.members] == [ana.me, ben.me, cat.me]
    await ana.hand_over(2)
    await table.agree(ana, ben, cat)
    dan = await table.open("dan")
    await dan.join(bookmark, address="dan")
    assert dan.epoch == cat.epoch and cat.role is Role.HOST


async def test_when_nobody_is_left_the_join_fails(clock: MockClock, table: Table) -> None:
    ana, ben, cat = await table.three()
    bookmark = cat.bookmark
    for peer in (ana, ben, cat):
        crash(peer)
    await trio.sleep(0.1)
    dan = await table.open("dan")
    with pytest.raises(HostUnreachable):
        await dan.join(bookmark, address="dan")


async def test_a_bookmark_that_can_not_be_written_does_not_end_the_game(
    clock: MockClock, table: Table, tmp_path: Path
) -> None:
    ana = await table.host("ana", settings=Settings(), bookmark=tmp_path / "no" / "such" / "dir")
    stream = ana.events()
    await table.join("ben", ana)
    heard = []
    with trio.move_on_after(0.1):
        async for event in stream:
            heard.append(event)
    assert any(isinstance(event, events.HookFailed) for event in heard)
    assert ana.role is Role.HOST
