"""A host that lives is not replaced, however bad the network."""

from __future__ import annotations

from simulations.soak import Soak, main, soak


def test_nobody_takes_the_place_of_a_host_that_is_only_late() -> None:
    toll = soak(Soak(players=4, hours=0.05, lost_permille=50, jitter_us=100_000))
    assert toll.false_successions == 0


def test_hardly_anybody_does_when_the_weather_turns() -> None:
    """In the first seconds silences mean what they meant before, and nobody knows better yet."""
    games = [Soak(players, hours=1 / 180, seed=seed) for players in (4, 6) for seed in range(6)]
    assert sum(soak(game).false_successions > 0 for game in games) <= 1


def test_what_members_think_of_their_host_is_counted() -> None:
    toll = soak(Soak(players=3, hours=0.02, lost_permille=300))
    assert toll.counts["suspected the host"] > 0


def test_a_calm_network_costs_nothing() -> None:
    assert main(["--hours", "0.01", "--lost", "0", "--jitter-ms", "0"]) == 0
