"""The steps of a migration that the game makes by hand, and the panel that UNet had for them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ..core.errors import AddressError, EndReason, LocalProtocolError, SessionOver
from ..core.events import NewHostUnreachable, StateChanged
from ..core.roster import Member
from ..core.states import HOSTLESS, SETTLED, Role, State
from ..core.values import RECONNECT_ID_HOST, PeerId
from ..links.addresses import join_address, split_address
from ..world.objects import NetworkObject
from ..world.requests import Request
from .hud import Button, Hud
from .inputs import Announce, Claim, Follow, ListenAlso
from .peer_info import PeerInfo
from .receipts import Receipt

if TYPE_CHECKING:
    from .migration import MigrationManager
    from .shell import Shell

_ASKING = frozenset({State.CLAIMING, State.PULLING})


async def become_new_host(shell: Shell, port: int | None) -> bool:
    """See `MigrationManager.become_new_host`."""
    if shell.core is None or shell.core.state not in (State.DOUBTING, State.ISOLATED):
        raise LocalProtocolError("a peer can become the new host when the host is lost")
    if port is not None and not any(_port_of(a) == port for a in shell.core.addresses):
        before = shell.mesh.addresses
        await shell.mesh.listen(shell.listen_address, port)
        new, shell.mesh.addresses = shell.mesh.addresses, (*before, *shell.mesh.addresses)
        shell.post(ListenAlso(new))
    begun: Receipt[None] = Receipt()
    shell.post(Claim(begun))
    await begun
    while shell.state in _ASKING:
        await shell.moved()
    return shell.role is Role.HOST


def _port_of(address: str) -> int:
    return split_address(address)[1]


async def reconnect_to_new_host(
    shell: Shell, wanted: str | PeerInfo | Member | None, port: int | None
) -> bool:
    """See `MigrationManager.reconnect_to_new_host`."""
    member, addresses = _find(shell, wanted, port)
    begun: Receipt[None] = Receipt()
    events = shell.fanout.subscribe()
    shell.post(Follow(begun, member.peer, addresses))
    await begun
    async for event in events:
        if shell.state in SETTLED:
            return True
        if isinstance(event, NewHostUnreachable) and event.host == member.peer:
            return False
        if isinstance(event, StateChanged) and event.old is State.JOINING and _is_lost(event):
            return False
    raise shell.over or SessionOver(EndReason.LEFT)


def _is_lost(event: StateChanged) -> bool:
    return event.new in HOSTLESS


def _find(
    shell: Shell, wanted: str | PeerInfo | Member | None, port: int | None
) -> tuple[Member, tuple[str, ...]]:
    """The member that is meant, and where else than at its own addresses to look for it."""
    if wanted is None:
        raise LocalProtocolError("pick a new host first, or say where it is")
    if not isinstance(wanted, str):
        wanted = wanted.peer
    member = shell.roster.get(PeerId(wanted))
    if member is not None:
        return member, ()
    address = wanted if port is None else join_address(wanted, port)
    members = shell.roster.members
    exact = [member for member in members if address in member.addresses]
    host = _host_of(address)
    near = [m for m in members if any(_host_of(a) == host for a in m.addresses)]
    for found in (exact, near):
        others = [member for member in found if member.peer != shell.identity.peer_id]
        if len(others) == 1 or (others and found is exact):
            known = others[0].addresses
            return others[0], (known if address == host else (address, *known))
    raise LocalProtocolError(f"no other member listens at {address}: pick one of the peers")


def _host_of(address: str) -> str:
    """The host in an address, which may lack the port."""
    try:
        return split_address(address)[0]
    except AddressError:
        return address


def send_peer_info(shell: Shell) -> None:
    """See `MigrationManager.send_peer_info`."""
    if shell.role is not Role.HOST:
        raise LocalProtocolError("only the host tells the others who is there")
    shell.post(Announce())


def send_reconnect_message(shell: Shell, extra: bytes | None) -> Receipt[bool]:
    """See `MigrationManager.send_reconnect_message`."""
    receipt: Receipt[bool] = shell.world.request(Request.RECLAIM, 0, extra)
    return receipt


def let_go_on(shell: Shell, peer: PeerId, obj: NetworkObject, old_connection_id: int) -> bool:
    """See `MigrationManager.reconnect_object_for_connection`."""
    member = shell.roster.get(peer)
    presence = obj._presence
    if shell.role is not Role.HOST or member is None or presence is None:
        return False
    labels = (member.connection_id, member.old_connection_id)
    if presence.owner != peer or not presence.tie.held or old_connection_id not in labels:
        return False
    if peer in shell.world.registry.away:
        return False
    shell.world.custody.release(obj)
    return True


# --- the panel ---


def hud(manager: MigrationManager) -> Hud | None:
    """What UNet's panel would show now."""
    lines: tuple[str, ...]
    if manager.host_was_shutdown:
        lines, buttons = _of_ex_host(manager)
    elif manager.disconnected_from_host:
        lines, buttons = _of_client(manager)
    else:
        return None
    leave = Button("Leave Game", manager.client.leave)
    return Hud(manager.offset_x, manager.offset_y, lines, (*buttons, leave))


def _of_client(manager: MigrationManager) -> tuple[tuple[str, ...], tuple[Button, ...]]:
    if manager.waiting_to_become_new_host:
        return ("You are the new host",), (Button("Start As Host", manager.become_new_host),)
    if manager.waiting_reconnect_to_new_host:
        button = Button("Reconnect To New Host", partial(_reconnect, manager))
        return (f"New host is {manager.new_host_address}",), (button,)
    line = f"Lost Connection To Host ID({manager.old_server_connection_id})"
    return (line,), (Button("Pick New Host", partial(_pick, manager)),)


async def _pick(manager: MigrationManager) -> bool:
    return manager.pick_new_host()


async def _reconnect(manager: MigrationManager) -> bool:
    return await manager.reconnect_to_new_host()


def _of_ex_host(manager: MigrationManager) -> tuple[tuple[str, ...], tuple[Button, ...]]:
    come_back = None if manager.way_back is None else manager.way_back()
    buttons = () if come_back is None else (Button("Reconnect As Client", come_back),)
    return (f"Host Was Shutdown ID({RECONNECT_ID_HOST})",), buttons
