"""What was done to a session, step by step: data that prints as a test, and that a file keeps."""

from __future__ import annotations

import enum
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import attrs
import msgspec

from p2pnet.world.calls import CallSpec
from p2pnet.world.game import Game

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

    def code(self, world: str = "world") -> str:
        """The line of a test that does it."""
        parts = [code_of(value) for value in self.args]
        parts += [f"{name}={code_of(value)}" for name, value in self.kwargs.items()]
        waits = "await " if self.verb in AWAITED else ""
        return f"{waits}{world}.{self.verb}({', '.join(parts)})"


@attrs.frozen
class Story:
    """So many peers, the seed of all that is random, and what is done, in order."""

    peers: int
    seed: int = 0
    steps: tuple[Step, ...] = ()
    hosts_lost: int = attrs.field(default=0, eq=False)
    length_s: float = attrs.field(default=0.0, eq=False)
    """Virtual time."""

    @property
    def commands(self) -> int:
        """How many commands were called."""
        return sum(step.verb in ("call", "submit") for step in self.steps)

    def code(self, game: Game, **options: Iterable[Any]) -> str:
        """The story as a test that can be pasted. `options` are those of `simulated`."""
        module, name = place_of(game)
        given = "".join(
            f", {option}=[{', '.join(_option(value) for value in values)}]"
            for option, values in options.items()
            if values
        )
        seed = f", seed={self.seed}" if self.seed else ""
        lines = [
            "from p2pnet.testing import simulated",
            f"from {module} import {name}" if module else f"{name} = ...  # your p2pnet.Game",
            "",
            "",
            f"@simulated({name}, peers={self.peers}{seed}{given})",
            "async def test_story(world):",
            *(f"    {step.code()}" for step in self.steps),
        ]
        return "\n".join(lines if self.steps else [*lines, "    pass"])

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
    on, cls = named.pop("on", None), named.pop("of", "")
    spec = command_named(game, cls, command)
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
    on = _some(on=raw.get("on"))
    return Step(verb, (raw["who"], command), {**on, **arguments})


def command_named(game: Game, cls: str, command: str) -> CallSpec:
    """The command of this name, of the class of this name, or of whichever has one.

    Raises `LookupError` if there is none.
    """
    for layout in game.layouts:
        for spec in layout.commands:
            if spec.name == command and cls in ("", layout.cls.__name__):
                return spec
    raise LookupError(f"the game has no command {cls}{'.' if cls else ''}{command}")


# --- code -----------------------------------------------------------------------------------------


def code_of(value: Any) -> str:
    """An expression for a value."""
    if isinstance(value, enum.Enum):
        return f"{type(value).__name__}.{value.name}"
    if type(value) is str and value.isprintable() and not set(value) & {'"', "\\"}:
        return f'"{value}"'
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return f'float("{value}")'
    if type(value) in (list, tuple, set, frozenset) and value:
        inner = ", ".join(code_of(item) for item in value)
        comma = "," if len(value) == 1 else ""
        return _BRACKETS[type(value)].format(inner if type(value) is not tuple else inner + comma)
    if type(value) is dict:
        return "{" + ", ".join(f"{code_of(k)}: {code_of(v)}" for k, v in value.items()) + "}"
    return repr(value)


_BRACKETS: Final[dict[type, str]] = {
    list: "[{}]",
    tuple: "({})",
    set: "{{{}}}",
    frozenset: "frozenset({{{}}})",
}


def _option(value: Any) -> str:
    return str(value.__name__) if callable(value) else code_of(value)


def place_of(game: Game) -> tuple[str, str]:
    """The module and the name under which a game can be imported; the module is "" if unknown."""
    module = sys.modules.get(game.player.__module__)
    for name, value in list(vars(module).items()) if module is not None else ():
        if value is game:
            return game.player.__module__, name
    return "", "game"
