"""What is replicated: networked classes with their fields and calls, and the world of them."""

from .calls import client_rpc, command
from .containers import SyncDict, SyncList
from .custody import OwnerLost
from .dispatch import PastCommand
from .edits import Change, SyncOp
from .fields import sync_dict, sync_list, sync_set, sync_var
from .game import Game
from .layout import networked
from .objects import NetworkObject, Player
from .rules import Absence, Vote, WhileAway
from .scenes import Progress, Scene
from .sets import SyncSet
from .world import World

__all__ = [
    "Absence",
    "Change",
    "Game",
    "NetworkObject",
    "OwnerLost",
    "PastCommand",
    "Player",
    "Progress",
    "Scene",
    "SyncDict",
    "SyncList",
    "SyncOp",
    "SyncSet",
    "Vote",
    "WhileAway",
    "World",
    "client_rpc",
    "command",
    "networked",
    "sync_dict",
    "sync_list",
    "sync_set",
    "sync_var",
]
