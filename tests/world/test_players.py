from __future__ import annotations

from typing import Any

import pytest

from p2pnet.core.values import PeerId
from p2pnet.world import Game
from tests.world.tanks import BOB, CAT, Crate, Table, Tank

BY_HAND = Game("by hand", player=Tank, objects=[Crate], auto_create_player=False)


def test_a_member_may_have_several_players_with_numbers_of_their_own() -> None:
    table = Table()
    table.host.players.add(BOB, "guest", 3)
    table.host.spawn(Tank(name="third"), BOB)
    table.sync()
    for world in (table.host, table.bob):
        assert {n: player.name for n, player in world.players.of(BOB).items()} == {
            0: "bob",
            1: "third",
            3: "guest",
        }
    assert table.host.spawn(Crate(), BOB).controller_id == -1
    assert Tank().controller_id == -1


def test_the_number_is_not_passed_on_to_what_a_start_hook_spawns() -> None:
    class Twin(Tank):
        pass

    table = Table()
    seen: list[int] = []

    def start(self: Any, migrated: bool) -> None:
        seen.append(self.controller_id)
        if len(seen) == 1:
            self.spawn(Tank(), self)

    original = Tank.on_start_server
    Tank.on_start_server = start  # type: ignore[method-assign, assignment]
    try:
        table.host.players.add(BOB, "guest", 5)
    finally:
        Tank.on_start_server = original  # type: ignore[method-assign]
    assert seen == [5, 1]


def test_by_hand_nobody_gets_a_player_by_itself() -> None:
    table = Table(BY_HAND)
    assert not table.host.objects and table.host.player_of(BOB) is None


@pytest.mark.parametrize("extra", [None, b"", b"x"])
def test_by_hand_who_is_back_has_to_ask(extra: bytes | None) -> None:
    table = Table(BY_HAND)
    tank = table.host.players.add(BOB, "bob")
    told: list[tuple[PeerId, bytes | None]] = []
    table.host.players.on_reclaim.append(lambda peer, extra: told.append((peer, extra)))
    table.host.suspend(BOB)
    table.host.resume(BOB)
    assert tank.suspended and table.host.players.unclaimed == {BOB} and not told
    table.host.players.reclaim(BOB, extra)
    assert not tank.suspended and told == [(BOB, extra)]


def test_by_hand_who_goes_again_or_for_good_has_nothing_to_claim() -> None:
    table = Table(BY_HAND)
    table.host.players.add(BOB, "bob")
    for gone in (table.host.suspend, table.host.remove):
        table.host.suspend(BOB)
        table.host.resume(BOB)
        gone(BOB)
        assert not table.host.players.unclaimed
    table.host.suspend(CAT)
    table.host.resume(CAT)  # it owned nothing
    assert not table.host.players.unclaimed and CAT not in table.host.registry.away
