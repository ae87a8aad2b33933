from __future__ import annotations

from p2pnet.world.registry import Registry
from tests.world.tanks import ANA, BOB, Crate, Table, Tank


def test_ids_count_up_and_are_never_used_again() -> None:
    table = Table()
    one = table.host.spawn(Crate())
    table.host.despawn(one)
    two = table.host.spawn(Crate())
    assert (one.object_id, two.object_id) == (4, 5)
    table.sync()
    assert table.bob.registry.next_id == 6


def test_the_player_of_a_member_is_its_first_one() -> None:
    registry, world = Registry(), Table().host
    first, second, crate = Tank(), Tank(), Crate()
    registry.place(world, crate, 1, ANA)
    registry.place(world, first, 2, ANA)
    registry.place(world, second, 3, ANA)
    assert registry.player_of(ANA) is first and registry.player_of(BOB) is None
    registry.remove(first)
    assert registry.player_of(ANA) is second
    registry.remove(second)
    assert registry.player_of(ANA) is None
    assert registry.owned_by(ANA) == [crate]


def test_sleep_follows_the_owner_and_the_host() -> None:
    registry, world = Registry(), Table().host
    mine, free = Crate(), Crate()
    registry.place(world, mine, 1, ANA)
    registry.place(world, free, 2, None)
    registry.away[ANA] = None
    assert registry.changed_sleep([mine, free]) == [(mine.on_suspended,)]
    registry.host_lost = True
    assert registry.changed_sleep([mine, free]) == []
    assert (mine.suspended, free.suspended) == (True, False)
    del registry.away[ANA]
    assert registry.changed_sleep([mine, free]) == []
    registry.host_lost = False
    assert registry.changed_sleep([mine, free]) == [(mine.on_resumed,)]


def test_walking_over_objects_leaves_out_those_that_go_meanwhile() -> None:
    registry, world = Registry(), Table().host
    crates = [Crate(), Crate(), Crate()]
    for number, crate in enumerate(crates, start=1):
        registry.place(world, crate, number, None)
    seen = []
    for obj, _ in registry:
        seen.append(obj)
        if obj is crates[0]:
            registry.remove(crates[1])
    assert seen == [crates[0], crates[2]]
