from __future__ import annotations

import os
from pathlib import Path

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


def dies_once(path: str) -> int:
    """Ends its process the first time."""
    if not os.path.exists(path):
        with open(path, "w"):
            os._exit(1)
    return 7


def test_what_a_lost_process_was_at_is_done_again(tmp_path: Path) -> None:
    with share_out(2) as each:
        assert list(each(dies_once, [str(tmp_path / "one"), str(tmp_path / "two")])) == [7, 7]
