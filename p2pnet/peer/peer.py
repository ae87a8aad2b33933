"""The front door: `open_peer`, and the `Peer` that it gives."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import TypeVar

import trio

from ..core.errors import EndReason, LocalProtocolError, SessionOver
from ..core.events import Event
from ..core.roster import Roster
from ..core.settings import Settings
from ..core.states import Role, State
from ..core.values import (
    RECONNECT_ID_INVALID,
    ConnectionId,
    Epoch,
    PeerId,
    Position,
    SessionId,
    clean_name,
    short_id,
)
from ..links.base import Transport
from ..links.websocket import WebSocketTransport
from ..world.game import Game
from ..world.objects import NetworkObject, Player
from .identity import Identity
from .inputs import EndSession, HandOver, Host, Input, Join, Kick, Resume
from .invite import Invite
from .migration import MigrationManager
from .receipts import Receipt
from .running import Running
from .saves import read_save
from .scenes import SceneManager
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

    async def join(self, invite: str | Invite, *, address: str = "0.0.0.0", port: int = 0) -> None:
        """Get a seat in a session. Listens as well, since every peer may become the host.

        Raises InviteError for a bad invite, PortTaken or ListenFailed if it can't listen, and then
        another try may be made. Raises HostUnreachable, which names the addresses that were tried,
        or Denied, and then this peer is done, as it is when `join` is cancelled.
        """
        if not isinstance(invite, Invite):
            invite = Invite.parse(invite)
        first = Join(invite.session, invite.host, invite.addresses)
        await self._shell.open(address, port, first)

    # --- going ---

    async def leave(self) -> None:
        """Leave for good; the game goes on for the others. Returns when the links are closed.

        That takes two seconds at most, and goes on if this is cancelled.
        """
        self._shell.shut()
        await self._shell.stopped.wait()

    async def stop_client(self) -> None:
        """Leave, as a client. Raises LocalProtocolError on a host."""
        if self.role is Role.HOST:
            raise LocalProtocolError("this peer is the host: leave(), or stop_host() for all")
        await self.leave()

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
        member = None if to is None else self.roster.by_connection(ConnectionId(to))
        if to is not None and (member is None or member.peer == self.me):
            raise LocalProtocolError(f"there is no other member with connection id {to}")
        begun: Receipt[None] = Receipt()
        self._shell.post(HandOver(None if member is None else member.peer, begun))
        await begun
        await self.settled()

    def kick(self, connection_id: int, reason: str = "") -> None:
        """Remove a member for good; it is told `reason`.

        Raises LocalProtocolError unless this peer is the host and that is another member.
        """
        self._need_host("kick")
        member = self.roster.by_connection(ConnectionId(connection_id))
        if member is None or member.peer == self.me:
            raise LocalProtocolError(f"there is no other member with connection id {connection_id}")
        self._shell.post(Kick(member.peer, reason))

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


PeerTask = Callable[[Peer], Awaitable[None]]


def open_peer(
    game: Game,
    *,
    name: str = "player",
    settings: Settings | None = None,
    identity: Identity | None = None,
    migration: MigrationManager | None = None,
    scenes: SceneManager | None = None,
    transport: Transport | None = None,
    host_task: PeerTask | None = None,
    client_task: PeerTask | None = None,
    can_host: bool = True,
) -> AbstractAsyncContextManager[Peer]:
    """A peer for as long as the context is open; leaving it leaves the session.

    `name` is what others see: one line of at most 32 characters that print; the rest is dropped.
    Without an `identity` a new one is made, which is forgotten afterwards. `host_task` runs while
    this peer is the host, `client_task` while it is a client; the change of role cancels one before
    the other begins. Whatever the game's code raises inside p2pnet ends the peer: the body is
    cancelled and GameError comes out, with the cause. What the body raises comes out as it is.

    With `can_host=False` this peer never hosts: it claims nothing when the host is lost, nobody
    hands over to it, and it is refused if it asks.
    """
    shell = Shell(
        game=game,
        name=clean_name(name),
        settings=settings or Settings(),
        identity=identity or Identity.generate(),
        transport=transport or WebSocketTransport(),
        manager=migration or MigrationManager(),
        role_tasks={},
        scene_manager=scenes or SceneManager(),
        can_host=can_host,
    )
    return hold(Peer(shell), host_task, client_task)


@asynccontextmanager
async def hold(
    peer: Peer, host_task: PeerTask | None = None, client_task: PeerTask | None = None
) -> AsyncIterator[Peer]:
    """Have a peer live for as long as the context is open. See `open_peer`, which makes one."""
    shell = peer._shell
    for role, task in ((Role.HOST, host_task), (Role.CLIENT, client_task)):
        if task is not None:
            shell.role_tasks[role] = partial(task, peer)
    from_body: BaseException | None = None
    async with trio.open_nursery() as nursery:
        body = trio.CancelScope()
        nursery.start_soon(shell.run, body.cancel)
        try:
            with body:
                yield peer
        except BaseException as error:  # noqa: BLE001  # raised below, outside of the nursery
            from_body = error
        shell.shut()
        with trio.CancelScope(shield=True):
            await shell.stopped.wait()
    _raise_first(from_body, shell)


def _raise_first(from_body: BaseException | None, shell: Shell) -> None:
    """What the body raised comes first, unless it only says that this peer failed."""
    echo = isinstance(from_body, SessionOver) and from_body.reason is EndReason.CRASHED
    if from_body is not None and not (echo and shell.failure is not None):
        raise from_body
    if shell.failure is not None:
        raise shell.failure
