"""Peers over real WebSockets on loopback. A few only: the rest is tested without sockets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import trio

from p2pnet import HostUnreachable, Identity, Invite, Peer, PortTaken, Role, open_peer
from p2pnet.core.values import PeerId, SessionId

from .conftest import GAME, crash, seed, tank

LOOPBACK = "127.0.0.1"


class Players:
    """Peers in tasks of their own."""

    def __init__(self, nursery: trio.Nursery) -> None:
        self._nursery = nursery

    async def open(self, name: str, identity: Identity | None = None) -> Peer:
        peer: Peer = await self._nursery.start(self._hold, name, identity)
        return peer

    async def _hold(
        self, name: str, identity: Identity | None, *, task_status: trio.TaskStatus[Any]
    ) -> None:
        async with open_peer(GAME, name=name, identity=identity) as peer:
            task_status.started(peer)
            await peer._shell.stopped.wait()

    async def join(self, name: str, invite: str | Invite, **options: Any) -> Peer:
        peer = await self.open(name, **options)
        await peer.join(invite, address=LOOPBACK)
        return peer


@pytest.fixture
async def players() -> AsyncIterator[Players]:
    with trio.fail_after(20):
        async with trio.open_nursery() as nursery:
            yield Players(nursery)
            nursery.cancel_scope.cancel()


async def test_three_peers_lose_their_host_and_get_it_back_as_a_client(players: Players) -> None:
    ana = await players.open("ana", identity=seed(1))
    invite = await ana.host(LOOPBACK, 0)
    ben = await players.join("ben", invite)
    cat = await players.join("cat", invite)
    assert await tank(ana).earn(7) == 7
    assert await tank(cat).earn(1) == 1

    crash(ana)
    assert await tank(cat).earn(1) == 2
    assert await tank(ben).earn(1) == 1
    assert (ben.role, ben.connection_id, cat.role, cat.connection_id) == (
        *(Role.HOST, 0),
        *(Role.CLIENT, 2),
    )

    back = await players.join("ana", ben.invite, identity=seed(1))
    assert back.old_connection_id == 0
    assert await tank(back).earn(1) == 8
    assert back.epoch == ben.epoch == cat.epoch


async def test_the_host_leaves_in_order_and_the_other_one_goes_on(players: Players) -> None:
    ana = await players.open("ana")
    ben = await players.join("ben", await ana.host(LOOPBACK, 0))
    await ana.leave()
    assert await tank(ben).earn(1) == 1
    assert ben.role is Role.HOST
    assert [member.name for member in ben.roster.members] == ["ben"]


async def test_a_peer_on_all_interfaces_is_found_by_its_local_addresses(players: Players) -> None:
    ana = await players.open("ana")
    invite = Invite.parse(await ana.host("0.0.0.0", 0))
    assert invite.addresses[-1].startswith("127.0.0.1:")
    assert len({address.rpartition(":")[2] for address in invite.addresses}) == 1
    ben = await players.open("ben")
    await ben.join(invite)
    assert await tank(ben).earn(1) == 1


async def test_a_taken_port_and_a_closed_one(players: Players) -> None:
    ana = await players.open("ana")
    port = int(Invite.parse(await ana.host(LOOPBACK, 0)).addresses[0].rpartition(":")[2])
    ben = await players.open("ben")
    with pytest.raises(PortTaken, match=str(port)):
        await ben.host(LOOPBACK, port)
    await ana.leave()
    invite = Invite(SessionId("a" * 16), PeerId("b" * 16), (f"{LOOPBACK}:{port}",))
    with pytest.raises(HostUnreachable, match=rf"127\.0\.0\.1:{port} \(refused"):
        await ben.join(invite, address=LOOPBACK)
