"""What Hypothesis may call a command with: strategies from the annotations of its parameters.

An annotation says what may travel, and with `Annotated` also which values make sense: bounds of
`msgspec.Meta`, anything that Hypothesis itself understands, or a strategy. Values without bounds
stay small, so that sums of them fit into what can travel, and so that keys and names come up
more than once in a story.
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
from hypothesis import strategies as st
from msgspec import inspect

from p2pnet.core.errors import DeclarationError
from p2pnet.world.calls import CallSpec, Parameter
from p2pnet.world.game import Game

Arguments = Mapping[str, Mapping[str, st.SearchStrategy[Any]]]
"""By `Class.command`, the strategies of some of its parameters by name."""

_WORDS: Final = ("a", "b", "c")
_CHARS_MAX: Final = 8
_ITEMS_MAX: Final = 4
_INT_MAX: Final = 2**31 - 1
_FLOAT_MAX: Final = 1e6

Strategy = st.SearchStrategy[Any]


def command_arguments(spec: CallSpec, own: Mapping[str, Strategy]) -> Strategy:
    """Draws the arguments of one command by name. `own` replaces those of some parameters."""
    values = [own[p.name] if p.name in own else argument(p, spec.where) for p in spec.parameters]
    names = [parameter.name for parameter in spec.parameters]
    return st.tuples(*values).map(lambda drawn: dict(zip(names, drawn, strict=True)))


def check_arguments(game: Game, arguments: Arguments) -> None:
    """Raises `DeclarationError` for a command or a parameter that the game does not have."""
    specs = {spec.where: spec for layout in game.layouts for spec in layout.commands}
    for where, own in arguments.items():
        if where not in specs:
            known = ", ".join(specs) or "none"
            raise DeclarationError(f"arguments: there is no command {where!r}; there are {known}")
        names = [parameter.name for parameter in specs[where].parameters]
        for name in own:
            if name not in names:
                raise DeclarationError(
                    f"arguments: {where} has no parameter {name!r}; it has {', '.join(names)}"
                )


def argument(parameter: Parameter, where: str) -> Strategy:
    """Draws what one parameter takes. Raises `DeclarationError` if nobody knows how."""
    found = _of_annotated(parameter.hint)
    if found is not None:
        return found
    try:
        return _of(inspect.type_info(parameter.hint), ())
    except LookupError as error:
        raise DeclarationError(
            f"{where}({parameter.name}): no values of {error.args[0]} can be made up; give a "
            f'strategy for it: arguments={{"{where}": {{"{parameter.name}": ...}}}}'
        ) from None


def _of_annotated(hint: Any) -> Strategy | None:
    """What Hypothesis makes of the notes in an `Annotated`; None if there are none for it."""
    if typing.get_origin(hint) is not typing.Annotated:
        return None
    _, *notes = typing.get_args(hint)
    for note in reversed(notes):
        if isinstance(note, st.SearchStrategy):
            return note
    if all(isinstance(note, msgspec.Meta | str) for note in notes):
        return None
    return st.from_type(hint)


# --- by what msgspec knows of a type --------------------------------------------------------------

_Within = tuple[type, ...]
"""The classes that a type is part of: one that holds itself has no end."""


def _of(info: inspect.Type, within: _Within) -> Strategy:
    """Raises `LookupError` with the name of the type."""
    if isinstance(info, inspect.UnionType):
        return st.one_of([_of(member, within) for member in info.types])
    if hasattr(info, "fields"):
        return _of_class(info, within)
    if type(info) in _COLLECTIONS:
        return _of_collection(info, within)
    if isinstance(info, inspect.TupleType):
        return st.tuples(*(_of(item, within) for item in info.item_types))
    if type(info) not in _PLAIN:
        raise LookupError(getattr(getattr(info, "cls", type(info)), "__name__", "this type"))
    return _PLAIN[type(info)](info)


def _of_int(info: Any) -> Strategy:
    step = info.multiple_of or 1
    low = info.ge if info.ge is not None else None if info.gt is None else info.gt + 1
    high = info.le if info.le is not None else None if info.lt is None else info.lt - 1
    if low is not None and high is not None:
        return st.integers(-(-low // step), high // step).map(lambda number: number * step)
    if low is not None:
        found = st.one_of(st.integers(low, low + 9), st.integers(low, max(low + 9, _INT_MAX)))
        return found.map(lambda number: -(-number // step) * step)
    if high is not None:
        found = st.one_of(st.integers(high - 9, high), st.integers(min(high - 9, -_INT_MAX), high))
    else:
        wide = st.integers(-_INT_MAX, _INT_MAX)
        found = st.one_of(st.integers(0, 9), st.integers(-100, 100), wide)
    return found.map(lambda number: number // step * step)


def _of_float(info: Any) -> Strategy:
    low = info.ge if info.ge is not None else info.gt
    high = info.le if info.le is not None else info.lt
    if low is None:
        low = -_FLOAT_MAX if high is None else min(high, 0) - _FLOAT_MAX
    if high is None:
        high = max(low, 0) + _FLOAT_MAX
    return st.floats(low, high, exclude_min=info.gt == low, exclude_max=info.lt == high)


def _of_str(info: Any) -> Strategy:
    if info.pattern is not None:
        return st.from_regex(info.pattern)
    least, most = _size(info, _CHARS_MAX)
    anything = st.text(st.characters(codec="utf-8"), min_size=least, max_size=most)
    words = [word for word in _WORDS if least <= len(word) <= most]
    return st.one_of(st.sampled_from(words), anything) if words else anything


def _of_bytes(info: Any) -> Strategy:
    least, most = _size(info, _CHARS_MAX)
    return st.binary(min_size=least, max_size=most)


def _size(info: Any, usual_max: int) -> tuple[int, int]:
    least = info.min_length or 0
    return least, least + usual_max if info.max_length is None else info.max_length


def _of_collection(info: Any, within: _Within) -> Strategy:
    make, *members = _COLLECTIONS[type(info)]
    least, most = _size(info, _ITEMS_MAX)
    items = [_of(getattr(info, member), within) for member in members]
    found: Strategy = make(*items, min_size=least, max_size=most)
    return found.map(tuple) if isinstance(info, inspect.VarTupleType) else found


def _of_class(info: Any, within: _Within) -> Strategy:
    """Classes with fields: attrs, dataclasses, structs, named tuples, typed dicts."""
    cls = info.cls
    if cls in within:
        raise LookupError(cls.__name__)
    fields = {field.name: _of(field.type, (*within, cls)) for field in info.fields}
    return st.builds(cls, **fields)


_COLLECTIONS: Final[dict[type[inspect.Type], tuple[Any, ...]]] = {
    inspect.ListType: (st.lists, "item_type"),
    inspect.VarTupleType: (st.lists, "item_type"),
    inspect.SetType: (st.sets, "item_type"),
    inspect.FrozenSetType: (st.frozensets, "item_type"),
    inspect.DictType: (st.dictionaries, "key_type", "value_type"),
}

_PLAIN: Final[dict[type[inspect.Type], Callable[[Any], Strategy]]] = {
    inspect.NoneType: lambda info: st.none(),
    inspect.BoolType: lambda info: st.booleans(),
    inspect.IntType: _of_int,
    inspect.FloatType: _of_float,
    inspect.StrType: _of_str,
    inspect.BytesType: _of_bytes,
    inspect.EnumType: lambda info: st.sampled_from(list(info.cls)),
    inspect.LiteralType: lambda info: st.sampled_from(info.values),
    inspect.DateTimeType: lambda info: st.datetimes(),
    inspect.DateType: lambda info: st.dates(),
    inspect.TimeType: lambda info: st.times(),
    inspect.TimeDeltaType: lambda info: st.timedeltas(),
    inspect.UUIDType: lambda info: st.uuids(),
    inspect.DecimalType: lambda info: st.decimals(allow_nan=False, allow_infinity=False),
}
