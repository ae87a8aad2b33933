from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from p2pnet.core.granting import Granting
from p2pnet.core.hosting import Hosting
from p2pnet.core.policy import Standing
from p2pnet.core.pulling import Pulling
from p2pnet.core.relay import Relay
from p2pnet.core.roles import Roles
from p2pnet.core.search import Search
from p2pnet.core.session import Session
from p2pnet.core.settings import Policy, Settings
from p2pnet.testing.drills import DRILLS
from p2pnet.testing.playing import Run, play
from p2pnet.testing.scenario import Drill, Scenario
from p2pnet.testing.shrinking import breaks
from p2pnet.testing.streams import stream
from simulations.mutants import MUTANTS


def drill_of(drill: Drill, players: int = 4, seed: int = 1, **settings: Any) -> Scenario:
    usual = DRILLS[drill].settings(stream(seed, "drill"), players)
    chosen = Settings(**settings) if settings else usual
    return Scenario(players, (), seed, settings=chosen, drill=drill)


def held(drill: Drill, players: int = 4, seed: int = 1, **settings: Any) -> Run:
    return play(drill_of(drill, players, seed, **settings))


@pytest.mark.parametrize("drill", Drill)
def test_the_protocol_does_what_a_drill_wants_it_to(drill: Drill) -> None:
    for players in (DRILLS[drill].players, 6):
        run = held(drill, players, seed=players)
        assert run.converged_us is not None


@pytest.mark.parametrize("policy", Policy)
def test_two_sides_go_on_or_stand_still_as_the_policy_says(policy: Policy) -> None:
    for seed in range(3):
        held(Drill.TWO_SIDES, 3 + seed, seed, policy=policy, pause_us=5_000_000)


def test_with_too_few_players_no_drill_is_held() -> None:
    run = held(Drill.SEATS, players=3)
    assert run.watch.reigns == 1 and run.world.peers == run.world.members


def always(answer: object) -> Callable[..., object]:
    return lambda *arguments: answer


def _least_first(find: Callable[..., bool]) -> Callable[..., bool]:
    def reversed_(pulling: Pulling, grants: Any) -> bool:
        found = find(pulling, grants)
        pulling.sources.reverse()
        return found

    return reversed_


@pytest.mark.parametrize(
    ("drill", "owner", "name", "broken", "invariant"),
    [
        (Drill.TWO_SIDES, "p2pnet.core.minority", "stand", always(Standing.GO), "S33"),
        (Drill.TOO_FEW, Search, "looks", always(False), "S33"),
        (Drill.NEIGHBOUR, Relay, "on_carry", always(None), "L4"),
        (Drill.SEATS, Hosting, "expire", always(None), "S30"),
        (Drill.UNREACHABLE, Session, "plan_dial", always(None), "L1"),
        (Drill.SPECTATORS, Granting, "_objection", always(None), "S34"),
        (Drill.STAIRS, Pulling, "find", _least_first(Pulling.find), "S14"),
        (Drill.PATIENT, Roles, "hold", always(None), "L4"),
    ],
)
def test_what_is_done_wrong_shows(
    monkeypatch: pytest.MonkeyPatch,
    drill: Drill,
    owner: Any,
    name: str,
    broken: Callable[..., object],
    invariant: str,
) -> None:
    if isinstance(owner, str):
        monkeypatch.setattr(f"{owner}.{name}", broken)
    else:
        monkeypatch.setattr(owner, name, broken)
    settings: dict[str, Any] = {}
    if drill is Drill.TWO_SIDES:
        settings = {"policy": Policy.MAJORITY_ONLY}
    assert {breaks(drill_of(drill, 5, seed, **settings)) for seed in range(6)} >= {invariant}


@pytest.mark.parametrize("name", ["handovers_count_as_losses", "hosts_leave_without_a_word"])
def test_a_host_that_goes_on_purpose_is_not_lost(name: str) -> None:
    with MUTANTS[name].plant():
        found = {breaks(drill_of(Drill.IN_ORDER, 4, seed)) for seed in range(8)}
        assert MUTANTS[name].invariant in found
