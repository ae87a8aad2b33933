from __future__ import annotations

import pytest

from p2pnet.core.errors import ADVICE, DenyReason, EndReason, LocalProtocolError
from p2pnet.core.events import (
    ClientDisconnected,
    JoinDenied,
    PeerGone,
    PeerJoined,
    PeerLost,
    PeerReturned,
    SessionEnded,
    StateChanged,
)
from p2pnet.core.messages import Command, Join, Rejoin, Welcome
from p2pnet.core.settings import Settings
from p2pnet.core.states import State
from p2pnet.core.values import ConnectionId
from p2pnet.testing.sim_peer import SimPeer
from tests.core.bench import Bench


@pytest.fixture
def bench() -> Bench:
    return Bench.of(3)


def last_command(bench: Bench, client: SimPeer) -> Command:
    """A command of this client that was run, as it went over the wire."""
    bench.listen()
    bench.world.submit(client, "first")
    bench.world.run_for(400_000)
    return bench.heard(client, Command)[-1]


def test_nobody_is_let_in_above_the_limit() -> None:
    bench = Bench.of(2, Settings(players_max=2))
    late = bench.world.join(bench.peers[0], "late")
    bench.world.run_for(500_000)
    assert [event.reason for event in late.saw(JoinDenied)] == [DenyReason.FULL]
    assert late.core.state is State.LEFT and len(bench.peers[0].core.roster.members) == 2


@pytest.mark.parametrize("kind", [Join, Rejoin])
def test_a_request_for_a_seat_that_is_sent_again_is_answered_once(kind: type) -> None:
    bench = Bench.of(2)
    host = bench.peers[0]
    client = bench.world.join(host, "late")
    if kind is Rejoin:
        bench.world.run_for(400_000)
        bench.world.reset_links(host, client)
    bench.world.run_for(600_000)
    (request, *_) = bench.heard(client, kind)
    assert client.core.state is State.FOLLOWING
    bench.listen()
    for _ in range(3):
        bench.slip(client, host, request)
    assert bench.heard(host, Welcome) == []


def test_a_seat_is_kept_for_its_time_and_then_given_up() -> None:
    bench = Bench.of(3, Settings(seat_us=3_000_000))
    host, client, _ = bench.peers
    bench.world.crash(client)
    bench.world.run_for(2_900_000)
    assert host.core.roster.get(client.id) is not None and host.saw(PeerLost)
    bench.world.run_for(200_000)
    assert host.core.roster.get(client.id) is None
    for peer in (host, bench.peers[2]):
        assert [e.reason for e in peer.saw(PeerGone)] == [EndReason.SEAT_EXPIRED]


def test_the_game_may_keep_a_seat_for_longer_or_for_good() -> None:
    bench = Bench.of(3, Settings(seat_us=1_000_000))
    host, ben, cat = bench.peers
    host.journal.graces = {ben.id: None, cat.id: 3_000_000}
    bench.world.crash(ben)
    bench.world.crash(cat)
    bench.world.run_for(2_900_000)
    assert host.core.roster.get(cat.id) is not None
    bench.world.run_for(9_000_000)
    assert host.core.roster.get(cat.id) is None and host.core.roster.get(ben.id) is not None
    host.journal.graces[ben.id] = 1_000_000  # it changes its mind
    bench.world.enter(host, lambda: host.core.keep_seats(bench.world.now))
    bench.world.run_for(1_100_000)
    assert host.core.roster.get(ben.id) is None


def test_who_comes_back_after_its_seat_was_given_up_is_told() -> None:
    bench = Bench.of(3, Settings(seat_us=1_000_000))
    client = bench.peers[2]
    bench.world.pause(client)
    bench.world.run_for(4_000_000)
    bench.world.resume(client)
    bench.world.run_for(1_000_000)
    assert [e.reason for e in client.saw(SessionEnded)] == [EndReason.SEAT_EXPIRED]
    assert [e.text for e in client.saw(SessionEnded)] == [ADVICE[EndReason.SEAT_EXPIRED]]


def test_who_was_kicked_while_it_slept_is_not_told_to_join_again() -> None:
    bench = Bench.of(3)
    host, _, client = bench.peers
    bench.world.pause(client)
    bench.world.half_close(host, client)  # so that it hears no good-bye
    bench.world.kick(host, client)
    bench.world.run_for(4_000_000)
    bench.world.resume(client)
    bench.world.run_for(3_000_000)
    (end,) = client.saw(SessionEnded)
    assert (end.reason, end.text) == (EndReason.KICKED, ADVICE[EndReason.KICKED])


def test_who_comes_back_in_time_has_its_own_seat(bench: Bench) -> None:
    host, _, client = bench.peers
    label = client.core.connection_id
    bench.world.pause(client)
    bench.world.run_for(2_000_000)
    assert host.journal.away[client.id] is True
    bench.world.resume(client)
    bench.world.run_for(1_000_000)
    assert client.core.connection_id == label and host.journal.away[client.id] is False
    assert [e.peer for e in host.saw(PeerReturned)] == [client.id]


def test_labels_are_given_in_order_and_not_again(bench: Bench) -> None:
    host = bench.peers[0]
    bench.world.leave(bench.peers[2])
    bench.world.run_for(300_000)
    late = bench.world.join(host, "late")
    bench.world.run_for(500_000)
    assert late.core.connection_id == 3
    assert [e.connection_id for e in host.saw(PeerJoined)] == [0, 1, 2, 3]


# --- one key, two processes ---


@pytest.mark.parametrize("who", [0, 1], ids=["ex-host", "client"])
def test_a_process_that_sleeps_while_another_takes_its_seat_is_told_and_goes(who: int) -> None:
    """A player stops the game, starts it again with its key, and then wakes the first one."""
    bench = Bench.of(3)
    zombie = bench.peers[who]
    bench.world.pause(zombie)
    bench.world.run_for(2_000_000)
    heir = next(peer for peer in bench.world.hosts if not peer.paused)
    again = bench.world.join(heir, "again", key=zombie.key)
    bench.world.run_for(2_000_000)
    assert again.core.state is State.FOLLOWING
    bench.world.submit(again, "of the new process")
    bench.world.resume(zombie)
    bench.world.run_for(3_000_000)
    assert zombie.core.state is State.LEFT
    assert [e.reason for e in zombie.saw(SessionEnded)] == [EndReason.REPLACED]  # type: ignore[attr-defined]
    assert again.core.state is State.FOLLOWING and bench.world.hosts == [heir]
    assert again.core.position == heir.core.position
    assert len(again.saw(StateChanged)) == 2, "it never noticed"


def test_of_two_that_join_with_one_key_the_later_has_the_seat() -> None:
    bench = Bench.of(2)
    host, first = bench.peers
    second = bench.world.join(host, "again", key=first.key)
    bench.world.run_for(2_000_000)
    assert first.core.state is State.LEFT and second.core.state is State.FOLLOWING
    assert [e.reason for e in first.saw(SessionEnded)] == [EndReason.REPLACED]  # type: ignore[attr-defined]


# --- who goes, and why ---


def test_who_leaves_for_a_while_keeps_its_seat() -> None:
    bench = Bench.of(3)
    host, _, client = bench.peers
    bench.world.enter(client, lambda: client.core.leave(bench.world.now, "tea", EndReason.AWAY))
    bench.world.run_for(500_000)
    assert [e.reason for e in client.saw(SessionEnded)] == [EndReason.AWAY]  # type: ignore[attr-defined]
    (told,) = host.saw(ClientDisconnected)
    assert told == ClientDisconnected(client.id, ConnectionId(2), EndReason.AWAY, "tea", kept=True)
    assert host.journal.away[client.id] is True


def test_everybody_knows_of_a_host_that_left_that_it_has_left() -> None:
    bench = Bench.of(3)
    host, *others = bench.peers
    bench.world.leave(host)
    bench.world.run_for(2_000_000)
    for peer in others:
        assert [e.reason for e in peer.saw(PeerGone)] == [EndReason.LEFT]


def test_a_host_that_leaves_for_a_while_is_followed_and_keeps_its_seat() -> None:
    bench = Bench.of(3)
    host, heir, _ = bench.peers
    bench.world.enter(host, lambda: host.core.leave(bench.world.now, "", EndReason.AWAY))
    bench.world.run_for(1_000_000)
    assert bench.world.hosts == [heir] and host.core.state is State.LEFT
    assert heir.journal.away[host.id] is True


@pytest.mark.parametrize("reason", [EndReason.DISCONNECTED, EndReason.KICKED, EndReason.INACTIVE])
def test_who_is_put_out_is_told_why_and_what_becomes_of_its_seat(reason: EndReason) -> None:
    bench = Bench.of(3)
    host, _, client = bench.peers
    bench.world.enter(host, lambda: host.core.kick(bench.world.now, client.id, "enough", reason))
    bench.world.run_for(500_000)
    assert client.saw(SessionEnded) == [SessionEnded(reason, "enough")]
    member = host.core.roster.get(client.id)
    assert (member is not None) is (reason is EndReason.INACTIVE)
    assert (client.id in host.core.roster.banned) is (reason is EndReason.KICKED)


def test_clients_that_do_nothing_are_disconnected_if_asked_for() -> None:
    settings = Settings(
        disconnect_inactive_connections=True, disconnect_inactive_timeout_us=2_000_000
    )
    bench = Bench.of(3, settings)
    host, busy, idle = bench.peers
    for _ in range(8):
        bench.world.run_for(500_000)
        bench.world.submit(busy, "work")
    assert [e.reason for e in idle.saw(SessionEnded)] == [EndReason.INACTIVE]  # type: ignore[attr-defined]
    assert busy.core.state is State.FOLLOWING
    assert [e.reason for e in host.saw(ClientDisconnected)] == [EndReason.INACTIVE]  # type: ignore[attr-defined]


def test_idle_clients_stay_by_default() -> None:
    bench = Bench.of(2)
    bench.world.run_for(120_000_000)
    assert bench.peers[1].core.state is State.FOLLOWING


def test_a_roster_that_is_announced_once_more_reaches_everybody() -> None:
    bench = Bench.of(3)
    host = bench.peers[0]
    before = host.core.roster.version
    bench.world.enter(host, lambda: host.core.announce(bench.world.now))
    bench.world.run_for(100_000)
    assert [peer.core.roster.version for peer in bench.peers] == [before + 1] * 3
    with pytest.raises(LocalProtocolError):
        bench.peers[1].core.announce(bench.world.now)


def test_a_request_for_a_seat_that_a_later_one_overtook_is_void() -> None:
    """It was held up on an older link, and nobody listens for its answer there."""
    bench = Bench.of(3)
    host, client, _ = bench.peers
    bench.listen()
    for _ in range(2):
        bench.world.reset_links(host, client)
        bench.world.run_for(1_000_000)
    first, *_, last = bench.heard(client, Rejoin)
    assert first.attempt < last.attempt
    bench.listen()
    bench.slip(client, host, first)
    assert not bench.heard(host, Welcome)
