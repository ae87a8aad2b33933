"""What a game may say about a change of host: UNet's hooks, and those that it lacked.

Subclass `MigrationManager`, override what you need, and hand it to `open_peer`. All hooks are plain
functions, called at the moment they speak of, with the state of the game as it is then. What they
raise ends this peer, like any other error in the game's code.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from ..core.events import (
    BecameHost,
    BranchDiscarded,
    Event,
    HostChanged,
    HostLost,
    MigrationStarted,
    PeerReturned,
    RosterChanged,
    StateChanged,
)
from ..core.roster import Roster
from ..core.states import ROLES, Role, State
from ..core.values import ConnectionId, PeerId
from ..world.dispatch import PastCommand
from ..world.objects import NetworkObject, Player
from .connection import Connection, connection_of

SETTLED: Final = frozenset({State.FOLLOWING, State.REIGNING})
"""The states in which the game goes on."""


class SceneChange(enum.StrEnum):
    """What a client does when its host is lost."""

    STAY_IN_ONLINE_SCENE = "stay_in_online_scene"  # take part in the migration
    SWITCH_TO_OFFLINE_SCENE = "switch_to_offline_scene"  # leave the session


class MigrationManager:
    """The hooks. Each does nothing unless you override it."""

    def on_client_disconnected_from_host(self, connection: Connection) -> SceneChange:
        """On a client: the host `connection` is lost. Decide whether to migrate or to leave."""
        return SceneChange.STAY_IN_ONLINE_SCENE

    def on_server_host_shutdown(self) -> None:
        """On a host: it stops hosting, because it leaves or ends the session."""

    def on_server_reconnect_player(
        self, connection: Connection, player: Player, old_connection_id: ConnectionId, extra: None
    ) -> None:
        """On a host: a member is back, and `player` is its own again. `extra` is always None."""

    def on_server_reconnect_object(
        self, connection: Connection, obj: NetworkObject, old_connection_id: ConnectionId
    ) -> None:
        """On a host: a member is back; once for each of its objects that is not its player."""

    def on_peers_updated(self, roster: Roster) -> None:
        """On everybody: somebody came, went, or changed place."""

    def on_authority_updated(
        self, obj: NetworkObject, connection_id: ConnectionId, state: bool
    ) -> None:
        """On everybody: a member was given authority over `obj` (True), or lost it (False)."""

    def on_branch_discarded(self, updates: int, commands: Sequence[PastCommand]) -> None:
        """Two hosts met, and the history that this peer followed was dropped.

        `updates` counts what was done there since the two parted. `commands` are this peer's own
        that had been acknowledged and are undone; call again those that still make sense.
        """

    def on_migration_started(self) -> None:
        """The host is lost, or it hands over. Until the migration is finished nothing changes."""

    def on_became_host(self) -> None:
        """This peer took the session over. Not called on the peer that opened it."""

    def on_migration_finished(self) -> None:
        """There is a host again, with the whole state; it may be this peer."""


class Estate(Protocol):
    """Where the hooks find what an event speaks of."""

    @property
    def role(self) -> Role | None: ...

    @property
    def state(self) -> State: ...

    @property
    def roster(self) -> Roster: ...

    def objects_of(self, peer: PeerId) -> list[NetworkObject]:
        """What this member owns, its player included."""

    def describe(self, payload: bytes) -> PastCommand:
        """What a command of this peer said."""

    def leave_soon(self) -> None:
        """Leave the session as soon as this batch of input is dealt with."""


class Hooks:
    """Calls the hooks of a manager for the events of a peer."""

    def __init__(self, manager: MigrationManager, estate: Estate) -> None:
        self._manager = manager
        self._estate = estate
        self._is_migrating = False

    def call(self, event: Event) -> None:
        """Call what belongs to this event, if anything does."""
        if (handler := _HANDLERS.get(type(event))) is not None:
            handler(self, event)

    def finish_batch(self) -> None:
        """All events of one batch were told: by now it is known whether there is a host again."""
        if self._is_migrating and self._estate.state in SETTLED:
            self._is_migrating = False
            self._manager.on_migration_finished()

    def _on_host_lost(self, event: HostLost) -> None:
        connection = connection_of(self._estate.roster, event.host)
        choice = self._manager.on_client_disconnected_from_host(connection)
        if choice is SceneChange.SWITCH_TO_OFFLINE_SCENE:
            self._estate.leave_soon()

    def _start(self, event: MigrationStarted | HostChanged | BecameHost) -> None:
        if not self._is_migrating:  # a host that hands over is not lost first
            self._is_migrating = True
            self._manager.on_migration_started()

    def _on_became_host(self, event: BecameHost) -> None:
        if event.migrated:
            self._start(event)
            self._manager.on_became_host()

    def _on_branch_discarded(self, event: BranchDiscarded) -> None:
        commands = [self._estate.describe(payload) for payload in event.commands]
        self._manager.on_branch_discarded(event.updates, commands)

    def _on_roster_changed(self, event: RosterChanged) -> None:
        self._manager.on_peers_updated(event.roster)

    def _on_peer_returned(self, event: PeerReturned) -> None:
        if self._estate.role is not Role.HOST:
            return
        connection = connection_of(self._estate.roster, event.peer)
        old = event.old_connection_id
        for obj in self._estate.objects_of(event.peer):
            if isinstance(obj, Player):
                self._manager.on_server_reconnect_player(connection, obj, old, None)
            else:
                self._manager.on_server_reconnect_object(connection, obj, old)

    def _on_state_changed(self, event: StateChanged) -> None:
        if event.new is State.LEFT and ROLES[event.old] is Role.HOST:
            self._manager.on_server_host_shutdown()


_Handler = Callable[[Hooks, Event], None]

_HANDLERS: Final[dict[type[Event], _Handler]] = {
    BranchDiscarded: Hooks._on_branch_discarded,  # type: ignore[dict-item]
    HostLost: Hooks._on_host_lost,  # type: ignore[dict-item]
    MigrationStarted: Hooks._start,  # type: ignore[dict-item]
    HostChanged: Hooks._start,  # type: ignore[dict-item]
    BecameHost: Hooks._on_became_host,  # type: ignore[dict-item]
    RosterChanged: Hooks._on_roster_changed,  # type: ignore[dict-item]
    PeerReturned: Hooks._on_peer_returned,  # type: ignore[dict-item]
    StateChanged: Hooks._on_state_changed,  # type: ignore[dict-item]
}
