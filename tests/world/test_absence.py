from __future__ import annotations

import math
from typing import Any

import pytest

from p2pnet.core.errors import (
    AuthorityError,
    CommandRefusal,
    CommandRefused,
    DeclarationError,
    SyncTypeError,
)
from p2pnet.core.events import (
    BotLeft,
    BotTookOver,
    GamePaused,
    GameResumed,
    VoteClosed,
    VoteOpened,
)
from p2pnet.core.values import PeerId
from p2pnet.world import (
    Absence,
    Game,
    Player,
    Vote,
    World,
    command,
    networked,
    sync_var,
)
from p2pnet.world.requests import Request
from tests.world.tanks import ANA, BOB, CAT, Table

S = 1_000_000


@networked
class Chess(Player):
    ticks: int = sync_var(0)
    bot_ticks: int = sync_var(0)
    lost: bool = sync_var(False)
    x: int = sync_var(0, owner_writes=True)

    def on_tick(self, dt: float) -> None:
        self.ticks += 1

    def on_bot_tick(self, dt: float) -> None:
        self.bot_ticks += 1

    def on_forfeit(self) -> None:
        for player in self.world.objects.values():
            if isinstance(player, Chess) and player is not self:
                player.lost = True

    def flag(self) -> None:
        self.x = 99

    @command
    def move(self) -> int:
        return self.ticks

    @command(while_paused=True)
    def chat(self) -> str:
        return "hello"


def table_with(rule: Absence) -> tuple[Table, dict[PeerId, list[Any]]]:
    """Three worlds, and what each of them was told."""
    table = Table(Game("chess", player=Chess, absence=rule))
    news: dict[PeerId, list[Any]] = {}
    for world in (table.host, *table.clients):
        news[world.me] = []
        world.on_news.append(news[world.me].append)
    return table, news


def chess(world: World, peer: PeerId = ANA) -> Chess:
    found = world.player_of(peer)
    assert isinstance(found, Chess)
    return found


def run(world: World, seconds: float) -> None:
    for _ in range(round(seconds * 20)):
        world.tick(50_000)


def test_by_default_the_others_play_on() -> None:
    table, news = table_with(Absence())
    table.host.suspend(BOB)
    run(table.host, 5)
    table.sync()
    assert chess(table.host).ticks == 100 and not table.host.absences.paused
    assert chess(table.host, BOB).ticks == 0 and chess(table.host, BOB).suspended
    assert table.clients[1].absences.missing == (BOB,) and news[CAT] == []


# --- pause ---


def test_the_game_stands_still_until_the_player_is_back() -> None:
    table, news = table_with(Absence("pause", after_s=1))
    table.host.suspend(BOB)
    run(table.host, 0.95)
    assert not table.host.absences.paused
    run(table.host, 10)
    assert chess(table.host).ticks == 19 and table.host.time_s == pytest.approx(1.0)
    table.sync()
    cat = table.clients[1]
    assert cat.absences.paused and cat.time_s == pytest.approx(1.0)
    table.host.resume(BOB)
    run(table.host, 1)
    table.sync()
    assert chess(table.host).ticks == 39 and table.host.time_s == pytest.approx(2.0 - 0.05)
    assert news[ANA] == news[CAT] == [GamePaused((BOB,), vote=False), GameResumed()]


def test_the_next_host_goes_on_with_the_pause_and_ends_it() -> None:
    table, _ = table_with(Absence("pause", after_s=1))
    chess(table.host).after(3, "flag")
    table.host.suspend(CAT)
    run(table.host, 5)
    table.sync()
    bob = table.bob
    bob.lose_host()
    bob.start_reign(migrated=True)
    bob.suspend(ANA)
    bob.find_host()
    run(bob, 5)
    assert bob.absences.paused and chess(bob, BOB).ticks == 19
    bob.resume(ANA)
    run(bob, 1)
    assert bob.absences.paused, "Cat is still missing"
    bob.resume(CAT)
    run(bob, 1.9)
    assert not bob.absences.paused and chess(bob).x == 0
    run(bob, 0.2)
    assert chess(bob).x == 99, "its three seconds of the game are over now"


def test_while_it_stands_still_only_some_commands_run() -> None:
    table, _ = table_with(Absence("pause", after_s=0))
    table.host.suspend(CAT)
    run(table.host, 0.1)
    table.sync()
    with pytest.raises(CommandRefused, match="the game waits for cat") as caught:
        chess(table.bob, BOB).move()
    assert caught.value.reason is CommandRefusal.PAUSED
    assert chess(table.bob, BOB).chat() == "hello"
    told: list[Any] = []
    table.bob.on_refused.append(lambda *what: told.append(what))
    chess(table.bob, BOB).x = 5
    table.host.write(BOB, table.bob.collect_writes())
    table.sync()
    assert chess(table.bob, BOB).x == 0 and told[0][1:] == ("x", "the game is paused")


def test_the_hosts_player_can_pause_and_go_on() -> None:
    table, news = table_with(Absence())
    table.host.absences.hold()
    run(table.host, 2)
    table.sync()
    assert chess(table.host).ticks == 0 and table.bob.absences.paused
    table.host.absences.go_on()
    run(table.host, 1)
    table.sync()
    assert chess(table.host).ticks == 20
    assert news[BOB] == [GamePaused((), vote=False), GameResumed()]
    with pytest.raises(AuthorityError, match="only the host may pause"):
        table.bob.absences.hold()


def test_to_go_on_is_to_wait_no_more_until_they_are_lost_again() -> None:
    table, _ = table_with(Absence("pause", after_s=0))
    table.host.suspend(BOB)
    run(table.host, 1)
    table.host.absences.go_on()
    run(table.host, 1)
    assert chess(table.host).ticks == 20 and table.host.absences.missing == ()
    table.host.resume(BOB)
    table.host.suspend(BOB)
    run(table.host, 1)
    assert table.host.absences.paused


def test_a_seat_that_is_given_up_ends_the_pause() -> None:
    table, _ = table_with(Absence("pause", after_s=0))
    table.host.suspend(BOB)
    run(table.host, 1)
    table.host.remove(BOB)
    run(table.host, 1)
    assert not table.host.absences.paused and table.host.session.away_us == {}


# --- vote ---


def voting() -> tuple[Table, dict[PeerId, list[Any]]]:
    table, news = table_with(Absence("vote", after_s=0, vote_s=10))
    table.host.suspend(CAT)
    run(table.host, 1)
    table.sync()
    return table, news


def test_most_of_those_who_are_there_decide_to_go_on() -> None:
    table, news = voting()
    table.bob.request(Request.VOTE, 0, Vote.GO_ON.value)
    run(table.host, 1)
    assert table.host.absences.paused, "one of two is not most"
    table.host.absences.cast(ANA, Vote.GO_ON)
    run(table.host, 1)
    table.sync()
    assert not table.host.absences.paused and list(table.host.session.excused) == [CAT]
    assert news[BOB] == [
        VoteOpened((CAT,)),
        GamePaused((CAT,), vote=True),
        VoteClosed(),
        GameResumed(),
    ]
    with pytest.raises(CommandRefused, match="no vote") as caught:
        table.bob.request(Request.VOTE, 0, Vote.GO_ON.value)
    assert caught.value.reason is CommandRefusal.DECLINED
    with pytest.raises(CommandRefused, match="sulk"):
        table.bob.request(Request.VOTE, 0, "sulk")


@pytest.mark.parametrize(("votes", "waits"), [([Vote.WAIT, Vote.WAIT], True), ([], False)])
def test_when_the_time_is_over_the_game_goes_on_unless_most_want_to_wait(
    votes: list[Vote], waits: bool
) -> None:
    table, _ = voting()
    for peer, vote in zip((ANA, BOB), votes, strict=False):
        table.host.absences.cast(peer, vote)
    run(table.host, 10)
    assert table.host.absences.paused is waits
    assert table.host.session.votes == {}
    run(table.host, 10)
    assert not table.host.absences.paused, "nobody voted again"


def test_a_vote_goes_on_under_the_next_host_and_votes_can_be_changed() -> None:
    table, _ = voting()
    table.host.absences.cast(BOB, Vote.WAIT)
    table.sync()
    bob = table.bob
    bob.start_reign(migrated=True)
    bob.suspend(ANA)
    bob.resume(ANA)
    run(bob, 1)
    assert bob.session.votes == {BOB: Vote.WAIT}
    bob.absences.cast(BOB, Vote.GO_ON)
    bob.absences.cast(ANA, Vote.GO_ON)
    run(bob, 0.1)
    assert not bob.absences.paused


def test_who_comes_back_ends_the_vote() -> None:
    table, news = voting()
    table.host.resume(CAT)
    run(table.host, 0.1)
    table.sync()
    assert not table.host.absences.paused and table.host.session.vote_until_us is None
    assert news[BOB][-2:] == [VoteClosed(), GameResumed()]


# --- bot ---


def test_a_bot_plays_for_who_is_away_under_any_host() -> None:
    table, news = table_with(Absence("bot", after_s=1))
    table.host.suspend(CAT)
    run(table.host, 2)
    table.sync()
    assert chess(table.host, CAT).suspended and chess(table.host, CAT).ticks == 0
    assert chess(table.host, CAT).bot_ticks == 21 and chess(table.host).ticks == 40
    bob = table.bob
    bob.start_reign(migrated=True)
    bob.suspend(ANA)
    bob.resume(ANA)
    run(bob, 1)
    assert chess(bob, CAT).bot_ticks == 41
    bob.resume(CAT)
    run(bob, 1)
    assert chess(bob, CAT).bot_ticks == 41 and chess(bob, CAT).ticks == 20
    assert news[BOB] == [BotTookOver(CAT), BotLeft(CAT)]


# --- forfeit, and how long seats are kept ---


def test_who_is_away_for_too_long_has_lost() -> None:
    table, _ = table_with(Absence("forfeit", after_s=20))
    table.host.suspend(BOB)
    assert table.host.grace_us(BOB, 60 * S) == 20 * S
    table.host.remove(BOB)  # what the core does when that time is over
    assert chess(table.host).lost and table.host.player_of(BOB) is None


def test_who_leaves_or_comes_back_has_not() -> None:
    table, _ = table_with(Absence("forfeit", after_s=20))
    table.host.suspend(CAT)
    table.host.resume(CAT)
    table.host.remove(CAT)
    assert not chess(table.host).lost


def test_a_seat_is_kept_for_what_is_left_of_its_time_by_the_next_host_too() -> None:
    table, _ = table_with(Absence(grace_s=30))
    table.host.suspend(CAT)
    run(table.host, 10)
    table.host.session.graces[CAT] = 40.0
    table.sync()
    bob = table.bob
    bob.start_reign(migrated=True)
    bob.suspend(CAT)
    bob.suspend(ANA)
    assert bob.grace_us(CAT, 60 * S) == 30 * S
    assert bob.grace_us(ANA, 60 * S) == 30 * S
    run(bob, 35)
    assert bob.grace_us(ANA, 60 * S) == 0


def test_each_player_may_have_a_time_of_its_own() -> None:
    table, _ = table_with(Absence())
    asked: list[str] = []
    table.host.on_graces.append(lambda: asked.append("again"))
    absences = table.host.absences
    assert table.host.grace_us(BOB, 60 * S) == 60 * S
    absences.set_grace(BOB, math.inf)
    assert table.host.grace_us(BOB, 60 * S) is None
    absences.set_grace(BOB, 5)
    assert table.host.grace_us(BOB, 60 * S) == 5 * S
    absences.set_grace(BOB, None)
    absences.set_rule(Absence(grace_s=math.inf))
    assert table.host.grace_us(BOB, 60 * S) is None
    assert asked == ["again"] * 4
    with pytest.raises(DeclarationError):
        absences.set_grace(BOB, -1)
    with pytest.raises(SyncTypeError):
        absences.set_rule("pause")  # type: ignore[arg-type]
    with pytest.raises(AuthorityError):
        table.bob.absences.set_rule(Absence())
