from __future__ import annotations

import pytest

from p2pnet.core.errors import GameCodeError, LocalProtocolError, SyncTypeError
from p2pnet.core.events import GameResumed
from p2pnet.world.session_state import SESSION_ID
from tests.world.tanks import ANA, BOB, Crate, Table


def test_a_peer_is_named_by_id_by_label_or_by_what_it_owns() -> None:
    table = Table()
    world = table.host
    assert world.peer_named(None) is None
    assert world.peer_named(BOB) == world.peer_named(1) == BOB
    assert world.peer_named(table.tank(world)) == BOB
    with pytest.raises(LocalProtocolError, match="connection id 9"):
        world.peer_named(9)
    with pytest.raises(LocalProtocolError, match="not in this world"):
        world.peer_named(table.tank(table.bob))
    with pytest.raises(SyncTypeError):
        world.peer_named(1.5)  # type: ignore[arg-type]


def test_objects_are_found_by_number_the_sessions_own_one_too() -> None:
    world = Table().host
    assert world.find(1) is world.player_of(ANA) and world.find(99) is None
    assert world.find(SESSION_ID) is world.session


def test_code_of_the_game_runs_as_such_on_the_host_alone() -> None:
    table = Table()
    seen: list[bool] = []
    for world in (table.host, table.bob):
        world.call_game(lambda world=world: seen.append(world.running))
        assert not world.running
    assert seen == [True, False]


def test_what_is_raised_is_told_when_all_were_called() -> None:
    world, seen = Table().host, []
    steps = [(int, "one"), (seen.append, 2), (int, "three")]
    with pytest.raises(GameCodeError) as caught:
        world._tell(steps)
    assert seen == [2] and len(caught.value.errors) == 2


def test_news_goes_to_all_who_want_it() -> None:
    world = Table().host
    one: list[object] = []
    other: list[object] = []
    world.on_news += [one.append, other.append]
    world.tell(GameResumed())
    assert one == other == [GameResumed()]


def test_who_hears_of_another_owner() -> None:
    table = Table()
    crate = table.host.spawn(Crate())
    assert table.host.owner_calls(crate, BOB, BOB) == []
    assert table.host.owner_calls(crate, ANA, BOB) == [(crate.on_stop_authority,)]
    assert table.host.owner_calls(crate, BOB, ANA) == [(crate.on_start_authority,)]
