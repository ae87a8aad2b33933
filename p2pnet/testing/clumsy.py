"""A game whose every hook raises, and that goes on all the same."""

from __future__ import annotations

from collections.abc import Sequence

from p2pnet.core.errors import GameCodeError, LinkEnd
from p2pnet.core.roster import Roster
from p2pnet.core.values import PeerId
from p2pnet.peer.connection import Connection
from p2pnet.peer.migration import MigrationManager
from p2pnet.peer.session_hooks import End, SessionHooks
from p2pnet.world.dispatch import PastCommand


class Clumsy(Exception):
    """What the code of such a game raises."""


class ClumsyManager(MigrationManager):
    """Raises whenever it is told of a change of host."""

    def on_peers_updated(self, roster: Roster) -> None:
        raise Clumsy("on_peers_updated")

    def on_branch_discarded(self, updates: int, commands: Sequence[PastCommand]) -> None:
        raise Clumsy("on_branch_discarded")

    def on_migration_started(self) -> None:
        raise Clumsy("on_migration_started")

    def on_became_host(self) -> None:
        raise Clumsy("on_became_host")

    def on_migration_finished(self) -> None:
        raise Clumsy("on_migration_finished")


class ClumsyHooks(SessionHooks):
    """Raises whenever it is told who comes and who goes. Its peer plays on in spite of that."""

    def on_client_connect(self, connection: Connection) -> None:
        raise Clumsy("on_client_connect")

    def on_server_connect(self, connection: Connection) -> None:
        raise Clumsy("on_server_connect")

    def on_server_disconnect(self, connection: Connection, end: End, kept: bool) -> None:
        raise Clumsy("on_server_disconnect")

    def on_transport_connect(self, remote: str) -> None:
        raise Clumsy("on_transport_connect")

    def on_transport_disconnect(self, remote: str, end: LinkEnd) -> None:
        raise Clumsy("on_transport_disconnect")

    def on_transport_error(self, peer: PeerId, end: LinkEnd) -> None:
        raise Clumsy("on_transport_error")

    def on_hook_error(self, error: GameCodeError) -> bool:
        return True
