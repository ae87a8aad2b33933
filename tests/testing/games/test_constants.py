from __future__ import annotations

import sys
import types

import hypothesis
from hypothesis import strategies as st
from hypothesis.internal.conjecture import providers

from p2pnet.testing.games.constants import constants_of

from .mistaken import MINERS


def drawn() -> list[int]:
    found: list[int] = []

    @hypothesis.seed(7)
    @hypothesis.settings(max_examples=60, database=None)
    @hypothesis.given(st.integers())
    def draw(number: int) -> None:
        found.append(number)

    with constants_of(MINERS):
        draw()
    return found


def test_what_else_is_loaded_does_not_change_what_is_drawn(tmp_path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    first = drawn()
    path = tmp_path / "another.py"
    path.write_text("NUMBERS = [" + ", ".join(str(10**9 + n) for n in range(200)) + "]", "utf-8")
    another = types.ModuleType("another")
    another.__file__ = str(path)
    monkeypatch.setitem(sys.modules, "another", another)
    assert drawn() == first


def test_it_is_as_before_afterwards() -> None:
    before = providers._get_local_constants
    drawn()
    assert providers._get_local_constants is before
