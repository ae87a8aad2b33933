"""What the application is told. Frozen values with typed reasons, in the order things happened.

Around the loss of a host the order is always `HostLost`, `MigrationStarted`, then `BecameHost` on
the successor or `HostChanged` on everybody else, and no update is applied in between. When a host
hands over, nobody loses it: `BecameHost` and `HostChanged` come without the other two.
"""

from __future__ import annotations

import enum

import attrs

from .errors import DenyReason, EndReason, RefuseReason
from .roster import Roster
from .states import Role, State
from .values import ConnectionId, Epoch, PeerId, Position


class LossCause(enum.StrEnum):
    """How the loss of a peer was noticed."""

    CLOSED = "closed"  # its link ended: the process is gone, or the network reset the connection
    SILENT = "silent"  # nothing came for too long
    LEFT = "left"  # it said good-bye, for good
    AWAY = "away"  # it said good-bye, and means to come back
    CRASHED = "crashed"  # it said that the code of its game raised


@attrs.frozen
class Event:
    """Root of all events."""


@attrs.frozen
class StateChanged(Event):
    """The protocol moved from one state to another (see the table in `states`)."""

    old: State
    new: State


@attrs.frozen
class RoleChanged(Event):
    """This peer took up a role, or has none any more."""

    role: Role | None


@attrs.frozen
class Joined(Event):
    """This peer has a seat in the session."""

    connection_id: ConnectionId
    old_connection_id: ConnectionId  # RECONNECT_ID_INVALID for a newcomer
    epoch: Epoch


@attrs.frozen
class JoinFailed(Event):
    """The host could not be reached, so this peer has no seat."""

    reason: EndReason
    text: str


@attrs.frozen
class JoinPending(Event):
    """The host asks its game whether to let this peer in. It decides within `wait_us`."""

    wait_us: int


@attrs.frozen
class ApprovalRequested(Event):
    """On a host that approves: a newcomer waits for an answer. `payload` is what it sent along."""

    peer: PeerId
    name: str
    payload: bytes | None


@attrs.frozen
class JoinDenied(Event):
    """The host does not want this peer."""

    reason: DenyReason
    text: str


@attrs.frozen
class SessionEnded(Event):
    """The session is over for this peer; no migration follows."""

    reason: EndReason
    text: str


@attrs.frozen
class RosterChanged(Event):
    """Somebody came, went, or changed place. Everybody gets it, the host too."""

    roster: Roster


@attrs.frozen
class PeerJoined(Event):
    """A newcomer has a seat."""

    peer: PeerId
    connection_id: ConnectionId


@attrs.frozen
class PeerLost(Event):
    """Another member is away; its seat and its player are kept."""

    peer: PeerId
    connection_id: ConnectionId


@attrs.frozen
class PeerReturned(Event):
    """Another member is back with all its state."""

    peer: PeerId
    connection_id: ConnectionId
    old_connection_id: ConnectionId


@attrs.frozen
class SeatReclaimed(Event):
    """On the host: a member has its seat again, with the `extra` that it sent along."""

    peer: PeerId
    connection_id: ConnectionId
    old_connection_id: ConnectionId
    extra: bytes | None


@attrs.frozen
class ClientDisconnected(Event):
    """On the host: a member is not linked any more, and why. `kept` says whether its seat is."""

    peer: PeerId
    connection_id: ConnectionId
    reason: EndReason
    text: str
    kept: bool


@attrs.frozen
class PeerGone(Event):
    """A seat was given up for good."""

    peer: PeerId
    connection_id: ConnectionId
    reason: EndReason


@attrs.frozen
class HostSuspected(Event):
    """The host has been silent for longer than usual. Nothing is decided."""

    host: PeerId


@attrs.frozen
class HostRecovered(Event):
    """The suspected host was heard again."""

    host: PeerId


@attrs.frozen
class HostLost(Event):
    """The host is gone as far as this peer can tell. Players are suspended from here on."""

    host: PeerId
    cause: LossCause


@attrs.frozen
class MigrationStarted(Event):
    """A successor is being looked for. `successor` is who is first in rank and not known dead."""

    epoch: Epoch  # the reign that was lost
    successor: PeerId
    you: bool


@attrs.frozen
class HostAnnounced(Event):
    """Somebody took the session over, and this peer, which migrates by hand, may follow it."""

    epoch: Epoch
    host: PeerId


@attrs.frozen
class NewHostUnreachable(Event):
    """Whom this peer chose to follow, migrating by hand, can't be reached: choose another one."""

    host: PeerId


@attrs.frozen
class HookFailed(Event):
    """Code of the game raised where p2pnet called it, and this peer goes on all the same."""

    text: str


@attrs.frozen
class ClaimMade(Event):
    """This peer asked the others for the host role."""

    number: int


@attrs.frozen
class ClaimGranted(Event):
    """This peer gave its word to a claimant."""

    number: int
    claimant: PeerId


@attrs.frozen
class ClaimRefused(Event):
    """This peer's claim was refused: the host lives, or another claimant was faster."""

    number: int
    by: PeerId
    reason: RefuseReason


@attrs.frozen
class ClaimDenied(Event):
    """This peer does not stand behind somebody's claim."""

    number: int
    claimant: PeerId
    reason: RefuseReason


@attrs.frozen
class PullStarted(Event):
    """This claimant is behind another survivor and asks it for the rest of the history."""

    source: PeerId
    position: Position


@attrs.frozen
class BecameHost(Event):
    """This peer hosts from now on. `migrated` is False for the first host of a session."""

    epoch: Epoch
    position: Position
    migrated: bool


@attrs.frozen
class HostChanged(Event):
    """This peer follows another host from now on, with all its state."""

    epoch: Epoch
    host: PeerId
    position: Position


@attrs.frozen
class Isolated(Event):
    """Others hear the host and this peer does not: it redials and starts no reign.

    `via` is the neighbour that it asks to pass its frames on meanwhile.
    """

    host: PeerId
    via: PeerId


@attrs.frozen
class Relayed(Event):
    """This peer plays on through a neighbour that hears the host."""

    host: PeerId
    via: PeerId


@attrs.frozen
class OnBranch(Event):
    """This host plays on with fewer than half of the seats: others may do so without it."""

    present: int
    seats: int


@attrs.frozen
class SessionPaused(Event):
    """Too few are here to go on (`Settings.policy`), with a host or without one. Commands wait;
    players may come back. `SessionResumed` follows, or the session ends.
    """

    present: int
    seats: int


@attrs.frozen
class SessionResumed(Event):
    """The session goes on after a pause, with this host or another one."""

    present: int
    seats: int


@attrs.frozen
class Overslept(Event):
    """This process stood still for so long that others may have gone on without it."""

    slept_us: int


@attrs.frozen
class Deposed(Event):
    """This peer was the host; the others have another one now. It goes back as a client."""

    epoch: Epoch
    host: PeerId


@attrs.frozen
class ReignsMet(Event):
    """This host met another host of the session; `ours` says whose reign goes on."""

    theirs: Epoch
    ours: bool


@attrs.frozen
class HandoverStarted(Event):
    """The host named its successor. Nothing is ordered until that one reigns."""

    target: PeerId
    number: int


@attrs.frozen
class HandoverFailed(Event):
    """The named successor did not take over in time; the host role is claimed anew."""

    target: PeerId


@attrs.frozen
class BranchDiscarded(Event):
    """The history that this peer followed lost against another one.

    `fork` is the last position that both share, None if it is too long ago to be known. `updates`
    counts what came after it here. `tickets` are the commands of this peer that were acknowledged
    and are not in the history any more, and `commands` what they were, as the world encoded them;
    everything else of this peer is sent again by itself.
    """

    fork: Position | None
    updates: int
    tickets: tuple[int, ...]
    commands: tuple[bytes, ...]


@attrs.frozen
class SceneLoading(Event):
    """This peer loads a scene. `progress` goes from 0 to 1."""

    scene: str
    progress: float


@attrs.frozen
class SceneLoaded(Event):
    """This peer has loaded a scene."""

    scene: str


@attrs.frozen
class SceneVetoed(Event):
    """`verify_scene_before_loading` kept this peer from loading a scene."""

    scene: str


@attrs.frozen
class SceneUnloaded(Event):
    """This peer has unloaded a scene."""

    scene: str


@attrs.frozen
class ScenesReady(Event):
    """A member has loaded all scenes that the session has by now."""

    peer: PeerId


@attrs.frozen
class GamePaused(Event):
    """The game stands still: the host's player wants it, or these are missing."""

    missing: tuple[PeerId, ...]
    vote: bool  # whether those who are there vote on it


@attrs.frozen
class GameResumed(Event):
    """The game goes on after a pause."""


@attrs.frozen
class VoteOpened(Event):
    """Those who are there are asked whether the game goes on without these: `Peer.vote`."""

    missing: tuple[PeerId, ...]


@attrs.frozen
class VoteClosed(Event):
    """The vote is over: it was decided to go on, or somebody is back."""


@attrs.frozen
class BotTookOver(Event):
    """A bot plays for an absent player from now on: `on_bot_tick` of its objects."""

    peer: PeerId


@attrs.frozen
class BotLeft(Event):
    """No bot plays for this player any more."""

    peer: PeerId


@attrs.frozen
class WriteRefused(Event):
    """The host did not take what this peer wrote to a field of its own; `text` says why."""

    object_id: int
    field: str
    text: str


@attrs.frozen
class ProofRejected(Event):
    """Somebody said what it can't prove: another's identity, or a number out of thin air."""

    peer: PeerId | None  # at the other end of the link; None before it has proved who it is
    text: str


@attrs.frozen
class StrangerRefused(Event):
    """A link or a request was turned away; it cost nobody anything."""

    text: str
