from __future__ import annotations

from p2pnet.core.events import PullStarted
from p2pnet.core.frame_parts import Missing
from p2pnet.core.messages import Pull, Tail
from p2pnet.core.states import State
from tests.core.bench import pulling


def test_who_is_behind_asks_the_freshest_and_nobody_else() -> None:
    bench, first, source = pulling()
    assert len(bench.heard(first, Pull)) == len(bench.heard(first, Pull, source)) == 1
    assert bench.world.run_while(lambda: not bench.world.converged())
    assert [text for _, text in first.journal.entries] == ["x"]


def test_an_answer_of_somebody_else_is_nothing() -> None:
    bench, first, source = pulling()
    other = next(p for p in bench.peers if p.alive and p not in (first, source))
    bench.slip(other, first, Tail(Missing()))
    assert first.core.state is State.PULLING


def test_who_answers_nonsense_is_left_for_the_next() -> None:
    bench, first, source = pulling()
    bench.slip(source, first, Tail(Missing(updates=(b"nonsense",))))
    assert first.core.state is State.PULLING and len(first.saw(PullStarted)) == 2
    assert bench.world.run_while(lambda: not bench.world.converged(), 5_000_000)
    assert [text for _, text in first.journal.entries] == ["x"]
