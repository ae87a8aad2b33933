from __future__ import annotations

import contextlib
import os
import warnings
from collections.abc import Iterator

import pytest
import trio

from p2pnet.core.errors import LinkEnd
from p2pnet.core.settings import AckLevel
from p2pnet.core.values import LinkId
from p2pnet.peer.inputs import FrameReceived, LinkClosed
from p2pnet.peer.receipts import Receipt
from p2pnet.peer.subscription import Fanout
from p2pnet.testing.catalogue import InvariantBroken
from p2pnet.testing.flood import Flood
from p2pnet.testing.leftovers import open_files
from p2pnet.testing.sim_peer import Observer, SimPeer
from p2pnet.testing.trio_lane import TrioLane
from p2pnet.testing.trio_links import SimLink


@pytest.fixture
def lane() -> Iterator[TrioLane]:
    lane = TrioLane(seed=1)
    lane.game(3)
    yield lane
    with contextlib.suppress(InvariantBroken):  # the test was about that
        lane.close()


class Critic(Observer):
    """Finds fault with the first step."""

    def stepped(self, now: int, peer: SimPeer) -> None:
        raise InvariantBroken("S01", f"{peer.name} is not to my liking")


def test_what_a_watcher_finds_is_raised_where_the_world_is_driven(lane: TrioLane) -> None:
    lane.observers.append(Critic())
    with pytest.raises(InvariantBroken, match="is not to my liking"):
        lane.run_for(1_000_000)
    assert all(peer.failure is None for peer in lane.trio.peers)


def test_what_goes_wrong_while_something_is_done_is_raised_there_too(lane: TrioLane) -> None:
    lane.after(5, lambda: 1 / 0)
    with pytest.raises(InvariantBroken, match=r"S29.*ZeroDivisionError"):
        lane.run_for(1_000_000)


def test_a_peer_that_fails_is_a_violation_that_tells_its_story(lane: TrioLane) -> None:
    def fail(now: int) -> None:
        raise RuntimeError("no core is perfect")

    lane.peers[1].core.wake = fail  # type: ignore[method-assign]
    with pytest.raises(InvariantBroken, match=r"S29.*peer1 ended: GameError.*no core is perfect"):
        lane.run_for(5_000_000)


def test_when_all_have_left_nothing_is_there_any_more(lane: TrioLane) -> None:
    lane.submit(lane.peers[1], "word", AckLevel.ALL)
    lane.crash(lane.peers[2])
    lane.wind_up()
    assert [peer.ended.is_set() for peer in lane.trio.peers] == [True] * 3


def test_a_task_that_is_left_is_found(lane: TrioLane) -> None:
    lane._guest.start(_stay)
    with pytest.raises(InvariantBroken, match=r"S30.*1 tasks are left"):
        lane.wind_up()


async def _stay(*, task_status: trio.TaskStatus[None]) -> None:
    task_status.started()
    await trio.sleep_forever()


def test_a_timer_that_is_left_is_found(lane: TrioLane) -> None:
    lane._guest.start(_wait)
    lane._idle_tasks += 1
    with pytest.raises(InvariantBroken, match=r"S30.*1 timers are left"):
        lane.wind_up()


async def _wait(*, task_status: trio.TaskStatus[None]) -> None:
    task_status.started()
    await trio.sleep(50_000)


@pytest.mark.skipif(not open_files(), reason="this system does not list open files")
def test_a_file_that_is_left_open_is_found(lane: TrioLane) -> None:
    reading, writing = os.pipe()
    with pytest.raises(InvariantBroken, match=r"S30.*2 open files are left"):
        lane.close()
    os.close(reading)
    os.close(writing)


def test_whatever_python_would_print_is_found(lane: TrioLane) -> None:
    warnings.warn("on second thoughts", stacklevel=1)
    with pytest.raises(InvariantBroken, match="Python complains: on second thoughts"):
        lane.close()


def test_a_coroutine_that_nobody_awaits_is_found(lane: TrioLane) -> None:
    trio.sleep(1)  # noqa: ASYNC105
    with pytest.raises(InvariantBroken, match=r"sleep.*never awaited"):
        lane.close()


def test_now_and_then_a_peer_is_flooded_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    floods: list[str] = []
    monkeypatch.setattr(Flood, "play", lambda flood: floods.append("more than it can take"))
    for seed in range(8):
        lane = TrioLane(seed=seed)
        lane.wind_up()
        lane.close()
    assert len(floods) == 2


def test_a_link_that_ends_without_having_been_open_is_found(lane: TrioLane) -> None:
    lane.trio.peers[1].shell.inbox.put_nowait(LinkClosed(LinkId(99), LinkEnd.CLOSED))
    with pytest.raises(InvariantBroken, match=r"S30.*peer1: link 99 ends that was not open"):
        lane.run_for(1)


def test_a_frame_from_a_link_that_is_over_is_found(lane: TrioLane) -> None:
    lane.trio.peers[1].shell.inbox.put_nowait(FrameReceived(LinkId(99), b""))
    with pytest.raises(InvariantBroken, match=r"S30.*a frame comes from link 99"):
        lane.run_for(1)


def test_a_host_whose_clock_does_not_tick_is_found(lane: TrioLane) -> None:
    lane.trio._lids.stop_ticks = True
    with pytest.raises(InvariantBroken, match=r"L4.*the game of peer0 stands still"):
        lane.wind_up()


def test_a_link_that_is_cut_at_the_end_is_found(
    lane: TrioLane, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def aclose(link: SimLink) -> None:
        link.abort()

    monkeypatch.setattr(SimLink, "aclose", aclose)
    with pytest.raises(InvariantBroken, match=r"S30.*was cut and not closed"):
        lane.wind_up()


def test_a_reader_that_is_not_told_of_the_end_is_found(
    lane: TrioLane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Fanout, "end", lambda fanout: None)
    with pytest.raises(InvariantBroken, match=r"S30.*streams of events are left"):
        lane.wind_up()


def test_a_receipt_that_is_never_given_is_found(lane: TrioLane) -> None:
    lane._receipts.append((lane.trio.peers[1], "a move", Receipt()))
    with pytest.raises(InvariantBroken, match=r"L4.*peer1 holds a receipt"):
        lane.wind_up()
