"""One player's place in a session: trio above the core. The core decides, this performs."""

from .authenticator import Authenticator, PasswordAuthenticator
from .bookmark import Bookmark
from .connection import Connection
from .connection_manager import (
    ConnectionChange,
    ConnectionManager,
    ConnectionState,
    Reconnect,
    ReconnectAttempt,
    ReconnectFailed,
    connect,
)
from .hud import Button, Hud
from .identity import Identity
from .invite import Invite
from .migration import MigrationManager
from .migration_hooks import SceneChange
from .opening import open_peer
from .peer import Peer
from .peer_info import ConnectionPendingPlayers, PeerInfo, PeerInfoPlayer, PendingPlayerInfo
from .receipts import Receipt
from .scenes import SceneManager
from .session_hooks import End, Newcomer, SessionHooks
from .subscription import Subscription

__all__ = [
    "Authenticator",
    "Bookmark",
    "Button",
    "Connection",
    "ConnectionChange",
    "ConnectionManager",
    "ConnectionPendingPlayers",
    "ConnectionState",
    "End",
    "Hud",
    "Identity",
    "Invite",
    "MigrationManager",
    "Newcomer",
    "PasswordAuthenticator",
    "Peer",
    "PeerInfo",
    "PeerInfoPlayer",
    "PendingPlayerInfo",
    "Receipt",
    "Reconnect",
    "ReconnectAttempt",
    "ReconnectFailed",
    "SceneChange",
    "SceneManager",
    "SessionHooks",
    "Subscription",
    "connect",
    "open_peer",
]
