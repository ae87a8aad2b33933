from __future__ import annotations

import pytest
from msgspec.structs import replace

from p2pnet.core.catchup import check_told, snapshot_of
from p2pnet.core.errors import RemoteProtocolError
from p2pnet.core.events import BranchDiscarded, Joined, PullStarted
from p2pnet.core.frame_parts import Missing
from p2pnet.core.messages import Pull, Tail
from p2pnet.core.pulling import Pulling
from p2pnet.core.settings import AckLevel, Policy, Settings
from p2pnet.core.states import HOSTLESS, State
from p2pnet.core.values import PeerId, Position
from p2pnet.testing.sim_peer import SimPeer
from tests.core.bench import Bench, picture, pulling

_RED_US = 600_000
_WINDOW_US = 170_000  # at the round trips of the simulated network


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


def _asks_the_next_after_us(bench: Bench, first: SimPeer) -> int:
    since_us = bench.world.now
    assert bench.world.run_while(lambda: len(first.saw(PullStarted)) == 1, 5_000_000)
    return bench.world.now - since_us


def test_who_falls_silent_is_left_for_the_next_when_its_answer_is_due() -> None:
    bench, first, source = pulling()
    bench.world.cut(source, first)
    assert _asks_the_next_after_us(bench, first) <= 2 * _WINDOW_US


def test_who_is_heard_has_the_time_in_which_it_would_be_missed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench, first, source = pulling(3)
    monkeypatch.setattr(Pulling, "answer", lambda *request: None)
    source.choices.automatic = False  # or it would claim when its word runs out
    asked_us = bench.world.now
    assert bench.world.run_while(lambda: first.core.state is State.PULLING)
    assert _RED_US <= bench.world.now - asked_us <= _RED_US + _WINDOW_US


def _newcomer() -> tuple[Bench, SimPeer, SimPeer]:
    """Two are left that lack the last updates, and a newcomer of which they have not heard.

    They are too few without it. Gives one of the two, and the newcomer.
    """
    bench = Bench.of(4, Settings(policy=Policy.MAJORITY_ONLY))
    host, first, second, third = bench.peers
    bench.world.cut(host, first)
    bench.world.cut(host, second)
    newcomer = bench.world.join(third, "newcomer")
    assert bench.world.run_while(lambda: newcomer.core.state is not State.FOLLOWING)
    bench.world.submit(newcomer, "x", AckLevel.HOST)
    bench.world.run_for(60_000)
    for peer in (host, third):
        bench.world.crash(peer, silent=True)
    bench.world.heal()
    assert first.core.roster.get(newcomer.id) is None
    return bench, first, newcomer


def test_a_newcomer_that_nobody_has_heard_of_is_asked_for_what_it_has() -> None:
    bench, first, newcomer = _newcomer()
    assert bench.world.run_while(lambda: not bench.world.converged())
    assert [text for _, text in first.journal.entries] == ["x"]
    assert not newcomer.saw(BranchDiscarded) and len(newcomer.saw(Joined)) == 1


def test_somebody_unknown_has_to_show_its_seat() -> None:
    """Anybody may have a link, and can say that it has more than others."""
    bench, first, newcomer = _newcomer()
    heard = len(bench.said)
    assert bench.world.run_while(lambda: not bench.heard(first, Pull, newcomer))
    position, links = first.core.position, first.core.census["links"]
    bench.slip(newcomer, first, Tail(Missing()))
    assert len(bench.said) > heard and first.core.position == position
    assert first.core.census["links"] < links and not bench.world.network.links_between(
        first.number, newcomer.number
    )
    assert bench.world.run_while(lambda: not bench.world.converged())


def test_what_nobody_asked_somebody_unknown_for_is_nothing() -> None:
    bench, first, newcomer = _newcomer()
    assert bench.world.run_while(lambda: first.core.state is not State.DOUBTING)
    assert not bench.heard(first, Pull, newcomer)
    picture_before = picture(first)
    bench.slip(newcomer, first, Tail(Missing()))
    assert picture(first) == picture_before and bench.link(first, newcomer)


def test_the_history_is_given_to_members_only() -> None:
    bench = Bench.of(3)
    _, giver, asker = bench.peers
    giver.core._s.roster = giver.core.roster.remove(asker.id)
    bench.listen()
    assert asker.core.position is not None
    bench.slip(asker, giver, Pull(asker.core.position))
    assert not bench.heard(giver, Tail)


def test_of_two_newcomers_one_is_heard_and_the_other_is_no_liar() -> None:
    """Both were asked for the same, and the second may have come to less."""
    bench, first, newcomer = _newcomer()
    assert bench.world.run_while(lambda: not bench.heard(newcomer, Tail, first))
    (tail,) = bench.heard(newcomer, Tail, first)
    pulling = first.core._roles.succession.pulling
    pulling.unknown.add(PeerId("another newcomer"))
    bench.slip(newcomer, first, tail)
    assert first.core.roster.get(newcomer.id) is not None and not pulling.unknown


def test_nobody_is_talked_into_less_than_it_has() -> None:
    """Else a single member could make an heir forget what was acknowledged."""
    bench, first, source = pulling()
    old = snapshot_of(source.core._s)
    assert bench.world.run_while(lambda: not bench.world.converged())
    bench.world.submit(first, "y", AckLevel.ALL)
    bench.world.run_for(400_000)
    here = first.core.position
    with pytest.raises(RemoteProtocolError, match="less than is here"):
        check_told(first.core._s, Missing(snapshot=old))
    assert first.core.position == here
    check_told(first.core._s, Missing(snapshot=snapshot_of(source.core._s)))


def test_nobody_is_asked_for_a_reign_that_is_newer_than_any_that_is_known() -> None:
    """Its tail would not fit, and it would be taken for a liar."""
    bench, first, newcomer = _newcomer()
    assert bench.world.run_while(lambda: first.core.state not in HOSTLESS)
    position = first.core.position
    assert position is not None
    pulling = first.core._roles.succession.pulling
    bench.listen()
    for epoch, asked in ((replace(position.epoch, number=9), 0), (position.epoch, 1)):
        later = Position(epoch, position.seq + 1)
        bench.world.enter(first, lambda at=later: pulling.meet(newcomer.id, at))  # type: ignore[misc]
        assert len(bench.heard(first, Pull, newcomer)) == asked
