from __future__ import annotations

import json

import pytest

from p2pnet import Settings
from p2pnet.testing import MistakesFound
from p2pnet.testing.games import campaign
from p2pnet.testing.games.campaign import Loaded, Order, Tallied, rules_of, run_campaign
from p2pnet.testing.games.playing import play_story
from p2pnet.testing.games.story import Story

from .mistaken import MINERS, Hoarder, game_of

HOARDERS = game_of(Hoarder)


def load(order: Order) -> Loaded:
    return Loaded({"miners": MINERS, "hoarders": HOARDERS}[order.game], ())


def test_a_campaign_counts_what_it_played_and_is_the_same_each_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(campaign, "_BLOCK", 5)
    told: list[int] = []
    order = Order(game="miners", seed=3, peers=(2, 3))
    reports = [
        run_campaign(order, load, 8, on_progress=lambda so_far: told.append(so_far.stories))
        for _ in range(2)
    ]
    first, second = (report.tallied for report in reports)
    assert first == second and first.stories == 8 and first.failure is None
    assert first.commands > 0 and first.hosts_lost > 0 and first.virtual_s > 8
    assert told == [5, 8] * 2
    other = run_campaign(Order(game="miners", seed=4, peers=(2, 3)), load, 5).tallied
    assert other.digest != first.digest


def test_the_first_failure_ends_it_and_can_be_played_again() -> None:
    settings = Settings(heartbeat_us=100_000)
    order = Order(game="hoarders", settings=settings, peers=(2, 3), drops=(1, 1))
    tallied = run_campaign(order, load, 200).tallied
    assert tallied.stories < 200 and tallied.failure is not None
    assert tallied.failure.error == "MistakesFound"
    assert [mistake.place for mistake in tallied.failure.mistakes] == ["Hoarder.gold"]
    assert "@simulated(HOARDERS, peers=" in tallied.failure.note.replace("game", "HOARDERS")
    assert json.loads(tallied.failure.story)["game"] == "hoarders"
    story = Story.from_json(tallied.failure.story, HOARDERS)
    with pytest.raises(MistakesFound) as caught:
        rules_of(order, load(order)).play(lambda world: play_story(world, story), story.peers)
    assert str(caught.value) == tallied.failure.text


def test_tallies_add_up() -> None:
    one = Tallied(stories=2, commands=3, hosts_lost=1, virtual_s=1.5, digest=b"a")
    total = Tallied()
    for _ in range(2):
        total.add(one)
    assert (total.stories, total.commands, total.hosts_lost, total.virtual_s) == (4, 6, 2, 3.0)
    assert len(total.digest) == 16
