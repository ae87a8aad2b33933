"""The hooks about a change of host: UNet's, and those that it lacked.

All are plain functions, called at the moment they speak of, with the state of the game as it is
then. `MigrationManager` adds the settings, facts and steps.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence

from ..core.errors import EndReason
from ..core.roster import Roster
from ..core.values import ConnectionId
from ..world.dispatch import PastCommand
from ..world.objects import NetworkObject, Player
from .connection import Connection


class SceneChange(enum.StrEnum):
    """What a client does when its host is lost."""

    STAY_IN_ONLINE_SCENE = "stay_in_online_scene"  # take part in the migration
    SWITCH_TO_OFFLINE_SCENE = "switch_to_offline_scene"  # leave the session


class MigrationHooks:
    """Each does nothing unless it is overridden."""

    # --- hooks of UNet ---

    def on_client_disconnected_from_host(self, connection: Connection) -> SceneChange:
        """On a client: the host `connection` is lost. Decide whether to migrate or to leave."""
        return SceneChange.STAY_IN_ONLINE_SCENE

    def on_server_host_shutdown(self) -> None:
        """On a host: it stops hosting, because it leaves or ends the session."""

    def on_server_reconnect_player(
        self,
        connection: Connection,
        player: Player,
        old_connection_id: ConnectionId,
        extra: bytes | None,
    ) -> bool | None:
        """On a host: a member is back, and `player` is its own again.

        `extra` is what it sent along (`reconnect_extra`). Return False to keep the player suspended
        until `reconnect_player_for_connection`.
        """
        return None

    def on_server_reconnect_object(
        self, connection: Connection, obj: NetworkObject, old_connection_id: ConnectionId
    ) -> bool | None:
        """On a host: a member is back; once for each of its objects that is not its player.

        What it sent along is `connection.extra`. Return False to keep the object suspended until
        `reconnect_object_for_connection`.
        """
        return None

    def on_peers_updated(self, roster: Roster) -> None:
        """On everybody: somebody came, went, changed place, or has another player."""

    def on_authority_updated(
        self, obj: NetworkObject, connection_id: ConnectionId, state: bool
    ) -> None:
        """On everybody: a member was given authority over `obj` (True), or lost it (False)."""

    # --- hooks that UNet lacked ---

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

    def on_migration_failed(self, reason: EndReason, text: str) -> None:
        """The session ended for this peer while it had no host."""

    def on_new_host_announced(self, connection: Connection) -> None:
        """With `automatic=False`: somebody took over, and can be followed."""

    def on_reconnect_rejected(self, reason: EndReason, text: str) -> None:
        """The host did not give this peer its seat back, and why."""

    def on_seat_expired(self, connection: Connection) -> None:
        """On a host: a member stayed away for too long. Its objects go after this."""
