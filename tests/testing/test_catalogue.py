from __future__ import annotations

import re
from pathlib import Path

import pytest

import p2pnet.testing
from p2pnet.testing.catalogue import INVARIANTS, InvariantBroken

SOURCES = sorted(Path(p2pnet.testing.__file__).parent.glob("*.py"))


def test_every_invariant_has_a_name_of_its_own() -> None:
    assert len(set(INVARIANTS.values())) == len(INVARIANTS)
    for number, name in INVARIANTS.items():
        assert re.fullmatch(r"S\d\d|L\d", number)
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", name)


def test_what_is_broken_is_said_by_number_and_name() -> None:
    broken = InvariantBroken("S01", "two of them")
    assert broken.name == "S01"
    assert str(broken) == "S01 one-reign-per-epoch: two of them"


def test_nothing_can_break_that_is_not_in_the_catalogue() -> None:
    with pytest.raises(KeyError):
        InvariantBroken("S99", "no such thing")


def test_whatever_the_simulator_raises_is_in_the_catalogue() -> None:
    text = "".join(path.read_text("utf-8") for path in SOURCES)
    raised = set(re.findall(r'InvariantBroken\(\s*"(\w+)"', text))
    assert len(raised) > 20
    assert raised <= set(INVARIANTS)
