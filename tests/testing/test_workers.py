from __future__ import annotations

import os

import pytest

from p2pnet.testing.workers import share_out


def square(number: int) -> tuple[int, int]:
    return number * number, os.getpid()


@pytest.mark.parametrize("count", [0, 1, 2])
def test_results_come_in_order_from_whoever_does_the_work(count: int) -> None:
    with share_out(count) as each:
        done = list(each(square, [3, 1, 2]))
    assert [result for result, _ in done] == [9, 1, 4]
    here = {process for _, process in done} == {os.getpid()}
    assert here is (count < 2)
