"""In each drill one rule is taken out, and what it was there for shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from p2pnet.core import routing
from p2pnet.core.link_state import LinkState
from p2pnet.core.mesh import Mesh
from p2pnet.core.messages import Bye, Command, Handover, Renumber
from p2pnet.testing.drills import DRILLS
from p2pnet.testing.masquerades import lies, old_words, twin
from p2pnet.testing.playing import play
from p2pnet.testing.scenario import Drill, Scenario
from p2pnet.testing.shrinking import breaks
from simulations.mutants import MUTANTS


def drill(kind: Drill, seed: int = 1) -> Scenario:
    return Scenario(4, (), seed, drill=kind)


def test_all_of_them_are_held_in_campaigns() -> None:
    assert {lies, old_words, twin} <= {rules.do for rules in DRILLS.values()}


@pytest.mark.parametrize("kind", [Drill.LIES, Drill.OLD_WORDS, Drill.TWIN, Drill.HOLLOW])
def test_none_of_it_does_any_harm(kind: Drill) -> None:
    assert play(drill(kind)).converged_us is not None


@pytest.mark.parametrize("frame", [Command, Handover])
def test_words_of_an_older_reign_are_fenced(monkeypatch: pytest.MonkeyPatch, frame: Any) -> None:
    states, _, handler = routing._ROUTES[frame]
    monkeypatch.setitem(routing._ROUTES, frame, (states, False, handler))
    assert breaks(drill(Drill.OLD_WORDS)) is not None


def _renumbers(router: Any, link: LinkState, frame: Renumber, data: bytes) -> None:
    if not router.roles.following.on_renumber(link, frame.reign):
        router.roles.obey(frame.reign, ())


def _goes(router: Any, link: LinkState, frame: Bye, data: bytes) -> None:
    router.session.finish(frame.reason, frame.text)


@pytest.mark.parametrize(("frame", "heeds"), [(Renumber, _renumbers), (Bye, _goes)])
def test_only_the_host_speaks_for_the_reign(
    monkeypatch: pytest.MonkeyPatch, frame: Any, heeds: Callable[..., None]
) -> None:
    states, fenced, _ = routing._ROUTES[frame]
    monkeypatch.setitem(routing._ROUTES, frame, (states, fenced, heeds))
    assert breaks(drill(Drill.OLD_WORDS)) is not None


def test_of_two_processes_with_one_key_the_later_one_has_the_seat(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Mesh, "is_here", lambda *details: False)
    assert breaks(drill(Drill.TWIN)) is not None


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("waits_to_be_welcomed", Drill.HOLLOW),
        ("oaths_count_for_anybody", Drill.LIES),
        ("claims_after_a_reign_that_never_was", Drill.LIES),
        ("meets_for_a_reign_that_never_was", Drill.LIES),
    ],
)
def test_a_reign_that_is_not_there_is_nobodys(name: str, kind: Drill) -> None:
    with MUTANTS[name].plant():
        assert MUTANTS[name].invariant in {breaks(drill(kind, seed)) for seed in range(3)}
