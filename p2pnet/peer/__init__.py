"""One player's place in a session: trio above the core. The core decides, this performs."""

from .connection import Connection
from .identity import Identity
from .invite import Invite
from .migration import MigrationManager, SceneChange
from .peer import Peer, open_peer
from .receipts import Receipt
from .scenes import SceneManager
from .subscription import Subscription

__all__ = [
    "Connection",
    "Identity",
    "Invite",
    "MigrationManager",
    "Peer",
    "Receipt",
    "SceneChange",
    "SceneManager",
    "Subscription",
    "open_peer",
]
