"""Many stories of somebody's game, on all cores, and what came of them.

The work is cut into blocks. Each has a seed of its own that follows from that of the campaign, so
what is played does not depend on how many processes share it. The first failure ends a campaign.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import time
from collections.abc import Callable
from typing import Final

import attrs
import hypothesis

from p2pnet.core.settings import Settings
from p2pnet.world.game import Game

from ..streams import stream
from ..workers import share_out
from .constants import constants_of
from .drawn import Plan, plans
from .mistakes import Mistake, MistakesFound
from .moves import Drop, Incident
from .playing import Rules, play_plan
from .searching import search
from .story import Story
from .world import Invariant

_BLOCK: Final = 25  # stories that a worker takes at one time


@attrs.frozen(kw_only=True)
class Order:
    """What is to be played. Names and not things, since other processes have to find them too."""

    game: str
    """MODULE:GAME."""
    invariants: tuple[str, ...] = ()
    local: tuple[str, ...] = ()
    settings: Settings = attrs.field(factory=Settings)
    peers: tuple[int, int] = (2, 5)
    drops: tuple[int, int] = (1, 3)
    seed: int = 0


@attrs.frozen
class Loaded:
    """What the names of an order stand for."""

    game: Game
    invariants: tuple[Invariant, ...]


Load = Callable[[Order], Loaded]
"""Imports what an order names. Has to be a function of a module, for other processes."""


@attrs.frozen
class Failure:
    """The shortest story that fails, and how."""

    error: str
    """The name of the exception."""
    text: str
    note: str
    """The story as a test."""
    mistakes: tuple[Mistake, ...]
    story: str
    """As JSON."""


@attrs.define
class Tallied:
    """What came of a number of stories. Can be added up."""

    stories: int = 0
    commands: int = 0
    hosts_lost: int = 0
    virtual_s: float = 0.0
    digest: bytes = b""
    failure: Failure | None = None
    longest: tuple[int, str] = (0, "")
    """How many hosts were lost in the story in which most were, and that story as JSON."""

    def add(self, other: Tallied) -> None:
        """What came of the stories right after these."""
        self.stories += other.stories
        self.commands += other.commands
        self.hosts_lost += other.hosts_lost
        self.virtual_s += other.virtual_s
        self.digest = hashlib.blake2b(self.digest + other.digest, digest_size=16).digest()
        self.failure = other.failure
        self.longest = max(self.longest, other.longest, key=lambda pair: pair[0])


@attrs.frozen
class Report:
    """A campaign that is over."""

    tallied: Tallied
    seconds: float

    @property
    def stories_per_s(self) -> float:
        """By the clock on the wall, all workers together."""
        return self.tallied.stories / max(self.seconds, 1e-9)


def run_campaign(
    order: Order,
    load: Load,
    stories: int,
    workers: int = 1,
    on_progress: Callable[[Tallied], None] = lambda so_far: None,
) -> Report:
    """Play so many stories, fewer if one fails. `on_progress` gets all so far."""
    began = time.perf_counter()
    total = Tallied()
    blocks = [
        (number, min(_BLOCK, stories - first))
        for number, first in enumerate(range(0, stories, _BLOCK))
    ]
    with share_out(min(workers, len(blocks))) as each:
        for tallied in each(functools.partial(_play_block, order, load), blocks):
            total.add(tallied)
            on_progress(total)
            if total.failure is not None:
                break
    return Report(total, time.perf_counter() - began)


def rules_of(order: Order, loaded: Loaded) -> Rules:
    """What all stories of an order have in common."""
    return Rules(
        game=loaded.game,
        invariants=loaded.invariants,
        local=order.local,
        settings=order.settings,
    )


def _play_block(order: Order, load: Load, block: tuple[int, int]) -> Tallied:
    """Play the stories of one block; the first failure is the last.

    What the game prints goes nowhere: of a thousand stories it would say nothing to anybody.
    """
    number, stories = block
    loaded = load(order)
    rules = rules_of(order, loaded)
    told: dict[str, Story] = {}
    last: list[Story] = []
    tallied, digest = Tallied(), hashlib.blake2b(digest_size=16)

    def tell(story: Story) -> str:
        note = rules.told(story)
        told[note] = story
        return note

    def play(plan: Plan) -> Story:
        body = functools.partial(play_plan, plan=plan)
        return rules.play(body, plan.peers, plan.seed, tell)

    def count(story: Story) -> None:
        last[:] = [story]
        tallied.stories += 1
        tallied.commands += story.commands
        tallied.hosts_lost += story.hosts_lost
        tallied.virtual_s += story.length_s
        digest.update(story.to_json(loaded.game).encode())
        if story.hosts_lost > tallied.longest[0]:
            tallied.longest = story.hosts_lost, story.to_json(loaded.game, order.game)

    try:
        with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
            drawn, seed = _drawn(order, loaded.game), _seed(order.seed, number)
            with constants_of(loaded.game):
                search("campaign", drawn, play, _settings(stories), seed, count, order.local)
    except Exception as error:
        notes = [note for note in getattr(error, "__notes__", ()) if note in told]
        if notes:
            tallied.stories += 1
            tallied.failure = _failure(error, told[notes[0]], notes[0], order, loaded.game)
        elif isinstance(error, MistakesFound) and last:
            tallied.failure = _failure(error, last[0], "", order, loaded.game)
        else:
            raise  # nothing that a story could show
    tallied.digest = digest.digest()
    return tallied


def _drawn(order: Order, game: Game) -> hypothesis.strategies.SearchStrategy[Plan]:
    peers, drops = (range(low, high + 1) for low, high in (order.peers, order.drops))
    return plans(game, peers, drops, {}, None, list(Drop), list(Incident))


def _settings(stories: int) -> hypothesis.settings:
    return hypothesis.settings(max_examples=stories, database=None)


def _seed(seed: int, number: int) -> int:
    return stream(seed, "stories", number).getrandbits(64)


def _failure(error: Exception, story: Story, note: str, order: Order, game: Game) -> Failure:
    mistakes = error.mistakes if isinstance(error, MistakesFound) else ()
    text = story.to_json(game, order.game)
    return Failure(type(error).__name__, str(error), note, mistakes, text)
