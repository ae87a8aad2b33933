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
