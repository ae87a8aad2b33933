"""The `p2pnet` command: `host`, `join`, `demo` and `simulate`.

`demo` and `simulate` import what they run when they are asked to: whoever plays starts in half the
time without it.
"""

from __future__ import annotations

import getpass
import io
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..core.settings import Settings
from ..peer import Identity, Invite
from .complaints import COMPLAINT, INTERRUPTED, Complaint
from .invites import split_hint
from .loading import GameName, load_game
from .session import Plan, run_session
from .setting_texts import read_settings
from .terminal import Terminal

if TYPE_CHECKING:
    from .simulate import Request

app = typer.Typer(
    help="Peer-to-peer games that outlive their host.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

_Name = Annotated[str, typer.Option(help="What the others call you; by default your login name.")]
_Port = Annotated[
    int, typer.Option(min=0, max=65_535, help="Where others reach you; 0 for any free port.")
]
_Address = Annotated[str, typer.Option(help="Address of this machine to listen at.")]
_IdentityFile = Annotated[
    Path | None,
    typer.Option(
        "--identity",
        metavar="FILE",
        help="Keep your identity in this file, to get your player back after a restart.",
    ),
]
_SettingTexts = Annotated[
    list[str] | None,
    typer.Option("--settings", metavar="KEY=VALUE", help="A field of p2pnet.Settings. Repeatable."),
]
_Json = Annotated[
    bool, typer.Option("--json", help="Speak JSON on standard input and output, for programs.")
]
_Lane = Annotated[
    str,
    typer.Option(
        help="What plays: mere cores (core), real peers in virtual time (trio), or real processes "
        "(real)."
    ),
]
_Minutes = Annotated[float, typer.Option(help="How long real processes are made to suffer.")]
_Number = Annotated[
    int | None,
    typer.Option(min=0, help="Play this one of the scenarios alone, and print its transcript."),
]
_ReportFile = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Draw what happened: a name that ends in .html or .svg."),
]
_Cluster = Annotated[
    str, typer.Option(metavar="ADDRESS", help="Have the workers of this Dask scheduler play.")
]
_SimulatedGame = Annotated[
    str,
    typer.Argument(metavar="[MODULE:GAME]", help="Simulate this game; else sessions without one."),
]
_Invariants = Annotated[
    list[str] | None,
    typer.Option(metavar="MODULE:NAME", help="Functions that have to hold in a game. Repeatable."),
]
_Local = Annotated[
    list[str] | None,
    typer.Option(metavar="PLACE", help="What a game keeps on each peer on purpose: Tank.sprite."),
]
_T0 = Annotated[int | None, typer.Option("--t0", hidden=True)]
_ExitOnEof = Annotated[bool, typer.Option("--exit-on-eof", hidden=True)]


@app.command()
def host(
    target: Annotated[
        str, typer.Argument(metavar="MODULE:GAME", help="The game, such as tanks:game.")
    ],
    name: _Name = "",
    port: _Port = 7777,
    address: _Address = "0.0.0.0",
    identity: _IdentityFile = None,
    settings: _SettingTexts = None,
    resume: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", exists=True, dir_okay=False, help="Go on with a session that was saved."
        ),
    ] = None,
    json: _Json = False,
    t0: _T0 = None,
    exit_on_eof: _ExitOnEof = False,
) -> None:
    """Open a game and play in it. Prints the invite for the others."""
    terminal = Terminal(name=name or _login_name(), as_json=json, t0_ns=t0 or time.monotonic_ns())
    with terminal.told():
        game_name = GameName.parse(target)
        plan = Plan(
            game=load_game(game_name),
            game_name=game_name,
            name=terminal.name,
            settings=read_settings(settings or ()),
            identity=_identity(identity),
            address=address,
            port=port,
            resume=resume,
            exit_on_eof=exit_on_eof,
        )
        raise typer.Exit(run_session(plan, terminal.front(game_name)))


@app.command()
def join(
    invite: Annotated[str, typer.Argument(metavar="INVITE", help="What the host's game printed.")],
    game: Annotated[
        str,
        typer.Option(metavar="MODULE:GAME", help="The game, if not the one named in the invite."),
    ] = "",
    name: _Name = "",
    port: _Port = 0,
    address: _Address = "0.0.0.0",
    identity: _IdentityFile = None,
    settings: _SettingTexts = None,
    json: _Json = False,
    t0: _T0 = None,
    exit_on_eof: _ExitOnEof = False,
) -> None:
    """Join a game with the invite of its host, or of anybody in it."""
    terminal = Terminal(name=name or _login_name(), as_json=json, t0_ns=t0 or time.monotonic_ns())
    with terminal.told():
        bare, hint = split_hint(invite)
        Invite.parse(bare)  # a bad invite is told before any code of the game runs
        game_name = GameName.parse(game) if game else _game_of(hint)
        plan = Plan(
            game=load_game(game_name),
            game_name=game_name,
            name=terminal.name,
            settings=read_settings(settings or ()),
            identity=_identity(identity),
            address=address,
            port=port,
            invite=bare,
            exit_on_eof=exit_on_eof,
        )
        raise typer.Exit(run_session(plan, terminal.front(game_name)))


@app.command()
def demo(
    peers: Annotated[int, typer.Option(help="How many processes play, 2 to 16.")] = 3,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Watch a game of several processes on this machine lose its host, twice, and go on."""
    from .demo.perform import run_demo

    raise typer.Exit(run_demo(peers, json))


@app.command()
def simulate(
    target: _SimulatedGame = "",
    scenarios: Annotated[int, typer.Option(help="How many random scenarios to play.")] = 1_000,
    seed: Annotated[int, typer.Option(help="Of all that is random in them.")] = 0,
    peers: Annotated[str, typer.Option(help="How many play in each, such as 4 or 2-8.")] = "2-8",
    policy: Annotated[
        str, typer.Option(help="What a part of a session does: a value of p2pnet.Policy.")
    ] = "continue",
    lane: _Lane = "",
    minutes: _Minutes = 1.0,
    workers: Annotated[
        int, typer.Option(help="Processes that share the work; 0 for one a core.")
    ] = 0,
    json: Annotated[bool, typer.Option("--json", help="One JSON object as the last line.")] = False,
    replay: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Play this scenario, and print its transcript."),
    ] = None,
    scenario: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Play this scenario, written by hand.")
    ] = None,
    number: _Number = None,
    report: _ReportFile = None,
    cluster: _Cluster = "",
    invariants: _Invariants = None,
    local: _Local = None,
) -> None:
    """Break simulated sessions in random ways, and see whether they come together again."""
    from .simulate import REAL, Request, parse_peers, parse_policy, run_file, run_simulations
    from .simulate_game import GameRequest, is_story, simulate_game

    if target or (replay is not None and is_story(replay)):
        of_sessions = (scenario, cluster, lane, number is not None)
        game = GameRequest(
            game=target,
            invariants=tuple(invariants or ()),
            local=tuple(local or ()),
            scenarios=scenarios,
            seed=seed,
            peers=parse_peers(peers),
            settings=Settings(policy=parse_policy(policy)),
            workers=workers,
            as_json=json,
            report=report,
        )
        raise typer.Exit(simulate_game(game, replay, any(of_sessions)))
    if invariants or local:
        raise Complaint("--invariants and --local are for a game: give MODULE:GAME too")
    if sum(given is not None for given in (replay, scenario, number)) > 1:
        raise Complaint("give --replay, --scenario or --number, one of them")
    if (path := replay or scenario) is not None:
        raise typer.Exit(run_file(path, json, replay is not None, report, lane))
    request = Request(
        scenarios=scenarios,
        seed=seed,
        peers=peers,
        policy=policy,
        workers=workers,
        as_json=json,
        report=report,
        cluster=cluster,
        lane=lane,
        number=number,
    )
    is_real = lane == REAL
    raise typer.Exit(_simulate_real(request, minutes) if is_real else run_simulations(request))


def _simulate_real(request: Request, minutes: float) -> int:
    from .real.perform import Wish, run_real
    from .simulate import parse_peers

    if request.cluster or request.number is not None:
        raise Complaint("--cluster and --number are for runs in virtual time, not for --lane real")
    wish = Wish(
        minutes=minutes,
        seed=request.seed,
        peers=parse_peers(request.peers),
        as_json=request.as_json,
        report=request.report,
    )
    return run_real(wish)


def main(arguments: Sequence[str] | None = None) -> None:
    """The entry point. Whatever the user can mend comes out as one line and exit status 2."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # Windows has narrow code pages for files and old consoles: there a sign is a `?`.
            stream.reconfigure(errors="replace")
    try:
        status = app(arguments, standalone_mode=False)
    except Complaint as error:
        status = _complain(str(error))
    except KeyboardInterrupt:
        status = INTERRUPTED
    except Exception as error:
        # What typer says of a wrong command line has no public base class in all of its versions.
        if not hasattr(error, "format_message"):
            raise
        text = error.format_message()
        status = _complain(f"{text} (see p2pnet --help)") if text else COMPLAINT
    sys.exit(status)


def _complain(text: str) -> int:
    print(f"p2pnet: {' '.join(text.split())}", file=sys.stderr)
    return COMPLAINT


def _game_of(hint: GameName | None) -> GameName:
    """The game that an invite names. Says so, because code of that name will be run."""
    if hint is None:
        raise Complaint("the invite does not name its game: add --game MODULE:GAME")
    print(f"the invite is for {hint}: importing the module {hint.module}", file=sys.stderr)
    return hint


def _login_name() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "player"


def _identity(path: Path | None) -> Identity | None:
    if path is None:
        return None
    try:
        return Identity.load_or_create(path)
    except OSError as error:
        raise Complaint(f"the identity file {path} can't be used: {error.strerror}") from None
