"""How a case is told: a few lines do something to a session, and everybody's words are kept.

The docstring of a case is the heading of its transcript. What it `shows` are numbers of other
lists: `hard_case_5`, `unet_scenario_23`, `row_7` of the protocol. They are part of the name of its
test, so `pytest -k hard_case_5` finds it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Final

import attrs

from p2pnet.core.settings import Settings
from p2pnet.core.states import State
from p2pnet.core.values import PeerId
from p2pnet.testing.core_world import CoreWorld
from p2pnet.testing.invariants import equal_states, in_session
from p2pnet.testing.sim_peer import SimPeer
from p2pnet.testing.transcript import Transcript

_CALM_US: Final = 20_000_000


@attrs.frozen
class Case:
    """What happens to so many players."""

    players: int
    shows: tuple[str, ...]
    settings: Settings
    run: Callable[[CoreWorld], None]

    @property
    def test_id(self) -> str:
        """How its test is called."""
        return "-".join((self.run.__name__, *self.shows))

    @property
    def heading(self) -> str:
        return inspect.getdoc(self.run) or ""


CASES: Final[dict[str, Case]] = {}
"""All that were registered, by name."""


def case(
    players: int, *shows: str, settings: Settings | None = None
) -> Callable[[Callable[[CoreWorld], None]], Callable[[CoreWorld], None]]:
    """Register a case under the name of its function."""

    def register(function: Callable[[CoreWorld], None]) -> Callable[[CoreWorld], None]:
        assert function.__name__ not in CASES
        CASES[function.__name__] = Case(players, shows, settings or Settings(), function)
        return function

    return register


def tell(name: str) -> str:
    """Run a case, after a while of play, and give its transcript and how everybody ended up."""
    told = CASES[name]
    world = CoreWorld(seed=1, settings=told.settings)
    world.game(told.players)
    _play(world)
    transcript = Transcript(world)
    told.run(world)
    until_calm(world)
    heading = "".join(f"# {line}\n" for line in told.heading.splitlines())
    return f"{heading}\n{transcript.text}\n{_epilogue(world, transcript)}"


def _play(world: CoreWorld) -> None:
    """Everybody does something, and everybody has everything."""
    for peer in world.peers:
        world.submit(peer, f"by-{peer.name}")
    world.run_for(300_000)


def until_calm(world: CoreWorld) -> None:
    """Everybody who is left is at one position under one host, and has been for a while."""
    assert world.run_while(lambda: bool(in_session(world)) and not world.converged(), _CALM_US)
    world.run_for(400_000)
    if in_session(world):
        equal_states(world)


def until(world: CoreWorld, peer: SimPeer, state: State) -> None:
    """Go on until a peer comes to this state."""
    assert world.run_while(lambda: peer.core.state is not state)


def texts(peer: SimPeer) -> list[str]:
    """What was done in the game, as one peer has it."""
    return [text for _, text in peer.journal.entries]


@attrs.define(eq=False)
class Deadly:
    """The journal of a peer that dies of any command that begins with "poison"."""

    world: CoreWorld
    peer: SimPeer

    def execute(self, origin: PeerId, command: bytes) -> bytes:
        if command.startswith(b"poison"):
            self.world.crash(self.peer)
        return self.peer.journal.execute(origin, command)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.peer.journal, name)


def make_deadly(world: CoreWorld) -> None:
    """From now on a command that begins with "poison" kills whoever runs it."""
    for peer in world.peers:
        peer.core._s.replica = Deadly(world, peer)


def part(world: CoreWorld, *sides: list[SimPeer]) -> None:
    """Nobody of one side and nobody of another hear each other any more."""
    for number, side in enumerate(sides):
        for other in sides[number + 1 :]:
            for one in side:
                for far in other:
                    world.cut_both(one, far)


def _epilogue(world: CoreWorld, transcript: Transcript) -> str:
    lines = []
    for peer in world.peers:
        if not peer.alive:
            lines.append(f"{peer.name:<8} dead")
            continue
        core = peer.core
        ids = f"connection id {core.connection_id}, before {core.old_connection_id}"
        played = " ".join(texts(peer))
        lines.append(
            f"{peer.name:<8} {core.state.value}, {ids}, {transcript.show(core.position)}: {played}"
        )
    return "\n".join(lines) + "\n"
