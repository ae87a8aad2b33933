"""The base classes of everything that is replicated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias, TypeVar

from ..core.errors import DeclarationError, LocalProtocolError, SyncTypeError
from ..core.values import PeerId
from .custody import OwnerLost, check_rule
from .fields import sync_var
from .layout import Layout, networked
from .presence import Presence
from .requests import Request

if TYPE_CHECKING:
    from .world import World

O = TypeVar("O", bound="NetworkObject")  # noqa: E741

Owner: TypeAlias = "PeerId | int | NetworkObject | None"
"""Who is to own an object: a peer, the member with a connection id, whoever owns another object,
or nobody but the host."""


class NetworkObject:
    """Something that every peer has a copy of. Subclass it and put `@networked` above the class.

    The host changes it; the copies on the clients follow. Attributes that are not declared with
    `sync_var` and the like are local to each peer. Objects compare by identity, and a copy stays
    the same Python object for as long as the peer is in the session, over any number of hosts.
    """

    __layout__: ClassVar[Layout]

    on_owner_lost: ClassVar[OwnerLost] = OwnerLost.DESTROY
    """What becomes of an object of this class when its owner is lost. On the host it can be written
    on a single object too, and is replicated."""

    _is_player: ClassVar[bool] = False

    __slots__ = ("__dict__", "__weakref__", "_object_id", "_presence")

    _presence: Presence | None
    _object_id: int

    def __new__(cls, *args: object, **kwargs: object) -> Any:
        """Raises `DeclarationError` if the class is not networked."""
        if "__layout__" not in cls.__dict__ or cls is NetworkObject:
            raise _not_networked(cls)
        obj = super().__new__(cls)
        object.__setattr__(obj, "_presence", None)
        object.__setattr__(obj, "_object_id", 0)
        return obj

    if not TYPE_CHECKING:  # a type checker that saw this would let any misspelt name pass

        def __setattr__(self, name: str, value: Any) -> None:
            field = self.__layout__.field_of.get(name)
            if name == "on_owner_lost":
                set_rule(self, value)
            elif field is None:
                object.__setattr__(self, name, value)
            else:
                field.write(self, value)

    def __delattr__(self, name: str) -> None:
        if name in self.__layout__.field_of:
            raise LocalProtocolError(f"{type(self).__name__}.{name} is replicated; it can't go")
        object.__delattr__(self, name)

    def __repr__(self) -> str:
        number = f" {self._object_id}" if self._object_id else ""
        return f"<{type(self).__name__}{number}>"

    # --- what it is ---

    @property
    def object_id(self) -> int:
        """Its number: 0 before it is spawned, then the same on all peers, and never used again."""
        return self._object_id

    @property
    def world(self) -> World:
        """The world that it is in. Raises `LocalProtocolError` if it is in none."""
        if self._presence is None:
            raise LocalProtocolError(f"{self!r} is in no world; spawn it first")
        return self._presence.world

    @property
    def is_spawned(self) -> bool:
        """Whether it is in a world."""
        return self._presence is not None

    @property
    def owner(self) -> PeerId | None:
        """The peer that may call its commands; None for what belongs to the host alone."""
        return None if self._presence is None else self._presence.owner

    @property
    def has_authority(self) -> bool:
        """Whether this peer owns it."""
        presence = self._presence
        return presence is not None and presence.owner == presence.world.me

    @property
    def is_host(self) -> bool:
        """Whether this peer is the host, and so may change it."""
        return self._presence is not None and self._presence.world.is_host

    @property
    def suspended(self) -> bool:
        """Whether its owner is away, or there is no host for the time being."""
        return self._presence is not None and self._presence.asleep

    @property
    def placement(self) -> tuple[str, str] | None:
        """The scene that it came with, and its place there; None if it came with none."""
        return None if self._presence is None else self.world.session.placed.get(self.object_id)

    # --- what it can do ---

    def spawn(self, other: O, owner: Owner = None) -> O:
        """Put another object into the same world. See `World.spawn`."""
        return self.world.spawn(other, owner)

    def despawn(self) -> None:
        """Take this object out of its world. See `World.despawn`."""
        self.world.despawn(self)

    def request_authority(self) -> Any:
        """Ask the host to own this object. Gives a receipt: True, or it raises `CommandRefused`.

        The host asks `on_authority_request`, unless the owner has locked the object.
        """
        return self.world.request(Request.REQUEST_AUTHORITY, self.object_id)

    def give_authority(self, to: Owner = None) -> Any:
        """Called by its owner: pass this object on to another member, or to the host alone.

        Gives a receipt, which raises `CommandRefused` if the object is locked or not one's own.
        """
        peer = self.world.peer_named(to)
        return self.world.request(Request.GIVE_AUTHORITY, self.object_id, peer)

    def lock_authority(self, locked: bool = True) -> Any:
        """Called by its owner: keep others from asking for this object. Gives a receipt."""
        return self.world.request(Request.LOCK_AUTHORITY, self.object_id, locked)

    @property
    def authority_locked(self) -> bool:
        """Whether its owner keeps others from asking for it."""
        return self._presence is not None and self._presence.tie.locked

    @property
    def controller_id(self) -> int:
        """Of a player: which of its member's players it is, 0 for the first. Else -1."""
        return -1 if self._presence is None else self._presence.tie.controller

    def after(self, seconds: float, method: str, *arguments: Any) -> int:
        """Have one of its methods called on the host, some time from now. See `World.after`."""
        return self.world.after(self, seconds, method, *arguments)

    def cancel_timer(self, number: int) -> bool:
        """Forget a timer. See `World.cancel_timer`."""
        return self.world.cancel_timer(number)

    # --- what the game may override ---

    def on_authority_request(self, peer: PeerId) -> bool | str:
        """On the host: a member wants to own this. True gives it away; a text says why not.

        By default what is owned by nobody is given away.
        """
        return True if self.owner is None else "somebody owns it"

    def on_start_server(self, migrated: bool) -> None:
        """On the host: it was spawned; or, with `migrated`, this peer has become the host."""

    def on_stop_server(self) -> None:
        """On the host: it was despawned; or this peer is not the host any more."""

    def on_start_client(self) -> None:
        """On every peer, the host too: it appeared."""

    def on_stop_client(self) -> None:
        """On every peer, the host too: it is gone."""

    def on_start_authority(self) -> None:
        """On the new owner: this peer may call its commands from now on."""

    def on_stop_authority(self) -> None:
        """On the former owner."""

    def on_suspended(self) -> None:
        """On every peer: its owner was lost, or the host was."""

    def on_resumed(self) -> None:
        """On every peer: its owner is back, or there is a host again."""

    def on_tick(self, dt: float) -> None:
        """On the host, once a tick unless it is suspended. `dt` is in seconds."""

    def on_bot_tick(self, dt: float) -> None:
        """On the host, once a tick while its owner is away and a bot is to play (`Absence`)."""


def set_rule(obj: NetworkObject, rule: Any) -> None:
    """`on_owner_lost` of one object was written to."""
    if obj._presence is None:
        check_rule(obj, rule)
        object.__setattr__(obj, "on_owner_lost", rule)
    else:
        obj._presence.world.custody.set_rule(obj, rule)


def check_object(obj: object) -> None:
    """Raises `SyncTypeError` for what can't be spawned."""
    if isinstance(obj, type):
        raise SyncTypeError(f"spawn takes an object, not a class; write {obj.__name__}()")
    if not isinstance(obj, NetworkObject):
        raise SyncTypeError(f"spawn takes a NetworkObject, not {obj!r}")


def _not_networked(cls: type) -> DeclarationError:
    """The error for a class that lacks its decorator."""
    if cls is NetworkObject:
        return DeclarationError("derive a class from NetworkObject and put @networked above it")
    return DeclarationError(f"{cls.__name__} is not networked; put @networked above the class")


NetworkObject.__layout__ = Layout(NetworkObject, (), (), (), ticks=False)


@networked
class Player(NetworkObject):
    """The object of one member. The host spawns one when the member is let in."""

    name: str = sync_var("")
    """The name that the member gave when it joined."""

    def on_forfeit(self) -> None:
        """On the host: its member was away for too long, and its seat is given up (`Absence`)."""


Player._is_player = True
