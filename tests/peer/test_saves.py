from __future__ import annotations

from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from p2pnet import (
    Denied,
    DenyReason,
    Game,
    LocalProtocolError,
    Player,
    Role,
    SaveError,
    SaveFault,
    Settings,
    networked,
)
from p2pnet.core.saving import Saved
from p2pnet.peer.saves import read_save, write_save

from .conftest import GAME, Table, seed, tank


@networked
class Walker(Player):
    pass


async def saved(table: Table, path: Path) -> None:
    """Ana, who hosts, and Ben have played; Cat was kicked. Then all stop."""
    settings = Settings(seat_us=5_000_000)
    ana = await table.host("ana", identity=seed(1), settings=settings)
    ben = await table.join("ben", ana, identity=seed(2))
    cat = await table.join("cat", ana, identity=seed(3))
    await tank(ben).earn(5)
    crate = await tank(ben).drop()
    await tank(ben).save_up(2.0, 100)
    await ana.world.objects[crate].push(3)  # type: ignore[attr-defined]
    ana.kick(cat.connection_id)
    await trio.sleep(0.5)
    await ana.save(path)
    await ana.stop_host()
    await ben._shell.stopped.wait()


async def test_a_session_goes_on_another_day_with_the_same_seats(
    clock: MockClock, table: Table, tmp_path: Path
) -> None:
    path = tmp_path / "evening.p2pnet"
    await saved(table, path)
    await trio.sleep(100)
    ana = await table.open("ana", identity=seed(1))
    invite = await ana.host("ana", 7777, resume=path)
    assert ana.role is Role.HOST and tank(ana).has_authority
    assert ana._shell.core is not None
    assert ana._shell.core.settings.seat_us == 5_000_000
    ghost = ana.world.player_of(seed(2).peer_id)
    assert ghost is not None and ghost.suspended
    await trio.sleep(60)  # far beyond the time for which a seat is kept otherwise
    ben = await table.join("ben", invite, identity=seed(2))
    await table.agree(ana, ben)
    assert tank(ben).gold == 105, "what was set for later has come"
    assert [obj.owner for obj in ben.objects.values()] == [ana.me, ben.me, ben.me]
    assert {m.name: m.present for m in ana.roster.members} == {"ben": True, "ana": True}
    with pytest.raises(Denied) as caught:
        await table.join("cat", invite, identity=seed(3))
    assert caught.value.reason is DenyReason.BANNED


async def test_once_somebody_has_come_its_seat_is_kept_as_long_as_any(
    clock: MockClock, table: Table, tmp_path: Path
) -> None:
    path = tmp_path / "evening.p2pnet"
    await saved(table, path)
    ana = await table.open("ana", identity=seed(1))
    invite = await ana.host("ana", 7777, resume=path)
    ben = await table.join("ben", invite, identity=seed(2))
    await table.agree(ana, ben)
    ben._shell._scope.cancel()
    await trio.sleep(7)
    assert len(ana.roster.members) == 1


async def test_another_player_may_be_the_host_that_day(
    clock: MockClock, table: Table, tmp_path: Path
) -> None:
    path = tmp_path / "evening.p2pnet"
    await saved(table, path)
    ben = await table.open("ben", identity=seed(2))
    invite = await ben.host("ben", 7777, resume=path)
    ana = await table.join("ana", invite, identity=seed(1))
    await table.agree(ana, ben)
    assert (ben.connection_id, tank(ben).gold) == (0, 5)


async def test_only_the_host_saves(clock: MockClock, table: Table, tmp_path: Path) -> None:
    _, ben, _ = await table.three()
    with pytest.raises(LocalProtocolError, match="only the host"):
        await ben.save(tmp_path / "x")


# --- files that won't do ---


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"GIF89a", SaveFault.NOT_A_SAVE),
        (b"", SaveFault.NOT_A_SAVE),
        (b"p2pnet session 99\nsomething new", SaveFault.VERSION),
        (b"p2pnet session 1\nnothing of the kind", SaveFault.DAMAGED),
    ],
)
async def test_a_file_that_is_no_saved_session_starts_nothing(
    clock: MockClock, table: Table, tmp_path: Path, data: bytes, reason: SaveFault
) -> None:
    path = tmp_path / "file"
    path.write_bytes(data)
    ana = await table.open("ana", identity=seed(1))
    with pytest.raises(SaveError) as caught:
        await ana.host("ana", 7777, resume=path)
    assert caught.value.reason is reason
    assert ana.role is None and not ana.objects and not table.network._listeners
    await ana.host("ana", 7777)  # and it may still play


async def test_another_game_a_stranger_and_a_missing_file(
    clock: MockClock, table: Table, tmp_path: Path
) -> None:
    path = tmp_path / "evening.p2pnet"
    await saved(table, path)
    with pytest.raises(SaveError) as caught:
        read_save(path, Game("tanks", player=Walker), seed(1))
    assert caught.value.reason is SaveFault.GAME
    with pytest.raises(SaveError, match="ben") as caught:
        read_save(path, GAME, seed(9))
    assert caught.value.reason is SaveFault.NO_SEAT
    with pytest.raises(FileNotFoundError):
        read_save(tmp_path / "other", GAME, seed(1))
    assert isinstance(read_save(path, GAME, seed(1)), Saved)


async def test_a_file_is_there_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "save"
    await write_save(path, b"first")

    def no_disk(number: int) -> None:
        raise OSError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr("p2pnet.peer.saves.os.fsync", no_disk)
        with pytest.raises(OSError, match="no space"):
            await write_save(path, b"second")
    assert path.read_bytes() == b"first"
    assert [p.name for p in tmp_path.iterdir()] == ["save"]  # noqa: ASYNC240
    await write_save(path, b"second")
    assert path.read_bytes() == b"second"


async def test_a_place_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "save"
    with pytest.raises(FileNotFoundError, match=r"nowhere/save'$"):
        await write_save(path, b"first")
