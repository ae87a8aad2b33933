"""Every scenario that a fault of the protocol was ever found by: none of them may come back."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from p2pnet.testing.apart import Apart
from p2pnet.testing.playing import play
from p2pnet.testing.scenario_json import read

CORPUS: Final = Path(__file__).parents[2] / "simulations" / "corpus"
TOGETHER_US: Final = 1_000_000  # the longest that a healed session may take with short round trips


@pytest.mark.parametrize("file", sorted(CORPUS.glob("*.json")), ids=lambda path: path.stem)
def test_what_was_found_once_passes_now(file: Path) -> None:
    run = play(read(file))
    if run.converged_us is not None and run.apart is Apart.NEAR:
        assert run.converged_us <= TOGETHER_US
