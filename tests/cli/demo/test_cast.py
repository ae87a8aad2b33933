from __future__ import annotations

import pytest
import trio

from p2pnet.cli.complaints import Complaint
from p2pnet.cli.demo.cast import Cast, GaveUp
from p2pnet.cli.demo.evidence import Run

from .conftest import STAND_IN, Notes


async def test_processes_of_one_peer_are_counted(cast: Cast) -> None:
    first, _ = await cast.start("MachineA")
    other, _ = await cast.start("MachineB")
    cast.kill(first)
    second, ready = await cast.start("MachineA")
    assert (first, other, second) == (Run("MachineA", 1), Run("MachineB", 1), Run("MachineA", 2))
    assert ready["event"] == "ready"
    assert cast.living() == (other, second)
    assert cast.evidence.died == {first}


async def test_what_is_done_to_a_peer_is_shown(cast: Cast) -> None:
    run, _ = await cast.start("MachineA")
    cast.freeze(run)
    killed_ms = cast.kill(run)
    assert isinstance(cast.audience, Notes)
    assert cast.audience.kinds == ["ready", "frozen", "killed"]
    assert 0 < killed_ms <= cast.now_ms()


async def test_dumps_come_from_those_who_were_asked(cast: Cast) -> None:
    runs = [(await cast.start(peer))[0] for peer in ("MachineA", "MachineB")]
    dumps = await cast.dumps(runs)
    assert list(dumps) == runs
    assert await cast.dumps(runs) != dumps


async def test_states_are_asked_for_until_all_are_at_one_position(cast: Cast) -> None:
    first, _ = await cast.start("MachineA")
    second, _ = await cast.start("MachineB", "late")
    dumps = await cast.equal_dumps((first, second))
    assert {dump["position"] for dump in dumps.values()} == {"1:x/9"}
    assert [dump["id"] for dump in dumps.values()] == [2, 2]


async def test_states_that_never_meet_are_given_up(cast: Cast) -> None:
    first, _ = await cast.start("MachineA")
    second, _ = await cast.start("MachineB", "stuck")
    cast.patience_s = 0.2
    with pytest.raises(GaveUp, match="waiting for"):
        await cast.equal_dumps((first, second))


async def test_a_look_at_those_who_live(cast: Cast) -> None:
    first, _ = await cast.start("MachineA")
    second, _ = await cast.start("MachineB")
    cast.kill(first)
    await cast.look()
    await cast.until("an answer", lambda: second in cast.evidence.statuses)
    assert first not in cast.evidence.statuses


async def test_what_takes_too_long_is_named(cast: Cast) -> None:
    cast.patience_s = 0.0
    with pytest.raises(GaveUp, match="waiting for MachineA#1 to be ready"):
        await cast.start("MachineA", "slow")


async def test_a_process_that_ends_by_itself_ends_the_demo_with_its_last_words() -> None:
    with pytest.raises(ExceptionGroup) as caught:
        async with trio.open_nursery() as nursery:
            await Cast(nursery, Notes(), program=STAND_IN).start("MachineA", "loud")
    (complaint,) = caught.value.exceptions
    assert isinstance(complaint, Complaint)
    assert str(complaint) == "MachineA#1 ended with status 3: last words"


async def test_at_the_end_everybody_may_go(cast: Cast) -> None:
    host, _ = await cast.start("MachineA")
    other, _ = await cast.start("MachineB")
    await cast.children[other].send(end=True)  # as its session is over
    with trio.fail_after(30):
        await cast.end(host)
    assert cast.living() == ()
