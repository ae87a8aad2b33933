from __future__ import annotations

from p2pnet.core.events import PullStarted
from p2pnet.core.frame_parts import Missing
from p2pnet.core.messages import Pull, Tail
from p2pnet.core.states import State
from p2pnet.testing.sim_peer import SimPeer
from tests.core.bench import Bench


def behind() -> tuple[Bench, SimPeer, SimPeer]:
    """The first successor pulls from another one what the host did not get to it."""
    bench = Bench.of(4)
    host, first, ahead, _ = bench.peers
    bench.world.cut(host, first)
    bench.world.submit(ahead, "x")
    bench.world.run_for(150_000)
    bench.world.crash(host, lost_for=[first])
    bench.world.heal()
    assert bench.world.run_while(lambda: first.core.state is not State.PULLING)
    source = first.saw(PullStarted)[0].source  # type: ignore[attr-defined]
    return bench, first, next(peer for peer in bench.peers if peer.id == source)


def test_who_is_behind_asks_the_freshest_and_nobody_else() -> None:
    bench, first, source = behind()
    assert len(bench.heard(first, Pull)) == len(bench.heard(first, Pull, source)) == 1
    assert bench.world.run_while(lambda: not bench.world.converged())
    assert [text for _, text in first.journal.entries] == ["x"]


def test_an_answer_of_somebody_else_is_nothing() -> None:
    bench, first, source = behind()
    other = next(p for p in bench.peers if p.alive and p not in (first, source))
    bench.slip(other, first, Tail(Missing()))
    assert first.core.state is State.PULLING


def test_who_answers_nonsense_is_left_for_the_next() -> None:
    bench, first, source = behind()
    bench.slip(source, first, Tail(Missing(updates=(b"nonsense",))))
    assert first.core.state is State.PULLING and len(first.saw(PullStarted)) == 2
    assert bench.world.run_while(lambda: not bench.world.converged(), 5_000_000)
    assert [text for _, text in first.journal.entries] == ["x"]
