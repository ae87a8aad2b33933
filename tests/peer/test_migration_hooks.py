from __future__ import annotations

from p2pnet import Connection, ConnectionId, EndReason, PeerId, Player, Roster, SceneChange
from p2pnet.peer.migration_hooks import MigrationHooks


def test_the_defaults_stay_in_the_game_and_give_everything_back() -> None:
    hooks, somebody = MigrationHooks(), Connection(ConnectionId(1), PeerId("x"), "x")
    choice = hooks.on_client_disconnected_from_host(somebody)
    assert choice is SceneChange.STAY_IN_ONLINE_SCENE
    player = Player()
    assert hooks.on_server_reconnect_player(somebody, player, ConnectionId(1), b"") is None
    assert hooks.on_server_reconnect_object(somebody, player, ConnectionId(1)) is None
    hooks.on_peers_updated(Roster())
    hooks.on_migration_failed(EndReason.LEFT, "")
