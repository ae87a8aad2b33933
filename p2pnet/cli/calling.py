"""Commands of the game, called by name with arguments that came as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import msgspec

from ..peer import Receipt
from ..world.calls import CallSpec, Parameter
from ..world.hints import Misfit
from ..world.objects import NetworkObject


class NoSuchCommand(Exception):
    """The object has no command of this name."""


@attrs.frozen
class Word:
    """An argument as a person typed it: JSON if it reads as that and fits, else the bare word."""

    text: str


def call(
    obj: NetworkObject, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> Receipt[Any]:
    """Call a command. Arguments are JSON values or `Word`s, and are made into what it expects.

    Raises `NoSuchCommand`, and what the command raises at the caller.
    """
    spec = _spec(obj, name)
    places = [p for p in spec.parameters if not p.keyword_only]
    given = [*map(_fitting, places, args), *args[len(places) :]]
    named = {p.name: p for p in spec.parameters}
    known = {k: _fitting(named[k], v) if k in named else _plain(v) for k, v in kwargs.items()}
    receipt: Receipt[Any] = getattr(obj, spec.name)(*map(_plain, given), **known)
    return receipt


def usages(obj: NetworkObject) -> list[str]:
    """How to type each command of the object: `drive dx:float -> float`."""
    return [_usage(spec) for spec in type(obj).__layout__.commands]


def _usage(spec: CallSpec) -> str:
    words = [f"{p.name}:{p.wire.text}" for p in spec.parameters]
    return f"{' '.join([spec.name, *words])} -> {spec.result.text}"


def _spec(obj: NetworkObject, name: str) -> CallSpec:
    commands = {spec.name: spec for spec in type(obj).__layout__.commands}
    if name not in commands:
        have = ", ".join(commands) or "none"
        raise NoSuchCommand(f"{type(obj).__name__} has no command {name!r}; it has {have}")
    return commands[name]


def _fitting(parameter: Parameter, raw: Any) -> Any:
    """The first reading of `raw` that the parameter takes; if none does, the call will say why."""
    for reading in _readings(raw):
        try:
            return parameter.wire.load(reading)
        except Misfit:
            continue
    return _plain(raw)


def _readings(raw: Any) -> list[Any]:
    if not isinstance(raw, Word):
        return [raw]
    try:
        return [msgspec.json.decode(raw.text), raw.text]
    except msgspec.DecodeError:
        return [raw.text]


def _plain(raw: Any) -> Any:
    return raw.text if isinstance(raw, Word) else raw
