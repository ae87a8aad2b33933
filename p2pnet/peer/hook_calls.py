"""Calls the hooks of a game for the events of a peer.

What a hook raises is judged by `guard`: it either says that the peer goes on, or raises.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

import attrs

from ..core.errors import EndReason, GameCodeError
from ..core.events import (
    BecameHost,
    BranchDiscarded,
    ClientDisconnected,
    Event,
    HostAnnounced,
    HostChanged,
    HostLost,
    Joined,
    MigrationStarted,
    PeerJoined,
    RosterChanged,
    SeatReclaimed,
    SessionEnded,
    StateChanged,
)
from ..core.roster import Roster
from ..core.states import ROLES, SETTLED, Role, State
from ..core.values import RECONNECT_ID_INVALID, PeerId
from ..world.dispatch import PastCommand
from ..world.objects import NetworkObject, Player
from .connection import Connection, connection_of
from .migration import MigrationManager
from .peer_info import players_first
from .session_hooks import End, SessionHooks

_REJECTED: Final = frozenset(
    {EndReason.SEAT_EXPIRED, EndReason.KICKED, EndReason.REPLACED, EndReason.DENIED}
)
"""The ends that say no to a member that asks for its seat."""


class Estate(Protocol):
    """Where the hooks find what an event speaks of."""

    @property
    def role(self) -> Role | None: ...

    @property
    def state(self) -> State: ...

    @property
    def roster(self) -> Roster: ...

    @property
    def me(self) -> PeerId: ...

    @property
    def players_version(self) -> int:
        """Changes whenever a player appears or is gone."""

    @property
    def claims_by_hand(self) -> bool:
        """Whether members that are back have to ask for what they own."""

    def objects_of(self, peer: PeerId) -> list[NetworkObject]:
        """What this member owns, its player included."""

    def describe(self, payload: bytes) -> PastCommand:
        """What a command of this peer said."""

    def hold(self, obj: NetworkObject) -> None:
        """Keep an object suspended although its owner is back."""

    def leave_soon(self, reason: EndReason = EndReason.LEFT) -> None:
        """Leave the session as soon as this batch of input is dealt with."""

    def guard(self, error: GameCodeError) -> None:
        """A hook raised. Raises that again unless the peer goes on."""


@attrs.define(eq=False)
class Hooks:
    """The hooks of one peer: its manager's, and those about its session."""

    manager: MigrationManager
    estate: Estate
    session: SessionHooks = attrs.field(factory=SessionHooks)
    _is_migrating: bool = False
    _was_rejoining: bool = False
    _last_connections: dict[PeerId, Connection] = attrs.field(factory=dict)
    _players_version: int = 0
    _told_roster: bool = False

    def call(self, event: Event) -> None:
        """Call what belongs to this event, if anything does."""
        if (handler := _HANDLERS.get(type(event))) is not None:
            self._guarded(lambda: handler(self, event))

    def finish_batch(self) -> None:
        """All events of one batch were told: by now it is known whether there is a host again."""
        version, roster = self.estate.players_version, self.estate.roster
        if version != self._players_version and not self._told_roster and roster.version:
            self._guarded(lambda: self.manager.on_peers_updated(roster))
        self._players_version, self._told_roster = version, False
        if self._is_migrating and self.estate.state in SETTLED:
            self._is_migrating = False
            self._forget_choice()
            self._guarded(self.manager.on_migration_finished)

    def authority(self, obj: NetworkObject, peer: PeerId, state: bool) -> None:
        """A member was given authority over an object, or lost it."""
        member = self.estate.roster.get(peer)
        label = RECONNECT_ID_INVALID if member is None else member.connection_id
        self._guarded(lambda: self.manager.on_authority_updated(obj, label, state))

    def reclaimed(self, peer: PeerId, extra: bytes | None) -> None:
        """A member is back, and what it owns is its own again."""
        connection = connection_of(self.estate.roster, peer, extra)
        member = self.estate.roster.get(peer)
        old = RECONNECT_ID_INVALID if member is None else member.old_connection_id
        for obj in players_first(self.estate.objects_of(peer)):
            if isinstance(obj, Player):
                kept = self.manager.on_server_reconnect_player(connection, obj, old, extra)
            else:
                kept = self.manager.on_server_reconnect_object(connection, obj, old)
            if kept is False:
                self.estate.hold(obj)

    def _guarded(self, call: Callable[[], object]) -> None:
        try:
            call()
        except GameCodeError as error:
            self.estate.guard(error)
        except Exception as error:  # noqa: BLE001  whatever the game raises
            self.estate.guard(GameCodeError([error]))

    def _forget_choice(self) -> None:
        manager = self.manager
        manager._disconnected = False
        manager._waiting_to_become = manager._waiting_reconnect = False
        manager._new_host, manager._new_host_address = None, ""
        manager._reconnect_id = RECONNECT_ID_INVALID

    # --- of a change of host ---

    def _on_host_lost(self, event: HostLost) -> None:
        connection = connection_of(self.estate.roster, event.host)
        if not self.manager.lost_host_on_client(connection):
            self.estate.leave_soon(EndReason.HOST_LOST)

    def _start(self, event: Event) -> None:
        if not self._is_migrating:  # a host that hands over is not lost first
            self._is_migrating = True
            self.manager.on_migration_started()

    def _on_became_host(self, event: BecameHost) -> None:
        if event.migrated:
            self._start(event)
            self.manager.on_became_host()

    def _on_announced(self, event: HostAnnounced) -> None:
        self.manager.on_new_host_announced(connection_of(self.estate.roster, event.host))

    def _on_branch_discarded(self, event: BranchDiscarded) -> None:
        commands = [self.estate.describe(payload) for payload in event.commands]
        self.manager.on_branch_discarded(event.updates, commands)

    def _on_roster_changed(self, event: RosterChanged) -> None:
        self._told_roster = True
        mine = event.roster.get(self.estate.me)
        if mine is not None:
            self.manager._old_id = mine.connection_id
        # Who is gone is in no roster any more when the game is told of it.
        self._last_connections.update(
            (m.peer, connection_of(event.roster, m.peer)) for m in event.roster.members
        )
        self.manager.on_peers_updated(event.roster)

    def _on_seat_reclaimed(self, event: SeatReclaimed) -> None:
        if self.estate.role is not Role.HOST:
            return  # it was told late, and by now somebody else is the host
        self.session.on_server_connect(connection_of(self.estate.roster, event.peer, event.extra))
        if not self.estate.claims_by_hand:
            self.reclaimed(event.peer, event.extra)

    # --- of who comes and who goes ---

    def _on_joined(self, event: Joined) -> None:
        self.session.on_client_connect(connection_of(self.estate.roster, self.estate.me))

    def _on_peer_joined(self, event: PeerJoined) -> None:
        if self.estate.role is Role.HOST and event.peer != self.estate.me:
            self.session.on_server_connect(connection_of(self.estate.roster, event.peer))

    def _on_client_disconnected(self, event: ClientDisconnected) -> None:
        unknown = Connection(event.connection_id, event.peer, "")
        known = self._last_connections.get(event.peer, unknown)
        connection = attrs.evolve(known, connection_id=event.connection_id)
        self.session.on_server_disconnect(connection, End(event.reason, event.text), event.kept)
        if event.reason is EndReason.SEAT_EXPIRED:
            self.manager.on_seat_expired(connection)
        if not event.kept:
            self._last_connections.pop(event.peer, None)

    def _on_session_ended(self, event: SessionEnded) -> None:
        asked = self._was_rejoining or self._is_migrating
        if asked and event.reason in _REJECTED:
            self.manager.on_reconnect_rejected(event.reason, event.text)
        if self._is_migrating:
            self._is_migrating = False
            self.manager.on_migration_failed(event.reason, event.text)
        self._forget_choice()

    def _on_state_changed(self, event: StateChanged) -> None:
        self._was_rejoining = event.new is State.JOINING and event.old is not State.IDLE
        if event.new is State.LEFT and ROLES[event.old] is Role.HOST:
            self.manager.lost_host_on_host(len(self.estate.roster.members) - 1)


_Handler = Callable[[Hooks, Event], None]

_HANDLERS: Final[dict[type[Event], _Handler]] = {
    BranchDiscarded: Hooks._on_branch_discarded,  # type: ignore[dict-item]
    ClientDisconnected: Hooks._on_client_disconnected,  # type: ignore[dict-item]
    HostAnnounced: Hooks._on_announced,  # type: ignore[dict-item]
    HostLost: Hooks._on_host_lost,  # type: ignore[dict-item]
    Joined: Hooks._on_joined,  # type: ignore[dict-item]
    MigrationStarted: Hooks._start,
    HostChanged: Hooks._start,
    BecameHost: Hooks._on_became_host,  # type: ignore[dict-item]
    PeerJoined: Hooks._on_peer_joined,  # type: ignore[dict-item]
    RosterChanged: Hooks._on_roster_changed,  # type: ignore[dict-item]
    SeatReclaimed: Hooks._on_seat_reclaimed,  # type: ignore[dict-item]
    SessionEnded: Hooks._on_session_ended,  # type: ignore[dict-item]
    StateChanged: Hooks._on_state_changed,  # type: ignore[dict-item]
}
