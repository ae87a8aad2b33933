from __future__ import annotations

from simulations.bench import block, main, shares


def test_a_block_is_a_campaign_and_the_time_that_it_took() -> None:
    one, other = block(3, 5), block(3, 5)
    assert one.scenarios == 3 and one.per_s > 0 and one.digest == other.digest


def test_the_shares_make_up_the_whole() -> None:
    found = shares(2, 5)
    assert abs(sum(found.values()) - 1) < 1e-6 and "testing/engine.py" in found


def test_the_figures_are_printed(capsys: object) -> None:
    assert main(["--scenarios", "2", "--blocks", "1", "--profile"]) == 0
