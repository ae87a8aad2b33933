"""What a game may say about a change of host: UNet's migration manager, and what that lacked.

Subclass `MigrationManager`, override what you need, and hand an object of it to `open_peer`. All
hooks are plain functions, called at the moment they speak of, with the state of the game as it is
then.

By default the peers migrate by themselves. With `automatic=False` a client that loses its host
waits until the game has chosen: `find_new_host`, then `become_new_host` on one peer and
`reconnect_to_new_host` on the others. The protocol keeps its promises in either case: a peer that
is told to become the host asks the others first, and nobody can take a seat that is not its own.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from ..core.choices import PAYLOAD_BYTES_MAX
from ..core.errors import LocalProtocolError, SyncTypeError
from ..core.roster import Member
from ..core.values import RECONNECT_ID_HOST, RECONNECT_ID_INVALID, ConnectionId, PeerId
from ..world.objects import NetworkObject, Player
from . import by_hand
from .connection import Connection
from .hud import Hud
from .migration_hooks import MigrationHooks, SceneChange
from .peer_info import ConnectionPendingPlayers, PeerInfo, info_of, pending, pending_key

if TYPE_CHECKING:
    from .invite import Invite
    from .peer import Peer
    from .receipts import Receipt


Choice = PeerInfo | Member | PeerId | None
"""A member, by whatever names it."""


class MigrationManager(MigrationHooks):
    """Settings, hooks, facts and steps of host migration. Every hook may be overridden.

    Settings are class attributes, so that a subclass may set them, or arguments. One object serves
    one peer.
    """

    automatic: bool = True
    """Whether a lost host is replaced without a line of the game."""

    host_migration: bool = True
    """Whether this peer takes part at all. If not, it leaves when the host is lost; a session that
    it opens ends with its host for everybody."""

    show_gui: bool = True
    """Whether `hud` gives anything."""

    offset_x: int = 10
    offset_y: int = 300
    """Where the panel of `hud` is to be drawn."""

    way_back: Callable[[], Callable[[], Awaitable[object]] | None] | None = None
    """How an ex-host comes back from its panel; gives None when it can't. Set by `connect`, whose
    `ConnectionManager` opens the next peer."""

    _client: Peer | None = None
    _waiting_to_become: bool = False
    _waiting_reconnect: bool = False
    _disconnected: bool = False
    _was_shutdown: bool = False
    _old_id: ConnectionId = RECONNECT_ID_INVALID
    _reconnect_id: ConnectionId = RECONNECT_ID_INVALID
    _new_host: PeerInfo | None = None
    _new_host_address: str = ""
    _extra: bytes | None = None

    def __init__(
        self,
        *,
        automatic: bool | None = None,
        host_migration: bool | None = None,
        show_gui: bool | None = None,
        offset_x: int | None = None,
        offset_y: int | None = None,
    ) -> None:
        given = {
            "automatic": automatic,
            "host_migration": host_migration,
            "show_gui": show_gui,
            "offset_x": offset_x,
            "offset_y": offset_y,
        }
        for name, value in given.items():
            if value is not None:
                setattr(self, name, value)

    # --- facts ---

    @property
    def client(self) -> Peer:
        """The peer that this manager serves. Raises LocalProtocolError before there is one."""
        if self._client is None:
            raise LocalProtocolError("this migration manager serves no peer: see open_peer")
        return self._client

    @property
    def waiting_to_become_new_host(self) -> bool:
        """This peer was picked, and has not become the host yet."""
        return self._waiting_to_become

    @waiting_to_become_new_host.setter
    def waiting_to_become_new_host(self, value: bool) -> None:
        self._waiting_to_become = value

    @property
    def waiting_reconnect_to_new_host(self) -> bool:
        """Somebody else was picked, and this peer does not follow it yet."""
        return self._waiting_reconnect

    @waiting_reconnect_to_new_host.setter
    def waiting_reconnect_to_new_host(self, value: bool) -> None:
        self._waiting_reconnect = value

    @property
    def disconnected_from_host(self) -> bool:
        """The host was lost, and there is no other yet."""
        return self._disconnected

    @property
    def host_was_shutdown(self) -> bool:
        """This peer was the host, stopped hosting on purpose, and somebody else was there."""
        return self._was_shutdown

    @property
    def match_info(self) -> Invite | None:
        """How others find the session; None without one. All links are direct."""
        peer = self._client
        return None if peer is None or peer.role is None else peer.invite

    @property
    def old_server_connection_id(self) -> ConnectionId:
        """The number of this peer under the host of now, or the one that was lost."""
        return self._old_id

    @property
    def new_host_address(self) -> str:
        """`host:port` of the host to be, once it was picked. May be written to."""
        return self._new_host_address

    @new_host_address.setter
    def new_host_address(self, address: str) -> None:
        self._new_host_address = address

    @property
    def reconnect_id(self) -> ConnectionId:
        """The number that this peer comes back under; RECONNECT_ID_INVALID if none is set."""
        return self._reconnect_id

    @property
    def reconnect_extra(self) -> bytes | None:
        """What goes along when this peer asks for its own seat, and arrives at the host as `extra`.

        Empty is not None. Raises SyncTypeError when set to anything but at most 60 000 bytes.
        """
        return self._extra

    @reconnect_extra.setter
    def reconnect_extra(self, extra: bytes | None) -> None:
        self._extra = check_payload("reconnect_extra", extra)

    @property
    def peers(self) -> tuple[PeerInfo, ...]:
        """All members with what they own; empty without a session."""
        if self._client is None:
            return ()
        shell = self._client._shell
        return tuple(self._info(member) for member in shell.roster.members)

    @property
    def pending_players(self) -> Mapping[int, ConnectionPendingPlayers]:
        """The suspended objects of members that are away, by the number they had under the host
        that was lost. Empties by itself: they come back, or their seats expire.
        """
        if self._client is None:
            return {}
        shell = self._client._shell
        table: dict[int, ConnectionPendingPlayers] = {}
        for member in shell.roster.members:
            found = pending(shell.objects_of(member.peer))
            if found.players:
                table[pending_key(member, shell.world.registry.host_lost)] = found
        return table

    def _info(self, member: Member) -> PeerInfo:
        shell = self.client._shell
        host = None if shell.core is None else shell.core.host_peer
        return info_of(member, host, self.client.me, shell.objects_of(member.peer))

    # --- steps ---

    def initialize(self, client: Peer) -> None:
        """Serve this peer. Called by `open_peer`. Raises LocalProtocolError if it serves another
        one already that is not done.
        """
        old = self._client
        if old is not None and old is not client and not old._shell.stopped.is_set():
            raise LocalProtocolError("one migration manager serves one peer: make another one")
        self._client = client
        self.reset(RECONNECT_ID_INVALID)

    def reset(self, reconnect_id: int = RECONNECT_ID_INVALID) -> None:
        """Forget what was picked, and say under which number this peer comes back.

        Who a peer is, is told by its key, so that a number can't be anybody else's. Raises
        LocalProtocolError for one that is not this peer's own.
        """
        own = {RECONNECT_ID_INVALID, self._old_id}
        if self._client is not None:
            own |= {self._client.connection_id, self._client.old_connection_id}
        if reconnect_id not in own and not (reconnect_id == RECONNECT_ID_HOST and self._was_host()):
            raise LocalProtocolError(f"this peer never had the connection id {reconnect_id}")
        self._old_id = RECONNECT_ID_INVALID
        self._waiting_to_become = self._waiting_reconnect = False
        self._disconnected = self._was_shutdown = False
        self._new_host, self._new_host_address = None, ""
        self._reconnect_id = ConnectionId(reconnect_id)

    set_reconnect_id = reset

    def _was_host(self) -> bool:
        return self._was_shutdown or (
            self._client is not None and self._client._shell.notes.was_host
        )

    def find_new_host(self) -> tuple[Choice, bool]:
        """Who shall be the host, and whether that is this peer. May be overridden.

        Here it is the first in rank of those that are not known to be dead; the others know the
        same, so they find the same. `(None, False)` if there is nobody.

        An override is asked in automatic mode as well, in the step in which the host is lost, so it
        should give the same on every peer. If whom it names does not take over in time, the rank
        decides.
        """
        core = None if self._client is None else self._client._shell.core
        found = None if core is None else core.successor
        member = None if core is None or found is None else core.roster.get(found)
        if member is None:
            return None, False
        return self._info(member), member.peer == self.client.me

    def pick_new_host(self) -> bool:
        """Find the new host and remember it: one of the two flags is set, and `new_host_address`.

        False, and nothing is set, if there is nobody or the host is not lost.
        """
        found, is_me = self.find_new_host()
        member = None if found is None else self.client._shell.roster.get(peer_of(found))
        if member is None or not self._disconnected:
            return False
        self._new_host = self._info(member)
        self._new_host_address = member.addresses[0] if member.addresses else ""
        self._waiting_to_become, self._waiting_reconnect = is_me, not is_me
        return True

    async def become_new_host(self, port: int | None = None) -> bool:
        """Take the session over. Returns whether this peer is the host now.

        The others are asked first: False if one of them hears the old host, or has somebody else
        for a host already. A peer listens anyway; `port` is for listening at another port as well.
        Raises LocalProtocolError unless the host is lost, and PortTaken or ListenFailed, and then
        nothing has changed.
        """
        is_host = await by_hand.become_new_host(self.client._shell, port)
        if not is_host:
            self._waiting_to_become = False
        return is_host

    async def reconnect_to_new_host(
        self, address: str | Choice = None, port: int | None = None
    ) -> bool:
        """Follow another member as soon as it is the host. Returns whether this peer plays on.

        `address` is where it listens, with `port` or as `host:port`, or names the member; without
        it whoever was picked. False if it can't be reached: pick again. It waits for as long as
        the other one lives and has not become the host; cancel it as you like. Raises
        LocalProtocolError unless the host is lost and that is another member, and SessionOver if
        the seat was given up.
        """
        wanted = address or self._new_host_address or self._new_host
        is_back = await by_hand.reconnect_to_new_host(self.client._shell, wanted, port)
        if not is_back:
            self._waiting_reconnect = False
            self._new_host, self._new_host_address = None, ""
        return is_back

    def disable_player_objects(self) -> Mapping[int, ConnectionPendingPlayers]:
        """Suspend what the members own. That is done already when the host is lost, and doing it
        again changes nothing. Gives `pending_players`.
        """
        return self.pending_players

    def send_peer_info(self) -> None:
        """On the host: tell everybody who is there once more. Raises LocalProtocolError."""
        by_hand.send_peer_info(self.client._shell)

    def send_reconnect_message(self, extra: bytes | None = None) -> Receipt[bool]:
        """Ask for one's own objects, in a game with `auto_create_player=False`.

        Gives a receipt: True if they were asked for by this, False if nothing was waiting.
        """
        return by_hand.send_reconnect_message(self.client._shell, check_payload("extra", extra))

    def reconnect_player_for_connection(
        self,
        connection: Connection,
        old_player: Player,
        old_connection_id: int,
        player_controller_id: int = 0,
    ) -> bool:
        """On the host: let a player go on that `on_server_reconnect_player` held back.

        False if that is not this member's player, it is not this number, or the member is away.
        """
        fits = old_player.controller_id == player_controller_id
        return fits and self.reconnect_object_for_connection(
            connection, old_player, old_connection_id
        )

    def reconnect_object_for_connection(
        self, connection: Connection, old_object: NetworkObject, old_connection_id: int
    ) -> bool:
        """On the host: let an object go on that `on_server_reconnect_object` held back.

        False if it is not this member's, was never held back, or the member is away. Nothing has
        changed then.
        """
        shell = self.client._shell
        return by_hand.let_go_on(shell, connection.peer, old_object, old_connection_id)

    def lost_host_on_client(self, connection: Connection) -> bool:
        """The host was lost. Returns whether to take part in the migration. Called by p2pnet."""
        if not self.host_migration:
            return False
        self._disconnected = True
        choice = self.on_client_disconnected_from_host(connection)
        return choice is not SceneChange.SWITCH_TO_OFFLINE_SCENE

    def lost_host_on_host(self, others: int) -> None:
        """This host has stopped, and so many others were there. Called by p2pnet."""
        self._was_shutdown = others > 0
        self.on_server_host_shutdown()

    def hud(self) -> Hud | None:
        """UNet's prototype panel for the moment, to be drawn; None if there is nothing to show."""
        return by_hand.hud(self) if self.show_gui else None


def peer_of(choice: PeerInfo | Member | PeerId) -> PeerId:
    """Which peer is meant."""
    return choice if isinstance(choice, str) else choice.peer


def elected(manager: MigrationManager) -> PeerId | None:
    """Whom an override of `find_new_host` names; None to leave it to the rank."""
    if type(manager).find_new_host is MigrationManager.find_new_host:
        return None
    found, _ = manager.find_new_host()
    return None if found is None else peer_of(found)


def check_payload(what: str, payload: Any) -> bytes | None:
    """Raises SyncTypeError for what can't go along with a request for a seat."""
    if payload is None or (isinstance(payload, bytes) and len(payload) <= PAYLOAD_BYTES_MAX):
        return payload
    got = f"{len(payload)} bytes" if isinstance(payload, bytes) else repr(payload)
    raise SyncTypeError(f"{what} takes at most {PAYLOAD_BYTES_MAX} bytes, or None, not {got}")
