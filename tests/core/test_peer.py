"""The border of the core: what the application may call when, and what any bytes may do."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from p2pnet.core.catchup import missing_for
from p2pnet.core.codec import decode, encode
from p2pnet.core.effects import CloseLink, Dial, Emit, Send, Settle
from p2pnet.core.errors import (
    LinkEnd,
    LocalProtocolError,
    RemoteProtocolError,
    SessionOver,
    TooManyInFlight,
)
from p2pnet.core.events import BecameHost, JoinFailed, StrangerRefused
from p2pnet.core.messages import Denied, Heartbeat, Hello, Welcome
from p2pnet.core.settings import Settings
from p2pnet.core.states import Role, State
from p2pnet.core.values import LinkId
from p2pnet.testing.core_world import CoreWorld, sim_peer_id
from p2pnet.testing.sim_peer import SimPeer
from tests.core.bench import SESSION, Bench, picture


@pytest.fixture
def bench() -> Bench:
    return Bench.of(3)


def idle() -> SimPeer:
    return CoreWorld().start("alone")


# --- what the application may call ---


def test_an_idle_peer_has_no_role_no_session_and_nothing_to_do() -> None:
    core = idle().core
    assert (core.role, core.session, core.epoch, core.position) == (None, None, None, None)
    assert core.next_wake() is None and core.take_effects() == []
    assert core.connection_id == core.old_connection_id == -1


def test_a_host_is_the_host_at_once() -> None:
    core = idle().core
    core.host(5, SESSION)
    assert core.role is Role.HOST and core.connection_id == 0 and core.host_peer == core.me
    events = [e.event for e in core.take_effects() if isinstance(e, Emit)]
    assert [e.migrated for e in events if isinstance(e, BecameHost)] == [False]


def test_a_peer_is_in_one_session_at_most(bench: Bench) -> None:
    now = bench.world.now
    for peer in bench.peers[:2]:
        before = picture(peer)
        with pytest.raises(LocalProtocolError):
            peer.core.host(now, SESSION)
        with pytest.raises(LocalProtocolError):
            peer.core.join(now, SESSION, sim_peer_id(0), ("0",))
        assert picture(peer) == before


def test_commands_need_a_seat() -> None:
    core = idle().core
    with pytest.raises(LocalProtocolError):
        core.submit(0, b"x", None)
    core.join(0, SESSION, sim_peer_id(9), ("9",))
    with pytest.raises(LocalProtocolError):
        core.submit(0, b"x", None)


def test_commands_after_the_end_say_that_it_is_over(bench: Bench) -> None:
    client = bench.peers[1]
    bench.world.leave(client)
    with pytest.raises(SessionOver):
        client.core.submit(bench.world.now, b"x", None)


def test_commands_in_flight_are_limited() -> None:
    bench = Bench.of(2, Settings(commands_in_flight_max=2))
    client = bench.peers[1]
    bench.world.pause(bench.peers[0])
    for number in range(2):
        bench.world.submit(client, f"c{number}")
    with pytest.raises(TooManyInFlight):
        client.core.submit(bench.world.now, b"one too many", None)
    assert client.core.census["outbox"] == 2


@pytest.mark.parametrize("call", ["kick", "end_session", "hand_over"])
def test_only_the_host_may(bench: Bench, call: str) -> None:
    client, now = bench.peers[1], bench.world.now
    calls = {
        "kick": lambda: client.core.kick(now, bench.peers[2].id, ""),
        "end_session": lambda: client.core.end_session(now),
        "hand_over": lambda: client.core.hand_over(now),
    }
    before = picture(client)
    with pytest.raises(LocalProtocolError):
        calls[call]()
    assert picture(client) == before


def test_a_host_can_kick_neither_itself_nor_a_stranger(bench: Bench) -> None:
    host = bench.peers[0]
    for peer in (host.id, sim_peer_id(77)):
        with pytest.raises(LocalProtocolError):
            host.core.kick(bench.world.now, peer, "")


def test_leaving_twice_is_leaving_once(bench: Bench) -> None:
    client = bench.peers[1]
    bench.world.leave(client)
    bench.listen()
    bench.world.leave(client)
    assert client.core.state is State.LEFT and bench.said == []


def test_after_the_end_nothing_is_left_to_do(bench: Bench) -> None:
    bench.world.end_session(bench.peers[0])
    bench.world.run_for(1_000_000)
    for peer in bench.peers:
        assert peer.core.state is State.LEFT and peer.core.next_wake() is None
        census = peer.core.census
        assert (census["links"], census["timers"], census["outbox"]) == (0, 0, 0)


def test_what_is_in_flight_at_the_end_is_settled_with_an_error(bench: Bench) -> None:
    client = bench.peers[1]
    ticket = bench.world.submit(client, "too-late")
    bench.world.leave(client)
    assert isinstance(client.settled[ticket].error, SessionOver)


def test_time_goes_forward() -> None:
    core = idle().core
    core.host(5, SESSION)
    with pytest.raises(AssertionError, match="forward"):
        core.tick(4)


def test_effects_are_handed_out_once(bench: Bench) -> None:
    core = bench.peers[0].core
    core.submit(bench.world.now, b"x", None)
    core.flush(bench.world.now)
    assert any(isinstance(effect, Send) for effect in core.take_effects())
    assert core.take_effects() == []


def test_equal_inputs_give_equal_effects() -> None:
    def run() -> list[object]:
        core = idle().core
        core.host(0, SESSION)
        core.link_opened(10, LinkId(1), None)
        hello = next(e for e in core.take_effects() if isinstance(e, Send))
        core.frame_received(20, LinkId(1), hello.data)
        core.wake(900_000)
        return list(core.take_effects())

    assert run() == run()


def test_a_newcomer_that_reaches_nobody_is_told() -> None:
    core = idle().core
    core.join(0, SESSION, sim_peer_id(9), ("9",))
    assert [e.peer for e in core.take_effects() if isinstance(e, Dial)] == [sim_peer_id(9)]
    core.dial_failed(50, sim_peer_id(9), LinkEnd.REFUSED)
    events = [e.event for e in core.take_effects() if isinstance(e, Emit)]
    assert core.state is State.LEFT and any(isinstance(e, JoinFailed) for e in events)


def test_a_newcomer_that_nobody_answers_gives_up_in_time() -> None:
    core = idle().core
    core.join(0, SESSION, sim_peer_id(9), ("9",))
    while core.state is not State.LEFT:
        wake = core.next_wake()
        assert wake is not None and wake <= 2 * Settings().connect_us
        core.wake(wake)


def test_a_link_to_a_peer_without_a_session_is_closed() -> None:
    core = idle().core
    core.link_opened(0, LinkId(4), None)
    assert [e.link for e in core.take_effects() if isinstance(e, CloseLink)] == [LinkId(4)]


def test_frames_and_ends_of_links_that_are_gone_are_nothing(bench: Bench) -> None:
    host = bench.peers[0]
    before = picture(host)
    bench.slip_on(host, LinkId(999), b"anything")
    host.core.link_closed(bench.world.now, LinkId(999), LinkEnd.BROKEN)
    assert picture(host) == before and host.core.take_effects() == []


def test_a_receipt_comes_once_with_the_outcome(bench: Bench) -> None:
    client = bench.peers[2]
    ticket = bench.world.submit(client, "x")
    bench.world.run_for(500_000)
    assert client.settled[ticket] == Settle(ticket, b"1")


# --- bytes from others ---

_FRAMES: list[bytes] = []


def _real_frames() -> list[bytes]:
    """Frames of all kinds, as they go over the wire when a host dies and another takes over."""
    if not _FRAMES:
        bench = Bench.of(4)
        for peer in bench.peers:
            bench.world.submit(peer, "x")
        bench.world.run_for(100_000)
        bench.world.crash(bench.peers[0])
        bench.world.run_for(100_000)
        bench.world.join(bench.peers[1], "late")
        bench.world.run_for(1_000_000)
        _FRAMES.extend(dict.fromkeys(encode(frame) for _, _, frame in bench.said))
    return _FRAMES


def _is_frame(data: bytes) -> bool:
    try:
        decode(data)
    except RemoteProtocolError:
        return False
    return True


@st.composite
def mutated_frames(draw: st.DrawFn) -> bytes:
    """A real frame with some bytes replaced, cut out or put in."""
    data = bytearray(draw(st.sampled_from(_real_frames())))
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(data)))
        data[place : place + draw(st.integers(0, 3))] = draw(st.binary(max_size=3))
    return bytes(data)


_nested = st.recursive(
    st.none() | st.integers(-(2**63), 2**64 - 1) | st.binary(max_size=8) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=20,
)
_tagged = st.builds(
    lambda tag, rest: msgspec.msgpack.encode([tag, *rest]),
    st.integers(0, 45),
    st.lists(_nested, max_size=7),
)

_quick = settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)


@_quick
@given(st.binary(max_size=200) | _tagged, st.integers(0, 2))
@example(b"", 0)
@example(b"\x91" * 5_000, 1)
@example(msgspec.msgpack.encode([21, *[[[]] * 2_000] * 5]), 2)
def test_bytes_that_are_no_frame_cost_their_link_and_nothing_else(data: bytes, to: int) -> None:
    if _is_frame(data):
        return
    world = CoreWorld()
    bench = Bench(world)
    host = world.host()
    client = world.join(host)
    world.run_while(lambda: client.core.state is not State.FOLLOWING)
    _, there = bench.stranger(host)
    before = picture(host), picture(client)
    links = host.core.census["links"]
    bench.slip_on(host, there, data)
    assert (picture(host), picture(client)) == before
    assert host.core.census["links"] == links - 1
    assert host.saw(StrangerRefused)
    assert world.network.far_end(there) is None


@_quick
@given(data=mutated_frames(), source=st.integers(0, 3), target=st.integers(1, 3))
def test_a_mutated_frame_of_a_member_never_raises(data: bytes, source: int, target: int) -> None:
    bench = Bench.of(4)
    if source == target:
        return
    sender, receiver = bench.peers[source], bench.peers[target]
    others = [picture(p) for p in bench.peers if p is not receiver]
    before = picture(receiver)
    bench.slip(sender, receiver, data)
    assert [picture(p) for p in bench.peers if p is not receiver] == others
    if not _is_frame(data):
        changed = picture(receiver) != before
        lost_its_host = source == 0 or receiver.core.state is State.FOLLOWING
        assert not changed or lost_its_host


@_quick
@given(data=mutated_frames(), source=st.integers(1, 3))
def test_a_mutated_frame_of_a_client_never_raises_in_its_host(data: bytes, source: int) -> None:
    bench = Bench.of(4)
    host = bench.peers[0]
    bench.slip(bench.peers[source], host, data)
    bench.world.submit(host, "still-here")


@pytest.mark.parametrize("turn", range(3))
def test_frames_before_the_greeting_end_the_link(bench: Bench, turn: int) -> None:
    host = bench.peers[0]
    before = picture(host)
    for data in _real_frames():
        if isinstance(decode(data), Hello | Denied):
            continue
        _, there = bench.stranger(host)
        bench.slip_on(host, there, data)
        assert bench.world.network.far_end(there) is None, decode(data)
    assert picture(host) == before
    bench.world.run_for(turn * 100_000)


def test_frames_of_a_reign_that_is_over_change_nothing_but_are_answered(bench: Bench) -> None:
    """S04: stale is inert."""
    old = bench.peers[0].core.epoch
    assert old is not None
    bench.world.crash(bench.peers[0])
    bench.world.run_for(2_000_000)
    host, client = bench.peers[1], bench.peers[2]
    for sender, receiver in ((client, host), (host, client)):
        before = picture(receiver)
        bench.slip(sender, receiver, Heartbeat(old, 99))
        assert picture(receiver) == before


def test_a_welcome_that_nobody_asked_for_is_nothing(bench: Bench) -> None:
    _, one, other = bench.peers
    reign = bench.peers[0].core._s.reign
    position = one.core.position
    assert reign is not None and position is not None
    welcome = Welcome(reign, Settings(), missing_for(one.core._s, None), position)
    before = picture(one)
    bench.slip(other, one, welcome)
    assert picture(one) == before
