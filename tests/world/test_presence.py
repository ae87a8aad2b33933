from __future__ import annotations

from tests.world.tanks import Crate, Table


def test_a_presence_begins_at_the_spawn_and_ends_with_it() -> None:
    table = Table()
    crate = Crate()
    assert crate._presence is None
    table.host.spawn(crate, table.bob.me)
    presence = crate._presence
    assert presence is not None and presence.spawning and presence.owner == table.bob.me  # type: ignore[unreachable]
    table.sync()  # type: ignore[unreachable]
    assert not presence.spawning
    table.host.despawn(crate)
    assert crate._presence is None


def test_its_own_player_plays_it_and_the_rules_of_the_game_do_not() -> None:
    table = Table()
    mine, other = table.tank(table.host, table.host.me), table.tank(table.host)
    seen: list[bool] = []
    for tank in (mine, other):
        assert tank._presence is not None
        seen.append(tank._presence.is_played_here)
    table.host.call_game(lambda: seen.append(mine._presence.is_played_here))  # type: ignore[union-attr]
    assert seen == [True, False, False]
