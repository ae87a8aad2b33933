from __future__ import annotations

from p2pnet.core.events import BecameHost, Joined, PeerJoined
from p2pnet.core.values import peer_id
from p2pnet.testing.core_world import CoreWorld
from p2pnet.testing.sim_peer import Observer


def test_a_process_remembers_what_its_application_saw_in_order() -> None:
    world = CoreWorld()
    host, client = world.game(2)
    assert [event.migrated for event in host.saw(BecameHost)] == [False]
    assert len(client.saw(Joined)) == 1 and len(host.saw(PeerJoined)) == 2
    times = [at for at, _ in client.events]
    assert times == sorted(times)


def test_its_id_is_that_of_its_key() -> None:
    world = CoreWorld()
    one, other = world.game(2)
    assert one.id == peer_id(one.key) != other.id


def test_an_observer_that_does_nothing_changes_nothing() -> None:
    watched, alone = CoreWorld(), CoreWorld()
    watched.observers.append(Observer())
    watched.game(3)
    alone.game(3)
    assert [peer.events for peer in watched.peers] == [peer.events for peer in alone.peers]
