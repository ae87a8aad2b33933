"""What the parts of a world share: what it is made of, who is who in it, and calls to the game."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import attrs

from ..core.errors import (
    AuthorityError,
    GameCodeError,
    GameError,
    LocalProtocolError,
    SyncTypeError,
)
from ..core.events import Event
from ..core.settings import AckLevel
from ..core.values import ConnectionId, PeerId
from .absence import Absences
from .clock import SessionClock
from .custody import Custody
from .dispatch import Dispatch
from .game import Game
from .intake import Step
from .journal import Journal
from .layout import Layout
from .objects import NetworkObject, Owner, Player
from .owner_writes import OwnerWrites
from .players import Players
from .registry import Registry
from .scenes import Scenes
from .session_state import SESSION_ID, SessionState
from .timers import Timers

Submit = Callable[[bytes, AckLevel | None], Any]
"""Takes an encoded command and an ack level (None for the session's), returns a receipt."""

RefusedHook = Callable[[int, str, str], None]
"""Gets the number of the object, the name of the field, and why its owner's value was refused."""

AuthorityHook = Callable[[NetworkObject, PeerId | None, PeerId | None], None]
"""Gets the object, its former owner and its new one."""


def _raise(error: GameCodeError) -> None:
    raise error from error.errors[0]


@attrs.define(eq=False)
class Commons:
    """What `World` inherits."""

    game: Game
    me: PeerId

    is_host: bool = attrs.field(default=False, init=False)
    """Whether this peer is the host, and so may change what is replicated."""

    caller: PeerId | None = attrs.field(default=None, init=False)
    """On the host, while a command runs: the peer that called it."""

    submit: Submit | None = attrs.field(default=None, init=False)
    """How commands leave this peer. Set by whoever connects the world with others."""

    connections: Mapping[PeerId, ConnectionId] = attrs.field(factory=dict, init=False)
    """The connection ids of the members. Kept up to date by whoever knows them."""

    processes: Mapping[PeerId, int] = attrs.field(factory=dict, init=False)
    """The nonce of the process that has each member's seat. Kept up to date as `connections`."""

    on_authority: list[AuthorityHook] = attrs.field(factory=list, init=False)
    """Called on every peer when an object that is no player has another owner."""

    on_graces: list[Callable[[], None]] = attrs.field(factory=list, init=False)
    """Called on the host when it changed for how long seats are kept."""

    on_scenes: list[Callable[[], None]] = attrs.field(factory=list, init=False)
    """Called on every peer when other scenes are to be loaded."""

    on_news: list[Callable[[Event], None]] = attrs.field(factory=list, init=False)
    """Called on every peer with what happened to the session as a whole."""

    on_refused: list[RefusedHook] = attrs.field(factory=list, init=False)
    """Called on the owner of an object when the host did not take what it wrote to a field."""

    is_resuming: bool = attrs.field(default=False, init=False)
    """The reign that begins next goes on with a saved session."""

    objects: Mapping[int, NetworkObject] = attrs.field(init=False)
    """All objects by id, in the order in which they were spawned. Can't be written to."""

    on_error: Callable[[GameCodeError], None] = attrs.field(default=_raise, init=False)
    """Judges what code of the game raised: raises it, or lets the world go on."""

    fatal: GameError | None = attrs.field(default=None, init=False)
    """What a command raised that ends this peer: `SystemExit`. Its caller has been refused."""

    custody: Custody = attrs.field(init=False, repr=False)
    players: Players = attrs.field(init=False, repr=False)
    registry: Registry = attrs.field(factory=Registry, init=False, repr=False)
    journal: Journal = attrs.field(factory=Journal, init=False, repr=False)
    session: SessionState = attrs.field(factory=SessionState, init=False, repr=False)
    clock: SessionClock = attrs.field(factory=SessionClock, init=False, repr=False)
    absences: Absences = attrs.field(init=False, repr=False)
    scenes: Scenes = attrs.field(init=False, repr=False)
    timers: Timers = attrs.field(init=False, repr=False)
    mine: OwnerWrites = attrs.field(init=False, repr=False)
    _dispatch: Dispatch = attrs.field(init=False, repr=False)
    _depth: int = attrs.field(default=0, init=False, repr=False)

    # --- who is who ---

    def find(self, object_id: int) -> NetworkObject | None:
        """The object of this number, the session's own one too."""
        return self.session if object_id == SESSION_ID else self.registry.objects.get(object_id)

    def player_of(self, peer: PeerId) -> Player | None:
        """The player of a member; the first one if the game gave it several."""
        return self.registry.player_of(peer)

    def layout_of(self, object_id: int) -> Layout | None:
        """The layout of an object, or of the session's own; None if it is gone."""
        obj = self.session if object_id == SESSION_ID else self.objects.get(object_id)
        return None if obj is None else obj.__layout__

    def peer_of(self, connection_id: int) -> PeerId:
        """The member with this connection id. Raises `LocalProtocolError` if there is none."""
        for peer, number in self.connections.items():
            if number == connection_id:
                return peer
        raise LocalProtocolError(f"no member has the connection id {connection_id}")

    def peer_named(self, who: Owner) -> PeerId | None:
        """The peer that is meant by a peer id, a connection id, an object of its, or None."""
        if who is None:
            return None
        if isinstance(who, str):
            return who
        if isinstance(who, NetworkObject):
            self._check_here(who)
            return who.owner
        if type(who) is int:
            return self.peer_of(who)
        raise SyncTypeError(f"expected a peer id, a connection id or an object, got {who!r}")

    # --- calls to the game ---

    def tell(self, event: Event) -> None:
        """Something happened to the session as a whole."""
        for hook in self.on_news:
            hook(event)

    @property
    def running(self) -> bool:
        """Whether code of the game runs on the host at this moment, called by the world."""
        return self._depth > 0 and self.is_host

    def check_write(self, obj: NetworkObject, name: str) -> None:
        """Raises `AuthorityError` unless this peer may write the field."""
        if not self.is_host:
            raise AuthorityError(
                f"{type(obj).__name__}.{name} is replicated, and this peer is not the host; "
                "change it in a @command, which runs on the host"
            )

    def call_game(self, function: Callable[..., Any], *args: Any) -> Any:
        """Call code of the game, with `running` set on the host."""
        self._depth += 1
        try:
            return function(*args)
        finally:
            self._depth -= 1

    def owner_calls(self, obj: NetworkObject, old: PeerId | None, new: PeerId | None) -> list[Step]:
        """Who is to hear that an object has another owner."""
        calls: list[Step] = []
        if old == new:
            return calls
        if old == self.me:
            calls.append((obj.on_stop_authority,))
        if new == self.me:
            calls.append((obj.on_start_authority,))
        if not isinstance(obj, Player):
            calls.extend((hook, obj, old, new) for hook in self.on_authority)
        return calls

    def _tell(self, calls: Iterable[Step]) -> None:
        """Make all calls, and only then have those judged that raised; see `on_error`."""
        errors: list[Exception] = []
        for function, *args in calls:
            try:
                self.call_game(function, *args)
            except Exception as error:  # noqa: BLE001  raised again below
                errors.append(error)
        if errors:
            self.on_error(GameCodeError(errors))

    def check_host(self, deed: str) -> None:
        if not self.is_host:
            raise AuthorityError(f"only the host may {deed}; do it in a @command, which runs there")

    def _check_here(self, obj: NetworkObject) -> None:
        if obj._presence is None or obj._presence.world is not self:
            raise LocalProtocolError(f"{obj!r} is not in this world; spawn it first")
