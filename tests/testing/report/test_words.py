"""Every fault and every event of the protocol has words of its own."""

from __future__ import annotations

import pytest

from p2pnet.core import events
from p2pnet.core.errors import RefuseReason
from p2pnet.core.values import PeerId
from p2pnet.testing.report.picture import Sort
from p2pnet.testing.report.words import _FAULTS, of_event, of_fault
from p2pnet.testing.scenario import AMOUNTS, Kind, Scenario, Step

from .conftest import played

QUIET = {Kind.SUBMIT, Kind.RESUME}
"""Kinds of steps that nobody outside has to be told of."""


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind not in QUIET])
def test_every_kind_of_step_leaves_a_mark_that_is_known(kind: Kind) -> None:
    amount = AMOUNTS.get(kind, (0, 0))[1]
    if kind in (Kind.HALVES, Kind.BRIDGE):
        amount = 2
    first = (Step(Kind.CRASH, 0, 3),) if kind is Kind.RESTART else ()
    steps = (Step(Kind.SUBMIT), *first, Step(kind, 200_000, 2, 0, amount=amount, for_us=50_000))
    picture = played(Scenario(4, (*steps, Step(Kind.NUDGE, 400_000)))).picture
    words = {word for _, _, word in _FAULTS}
    patterns = [pattern for pattern, _, _ in _FAULTS]
    told = [
        mark
        for mark in picture.marks
        if mark.sort in (Sort.DEATH, Sort.FAULT, Sort.ACT) or any(map(_of(mark.text), patterns))
    ]
    assert told
    for mark in told:
        if mark.sort is not Sort.STEP:
            assert any(map(_of(mark.text.split("; ")[0]), patterns)), mark
            assert mark.word in words or mark.word.startswith("kicks")


def _of(text: str):  # type: ignore[no-untyped-def]
    return lambda pattern: pattern.match(text) is not None


def test_what_nobody_thought_of_is_still_a_fault() -> None:
    assert of_fault("explodes in a new way") == (Sort.FAULT, "explodes")


def test_a_veto_is_told_apart_from_other_refusals() -> None:
    who = PeerId("x")
    refused = [events.ClaimRefused(2, who, reason) for reason in RefuseReason]
    words = {event.reason: of_event(event) for event in refused}
    assert words[RefuseReason.ALIVE] == (Sort.VETO, "veto")
    assert words[RefuseReason.RANK] == (Sort.VETO, "refused")


def test_what_mirrors_another_event_has_no_mark() -> None:
    assert of_event(events.RoleChanged(None)) is None
