"""How a class declares what is replicated: `sync_var`, `sync_list`, `sync_dict`, `sync_set`.

They return attrs fields with a `Declaration` in the metadata. When the class is networked, every
declaration and its annotation become a `SyncField`, which is what a write to the field goes
through. Reads never do: values lie in the object's `__dict__` as in any Python object.
"""

from __future__ import annotations

import copy
import typing
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import attrs

from ..core.errors import DeclarationError, SyncTypeError
from .containers import SyncContainer, SyncDict, SyncList
from .hints import Misfit, WireType, custom_wire_type, wire_type
from .sets import SyncSet

if TYPE_CHECKING:
    from .objects import NetworkObject
    from .presence import Presence

T = TypeVar("T")
K = TypeVar("K")
V = TypeVar("V")

METADATA_KEY: Final = "p2pnet"
_MISSING: Final = object()


@attrs.frozen(eq=False)
class Declaration:
    """What the game wrote to the right of the `=`."""

    function: str  # the public name, for errors
    container: type[SyncContainer] | None
    default: Any
    on_change: str | None = None
    encode: Callable[[Any], Any] | None = None
    decode: Callable[[Any], Any] | None = None
    owner_writes: bool = False
    validate: str | None = None
    latest: bool = False

    def field(self) -> Any:
        """The attrs field that carries this."""
        metadata = {METADATA_KEY: self}
        if self.encode is not None:
            default = self.default  # possibly mutable: each object gets its own
            return attrs.field(factory=lambda: copy.deepcopy(default), metadata=metadata)
        return attrs.field(default=self.default, metadata=metadata)


def sync_var(
    default: T,
    *,
    on_change: str | None = None,
    encode: Callable[[T], Any] | None = None,
    decode: Callable[[Any], T] | None = None,
    owner_writes: bool = False,
    validate: str | None = None,
    latest: bool = False,
) -> T:
    """A replicated value. Its annotation says what it may hold; it is replaced, never mutated.

    `on_change` names a method `(old, new)` that runs on every peer after a change. `encode` and
    `decode` turn a value of the game's own type into one that msgspec can encode, and back.

    `owner_writes` lets the owner of the object write the field, and see the value at once.
    `validate` then names a method `(old, new)` that runs on the host and gives the value to take,
    or raises to take none. `latest` says that only the newest value matters: where a link is slow,
    those in between may be left out.
    """
    if (encode is None) is not (decode is None):
        raise DeclarationError("sync_var: encode= and decode= only work together")
    if validate is not None and not owner_writes:
        raise DeclarationError("sync_var: validate= is for fields with owner_writes=True")
    found = Declaration(
        *("sync_var", None, default, on_change, encode, decode, owner_writes, validate, latest)
    )
    return cast(T, found.field())


def sync_list(default: Iterable[T] = (), *, on_change: str | None = None) -> SyncList[T]:
    """A replicated list. `on_change` names a method that gets a `Change` for every element."""
    found = Declaration("sync_list", SyncList, tuple(default), on_change).field()
    return cast(SyncList[T], found)


def sync_dict(
    default: Mapping[K, V] | None = None, *, on_change: str | None = None
) -> SyncDict[K, V]:
    """A replicated dict. `on_change` names a method that gets a `Change` for every key."""
    found = Declaration("sync_dict", SyncDict, dict(default or {}), on_change).field()
    return cast(SyncDict[K, V], found)


def sync_set(default: Iterable[T] = (), *, on_change: str | None = None) -> SyncSet[T]:
    """A replicated set. `on_change` names a method that gets a `Change` for every member."""
    found = Declaration("sync_set", SyncSet, tuple(default), on_change).field()
    return cast(SyncSet[T], found)


def declaration_of(field: Any) -> Declaration | None:
    """The declaration in an attrs field, or None for any other class attribute."""
    metadata = getattr(field, "metadata", None)
    found = metadata.get(METADATA_KEY) if isinstance(metadata, Mapping) else None
    return found if isinstance(found, Declaration) else None


# --- plain values ---------------------------------------------------------------------------------


@attrs.frozen(eq=False)
class VarField:
    """A replicated value of one class."""

    name: str
    where: str  # "Tank.x"
    index: int
    value: WireType
    on_change: str | None
    owner_writes: bool = False
    validate: str | None = None
    latest: bool = False
    bit: int = attrs.field(init=False)  # in the masks of changed fields

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "bit", 1 << self.index)

    @property
    def text(self) -> str:
        """The field in words that are the same on every peer."""
        marks = " owner_writes" * self.owner_writes + " latest" * self.latest
        return f"{self.name}: {self.value.text}{marks}"

    def write(self, obj: NetworkObject, value: Any) -> None:
        """`obj.x = value`, wherever it is written."""
        presence = obj._presence
        owner_writes = presence is not None and self.owner_writes and not presence.world.is_host
        if presence is not None and not owner_writes:
            presence.world.check_write(obj, self.name)
        try:
            new = self.value.check(value)
        except Misfit as error:
            raise SyncTypeError(f"{self.where}: {error}") from None
        if presence is not None and owner_writes:
            presence.world.mine.write(obj, presence, self, new)
            return
        if presence is not None and self.owner_writes and presence.is_played_here:
            new = presence.world.mine.judge_own(obj, self, new)
        values = obj.__dict__
        if presence is None:
            values[self.name] = new
            return
        old = values[self.name]
        if self.value.same(old, new):
            return
        values[self.name] = new
        self.note(obj, presence, old)
        if self.on_change is not None:
            presence.world.call_game(getattr(obj, self.on_change), old, new)

    def note(self, obj: NetworkObject, presence: Presence, old: Any) -> None:
        """On the host: the value, which was `old`, goes out with the coming update."""
        journal, changed = presence.world.journal, presence.changed
        if changed is None:
            changed = presence.changed = journal.open_vars(obj, presence)
        if not changed.mask & self.bit:
            changed.mask |= self.bit
            journal.baseline.fields[presence.object_id, self.index] = old

    def put(self, obj: NetworkObject, value: Any) -> None:
        """Set what came from the wire and was loaded."""
        obj.__dict__[self.name] = value

    def load(self, raw: Any) -> Any:
        """The value from the wire. Raises `Misfit`."""
        return self.value.load(raw)

    def dump(self, value: Any) -> Any:
        """A value for the wire."""
        return self.value.dumped(value)

    def dumped(self, obj: NetworkObject) -> Any:
        """The value that the object has, for the wire."""
        return self.value.dumped(obj.__dict__[self.name])


# --- containers -----------------------------------------------------------------------------------


@attrs.frozen(eq=False)
class ContainerField:
    """A replicated list, dict or set of one class."""

    name: str
    where: str
    index: int
    container: type[SyncContainer]
    key: WireType  # of a dict's keys; the same as `value` elsewhere
    value: WireType
    on_change: str | None

    @property
    def text(self) -> str:
        """The field in words that are the same on every peer."""
        return f"{self.name}: {self.container.__name__}[{self.key.text}, {self.value.text}]"

    def write(self, obj: NetworkObject, value: Any) -> None:
        """`obj.bag = value`: the contents are replaced, the container stays the same object."""
        found = obj.__dict__.get(self.name)
        if found is value:  # what `obj.bag += [...]` ends with
            return
        if found is None:
            found = obj.__dict__[self.name] = self.container(self, obj, self.load([]))
        found._guard()
        found._replace(found.checked(value))

    def put(self, obj: NetworkObject, data: Any) -> None:
        """Set the contents that came from the wire and were loaded."""
        obj.__dict__[self.name]._data = data

    def load(self, raw: Any) -> Any:
        """Plain contents from the wire. Raises `Misfit`."""
        if not isinstance(raw, list):
            raise Misfit(f"expected the elements of {self.where}, got {raw!r}")
        if self.container is SyncList:
            return [self.value.load(item) for item in raw]
        if self.container is SyncSet:
            members = dict.fromkeys(self.value.load(item) for item in raw)
            if len(members) != len(raw):
                raise Misfit(f"a member of {self.where} comes twice")
            return members
        if not all(isinstance(item, list) and len(item) == 2 for item in raw):
            raise Misfit(f"expected pairs for {self.where}, got {raw!r}")
        return {self.key.load(key): self.value.load(value) for key, value in raw}

    def dump(self, data: Any) -> list[Any]:
        """Plain contents for the wire."""
        return list(data.items()) if self.container is SyncDict else list(data)

    def dumped(self, obj: NetworkObject) -> list[Any]:
        """The elements that the object has, for the wire."""
        return self.dump(obj.__dict__[self.name]._data)


SyncField = VarField | ContainerField


def make_field(declaration: Declaration, name: str, where: str, index: int, hint: Any) -> SyncField:
    """The field of a declaration. Raises `DeclarationError` if it can't be replicated."""
    if declaration.container is None:
        return _make_var(declaration, name, where, index, hint)
    container = declaration.container
    count = 2 if container is SyncDict else 1
    arguments = typing.get_args(hint)
    if typing.get_origin(hint) is not container or len(arguments) != count:
        elements = ", ".join(("K", "V")[:count]) if count == 2 else "T"
        raise DeclarationError(
            f"{where}: annotate a {declaration.function}() as {container.__name__}[{elements}]"
        )
    wires = [wire_type(argument, where, mutable=False) for argument in arguments]
    return ContainerField(name, where, index, container, wires[0], wires[-1], declaration.on_change)


def _make_var(declaration: Declaration, name: str, where: str, index: int, hint: Any) -> VarField:
    origin = typing.get_origin(hint) or hint
    if isinstance(origin, type) and issubclass(origin, SyncContainer):
        function = origin.__name__.lower().replace("sync", "sync_")
        raise DeclarationError(f"{where}: declare a {origin.__name__} with {function}()")
    if declaration.encode is not None and declaration.decode is not None:
        wire = custom_wire_type(hint, declaration.encode, declaration.decode)
    else:
        wire = wire_type(hint, where, mutable=False)
    try:
        wire.check(declaration.default)
    except Misfit as error:
        raise DeclarationError(f"{where}: the default does not fit: {error}") from None
    return VarField(
        *(name, where, index, wire, declaration.on_change),
        owner_writes=declaration.owner_writes,
        validate=declaration.validate,
        latest=declaration.latest,
    )
