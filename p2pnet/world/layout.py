"""The layout of a networked class: its fields and calls by name and by number, and `networked`.

Numbers travel in place of names. Fields and calls of a base class come first, then those of the
class in the order of the source; both peers have the same source, which the game's fingerprint
makes sure of.

A networked class has no `__slots__`: values lie in `__dict__`, where reading them costs what it
costs in any Python object, and a game may put further attributes of its own on an object, which
stay on that peer.
"""

from __future__ import annotations

import inspect
import operator
import sys
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar, cast, dataclass_transform

import attrs

from ..core.errors import DeclarationError
from .calls import MARK, CallKind, CallSpec, Mark, make_call
from .fields import Declaration, SyncField, VarField, declaration_of, make_field
from .hints import Misfit, resolve_hint

T = TypeVar("T", bound=type)

_FIELDS_MAX: Final = 64  # bits of the largest int that msgpack has, which the mask travels as
_MUTABLE: Final = (list, dict, set)
_MASKS_KEPT_MAX: Final = 1024  # of 2**n possible ones; those of a game repeat all the time


@attrs.frozen(eq=False)
class Picked:
    """Some of the plain fields of a class, lowest bit first: what is done with them again and
    again, looked up once.
    """

    fields: tuple[VarField, ...]
    names: tuple[str, ...]
    loads: tuple[Callable[[Any], Any], ...]
    """What makes the value of each from what came over the wire. Raises `Misfit`."""

    plain: list[type | None]
    """Values of these types that came over the wire need not be loaded."""

    get: Callable[[Mapping[str, Any]], Any]
    """Their values; of a single field the value itself."""

    are_sent_as_they_are: bool
    have_hooks: bool
    """Whether the game is told of changes of any."""


@attrs.define(eq=False)
class Layout:
    """What is replicated of one class."""

    cls: type
    fields: tuple[SyncField, ...]
    commands: tuple[CallSpec, ...]
    rpcs: tuple[CallSpec, ...]
    ticks: bool
    """Whether the class does something in `on_tick`."""

    latest_mask: int = attrs.field(init=False)
    """The plain fields of which only the newest value matters."""

    owner_writes: bool = attrs.field(init=False)
    """Whether the owner of an object writes any of its fields itself."""

    field_of: dict[str, SyncField] = attrs.field(init=False)
    call_of: dict[str, CallSpec] = attrs.field(init=False)
    picks: dict[int, Picked] = attrs.field(init=False, factory=dict)
    """What was picked lately, by mask: for those who do little else."""

    def __attrs_post_init__(self) -> None:
        plain = [field for field in self.fields if isinstance(field, VarField)]
        self.latest_mask = sum(field.bit for field in plain if field.latest)
        self.owner_writes = any(field.owner_writes for field in plain)
        self.field_of = {field.name: field for field in self.fields}
        self.call_of = {call.name: call for call in self.commands + self.rpcs}

    @property
    def text(self) -> str:
        """The layout in words that are the same on every peer with the same source."""
        parts = [part.text for part in self.fields + self.commands + self.rpcs]
        return f"{self.cls.__name__}({'; '.join(parts)})"

    def vars_in(self, mask: int) -> tuple[VarField, ...]:
        """The plain fields whose bits are set. Raises `Misfit` for bits of anything else."""
        return self.pick(mask).fields

    def dump_vars(self, values: Mapping[str, Any], mask: int) -> list[Any]:
        """What to encode for the plain fields whose bits are set, lowest first."""
        picked = self.pick(mask)
        got = picked.get(values)
        if len(picked.fields) == 1:
            got = (got,)
        if picked.are_sent_as_they_are:
            return list(got)
        return [f.value.dumped(value) for f, value in zip(picked.fields, got, strict=True)]

    def pick(self, mask: int) -> Picked:
        """The same as `vars_in`, with more about them."""
        found = self.picks.get(mask)
        if found is not None:
            return found
        if not 0 < mask < 1 << len(self.fields):
            raise Misfit(f"{self.cls.__name__} has no fields for the mask {mask:#x}")
        picked = [field for field in self.fields if mask >> field.index & 1]
        fields = tuple(field for field in picked if isinstance(field, VarField))
        if len(fields) != len(picked):
            raise Misfit(f"the mask {mask:#x} of {self.cls.__name__} names a container")
        names = tuple(field.name for field in fields)
        if len(self.picks) >= _MASKS_KEPT_MAX:
            self.picks.clear()
        found = self.picks[mask] = Picked(
            fields,
            names,
            tuple(field.value.load for field in fields),
            [field.value.plain for field in fields],
            operator.itemgetter(*names),
            all(field.value.dump is None for field in fields),
            any(field.on_change is not None for field in fields),
        )
        return found


def layout_of(cls: type) -> Layout:
    """The layout of a class. Raises `DeclarationError` if it is not networked."""
    found = cls.__dict__.get("__layout__")
    if not isinstance(found, Layout):
        raise DeclarationError(f"{cls.__name__} is not networked; put @networked above the class")
    return found


# --- the decorator --------------------------------------------------------------------------------


@dataclass_transform(eq_default=False, kw_only_default=True)
def networked(cls: T) -> T:
    """Make a subclass of `NetworkObject` or `Player` one whose fields are replicated.

    It becomes an attrs class with keyword arguments, compared by identity. Fields declared with
    `sync_var` and the like are replicated. Annotated fields without stay local to each peer, and
    need a default, since on the clients nobody passes one. Raises `DeclarationError`.

    (The `sync_…` functions are deliberately no field specifiers of `dataclass_transform`: those
    could take their default by keyword only.)
    """
    names = sys._getframe(1).f_locals
    _check_class(cls)
    localns = dict(names) | {k: v for k, v in vars(cls).items() if isinstance(v, type)}
    localns[cls.__name__] = cls
    own = _own_fields(cls, localns)
    calls = _own_calls(cls)
    built: Any = attrs.define(
        cls, slots=False, kw_only=True, eq=False, repr=False, on_setattr=attrs.setters.NO_OP
    )
    base = _base(cls)
    if built.__setattr__ is not base.cls.__setattr__:
        raise DeclarationError(f"{cls.__name__}: on_setattr= does not work in a networked class")
    _check_local_fields(built)
    fields = _merge_fields(base, built, own)
    _check_hooks(built, fields)
    commands, rpcs = _merge_calls(base, cls, calls, localns)
    ticks = built.on_tick is not _root(built).on_tick
    built.__layout__ = Layout(built, fields, commands, rpcs, ticks)
    return cast(T, built)


def _base(cls: type) -> Layout:
    """The layout of the nearest networked class above."""
    for above in cls.__mro__[1:]:
        found = above.__dict__.get("__layout__")
        if isinstance(found, Layout):
            return found
    raise DeclarationError(f"{cls.__name__} must derive from NetworkObject or Player")


def _root(cls: type) -> Any:
    """`NetworkObject`, which this module can't import."""
    return [above for above in cls.__mro__ if "__layout__" in vars(above)][-1]


def _check_class(cls: type) -> None:
    if not isinstance(cls, type):
        raise DeclarationError("@networked belongs directly above a class")
    _base(cls)
    if "__layout__" in vars(cls):
        raise DeclarationError(f"{cls.__name__} is networked twice")
    if "__slots__" in vars(cls):
        raise DeclarationError(f"{cls.__name__}: __slots__ do not work in a networked class")
    for name in ("__init__", "__setattr__", "__eq__", "__hash__"):
        if name in vars(cls) and vars(cls)[name] is not None:
            hint = "; use __attrs_post_init__" if name == "__init__" else ""
            raise DeclarationError(f"{cls.__name__}: {name} is made by @networked{hint}")
    for above in cls.__mro__[1:]:
        if any(declaration_of(value) is not None for value in vars(above).values()):
            raise DeclarationError(
                f"{cls.__name__} derives from {above.__name__}, which declares synced fields but "
                "is not networked; put @networked above it too"
            )
    own = inspect.get_annotations(cls)
    fields = [*own, *(n for n, v in vars(cls).items() if declaration_of(v) is not None)]
    root = _root(cls)
    for name in fields:
        if hasattr(root, name) or name.startswith("__"):
            raise DeclarationError(
                f"{cls.__name__}.{name}: this name is p2pnet's own; take another"
            )


def _own_fields(cls: type, localns: Mapping[str, Any]) -> dict[str, tuple[Declaration, Any]]:
    """The synced fields that the class itself declares, each with the type in its annotation."""
    annotations = inspect.get_annotations(cls)
    globalns = vars(sys.modules[cls.__module__]) if cls.__module__ in sys.modules else {}
    found: dict[str, tuple[Declaration, Any]] = {}
    for name, value in vars(cls).items():
        declaration = declaration_of(value)
        if declaration is None:
            continue
        where = f"{cls.__name__}.{name}"
        if name not in annotations:
            raise DeclarationError(
                f"{where}: annotate it, as in `{name}: int = {declaration.function}(...)`"
            )
        found[name] = declaration, resolve_hint(annotations[name], globalns, localns, where)
    return found


def _check_local_fields(cls: Any) -> None:
    for field in attrs.fields(cls):
        if field.default is attrs.NOTHING and field.init:
            raise DeclarationError(
                f"{cls.__name__}.{field.name}: give it a default; it is not replicated, so on the "
                "clients there is no value for it (or declare it with sync_var)"
            )
        if isinstance(field.default, _MUTABLE) and declaration_of(field) is None:
            kind = type(field.default).__name__
            raise DeclarationError(
                f"{cls.__name__}.{field.name}: all objects would share one {kind}; declare it with "
                f"sync_{kind}() if it is to be replicated, else with attrs.field(factory={kind})"
            )


def _merge_fields(
    base: Layout, cls: type, own: Mapping[str, tuple[Declaration, Any]]
) -> tuple[SyncField, ...]:
    fields = list(base.fields)
    for name, (declaration, hint) in own.items():
        known = base.field_of.get(name)
        index = len(fields) if known is None else known.index  # declared anew: the same place
        where = f"{cls.__name__}.{name}"
        fields[index : index + 1] = [make_field(declaration, name, where, index, hint)]
    if len(fields) > _FIELDS_MAX:
        raise DeclarationError(
            f"{cls.__name__}: {len(fields)} synced fields, at most {_FIELDS_MAX} can be; put those "
            "that change together into a frozen attrs class"
        )
    return tuple(fields)


def _check_hooks(cls: type, fields: tuple[SyncField, ...]) -> None:
    for field in fields:
        if field.on_change is not None and not callable(getattr(cls, field.on_change, None)):
            wanted = "change" if not isinstance(field, VarField) else "old, new"
            raise DeclarationError(
                f"{field.where}: on_change names {field.on_change!r}, but {cls.__name__} has no "
                f"such method; define `def {field.on_change}(self, {wanted})`"
            )
        validate = field.validate if isinstance(field, VarField) else None
        if validate is not None and not callable(getattr(cls, validate, None)):
            raise DeclarationError(
                f"{field.where}: validate names {validate!r}, but {cls.__name__} has no such "
                f"method; define `def {validate}(self, old, new)`"
            )


def _own_calls(cls: type) -> dict[str, Mark]:
    """The marked methods of the class and of the plain classes that it mixes in."""
    found: dict[str, Mark] = {}
    known = _base(cls)
    for above in reversed(cls.__mro__):
        if above in known.cls.__mro__:
            continue
        for name, value in vars(above).items():
            mark = getattr(value, MARK, None)
            if isinstance(mark, Mark):
                if hasattr(_root(cls), name):
                    raise DeclarationError(
                        f"{cls.__name__}.{name}: this name is p2pnet's own; take another"
                    )
                if mark.function.__name__ != name:
                    raise DeclarationError(
                        f"{cls.__name__}.{name}: define it under its own name, not as an alias"
                    )
                found[name] = mark
            elif name in known.call_of or name in found:
                kind = known.call_of[name].mark.kind.value if name in known.call_of else "command"
                raise DeclarationError(
                    f"{cls.__name__}.{name} overrides a {kind}; put @{kind} above it too"
                )
    return found


def _merge_calls(
    base: Layout, cls: type, own: Mapping[str, Mark], localns: Mapping[str, Any]
) -> tuple[tuple[CallSpec, ...], tuple[CallSpec, ...]]:
    tables = {CallKind.COMMAND: list(base.commands), CallKind.CLIENT_RPC: list(base.rpcs)}
    for name, mark in own.items():
        table = tables[mark.kind]
        known = base.call_of.get(name)
        if known is not None and known.mark.kind is not mark.kind:
            raise DeclarationError(
                f"{cls.__name__}.{name}: in {base.cls.__name__} it is a {known.mark.kind.value}"
            )
        index = len(table) if known is None else known.index
        table[index : index + 1] = [make_call(mark, f"{cls.__name__}.{name}", index, localns)]
    return tuple(tables[CallKind.COMMAND]), tuple(tables[CallKind.CLIENT_RPC])
