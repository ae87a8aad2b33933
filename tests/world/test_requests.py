from __future__ import annotations

from typing import Any

import pytest

from p2pnet.core.errors import CommandFailed, CommandRefusal, CommandRefused
from p2pnet.core.values import PeerId
from p2pnet.world import Game, NetworkObject, PastCommand, networked
from p2pnet.world.requests import Request
from p2pnet.world.wire import Call, encode
from tests.world.tanks import BOB, Crate, Table, Tank

BY_HAND = Game("by hand", player=Tank, objects=[Crate], auto_create_player=False)


def test_a_player_is_added_and_removed_by_its_member() -> None:
    table = Table(BY_HAND)
    number = table.bob.request(Request.ADD_PLAYER, 0, 2, " bob\n", None)
    player = table.host.objects[number]
    assert isinstance(player, Tank)
    assert (player.owner, player.controller_id, player.name) == (BOB, 2, "bob")
    table.bob.request(Request.REMOVE_PLAYER, 0, 2)
    assert not player.is_spawned


@pytest.mark.parametrize(
    ("request_", "arguments", "reason"),
    [
        (Request.ADD_PLAYER, (-1, "x", None), CommandRefusal.BAD_ARGUMENTS),
        (Request.ADD_PLAYER, (33, "x", None), CommandRefusal.BAD_ARGUMENTS),
        (Request.ADD_PLAYER, (0, "x", None), CommandRefusal.BAD_ARGUMENTS),  # it has one
        (Request.ADD_PLAYER, ("0", "x", None), CommandRefusal.BAD_ARGUMENTS),
        (Request.REMOVE_PLAYER, (7,), CommandRefusal.NO_SUCH_OBJECT),
        (Request.REQUEST_AUTHORITY, (), CommandRefusal.NO_SUCH_OBJECT),
        (Request.LOCK_AUTHORITY, (), CommandRefusal.BAD_ARGUMENTS),
        (99, (), CommandRefusal.BAD_ARGUMENTS),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_reason(
    request_: Any, arguments: tuple[Any, ...], reason: CommandRefusal
) -> None:
    table = Table()
    before = table.host.snapshot()
    with pytest.raises(CommandRefused) as refusal:
        table.bob.request(request_, 4711, *arguments)
    assert refusal.value.reason is reason and refusal.value.text
    assert table.host.snapshot() == before


def test_who_is_back_reclaims_once_by_either_request() -> None:
    table = Table(BY_HAND)
    number = table.bob.request(Request.ADD_PLAYER, 0, 0, "bob", None)
    assert table.bob.request(Request.RECLAIM, 0, None) is False, "nothing is waiting"
    for request, arguments in ((Request.RECLAIM, (b"",)), (Request.ADD_PLAYER, (0, "b", b""))):
        table.host.suspend(BOB)
        table.host.resume(BOB)
        told: list[bytes | None] = []
        table.host.players.on_reclaim[:] = [lambda peer, extra, told=told: told.append(extra)]
        assert table.bob.request(request, 0, *arguments) in (True, number)
        assert told == [b""] and not table.host.objects[number].suspended
    assert len(table.host.objects) == 1


def test_a_hook_that_raises_fails_the_request_and_nothing_else() -> None:
    @networked
    class Bomb(NetworkObject):
        def on_authority_request(self, peer: PeerId) -> bool:
            raise RuntimeError("boom")

    table = Table(Game("bombs", player=Tank, objects=[Bomb]))
    bomb = table.host.spawn(Bomb())
    table.sync()
    with pytest.raises(CommandFailed, match="boom"):
        table.bob.objects[bomb.object_id].request_authority()
    assert bomb.owner is None


def test_inside_of_the_hosts_game_a_request_is_done_at_once() -> None:
    table = Table()
    crate = table.host.spawn(Crate())
    table.host.call_game(crate.give_authority, BOB)
    assert crate.owner == BOB


def test_a_request_can_be_told_by_name() -> None:
    payload = encode(Call(-1, Request.LOCK_AUTHORITY, 7, [True]))
    assert Table().bob.describe(payload) == PastCommand(7, "lock_authority", {"0": True})
