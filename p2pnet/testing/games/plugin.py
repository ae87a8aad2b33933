"""The pytest plugin: the fixture `p2p_world`, the mark `p2p`, options, and a summary.

It is loaded in every run of pytest where p2pnet is installed, so it imports what is heavy only when
a test asks for it.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import shutil
import sys
import time
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any, Final

import pytest

from .options import OPTIONS, Options

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter

    from .playing import Body, Rules

_FIXTURE: Final = "p2p_world"
_SHOW_EVERY_S: Final = 0.5
_MARK: Final = (
    "p2p(game, peers=2, seed=None, invariants=(), local=(), session_settings=None): what the "
    "p2p_world of this test plays."
)


class Unopened:
    """What `p2p_world` is before the test runs: how its world is to be made."""

    def __init__(self, rules: Rules, peers: int, seed: int) -> None:
        self._rules = rules
        self._peers = peers
        self._seed = seed

    def run(self, body: Body) -> None:
        """Play `async def body(world)` in the world, in virtual time, and check it at the end."""
        __tracebackhide__ = True
        self._rules.play(body, self._peers, self._seed)


class Progress:
    """How far a long test is, in the last line of a terminal; gone when the test is over."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._shown_s = time.monotonic()
        self._length = 0

    def show(self, line: str) -> None:
        """Show a line in place of the one before, twice a second at most; "" to take it away."""
        now = time.monotonic()
        if (line and now - self._shown_s < _SHOW_EVERY_S) or not (line or self._length):
            return
        self._shown_s = now
        line = line[: shutil.get_terminal_size().columns - 1]
        text = f"\r{line.ljust(self._length)}\r{line}"
        self._length = len(line)
        capture = self._config.pluginmanager.getplugin("capturemanager")
        disabled = capture.global_and_fixture_disabled() if capture else contextlib.nullcontext()
        with disabled:
            sys.stdout.write(text)
            sys.stdout.flush()


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options."""
    group = parser.getgroup("p2pnet", "p2pnet: games that lose their host")
    group.addoption(
        "--p2pnet-stories",
        type=int,
        metavar="N",
        help="how many stories each HostDropMachine and host_drops plays",
    )
    group.addoption(
        "--p2pnet-seed",
        type=int,
        metavar="S",
        help="the seed of all that is random, to play the same stories again",
    )
    group.addoption(
        "--p2pnet-summary",
        action="store_true",
        help="say at the end how many stories were played, and how often hosts were lost",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Take the options."""
    config.addinivalue_line("markers", _MARK)
    stories = config.getoption("--p2pnet-stories")
    if stories is not None and stories < 1:
        raise pytest.UsageError(f"--p2pnet-stories is {stories}: give 1 or more")
    options = Options(stories=stories, seed=config.getoption("--p2pnet-seed"))
    if sys.stdout.isatty():
        options.show = Progress(config).show
    OPTIONS.set(options)


@pytest.fixture
def p2p_world(request: pytest.FixtureRequest) -> Unopened:
    """A world with real peers in virtual time, as the mark `p2p` says.

    An `async def` test gets the world itself; any other calls `p2p_world.run(body)`.
    """
    mark = request.node.get_closest_marker("p2p")
    options = dict(mark.kwargs) if mark is not None else {}
    if mark is not None and mark.args:
        options["game"] = mark.args[0]
    if "game" not in options:
        raise pytest.UsageError(
            f"{request.node.name} uses {_FIXTURE}: say of which game, @pytest.mark.p2p(my_game)"
        )
    return _unopened(**options)


def _unopened(
    game: Any,
    peers: int = 2,
    seed: int | None = None,
    invariants: Any = (),
    local: Any = (),
    session_settings: Any = None,
) -> Unopened:
    from .playing import Rules

    chosen = OPTIONS.get().seed if seed is None else seed
    rules = Rules(game=game, invariants=invariants, local=local, settings=session_settings)
    return Unopened(rules, peers, chosen or 0)


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_pycollect_makeitem() -> Generator[None, Any, Any]:
    """Have `async def` tests with a world run in that world.

    Other plugins run what is `async def` as well, so they get to see a plain function.
    """
    found = yield
    for item in found if isinstance(found, list) else [found]:
        if not isinstance(item, pytest.Function) or _FIXTURE not in item.fixturenames:
            continue
        if inspect.iscoroutinefunction(item.obj):
            item.obj = _in_its_world(item.obj)
    return found


def _in_its_world(test: Callable[..., Any]) -> Callable[..., None]:
    @functools.wraps(test)
    def run(**kwargs: Any) -> None:
        __tracebackhide__ = True
        unopened: Unopened = kwargs.pop(_FIXTURE)
        unopened.run(lambda world: test(**{_FIXTURE: world}, **kwargs))

    return run


def pytest_terminal_summary(terminalreporter: TerminalReporter, config: pytest.Config) -> None:
    """What was played."""
    outcomes = OPTIONS.get().outcomes
    if not outcomes or not config.getoption("--p2pnet-summary"):
        return
    terminalreporter.section("p2pnet: what was played")
    for outcome in outcomes:
        terminalreporter.write_line(
            f"{outcome.name}: {outcome.stories} stories, {outcome.commands} commands, "
            f"{outcome.hosts_lost} changes of host, {outcome.virtual_s:.0f} s of virtual time"
        )
