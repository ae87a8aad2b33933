from __future__ import annotations

import gc

import pytest
import trio
import trio.testing

from p2pnet.core.errors import CommandFailed, CommandLost, LocalProtocolError
from p2pnet.peer.receipts import Receipt


async def test_a_settled_receipt_gives_its_value_again_and_again() -> None:
    receipt: Receipt[int] = Receipt()
    receipt.settle(7)
    assert [await receipt, await receipt, receipt.result()] == [7, 7, 7]


async def test_many_tasks_wait_for_one_receipt() -> None:
    receipt: Receipt[str] = Receipt()
    got: list[str] = []

    async def wait() -> None:
        got.append(await receipt)

    async with trio.open_nursery() as nursery:
        for _ in range(5):
            nursery.start_soon(wait)
        await trio.testing.wait_all_tasks_blocked()
        assert got == []
        receipt.settle("done")
    assert got == ["done"] * 5


async def test_none_is_a_result_like_any_other() -> None:
    receipt: Receipt[None] = Receipt()
    receipt.settle(None)
    assert receipt.done
    assert await receipt is None


async def test_a_failed_receipt_raises_for_everybody() -> None:
    receipt: Receipt[int] = Receipt()
    receipt.fail(CommandFailed("ValueError", "no gold"))
    for _ in range(2):
        with pytest.raises(CommandFailed, match="no gold"):
            await receipt
    with pytest.raises(CommandFailed):
        receipt.result()


async def test_raising_again_does_not_pile_up_traces() -> None:
    receipt: Receipt[int] = Receipt()
    receipt.fail(CommandLost("gone"))
    lengths = []
    for _ in range(3):
        with pytest.raises(CommandLost) as caught:
            await receipt
        lengths.append(len(caught.traceback))
    assert len(set(lengths)) == 1


def test_the_result_of_an_open_receipt_is_a_misuse() -> None:
    receipt: Receipt[int] = Receipt()
    assert not receipt.done
    with pytest.raises(LocalProtocolError, match="await"):
        receipt.result()


async def test_the_first_outcome_stands() -> None:
    receipt: Receipt[int] = Receipt()
    receipt.settle(1)
    receipt.settle(2)
    receipt.fail(CommandLost("late"))
    assert await receipt == 1


async def test_a_cancelled_wait_leaves_the_receipt_as_it_was() -> None:
    receipt: Receipt[int] = Receipt()
    with trio.CancelScope() as scope:
        scope.cancel()
        await receipt
    assert scope.cancelled_caught
    receipt.settle(3)
    assert await receipt == 3


async def test_awaiting_a_settled_receipt_gives_way_to_others() -> None:
    receipt: Receipt[int] = Receipt()
    receipt.settle(1)
    with trio.testing.assert_checkpoints():
        await receipt


async def test_an_outcome_that_nobody_waits_for_makes_no_noise(
    recwarn: pytest.WarningsRecorder,
) -> None:
    receipt: Receipt[int] = Receipt()
    receipt.fail(CommandLost("gone"))
    del receipt
    gc.collect()
    assert not recwarn.list


@pytest.mark.parametrize(("how", "shown"), [("open", "waiting"), ("value", "7"), ("error", "gone")])
def test_a_receipt_shows_its_state(how: str, shown: str) -> None:
    receipt: Receipt[int] = Receipt()
    if how == "value":
        receipt.settle(7)
    elif how == "error":
        receipt.fail(CommandLost("gone"))
    assert shown in repr(receipt)
