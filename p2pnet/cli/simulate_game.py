"""`p2pnet simulate MODULE:GAME`: random stories of somebody's game, in which its host is lost."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from ..core.errors import DeclarationError
from ..core.settings import Settings
from ..testing.games.expressions import Imports
from ..testing.games.story import Story, StoryError, game_of_file, is_story, read_story
from .complaints import CRASHED, OK, Complaint, one_line
from .loading import GameName, load_game, load_value
from .simulate_report import check_report, write_run

__all__ = ["GameRequest", "is_story", "simulate_game"]

if TYPE_CHECKING:
    from ..testing.games.campaign import Loaded, Order, Report, Tallied
    from ..testing.report.picture import Picture


@attrs.frozen(kw_only=True)
class GameRequest:
    """What was asked for at the command line. `workers` 0 is one for each core."""

    game: str
    invariants: tuple[str, ...]
    local: tuple[str, ...]
    scenarios: int
    seed: int
    peers: tuple[int, int]
    settings: Settings
    workers: int
    as_json: bool
    report: Path | None = None


def simulate_game(request: GameRequest, replay: Path | None, for_sessions: bool) -> int:
    """Play one story again, or a campaign. Returns the exit status. Raises `Complaint`.

    `for_sessions`: options were given that only make sense without a game.
    """
    if for_sessions:
        raise Complaint(
            "--scenario, --number, --cluster and --lane are for sessions without a game"
        )
    check_report(request.report, of_campaign=False)
    return run_game(request) if replay is None else replay_story(replay, request)


def check_installed() -> None:
    """Raises `Complaint` if what draws stories is not there."""
    if importlib.util.find_spec("hypothesis") is None:
        raise Complaint(
            "to simulate a game, hypothesis has to be installed: pip install 'p2pnet[testing]'"
        )


def load(order: Order) -> Loaded:
    """What the names of an order stand for. Raises `Complaint`."""
    from ..testing.games.campaign import Loaded

    game = load_game(GameName.parse(order.game))
    return Loaded(game, tuple(_invariant(name) for name in order.invariants))


def _invariant(name: str) -> Callable[..., Any]:
    value = load_value(GameName.parse(name))
    if not callable(value):
        kind = type(value).__name__
        raise Complaint(f"{name} is of type {kind}; an invariant is a function that gets the world")
    return value


def run_game(request: GameRequest) -> int:
    """Run a campaign. Returns the exit status. Raises `Complaint` for what can't be run."""
    check_installed()
    if request.scenarios < 1:
        raise Complaint(f"--scenarios is {request.scenarios}: give 1 or more")
    if request.workers < 0:
        raise Complaint(f"--workers is {request.workers}: give 1 or more, or leave it out")
    order = _order(request)
    loaded = load(order)  # complains here, and not in some worker
    # As it is now: while the game plays, its own output goes nowhere.
    console = Console(file=sys.stderr if request.as_json else sys.stdout)
    report = _run(order, request, console)
    failure = report.tallied.failure
    if failure is not None:
        for text, style in ((failure.text, "bold red"), (failure.note, "")):
            console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)
        path = _keep(request, failure.story)
        picture = write_run(path.with_suffix(".html"), _drawn(order, loaded, failure.story))
        console.print(f"The story is in {path}, its picture in {picture}.", highlight=False)
        console.print(f"To see it again: p2pnet simulate --replay {path}", highlight=False)
    console.print(_table(request, report))
    if request.report is not None:
        text = report.tallied.longest[1] if failure is None else failure.story
        if text:
            write_run(request.report, _drawn(order, loaded, text))
            console.print(f"The report is in {request.report}.", highlight=False)
        else:
            console.print("There is no report: no story lost its host.", highlight=False)
    if request.as_json:
        print(json.dumps(_line(request, report)), flush=True)
    return OK if failure is None else CRASHED


def _order(request: GameRequest) -> Order:
    from ..testing.games.campaign import Order

    return Order(
        game=request.game,
        invariants=request.invariants,
        local=request.local,
        settings=request.settings,
        peers=request.peers,
        seed=request.seed,
    )


def _run(order: Order, request: GameRequest, console: Console) -> Report:
    from ..testing.games.campaign import run_campaign

    workers = request.workers or os.cpu_count() or 1
    columns = (
        TextColumn("playing"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[hosts]}"),
        TimeRemainingColumn(),
    )
    with Progress(
        *columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False
    ) as progress:
        task = progress.add_task("", total=request.scenarios, hosts="")

        def show(so_far: Tallied) -> None:
            hosts = f"{so_far.hosts_lost} hosts lost"
            progress.update(task, completed=so_far.stories, hosts=hosts)

        try:
            return run_campaign(order, load, request.scenarios, workers, show)
        except DeclarationError as error:
            raise Complaint(one_line(error)) from None


def _drawn(order: Order, loaded: Loaded, text: str) -> Picture:
    """The picture of a story."""
    from ..testing.games.campaign import rules_of
    from ..testing.games.picture import picture_of

    story = Story.from_json(text, loaded.game)
    return picture_of(rules_of(order, loaded), story, f"A story of {order.game}")


def _keep(request: GameRequest, story: str) -> Path:
    """Write the story to a file in the current directory. Raises `Complaint`."""
    name = re.sub(r"\W+", "-", request.game).strip("-")
    path = Path(f"{name}-{request.seed}.json")
    try:
        path.write_text(story, "utf-8")
    except OSError as error:
        raise Complaint(f"{path} can't be written: {error.strerror}") from None
    return path


def _table(request: GameRequest, report: Report) -> Table:
    """One row for each thing that was counted or found."""
    tallied = report.tallied
    shown = Table(title="What became of it", show_header=False, title_justify="left")
    shown.add_column(style="bold")
    shown.add_column()
    shown.add_row("game", request.game)
    shown.add_row("invariants", ", ".join(request.invariants) or "that all peers agree")
    shown.add_row("stories", str(tallied.stories))
    shown.add_row("failures", _what(report) or "0")
    shown.add_row("commands", str(tallied.commands))
    shown.add_row("changes of host", str(tallied.hosts_lost))
    shown.add_row("virtual time", f"{tallied.virtual_s:.0f} s")
    shown.add_row("stories a second", f"{report.stories_per_s:.0f}")
    shown.add_row("digest", tallied.digest.hex())
    return shown


def _what(report: Report) -> str:
    failure = report.tallied.failure
    if failure is None:
        return ""
    places = ", ".join(f"{m.kind.value} of {m.place}" for m in failure.mistakes)
    return places or failure.error


def _line(request: GameRequest, report: Report) -> dict[str, Any]:
    """What a program that started a campaign wants to know."""
    tallied = report.tallied
    failure = tallied.failure
    return {
        "event": "campaign",
        "lane": "game",
        "game": request.game,
        "scenarios": tallied.stories,
        "violations": 0 if failure is None else 1,
        "violation": None if failure is None else failure.error,
        "text": "" if failure is None else failure.text,
        "mistakes": [
            {"kind": mistake.kind.value, "place": mistake.place}
            for mistake in (failure.mistakes if failure else ())
        ],
        "commands": tallied.commands,
        "hosts_lost": tallied.hosts_lost,
        "virtual_s": round(tallied.virtual_s, 1),
        "scenarios_per_s": round(report.stories_per_s, 1),
        "digest": tallied.digest.hex(),
    }


# --- one story ------------------------------------------------------------------------------------


def replay_story(path: Path, request: GameRequest) -> int:
    """Play the story in a file. Returns the exit status. Raises `Complaint`.

    The game is the one that the file names, unless the command line names another.
    """
    check_installed()
    from ..testing.games.campaign import rules_of
    from ..testing.games.playing import play_story

    try:
        request = attrs.evolve(request, game=request.game or game_of_file(path))
        order = _order(request)
        loaded = load(order)
        story = Story.from_json(read_story(path), loaded.game)
    except StoryError as error:
        raise Complaint(f"{path}: {one_line(error)}") from None
    stream = sys.stderr if request.as_json else sys.stdout
    for step in story.steps:
        print(step.code(Imports()), file=stream)
    found: Exception | None = None
    try:
        rules_of(order, loaded).play(
            lambda world: play_story(world, story), story.peers, story.seed
        )
    except Exception as error:  # noqa: BLE001  whatever the story comes to is what it shows
        found = error
    print("no failure" if found is None else f"{type(found).__name__}: {found}", file=stream)
    if request.report is not None:
        written = write_run(request.report, _drawn(order, loaded, read_story(path)))
        print(f"the picture is in {written}", file=stream)
    if request.as_json:
        violation = None if found is None else type(found).__name__
        line = {"event": "scenario", "lane": "game", "game": request.game, "violation": violation}
        print(json.dumps({**line, "text": "" if found is None else str(found)}), flush=True)
    return OK if found is None else CRASHED
