"""Players who are away, with whole peers: the rule and what it has set off survive the host."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import attrs
import pytest
import trio
from trio.testing import MockClock

from p2pnet import (
    Absence,
    CommandRefusal,
    CommandRefused,
    EndReason,
    Game,
    LocalProtocolError,
    OptionError,
    Peer,
    Player,
    Settings,
    Vote,
    networked,
    sync_var,
)
from p2pnet.core.events import Event, GamePaused, GameResumed, PeerGone, VoteClosed, VoteOpened

from .conftest import GAME, Table, crash, seed, tank

TOLD = (GamePaused, GameResumed, VoteOpened, VoteClosed)


def game_with(rule: Absence) -> Any:
    return attrs.evolve(GAME, absence=rule)


async def four(table: Table, rule: Absence, **options: Any) -> list[Peer]:
    table.game = game_with(rule)
    ana = await table.host("ana", **options)
    others = [
        await table.join(name, ana, identity=seed(number))
        for number, name in enumerate(("ben", "cat", "dan"), 1)
    ]
    await trio.sleep(0.1)
    return [ana, *others]


def told(events: list[Event]) -> list[str]:
    return [type(event).__name__ for event in events if isinstance(event, TOLD)]


async def collect(peer: Peer, into: list[Event]) -> None:
    async for event in peer.events():
        into.append(event)


async def test_a_pause_outlives_the_host_and_ends_with_the_return(
    clock: MockClock, table: Table
) -> None:
    ana, ben, cat, dan = await four(table, Absence("pause", after_s=0.5))
    seen: list[Event] = []
    table.nursery.start_soon(collect, cat, seen)
    crash(dan)
    await trio.sleep(1)
    assert ana.paused and cat.paused and cat.missing == (dan.me,)
    stood = cat.time_s
    crash(ana)
    await trio.sleep(1)
    await table.agree(ben, cat)
    await trio.sleep(5)
    assert ben.paused and cat.paused and cat.time_s == stood
    with pytest.raises(CommandRefused) as caught:
        await tank(cat).earn(1)
    assert caught.value.reason is CommandRefusal.PAUSED
    ben.kick(next(m.connection_id for m in ben.roster.members if m.peer == ana.me))
    dan = await table.join("dan2", ben, identity=seed(3))
    await trio.sleep(1)
    await table.agree(ben, cat, dan)
    assert not cat.paused and cat.time_s > stood
    assert await tank(cat).earn(1) == 1
    assert told(seen) == ["GamePaused", "GameResumed"]


async def test_a_change_of_host_alone_pauses_nothing(clock: MockClock, table: Table) -> None:
    ana, ben, cat, _ = await four(table, Absence("pause", grace_s=0.2))
    seen: list[Event] = []
    table.nursery.start_soon(collect, cat, seen)
    crash(ana)
    await trio.sleep(3)
    await table.agree(ben, cat)
    assert told(seen) == [], "Ana's seat was given up before anybody waited for her"


async def test_a_resumed_session_waits_for_those_who_had_a_seat(
    clock: MockClock, table: Table, tmp_path: Path
) -> None:
    table.game = game_with(Absence("pause", after_s=1))
    ana = await table.host("ana", identity=seed(1))
    ben = await table.join("ben", ana, identity=seed(2))
    await tank(ben).earn(3)
    await ana.save(tmp_path / "x")
    await ana.stop_host()
    again = await table.open("ana2", identity=seed(1))
    invite = await again.host("ana2", 7777, resume=tmp_path / "x")
    await trio.sleep(100)
    assert again.paused and again.missing == (ben.me,)
    back = await table.join("ben2", invite, identity=seed(2))
    await trio.sleep(1)
    assert not again.paused and await tank(back).earn(1) == 4


async def test_those_who_are_there_vote_to_go_on(clock: MockClock, table: Table) -> None:
    ana, ben, cat, dan = await four(table, Absence("vote", after_s=0.5))
    seen: list[Event] = []
    table.nursery.start_soon(collect, cat, seen)
    crash(dan)
    await trio.sleep(1)
    with pytest.raises(OptionError, match="'go_on' or 'wait', not 'maybe'"):
        ben.vote("maybe")
    await ben.vote(Vote.GO_ON)
    crash(ana)  # the vote goes on under the next host
    await trio.sleep(1)
    await table.agree(ben, cat)
    assert cat.paused
    await cat.vote("go_on")
    await trio.sleep(2)
    await table.agree(ben, cat)
    assert not cat.paused and not ben.paused
    with pytest.raises(CommandRefused):
        await cat.vote("wait")
    assert told(seen)[:2] == ["VoteOpened", "GamePaused"]
    assert told(seen)[-2:] == ["VoteClosed", "GameResumed"]


async def test_one_seat_is_kept_for_ever_and_another_for_an_instant(
    clock: MockClock, table: Table
) -> None:
    ana, ben, cat, dan = await four(table, Absence(), settings=Settings(seat_us=3_000_000))
    ana.set_grace(cat.connection_id, math.inf)
    ana.set_grace(tank(dan).owner or "", 0.5)
    gone: list[Event] = []
    table.nursery.start_soon(collect, ben, gone)
    crash(cat)
    crash(dan)
    await trio.sleep(1)
    assert [(e.peer, e.reason) for e in gone if isinstance(e, PeerGone)] == [
        (dan.me, EndReason.SEAT_EXPIRED)
    ]
    crash(ana)
    await trio.sleep(30)
    assert {m.name for m in ben.roster.members} == {"ben", "cat"}
    ben.set_grace(cat.me, 1)  # she won't come
    await trio.sleep(1)
    assert {m.name for m in ben.roster.members} == {"ben"}
    with pytest.raises(LocalProtocolError, match="belongs to nobody"):
        ben.set_grace(ben.spawn(type(tank(ben))()), 1)


async def test_the_host_may_pause_go_on_and_change_the_rule(clock: MockClock, table: Table) -> None:
    ana, ben, cat, dan = await four(table, Absence())
    ana.pause_game()
    await trio.sleep(1)
    assert ben.paused and ben.missing == ()
    crash(ana)
    await trio.sleep(1)
    await table.agree(ben, cat, dan)
    assert ben.paused, "and so it is under the next host"
    ben.go_on()
    ben.set_absence(Absence("pause", after_s=0))
    await trio.sleep(0.5)
    assert not cat.paused and cat.absence == Absence("pause", after_s=0)
    crash(dan)
    await trio.sleep(1)
    assert cat.paused


@networked
class Duellist(Player):
    wins: int = sync_var(0)
    bot_ticks: int = sync_var(0)

    def on_forfeit(self) -> None:
        for other in self.world.objects.values():
            if isinstance(other, Duellist) and other is not self:
                other.wins += 1

    def on_bot_tick(self, dt: float) -> None:
        self.bot_ticks += 1


def duellist(peer: Peer, of: Peer | None = None) -> Duellist:
    player = peer.world.player_of((of or peer).me)
    assert isinstance(player, Duellist)
    return player


async def duel(table: Table, rule: Absence) -> list[Peer]:
    table.game = Game("duel", player=Duellist, absence=rule)
    ana = await table.host("ana")
    ben, cat = await table.join("ben", ana), await table.join("cat", ana)
    await trio.sleep(0.1)
    return [ana, ben, cat]


async def test_who_is_away_for_too_long_forfeits_and_a_change_of_host_costs_nobody_anything(
    clock: MockClock, table: Table
) -> None:
    ana, ben, cat = await duel(table, Absence("forfeit", after_s=3))
    crash(ana)
    await trio.sleep(2)
    await table.agree(ben, cat)
    assert (duellist(ben).wins, duellist(cat).wins) == (0, 0)
    await trio.sleep(3)
    await table.agree(ben, cat)
    assert (duellist(ben).wins, duellist(cat).wins) == (1, 1)
    assert {m.name for m in cat.roster.members} == {"ben", "cat"}


async def test_a_bot_plays_on_under_the_next_host(clock: MockClock, table: Table) -> None:
    ana, ben, cat = await duel(table, Absence("bot", after_s=0.5))
    crash(cat)
    await trio.sleep(2)
    before = duellist(ben, cat).bot_ticks
    assert before > 20
    crash(ana)
    await trio.sleep(2)
    assert duellist(ben, cat).bot_ticks > before + 20
    assert duellist(ben, ana).bot_ticks > 20 and duellist(ben).bot_ticks == 0
