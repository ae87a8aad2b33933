from __future__ import annotations

import pytest

from p2pnet.core.errors import RemoteProtocolError
from p2pnet.world import World
from p2pnet.world.session_state import SESSION_ID, SessionState
from p2pnet.world.wire import Assign, Despawn, Op, Spawn, Vars, encode
from tests.world.tanks import BOB, GAME, Table


def test_it_is_in_every_world_and_among_no_objects() -> None:
    table = Table()
    assert table.host.find(SESSION_ID) is table.host.session
    assert SESSION_ID not in table.host.objects
    assert min(table.host.objects) > SESSION_ID


def test_what_it_holds_is_in_updates_and_in_snapshots() -> None:
    table = Table()
    table.host.session.next_timer = 7
    table.sync()
    late = World(GAME, BOB)
    late.restore(table.host.snapshot())
    for world in (*table.clients, late):
        assert world.session.next_timer == 7
        assert world.snapshot() == table.host.snapshot()


def test_what_was_not_sent_is_undone_with_the_rest() -> None:
    table = Table()
    before = table.host.snapshot()
    table.host.session.next_timer = 7
    table.host.session.reserved.add("x")
    table.host.stop_reign()
    assert table.host.snapshot() == before and table.host.session.next_timer == 1


@pytest.mark.parametrize(
    "op",
    [
        Despawn(SESSION_ID),
        Assign(SESSION_ID, BOB),
        Spawn(99, GAME.layouts.index(SessionState.__layout__), None, [0, [], 1, []]),
        Vars(SESSION_ID, 1, ["soon"]),
    ],
)
def test_no_host_can_take_it_away_or_make_another(op: Op) -> None:
    table = Table()
    before = table.bob.snapshot()
    with pytest.raises(RemoteProtocolError):
        table.bob.apply(encode([op]))
    assert table.bob.snapshot() == before


def test_an_update_says_what_time_it_is_and_an_idle_host_says_nothing() -> None:
    table = Table()
    table.host.tick(0)
    idle = World(GAME, BOB)
    idle.start_reign(migrated=False)
    idle.tick(50_000)
    assert idle.collect() == b""
    idle.admit(BOB, "bob")
    assert idle.collect() != b"" and idle.session.uptime_us == 50_000
