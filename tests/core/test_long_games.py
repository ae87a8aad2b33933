"""Sessions in which the host is lost again and again."""

from __future__ import annotations

import pytest

from p2pnet.core.errors import EndReason
from p2pnet.core.events import BecameHost, PeerGone
from p2pnet.core.values import PeerId
from p2pnet.testing.core_world import CoreWorld
from p2pnet.testing.invariants import (
    at_most_once,
    equal_states,
    everything_settled,
    in_session,
    in_submit_order,
    nothing_piles_up,
    same_owners,
)
from p2pnet.testing.sim_peer import SimPeer
from p2pnet.testing.watch import Watch

_MIGRATIONS = 20


def migrate(world: CoreWorld, silent: bool) -> SimPeer:
    """The host dies, the others go on, and it comes back. Gives the process that came back."""
    (host,) = world.hosts
    for peer in in_session(world):
        world.submit(peer, f"{len(world.peers)}-{peer.number}")
    world.run_for(40_000)
    world.crash(host, silent)
    assert world.run_while(lambda: not world.converged(), 5_000_000)
    again = world.join(world.hosts[0], f"{host.name}'", key=host.key)
    assert world.run_while(lambda: not world.converged(), 5_000_000)
    return again


@pytest.mark.parametrize("silent", [False, True], ids=["closes", "silent"])
def test_unet_scenario_37_twenty_migrations_leave_every_seat_and_pile_nothing_up(
    silent: bool,
) -> None:
    world = CoreWorld(seed=20)
    watch = Watch(world)
    world.observers.append(watch)
    world.game(4)
    members = {member.peer for member in world.hosts[0].core.roster.members}
    owners: dict[int, set[PeerId]] = {}
    for _ in range(_MIGRATIONS):
        again = migrate(world, silent)
        world.run_for(1_000_000)
        roster = world.hosts[0].core.roster
        assert {member.peer for member in roster.members} == members
        assert again.core.old_connection_id == 0
        for member in roster.members:
            owners.setdefault(member.connection_id, set()).add(member.peer)
        nothing_piles_up(world)
    assert sum(len(peer.saw(BecameHost)) for peer in world.peers) == _MIGRATIONS + 1
    shared = {label: who for label, who in owners.items() if len(who) > 1}
    assert set(shared) == {0}, "the label of the host is the only one that changes hands"
    assert not any(peer.saw(PeerGone) for peer in world.peers)
    for check in (equal_states, at_most_once, in_submit_order, everything_settled, same_owners):
        check(world)


def test_the_census_after_many_migrations_is_that_of_a_new_session() -> None:
    world, fresh = CoreWorld(), CoreWorld()
    world.game(3)
    fresh.game(3)
    for _ in range(_MIGRATIONS):
        migrate(world, silent=False)
    world.run_for(31_000_000)
    now, then = (w.hosts[0].core.census for w in (world, fresh))
    for what in ("links", "dials", "seats", "followers", "outbox", "held"):
        assert now[what] == then[what], what
    assert now["timers"] <= then["timers"] + 3 and now["executed"] <= 3


def test_seats_that_nobody_comes_back_to_are_given_up_one_by_one() -> None:
    world = CoreWorld()
    world.game(4)
    for _ in range(3):
        world.crash(world.hosts[0])
        assert world.run_while(lambda: not world.converged())
        world.run_for(10_000_000)
    (survivor,) = in_session(world)
    assert len(survivor.core.roster.members) == 4
    world.run_for(61_000_000)
    assert [member.peer for member in survivor.core.roster.members] == [survivor.id]
    assert [e.reason for e in survivor.saw(PeerGone)] == [EndReason.SEAT_EXPIRED] * 3
