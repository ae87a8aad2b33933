"""What the watchman hears of, and what it judges itself: limits, time and pace."""

from __future__ import annotations

from p2pnet.core.codec import encode
from p2pnet.core.effects import Dial, Emit, Send
from p2pnet.core.errors import RefuseReason
from p2pnet.core.events import ClaimMade
from p2pnet.core.frame_parts import Channel
from p2pnet.core.messages import Carried, Carry, Heartbeat, Refuse, Update
from p2pnet.core.states import State
from p2pnet.core.values import Epoch
from p2pnet.testing.core_world import WOKEN_EARLY, CoreWorld
from p2pnet.testing.watch import Watch

from .watched import broken, watched


def test_a_session_in_order_breaks_nothing_whatever_befalls_it() -> None:
    world, watch = watched(4)
    host, one, two, _ = world.peers
    world.hand_over(host, one)
    world.run_for(500_000)
    world.crash(one)
    world.run_for(1_000_000)
    world.pause(two)
    world.run_for(2_000_000)
    world.resume(two)
    world.run_for(2_000_000)
    assert world.converged() and watch.reigns >= 3 and watch.progress > 20
    assert len(watch.acknowledged) == 8 and watch.discarded == []


def test_who_comes_to_watch_late_sees_the_same() -> None:
    world = CoreWorld()
    host, *_ = world.game(3)
    world.observers.append(Watch(world))
    world.crash(host)
    world.run_for(2_000_000)
    assert world.converged()


def test_an_outbox_has_a_limit() -> None:
    world, watch = watched(2)
    client = world.peers[1]
    for ticket in range(1000, 1000 + client.core.settings.commands_in_flight_max):
        client.sent[ticket] = f"c{ticket}"
    watch.submitted(world.now, client, 1000)
    client.sent[999] = "one too many"
    broken("S28", lambda: watch.submitted(world.now, client, 999))


def test_nothing_happens_before_its_time() -> None:
    world, watch = watched(2)
    client = world.peers[1]
    watch.befell(world.now, client, WOKEN_EARLY)
    broken("S31", lambda: watch.did(world.now, client, Emit(ClaimMade(2)), ()))
    watch.stepped(world.now, client)
    watch.did(world.now, client, Emit(ClaimMade(2)), ())


def test_an_instant_has_an_end() -> None:
    world, watch = watched(2)

    def busy() -> None:
        for _ in range(30_000):
            watch.stepped(world.now, world.peers[1])

    assert "peer1" in broken("L6", busy)


def test_nobody_dials_again_and_again_in_one_second() -> None:
    world, watch = watched(2)
    dial = Dial(world.peers[0].id, ("0",))
    for _ in range(20):
        watch.did(world.now, world.peers[1], dial, ())
    broken("L6", lambda: watch.did(world.now, world.peers[1], dial, ()))


def test_what_a_neighbour_passes_on_counts_as_said_by_its_author() -> None:
    world, watch = watched(3)
    host, one, other = world.peers
    old = Heartbeat(Epoch(0, host.id, 1), 5)
    carried = encode(Carried(host.id, Channel(1, True), encode(old)))
    one.core._s.history.append(b"an update")
    broken("S04", lambda: watch.took(world.now, one, other.number, carried))


def test_what_a_neighbour_is_asked_to_pass_on_counts_as_said() -> None:
    world, watch = watched(3)
    _, one, other = world.peers
    veto = encode(Refuse(2, RefuseReason.ALIVE))
    carry = Send((), encode(Carry(one.id, Channel(1, True), veto)))
    broken("S07", lambda: watch.did(world.now, other, carry, (one,)))


def test_noise_is_nobodys_frame() -> None:
    world, watch = watched(2)
    host, client = world.peers
    watch.took(world.now, client, host.number, encode(Update(Epoch(1, host.id, 1), 5, b"")))
    watch.took(world.now, client, host.number, b"\x92\x20")
    assert watch.record.took is None and watch.record.noise_from == host.number
    watch.stepped(world.now, client)
    assert watch.record.noise_from is None and client.core.state is State.FOLLOWING
