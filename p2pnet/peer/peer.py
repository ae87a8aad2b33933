"""The front door: `open_peer`, and the `Peer` that it gives."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TypeVar

from ..core.errors import (
    ADVICE,
    DenyReason,
    EndReason,
    LocalProtocolError,
    SessionOver,
    SyncTypeError,
)
from ..core.events import Event
from ..core.roster import Roster
from ..core.states import Role, State
from ..core.values import (
    RECONNECT_ID_INVALID,
    ConnectionId,
    Epoch,
    PeerId,
    Position,
    SessionId,
    short_id,
)
from ..world.objects import NetworkObject, Player
from ..world.requests import Request
from .bookmark import Bookmark, bookmark_of
from .identity import Identity
from .inputs import Approve, Deny, EndSession, HandOver, Host, Input, Join, Kick, Resume
from .invite import Invite
from .migration import MigrationManager, check_payload
from .receipts import Receipt
from .running import Running
from .saves import read_save
from .shell import Shell
from .subscription import Subscription

E = TypeVar("E", bound=Event)
O = TypeVar("O", bound=NetworkObject)  # noqa: E741

_SESSION_ID_BYTES = 16


class Peer(Running):
    """One player's place in a session. Made by `open_peer`; hosts or joins one session, once."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell

    def __repr__(self) -> str:
        return f"<Peer {self.name!r} {self.me} {self.state.value}>"

    # --- who it is ---

    @property
    def name(self) -> str:
        """The name that others see."""
        return self._shell.name

    @property
    def identity(self) -> Identity:
        """The key pair that makes this the same peer after any loss."""
        return self._shell.identity

    @property
    def me(self) -> PeerId:
        """The short hash of the public key."""
        return self._shell.identity.peer_id

    # --- where it stands ---

    @property
    def state(self) -> State:
        """What the protocol is doing."""
        return self._shell.state

    @property
    def role(self) -> Role | None:
        """Host or client; None without a session."""
        return self._shell.role

    @property
    def roster(self) -> Roster:
        """All members, best successor first."""
        return self._shell.roster

    @property
    def connection_id(self) -> ConnectionId:
        """Today's label: 0 for the host; RECONNECT_ID_INVALID without a seat."""
        core = self._shell.core
        return RECONNECT_ID_INVALID if core is None else core.connection_id

    @property
    def old_connection_id(self) -> ConnectionId:
        """The label under the reign before; RECONNECT_ID_INVALID if it was not there yet."""
        core = self._shell.core
        return RECONNECT_ID_INVALID if core is None else core.old_connection_id

    @property
    def epoch(self) -> Epoch | None:
        """The reign that this peer obeys."""
        core = self._shell.core
        return None if core is None else core.epoch

    @property
    def position(self) -> Position | None:
        """How far in history this peer is."""
        core = self._shell.core
        return None if core is None else core.position

    @property
    def digest(self) -> bytes:
        """Of all updates so far: equal on peers whose history is equal."""
        core = self._shell.core
        return b"" if core is None else core.digest

    @property
    def bookmark(self) -> Bookmark:
        """What this member needs to find its session again, whoever hosts it by then.

        Raises LocalProtocolError without a session.
        """
        core = self._shell.core
        if core is None or core.session is None or not core.roster.members:
            raise LocalProtocolError("there is no session to come back to")
        return bookmark_of(core.session, core.roster, core.host_peer, self.me)

    @property
    def migration(self) -> MigrationManager:
        """Settings, facts and steps of host migration."""
        return self._shell.manager

    @property
    def invite(self) -> Invite:
        """What a newcomer needs to join through this peer, for as long as this peer is there.

        Whom it asks need not be the host: a client tells it who is. Raises LocalProtocolError
        without a session.
        """
        core = self._shell.core
        if core is None or core.session is None or self._shell.over is not None:
            raise LocalProtocolError("there is no session to invite to")
        return Invite(core.session, core.me, core.addresses)

    # --- the game ---

    @property
    def player(self) -> Player | None:
        """This peer's own player; None without a seat."""
        return self.world.player_of(self.me)

    @property
    def objects(self) -> Mapping[int, NetworkObject]:
        """All replicated objects by id, in the order in which they were spawned."""
        return self.world.objects

    def spawn(self, obj: O, owner: PeerId | int | NetworkObject | None = None) -> O:
        """Put an object into the world of all. On the host. See `World.spawn`."""
        return self.world.spawn(obj, owner)

    def despawn(self, obj: NetworkObject) -> None:
        """Take an object out of the world of all. On the host."""
        self.world.despawn(obj)

    def assign_authority(self, obj: NetworkObject, owner: PeerId | int | NetworkObject) -> None:
        """Let another member call the commands of `obj`. On the host."""
        self.world.assign_authority(obj, owner)

    def remove_authority(self, obj: NetworkObject) -> None:
        """Make `obj` the host's alone. On the host."""
        self.world.remove_authority(obj)

    def add_player(self, controller_id: int = 0, message: bytes | None = None) -> Receipt[int]:
        """Ask for a player, in a game with `auto_create_player=False`, or for one more.

        Gives a receipt with the id of the object. If this member is back and has not asked for
        what it owns, that is what it gets, and `message` goes to the hooks as `extra`. The receipt
        raises CommandRefused if the number is taken or none.
        """
        message = check_payload("message", message)
        request = self.world.request(Request.ADD_PLAYER, 0, controller_id, self.name, message)
        receipt: Receipt[int] = request
        return receipt

    def remove_player(self, controller_id: int = 0) -> Receipt[None]:
        """Take a player of this member out of the game. Gives a receipt."""
        receipt: Receipt[None] = self.world.request(Request.REMOVE_PLAYER, 0, controller_id)
        return receipt

    # --- coming ---

    async def host(
        self,
        address: str = "0.0.0.0",
        port: int = 7777,
        *,
        resume: str | os.PathLike[str] | None = None,
    ) -> str:
        """Open a session and return the invite to it; with `resume`, go on with a saved one.

        Raises PortTaken or ListenFailed, and then another try may be made; LocalProtocolError if
        this peer has hosted or joined before, or was opened with `can_host=False`. Raises SaveError
        for a file that is no saved session of this game, OSError for one that can't be read, with
        nothing started.
        """
        if not self._shell.can_host:
            raise LocalProtocolError("a peer that was opened with can_host=False can only join")
        await self._shell.open(address, port, self._first(resume))
        return str(self.invite)

    def _first(self, resume: str | os.PathLike[str] | None) -> Input:
        if resume is not None:
            saved = read_save(resume, self._shell.game, self.identity)
            self.world.is_resuming = True
            return Resume(saved)
        return Host(SessionId(short_id(self._shell.machine.entropy(_SESSION_ID_BYTES))))

    async def join(
        self,
        invite: str | Invite | Bookmark,
        *,
        address: str = "0.0.0.0",
        port: int = 0,
        payload: bytes | None = None,
    ) -> None:
        """Get a seat in a session. Listens as well, since every peer may become the host.

        With a bookmark every member that it names is tried until one answers. `payload` is for
        `SessionHooks.on_approval` on the host. Raises InviteError for a bad invite, PortTaken or
        ListenFailed if it can't listen, and then another try may be made. Raises HostUnreachable,
        which names the addresses that were tried, or Denied, and then this peer is done, as it is
        when `join` is cancelled.
        """
        if isinstance(invite, str):
            invite = Invite.parse(invite)
        if not isinstance(invite, Invite | Bookmark):
            raise SyncTypeError(f"join takes an invite or a bookmark, not {invite!r}")
        first, *others = invite.members
        asked = Join(invite.session, *first, tuple(others))
        await self._shell.open(address, port, asked, check_payload("payload", payload))

    # --- going ---

    async def leave(self, *, keep_seat: bool = False) -> None:
        """Leave; the game goes on for the others. Returns when the links are closed.

        For good, unless the seat is kept: then the player and what it owns wait for
        `Settings.seat_us`, as they do after a crash. A host hands over first. That takes two
        seconds at most, and goes on if this is cancelled.
        """
        self._shell.hurry()
        self._shell.shut(reason=EndReason.AWAY if keep_seat else EndReason.LEFT)
        await self._shell.stopped.wait()

    async def stop_client(self, *, keep_seat: bool = False) -> None:
        """Leave, as a client: the good-bye is flushed, all links are closed, authentication is shut
        down, and last comes the offline scene. Raises LocalProtocolError on a host.
        """
        if self.role is Role.HOST:
            raise LocalProtocolError("this peer is the host: leave(), or stop_host() for all")
        await self.leave(keep_seat=keep_seat)

    async def disconnect_all(self, text: str = "") -> None:
        """Disconnect everybody, this peer too; nobody migrates. On the host.

        The others are told DISCONNECTED, where `stop_host` tells them SESSION_ENDED.
        """
        self._need_host("disconnect all")
        self._shell.shut(EndSession(text, EndReason.DISCONNECTED))
        await self._shell.stopped.wait()

    def disconnect_all_connections(self, text: str = "") -> None:
        """Disconnect all other members, and go on hosting. They may join again. On the host."""
        self._need_host("disconnect others")
        for member in self.roster.members:
            if member.peer != self.me:
                self._shell.post(Kick(member.peer, text, EndReason.DISCONNECTED))

    async def stop_host(self, text: str = "") -> None:
        """End the session for all. Raises LocalProtocolError unless this peer is the host."""
        self._need_host("end the session for all")
        self._shell.shut(EndSession(text))
        await self._shell.stopped.wait()

    async def hand_over(self, to: int | None = None) -> None:
        """Make another member the host, and go on as its client. Nothing is lost by it.

        `to` is a connection id; without it, whoever is first in rank. Returns when there is a host
        again, which is this peer once more if the other one did not take over. Raises
        LocalProtocolError unless this peer is the host and that member follows it.
        """
        self._need_host("hand over")
        begun: Receipt[None] = Receipt()
        self._shell.post(HandOver(begun, None if to is None else self._other(to)))
        await begun
        await self.settled()

    def kick(self, connection_id: int, reason: str = "") -> None:
        """Remove a member for good; it is told `reason`, and never let in again.

        Raises LocalProtocolError unless this peer is the host and that is another member.
        """
        self._need_host("kick")
        self._shell.post(Kick(self._other(connection_id), reason))

    def disconnect(self, connection_id: int, reason: str = "") -> None:
        """Remove a member that may join again, as a newcomer; it is told `reason`.

        Raises as `kick`.
        """
        self._need_host("disconnect others")
        self._shell.post(Kick(self._other(connection_id), reason, EndReason.DISCONNECTED))

    def approve(self, peer: PeerId) -> None:
        """Let a newcomer in that waits (`on_approval` gave None). Void if it waits no more."""
        self._need_host("let others in")
        self._shell.post(Approve(peer))

    def deny(self, peer: PeerId, reason: str = "") -> None:
        """Turn a newcomer away that waits; it is told `reason`. Void if it waits no more."""
        self._need_host("turn others away")
        self._shell.post(Deny(peer, DenyReason.APPROVAL, reason or ADVICE[EndReason.DENIED]))

    def _other(self, connection_id: int) -> PeerId:
        member = self.roster.by_connection(ConnectionId(connection_id))
        if member is None or member.peer == self.me:
            raise LocalProtocolError(f"there is no other member with connection id {connection_id}")
        return member.peer

    # --- watching ---

    def events(self) -> Subscription:
        """All events from now on, for `async for`. Each call is a reader of its own.

        Ends after the last event of the session. Raises EventsMissed in a reader that falls far
        behind; nobody else notices.
        """
        return self._shell.fanout.subscribe()

    async def wait_for(self, kind: type[E], predicate: Callable[[E], bool] | None = None) -> E:
        """The next event of this kind for which `predicate` is true.

        Raises SessionOver if the session ends first.
        """
        async for event in self.events():
            if isinstance(event, kind) and (predicate is None or predicate(event)):
                return event
        raise self._shell.over or SessionOver(EndReason.LEFT)

    async def settled(self) -> None:
        """Wait until the game goes on here: there is a host, and this peer has its state.

        Raises SessionOver if the session is over for this peer.
        """
        await self._shell.settled()
