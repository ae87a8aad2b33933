"""What the session itself has to remember, as an object that is replicated like any other.

It is there in every world from the beginning, under the number 0, which no object of a game gets.
So whatever is kept in its fields is in the updates and in the snapshots, is undone with a branch
that loses, and is there when another peer takes over.
"""

from __future__ import annotations

from typing import Final

import attrs

from ..core.events import BotLeft, BotTookOver, GameResumed, ScenesReady, VoteClosed, VoteOpened
from ..core.values import PeerId
from .containers import SyncDict
from .edits import Change
from .fields import sync_dict, sync_set, sync_var
from .layout import networked
from .objects import NetworkObject
from .rules import Absence, Vote
from .sets import SyncSet

SESSION_ID: Final = 0
"""The number of the session's own object."""


@attrs.frozen
class Timer:
    """A method that is to be called on the host at a moment of the game's time."""

    due_us: int
    object_id: int
    method: str
    arguments: bytes  # encoded, so that they are the same on every host


@attrs.frozen
class Ready:
    """How far a peer is with loading the scenes."""

    nonce: int  # of the process: one that was restarted has to load them anew
    version: int  # it has all scenes as of this version
    keeps: bool  # it keeps them while it has no host


@networked
class SessionState(NetworkObject):
    """The session's own memory. A game never writes to it."""

    # how long there has been a host, as of the last update
    uptime_us: int = sync_var(0, latest=True)

    timers: SyncDict[int, Timer] = sync_dict()  # by number
    next_timer: int = sync_var(1)

    absence: Absence = sync_var(Absence())
    graces: SyncDict[str, float] = sync_dict()  # seconds, of peers with one of their own
    away_us: SyncDict[str, int] = sync_dict()  # since which uptime each absent peer is away
    reserved: SyncSet[str] = sync_set()  # peers that were not here since the session was resumed
    excused: SyncSet[str] = sync_set()  # absent peers without whom the game goes on
    bots: SyncSet[str] = sync_set(on_change="_bots_changed")  # absent peers that a bot plays for

    votes: SyncDict[str, Vote] = sync_dict()
    # an uptime; before the pause that it belongs to, so that its events come first
    vote_until_us: float | None = sync_var(None, on_change="_vote_changed")
    held: bool = sync_var(False)  # paused by the host's player
    paused_at_us: int | None = sync_var(None, on_change="_paused_changed")  # an uptime
    paused_us: int = sync_var(0)  # length of all earlier pauses

    scenes: SyncDict[str, int] = sync_dict(on_change="_scenes_changed")  # number of each loading
    scene_version: int = sync_var(0)  # counts what was loaded and unloaded
    placed: SyncDict[int, tuple[str, str]] = sync_dict()  # scene and place of objects of scenes
    ready: SyncDict[str, Ready] = sync_dict(on_change="_ready_changed")

    def _scenes_changed(self, change: Change) -> None:
        for hook in self.world.on_scenes:
            hook()

    def _ready_changed(self, change: Change) -> None:
        peer = None if change.new is None else PeerId(change.key)
        if peer is not None and self.world.scenes.is_ready(peer):
            self.world.tell(ScenesReady(peer))

    def _bots_changed(self, change: Change) -> None:
        if change.old is not None:
            self.world.tell(BotLeft(PeerId(change.old)))
        if change.new is not None:
            self.world.tell(BotTookOver(PeerId(change.new)))

    def _paused_changed(self, old: int | None, new: int | None) -> None:
        self.world.tell(GameResumed() if new is None else self.world.absences.paused_event())

    def _vote_changed(self, old: float | None, new: float | None) -> None:
        if old is None:
            self.world.tell(VoteOpened(self.world.absences.missing))
        elif new is None:
            self.world.tell(VoteClosed())
