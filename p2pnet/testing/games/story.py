"""What was done to a session, step by step: data that prints as a test, and that a file keeps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import attrs
import msgspec

from p2pnet.core.settings import Settings
from p2pnet.world.calls import CallSpec
from p2pnet.world.game import Game

from .expressions import Imports, code_of, name_of, place_of
from .options import options
from .tries import Tries

AWAITED: Final = frozenset({"call", "hand_over", "join", "leave", "restart", "settle", "sleep"})
"""The verbs of a world that take time."""

VERBS: Final = AWAITED | {
    *("submit", "kill", "kill_host", "vanish", "freeze", "wake", "isolate", "partition", "heal"),
}

_LINE_CHARS_MAX: Final = 100
_FORMAT: Final = 1


class StoryError(Exception):
    """What should be a story is none, or not one of this game."""


@attrs.frozen
class Step:
    """One verb of a world, with what it was called with."""

    verb: str
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = attrs.field(factory=dict)
    cls: str = attrs.field(default="", eq=False)
    """Of a command: the class of the object that it is called on."""

    def code(self, imports: Imports) -> str:
        """The line of a test that does it. What it needs is added to `imports`."""
        parts = [code_of(value, imports) for value in self.args]
        parts += [f"{name}={code_of(value, imports)}" for name, value in self.kwargs.items()]
        waits = "await " if self.verb in AWAITED else ""
        return f"{waits}world.{self.verb}({', '.join(parts)})"


@attrs.frozen
class Story:
    """So many peers, the seed of all that is random, and what is done, in order."""

    peers: int
    seed: int = 0
    steps: tuple[Step, ...] = ()
    hosts_lost: int = attrs.field(default=0, eq=False)
    length_s: float = attrs.field(default=0.0, eq=False)
    """Virtual time."""
    tries: Tries = attrs.field(factory=Tries, eq=False)
    """What became of its commands."""

    @property
    def commands(self) -> int:
        """How many commands were called."""
        return sum(step.verb in ("call", "submit") for step in self.steps)

    def code(
        self,
        game: Game,
        invariants: Iterable[Any] = (),
        local: Iterable[str] = (),
        session_settings: Settings | None = None,
    ) -> str:
        """The story as a test that can be pasted. The options are those of `simulated`."""
        imports = Imports()
        imports.add("p2pnet.testing", "simulated")
        module, name = place_of(game)
        if module:
            imports.add(module, name)
        given = [name, f"peers={self.peers}"]
        if self.seed or options().seed:
            given.append(f"seed={self.seed}")
        rules = [name_of(invariant, imports) for invariant in invariants]
        if any(rules):
            given.append(f"invariants=[{', '.join(filter(None, rules))}]")
        if local := list(local):
            given.append(f"local={code_of(local, imports)}")
        if session_settings not in (None, Settings()):
            given.append(f"session_settings={code_of(session_settings, imports)}")
        steps = [step.code(imports) for step in self.steps] or ["pass"]
        unknown = [f"{name} = ...  # your p2pnet.Game"] * (not module)
        unknown += ["# and those invariants that can't be imported"] * (None in rules)
        lines = [
            *(*imports.lines, *unknown, "", ""),
            f"@simulated({', '.join(given)})",
            "async def test_story(world):",
            *(f"    {step}" for step in steps),
        ]
        return "\n".join(lines)

    # --- files ---

    def to_json(self, game: Game, game_name: str = "") -> str:
        """The story for a file. `game_name` is MODULE:GAME."""
        body = {
            "p2pnet_story": _FORMAT,
            "game": game_name,
            "peers": self.peers,
            "seed": self.seed,
            "steps": [_dump(step, game) for step in self.steps],
        }
        return msgspec.json.format(msgspec.json.encode(body), indent=1).decode() + "\n"

    @classmethod
    def from_json(cls, text: str, game: Game) -> Story:
        """What `to_json` wrote. Raises StoryError."""
        raw = _parse(text)
        try:
            steps = tuple(_load(step, game) for step in raw["steps"])
            return cls(int(raw["peers"]), int(raw["seed"]), steps)
        except (LookupError, TypeError, ValueError) as error:
            raise StoryError(f"this is no story of this game: {error}") from error


def game_of_file(path: Path) -> str:
    """MODULE:GAME of the story in a file. Raises StoryError."""
    return str(_parse(read_story(path)).get("game", ""))


def read_story(path: Path) -> str:
    """The text of a file. Raises StoryError if it can't be read."""
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise StoryError(f"{path} can't be read: {error}") from None


def is_story(path: Path) -> bool:
    """Whether the file holds a story of somebody's game, and not a scenario of mere peers."""
    try:
        _parse(read_story(path))
    except StoryError:
        return False
    return True


def _parse(text: str) -> dict[str, Any]:
    try:
        raw = msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise StoryError(f"this is no story: {error}") from None
    if not isinstance(raw, dict) or raw.get("p2pnet_story") != _FORMAT:
        raise StoryError("this is no story that p2pnet has written")
    return raw


# --- steps as JSON --------------------------------------------------------------------------------


def _dump(step: Step, game: Game) -> dict[str, Any]:
    if step.verb not in ("call", "submit"):
        return {"verb": step.verb, "args": list(step.args), **_some(kwargs=dict(step.kwargs))}
    who, command, *values = step.args
    named = dict(step.kwargs)
    on = named.pop("on", None)
    spec = command_named(game, step.cls, command)
    named = {**dict(zip((p.name for p in spec.parameters), values, strict=False)), **named}
    arguments = {
        p.name: msgspec.Raw(msgspec.json.encode(p.wire.dumped(named[p.name])))
        for p in spec.parameters
        if p.name in named
    }
    return {
        "verb": step.verb,
        "who": who,
        "command": spec.where,
        **_some(on=on),
        "arguments": arguments,
    }


def _some(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value not in (None, {})}


def _load(raw: dict[str, Any], game: Game) -> Step:
    verb = raw["verb"]
    if verb not in VERBS:
        raise ValueError(f"there is no verb {verb!r}")
    if verb not in ("call", "submit"):
        return Step(verb, tuple(raw["args"]), raw.get("kwargs", {}))
    cls, _, command = raw["command"].rpartition(".")
    spec = command_named(game, cls, command)
    arguments = {
        p.name: msgspec.json.decode(msgspec.json.encode(raw["arguments"][p.name]), type=p.hint)
        for p in spec.parameters
        if p.name in raw["arguments"]
    }
    args, named = call_with(arguments)
    on = _some(on=raw.get("on"))
    return Step(verb, (raw["who"], command, *args), {**on, **named}, cls)


def call_with(arguments: Mapping[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """How a world is given the arguments of a command: by name, unless it has the name itself."""
    if "on" in arguments:
        return tuple(arguments.values()), {}
    return (), dict(arguments)


def command_named(game: Game, cls: str, command: str) -> CallSpec:
    """The command of this name, of the class of this name, or of whichever has one.

    Raises `LookupError` if there is none.
    """
    for layout in game.layouts:
        for spec in layout.commands:
            if spec.name == command and cls in ("", layout.cls.__name__):
                return spec
    raise LookupError(f"the game has no command {cls}{'.' if cls else ''}{command}")
