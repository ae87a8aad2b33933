"""A follower whose link is slow, and the others."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from p2pnet.core.events import HostChanged, HostLost
from p2pnet.core.history import History
from p2pnet.core.messages import Condensed, Fenced, Update
from p2pnet.core.settings import AckLevel, Settings
from p2pnet.core.states import State
from p2pnet.testing.sim_peer import SimPeer
from tests.core.bench import Bench
from tests.transcripts.telling import texts

WORDS = [f"word {number}" for number in range(6)]


@pytest.fixture
def bench() -> Bench:
    return crowded(Bench.of(4))


def crowded(bench: Bench) -> Bench:
    """More waits for the last client than its link carries."""
    host, client = bench.peers[0], bench.peers[-1]
    links = frozenset(bench.world.network.links_between(host.number, client.number))
    bench.world.enter(host, lambda: host.core.crowd(bench.world.now, links))
    bench.listen()
    return bench


def relieve(bench: Bench) -> None:
    host = bench.peers[0]
    bench.world.enter(host, lambda: host.core.crowd(bench.world.now, frozenset()))


def talk(bench: Bench, by: SimPeer, words: list[str] = WORDS, pause_us: int = 100_000) -> None:
    for word in words:
        bench.world.submit(by, word, AckLevel.HOST)
        bench.world.run_for(pause_us)


def test_it_gets_one_frame_for_many_and_nobody_else_notices(bench: Bench) -> None:
    host, near, other, slow = bench.peers
    talk(bench, near)
    assert texts(other) == WORDS and texts(slow) == []
    assert slow.core.state is State.FOLLOWING and not slow.saw(HostLost)
    assert not bench.heard(host, Update, to=slow)
    relieve(bench)
    bench.world.run_for(200_000)
    (frame,) = bench.heard(host, Condensed)
    assert bench.heard(host, Condensed, to=slow) == [frame] and len(frame.executed) == 6
    assert texts(slow) == WORDS
    assert (slow.core.position, slow.core.digest) == (host.core.position, host.core.digest)
    talk(bench, slow, ["more"], 200_000)
    assert texts(other) == [*WORDS, "more"] == texts(slow)
    assert not slow.saw(HostChanged) and not bench.heard(host, Fenced)


def test_one_update_goes_out_as_it_is(bench: Bench) -> None:
    host, near, _, slow = bench.peers
    talk(bench, near, ["word"])
    relieve(bench)
    bench.world.run_for(200_000)
    assert texts(slow) == ["word"] and not bench.heard(host, Condensed)
    assert len(bench.heard(host, Update, to=slow)) == 1


def test_its_own_commands_are_answered_with_the_rest(bench: Bench) -> None:
    host, _, _, slow = bench.peers
    ticket = bench.world.submit(slow, "mine", AckLevel.ALL)
    talk(bench, slow, ["more"], 300_000)
    assert ticket not in slow.settled and texts(host) == ["mine", "more"]
    relieve(bench)
    bench.world.run_for(300_000)
    assert len(slow.settled) == 2


def test_a_change_of_the_roster_goes_out_at_once_behind_what_was_kept(bench: Bench) -> None:
    host, near, other, slow = bench.peers
    talk(bench, near)
    bench.world.leave(other)
    bench.world.run_for(300_000)
    assert texts(slow) == WORDS and len(slow.core.roster.members) == 3
    assert bench.heard(host, Condensed, to=slow)


@pytest.mark.parametrize("how", ["hand_over", "leave", "crash"])
def test_the_next_host_has_everything_and_so_has_who_was_behind(bench: Bench, how: str) -> None:
    world, (host, near, *_) = bench.world, bench.peers
    talk(bench, near)
    if how == "hand_over":
        world.hand_over(host, near)
    elif how == "leave":
        world.leave(host)
    else:
        world.crash(host)
    assert world.run_while(lambda: not world.converged())
    world.run_for(500_000)
    assert all(texts(peer) == WORDS for peer in world.members)


def test_who_caught_up_like_this_can_be_the_next_host_of_all() -> None:
    bench = crowded(Bench.of(2))
    world, (host, slow) = bench.world, bench.peers
    talk(bench, host)
    relieve(bench)
    world.run_for(200_000)
    assert texts(slow) == WORDS
    late = world.join(slow, "late")
    world.crash(host)
    assert world.run_while(lambda: not world.converged())
    world.run_for(500_000)
    assert texts(late) == WORDS and slow.core.state is State.REIGNING


def test_what_is_too_long_ago_comes_as_a_snapshot() -> None:
    bench = crowded(Bench.of(3, Settings(tail_updates_max=3)))
    host, near, slow = bench.peers
    talk(bench, near)
    relieve(bench)
    bench.world.run_for(500_000)
    assert bench.heard(host, Fenced, to=slow) and not bench.heard(host, Condensed)
    assert texts(slow) == WORDS and slow.core.digest == host.core.digest


def test_a_frame_that_does_not_fit_is_asked_for_anew(bench: Bench) -> None:
    host, near, _, slow = bench.peers
    talk(bench, near)
    relieve(bench)
    (frame,) = bench.heard(host, Condensed)
    bench.world.run_for(200_000)
    here = host.core.position
    assert here is not None
    bench.slip(host, slow, frame)  # once more: known already
    assert slow.core.state is State.FOLLOWING
    for wrong in (
        replace(frame, base=here.seq + 5, seq=here.seq + 9),
        replace(frame, base=here.seq, seq=here.seq + 2),  # runs again what was run
        replace(frame, base=here.seq, seq=here.seq + 2, executed=(), payload=b"\xc1"),
    ):
        bench.slip(host, slow, wrong)
        assert slow.core.state is State.JOINING
        bench.world.run_for(500_000)
        assert slow.core.state is State.FOLLOWING and texts(slow) == WORDS


def test_a_history_that_leapt_knows_nothing_of_what_was_in_between() -> None:
    history = History(updates_max=10, bytes_max=1000)
    history.append(b"one")
    history.leap(5, b"digest")
    assert (history.seq, history.digest) == (5, b"digest")
    assert history.after(5) == () and history.after(4) is None
    history.append(b"six")
    assert history.after(5) == (b"six",)
