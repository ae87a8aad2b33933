"""Annotations: what may travel, how a value is checked, and how it comes back from the wire.

A `WireType` is made once for every annotation, when a class is declared. The usual types (`float`,
`int`, `str`, `bool`, `bytes`, `None`, enums, and unions of them) are checked by one look at the
value's exact type. Everything else is encoded and decoded again, and what came out is what is
kept: so the host holds exactly what the clients will get, and a value that would arrive as
something else is refused where it is written.
"""

from __future__ import annotations

import enum
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any, Final

import attrs
import msgspec
from msgspec import inspect

from ..core.errors import DeclarationError

ENCODER: Final = msgspec.msgpack.Encoder(order="deterministic")
"""Frozen sets and mappings are sorted: their own order depends on the hash seed."""

BAD_BYTES: Final = (ValueError, TypeError, OverflowError, RecursionError)
"""What msgspec raises for values and bytes that it can't take."""

_SHOWN_CHARS_MAX = 80


class Misfit(Exception):
    """A value does not fit an annotation. Caught where the place is known, which then tells it."""


@attrs.frozen(eq=False)
class WireType:
    """How values of one annotation are checked, sent and received."""

    text: str
    """The type in words that are the same on every peer, for errors and the fingerprint."""

    check: Callable[[Any], Any]
    """The value as it is to be kept. Raises `Misfit`."""

    load: Callable[[Any], Any]
    """The value from what msgpack made of its bytes. Raises `Misfit`."""

    dump: Callable[[Any], Any] | None = None
    """What to encode in place of the value; None where msgspec encodes the value itself."""

    plain: type | None = None
    """What msgpack makes of bytes is a value as it is, if it is exactly of this type."""

    def same(self, old: Any, new: Any) -> bool:
        """Whether writing `new` over `old` is no change. `1` and `True` are not the same."""
        if self.dump is not None:
            return bool(self.dump(old) == self.dump(new))
        return type(old) is type(new) and bool(old == new)

    def dumped(self, value: Any) -> Any:
        """What msgspec has to encode for the value."""
        return value if self.dump is None else self.dump(value)


# --- from the source to a hint --------------------------------------------------------------------


def resolve_hint(
    annotation: Any, globalns: dict[str, Any], localns: Mapping[str, Any], where: str
) -> Any:
    """The type that an annotation stands for, written out or as a string.

    Raises `DeclarationError` if a name in it is not known where the class is declared.
    """
    holder = types.SimpleNamespace(__annotations__={"hint": annotation})
    try:
        return typing.get_type_hints(holder, globalns, dict(localns), include_extras=True)["hint"]
    except NameError as error:
        raise DeclarationError(
            f"{where}: the annotation {annotation!r} names {error.name!r}, which is not known "
            "there; define or import it above the class, and not under TYPE_CHECKING"
        ) from error
    except (TypeError, SyntaxError, AttributeError) as error:
        raise DeclarationError(
            f"{where}: the annotation {annotation!r} can't be read: {error}"
        ) from error


# --- from a hint to a wire type -------------------------------------------------------------------


def wire_type(hint: Any, where: str, mutable: bool) -> WireType:
    """The wire type of a hint. `mutable` allows lists and the like, as in arguments.

    Raises `DeclarationError` if values of the hint can't travel.
    """
    try:
        info = inspect.type_info(hint)
        text = _Describer(where, mutable).describe(info)
        decoder = msgspec.msgpack.Decoder(hint)
    except DeclarationError:
        raise
    except (TypeError, ValueError, NameError) as error:
        raise DeclarationError(f"{where}: {hint!r} can't travel: {error}") from error
    members = info.types if isinstance(info, inspect.UnionType) else (info,)
    exact = _exact_guards(members)
    check, load = _checker(text, exact, decoder), _loader(text, exact, hint)
    return WireType(text, check, load, plain=_plain_type(members))


def custom_wire_type(
    hint: Any, encode: Callable[[Any], Any], decode: Callable[[Any], Any]
) -> WireType:
    """The wire type of a field that the game serialises by its own functions."""
    text = f"custom {getattr(hint, '__name__', 'value')}"

    def check(value: Any) -> Any:
        try:
            ENCODER.encode(encode(value))
        except Exception as error:
            raise Misfit(f"encode={_name(encode)} can't take {_shown(value)}: {error}") from error
        return value

    def load(raw: Any) -> Any:
        try:
            return decode(raw)
        except Exception as error:
            raise Misfit(f"decode={_name(decode)} can't take {_shown(raw)}: {error}") from error

    return WireType(text, check, load, encode)


def _name(function: Callable[..., Any]) -> str:
    return getattr(function, "__name__", "function")


def _shown(value: Any) -> str:
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001  the game's own __repr__, in the making of an error text
        text = "a value"
    if len(text) > _SHOWN_CHARS_MAX:
        text = text[:_SHOWN_CHARS_MAX] + "…"
    return f"{text} ({type(value).__name__})"


# --- checks ---------------------------------------------------------------------------------------

_Guard = Callable[[Any], Any]


def _as_it_is(value: Any) -> Any:
    return value


def _int_of_64_bits(value: int) -> int:
    if -(1 << 63) <= value < (1 << 64):
        return value
    raise Misfit(f"expected an int of at most 64 bits, got {_shown(value)}")


def _float_of_int(value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        raise Misfit("expected float, got an int that is too large for it") from None


def _unicode_str(value: str) -> str:
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise Misfit(f"{_shown(value)} is not valid Unicode: {error.reason}") from None
    return value


_GUARDS: dict[type[inspect.Type], tuple[type, _Guard]] = {
    inspect.NoneType: (type(None), _as_it_is),
    inspect.BoolType: (bool, _as_it_is),
    inspect.IntType: (int, _int_of_64_bits),
    inspect.FloatType: (float, _as_it_is),
    inspect.StrType: (str, _unicode_str),
    inspect.BytesType: (bytes, _as_it_is),
}

# Subclasses of these are taken as plain values: numpy's float64 is a float, an IntEnum an int.
_PLAIN: tuple[tuple[type, Callable[[Any], Any]], ...] = (
    (float, float.__float__),
    (int, int.__int__),
    (str, str.__str__),
)


def _exact_guards(members: tuple[inspect.Type, ...]) -> dict[type, _Guard]:
    """For the types that one look at `type(value)` settles: what still has to be made sure."""
    exact: dict[type, _Guard] = {}
    for member in members:
        if isinstance(member, inspect.EnumType):
            exact[member.cls] = _as_it_is
        elif type(member) in _GUARDS and not _is_constrained(member):
            kind, guard = _GUARDS[type(member)]
            exact[kind] = guard
    if float in exact and int not in exact:
        exact[int] = _float_of_int
    return exact


def _plain_type(members: tuple[inspect.Type, ...]) -> type | None:
    """Of a hint that is one of the usual types: that. All that it guards against can't be sent."""
    if len(members) == 1 and type(members[0]) in _GUARDS and not _is_constrained(members[0]):
        return _GUARDS[type(members[0])][0]
    return None


def _is_constrained(member: inspect.Type) -> bool:
    return any(getattr(member, name) is not None for name in member.__struct_fields__)


def _checker(
    text: str, exact: dict[type, _Guard], decoder: msgspec.msgpack.Decoder[Any]
) -> Callable[[Any], Any]:
    guard_of = exact.get

    def check(value: Any) -> Any:
        guard = guard_of(type(value))
        if guard is not None:
            return guard(value)
        if not isinstance(value, bool):
            for kind, plain in _PLAIN:
                if kind in exact and isinstance(value, kind):
                    return exact[kind](plain(value))
        return _there_and_back(value, text, decoder)

    return check


def _there_and_back(value: Any, text: str, decoder: msgspec.msgpack.Decoder[Any]) -> Any:
    try:
        raw = ENCODER.encode(value)
        back = decoder.decode(raw)
        # The second way is for values that hold a NaN, which equals nothing.
        arrives = back == value or (type(back) is type(value) and ENCODER.encode(back) == raw)
    except BAD_BYTES as error:
        raise Misfit(f"expected {text}, got {_shown(value)}") from error
    if not arrives:
        raise Misfit(f"expected {text}, got {_shown(value)}")
    return back


def _loader(text: str, exact: dict[type, _Guard], hint: Any) -> Callable[[Any], Any]:
    guard_of = {k: g for k, g in exact.items() if not issubclass(k, enum.Enum)}.get

    def load(raw: Any) -> Any:
        guard = guard_of(type(raw))
        if guard is not None:
            return guard(raw)
        try:
            return msgspec.convert(raw, hint)
        except BAD_BYTES as error:
            raise Misfit(f"expected {text}, got {_shown(raw)}: {error}") from error

    return load


# --- description ----------------------------------------------------------------------------------

_IMMUTABLE_INSTEAD: dict[type[inspect.Type], str] = {
    inspect.ListType: "a list: declare a SyncList[...] with sync_list(), or use a tuple",
    inspect.DictType: "a dict: declare a SyncDict[...] with sync_dict()",
    inspect.SetType: "a set: declare a SyncSet[...] with sync_set(), or use a frozenset",
    inspect.ByteArrayType: "a bytearray: use bytes",
    inspect.TypedDictType: "a dict: use a frozen attrs class",
}

_CAN_NOT_TRAVEL: dict[type[inspect.Type], str] = {
    inspect.AnyType: "Any says nothing about what travels; name the type",
    inspect.RawType: "msgspec.Raw is not a value",
    inspect.ExtType: "msgpack extensions are not values; use a frozen attrs class",
    inspect.MemoryViewType: "a memoryview can't travel; use bytes",
}


class _Describer:
    """Walks what msgspec knows of a type: writes it down, and complains about what can't travel."""

    def __init__(self, where: str, mutable: bool) -> None:
        self._where = where
        self._mutable = mutable
        self._open: list[type] = []  # classes being described: a class may hold itself

    def describe(self, info: inspect.Type) -> str:
        kind = type(info)
        if kind in _CAN_NOT_TRAVEL:
            raise DeclarationError(f"{self._where}: {_CAN_NOT_TRAVEL[kind]}")
        if kind in _IMMUTABLE_INSTEAD and not self._mutable:
            raise DeclarationError(
                f"{self._where}: a change inside can't be seen of {_IMMUTABLE_INSTEAD[kind]}"
            )
        if isinstance(info, inspect.CustomType):
            raise DeclarationError(f"{self._where}: {_no_way(info.cls)}")
        if isinstance(info, inspect.UnionType):
            return " | ".join(self.describe(member) for member in info.types)
        if isinstance(info, inspect.EnumType):
            names = ",".join(f"{m.name}={m.value!r}" for m in info.cls)
            return f"{info.cls.__name__}{{{names}}}"
        if isinstance(info, inspect.LiteralType):
            return f"Literal{info.values!r}"
        if hasattr(info, "cls"):
            return self._describe_class(info)
        return self._describe_plain(info)

    def _describe_plain(self, info: inspect.Type) -> str:
        parts: list[str] = []
        for name in info.__struct_fields__:
            value = getattr(info, name)
            if isinstance(value, inspect.Type):
                parts.append(self.describe(value))
            elif isinstance(value, tuple):
                parts.extend(self.describe(item) for item in value)
            elif value is not None:
                parts.append(f"{name}={value!r}")
        base = type(info).__name__.removesuffix("Type").lower()
        return f"{base}[{', '.join(parts)}]" if parts else base

    def _describe_class(self, info: Any) -> str:
        cls: type = info.cls
        if hasattr(cls, "__layout__"):
            raise DeclarationError(f"{self._where}: {_no_way(cls)}")
        if cls in self._open:
            return cls.__name__
        if not self._mutable and not _is_frozen(cls):
            raise DeclarationError(
                f"{self._where}: a change inside a {cls.__name__} can't be seen; make it frozen"
            )
        self._open.append(cls)
        fields = ",".join(f"{f.name}:{self.describe(f.type)}" for f in info.fields)
        self._open.pop()
        return f"{cls.__name__}({fields})"


def _no_way(cls: type) -> str:
    if hasattr(cls, "__layout__"):
        return (
            f"a {cls.__name__} itself can't travel; send its object_id (an int) and look it up "
            "in world.objects"
        )
    return (
        f"{cls.__name__} can't travel; use a frozen attrs class, or give the field encode= and "
        "decode= functions"
    )


def _is_frozen(cls: type) -> bool:
    if issubclass(cls, tuple):
        return True
    if attrs.has(cls):
        return cls.__setattr__.__name__ == "_frozen_setattrs"
    if issubclass(cls, msgspec.Struct):
        return bool(cls.__struct_config__.frozen)
    parameters = getattr(cls, "__dataclass_params__", None)
    return bool(parameters is not None and parameters.frozen)
