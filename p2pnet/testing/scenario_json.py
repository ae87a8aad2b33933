"""Scenarios as text: for the corpus, for bug reports, and for those who write one by hand.

The format is described in `docs/simulations.md`. What is wrong with a file is said with the place
where it is wrong.
"""

from __future__ import annotations

import enum
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import msgspec

from p2pnet.core.errors import SettingsError
from p2pnet.core.settings import AckLevel, Policy, Settings

from .scenario import (
    AMOUNTS,
    Drill,
    Kind,
    Lane,
    Phase,
    Scenario,
    ScenarioError,
    Step,
    Victim,
    Way,
    Workload,
)

_CLASSES: dict[str, type[attrs.AttrsInstance]] = {
    "": Scenario,
    "steps": Step,
    "ways": Way,
    "workload": Workload,
    "settings": Settings,
}
"""What the object in a field is; the empty name is the scenario itself."""


_WORDS: dict[str, type[enum.StrEnum]] = {
    "kind": Kind,
    "peer": Victim,
    "other": Victim,
    "when": Phase,
    "lane": Lane,
    "drill": Drill,
    "ack": AckLevel,
    "acks": AckLevel,
    "policy": Policy,
}
"""The words that a field can have."""


def to_json(scenario: Scenario) -> str:
    """The text of a scenario, without what is as usual."""
    plain = msgspec.to_builtins(scenario)
    fields = _unusual(Scenario, plain)
    fields["steps"] = [_unusual(Step, step) for step in plain["steps"]]
    for name in ("workload", "settings"):
        if name in fields:
            fields[name] = _unusual(_CLASSES[name], fields[name])
    fields = {name: value for name, value in fields.items() if value != {}}
    lines = [f"  {json.dumps(name)}: {_text(value)}" for name, value in fields.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _text(value: Any) -> str:
    """One line for a value, and one line for each object of a list."""
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return "[\n    " + ",\n    ".join(json.dumps(part) for part in value) + "\n  ]"
    return json.dumps(value)


def _unusual(kind: type[attrs.AttrsInstance], plain: dict[str, Any]) -> dict[str, Any]:
    """The fields that differ from their defaults."""
    usual = {
        field.name: msgspec.to_builtins(field.default)
        for field in attrs.fields(kind)
        if field.default is not attrs.NOTHING and field.name != "settings"
    }
    return {n: v for n, v in plain.items() if n not in usual or usual[n] != v}


def from_json(text: str) -> Scenario:
    """The scenario in this text. Raises `ScenarioError` with what is wrong, and where."""
    try:
        plain = json.loads(text)
    except ValueError as error:
        raise ScenarioError(f"not JSON: {error}") from None
    for place, what in _unknown_fields(plain):
        raise ScenarioError(f"there is no field {what!r} {place}")
    try:
        scenario = msgspec.convert(plain, Scenario)
    except (msgspec.ValidationError, SettingsError, ScenarioError) as error:
        raise ScenarioError(f"{error}{_choices(str(error))}") from None
    for number, step in enumerate(scenario.steps):
        _check_amount(number, step)
    return scenario


def _choices(error: str) -> str:
    """The words that there are, where one is none of them."""
    place = re.search(r"^Invalid enum value .*at `\$.*?(\w+)(?:\[\d+\])?`$", error)
    words = _WORDS.get(place[1]) if place else None
    return "" if words is None else f": give one of {', '.join(word.value for word in words)}"


def _unknown_fields(plain: Any) -> Iterator[tuple[str, str]]:
    """Fields that no scenario has. Whatever has a wrong type is left to the decoder."""
    if not isinstance(plain, dict):
        return
    objects: list[tuple[str, type[attrs.AttrsInstance], Any]] = [
        ("in the scenario", Scenario, plain)
    ]
    for name, kind in _CLASSES.items():
        value = plain.get(name)
        for number, part in enumerate(value if isinstance(value, list) else [value]):
            place = f"in {name}[{number}]" if isinstance(value, list) else f"in {name}"
            objects.append((place, kind, part))
    for place, kind, part in objects:
        known = {field.name for field in attrs.fields(kind)}
        for name in part if isinstance(part, dict) else ():
            if name not in known:
                yield place, name


def _check_amount(number: int, step: Step) -> None:
    if step.kind not in AMOUNTS:
        return
    low, high = AMOUNTS[step.kind]
    if not low <= step.amount <= high:
        raise ScenarioError(
            f"amount of steps[{number}] ({step.kind.value}) is {step.amount}, "
            f"and has to be from {low} to {high}"
        )


def read(path: Path) -> Scenario:
    """The scenario in this file. Raises `ScenarioError`, also if the file can't be read."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioError(f"{path} can't be read: {error}") from None
    try:
        return from_json(text)
    except ScenarioError as error:
        raise ScenarioError(f"{path}: {error}") from None


def write(scenario: Scenario, folder: Path, name: str) -> Path:
    """Put a scenario into a folder, which is made if need be. Gives the path of the file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    path.write_text(to_json(scenario), "utf-8")
    return path
