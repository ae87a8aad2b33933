"""Each invariant of histories and seats is broken here by hand, and the watchman has to cry."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from p2pnet.core.codec import encode
from p2pnet.core.effects import CloseLink, Emit, Send, Settle
from p2pnet.core.errors import EndReason, LinkEnd
from p2pnet.core.events import BecameHost, BranchDiscarded, RosterChanged, SessionEnded
from p2pnet.core.frame_parts import Missing
from p2pnet.core.messages import Bye, Reign, Rejoin, Update, Welcome
from p2pnet.core.roster import Roster
from p2pnet.core.settings import AckLevel
from p2pnet.core.values import RECONNECT_ID_INVALID, ConnectionId, Epoch, Position
from p2pnet.testing.core_world import CoreWorld
from p2pnet.testing.sim_peer import SimPeer
from p2pnet.testing.watch import Watch

from .watched import broken, watched


@pytest.fixture
def scene() -> tuple[CoreWorld, Watch]:
    return watched(3)


def at(peer: SimPeer) -> Position:
    position = peer.core.position
    assert position is not None
    return position


def takes_update(world: CoreWorld, watch: Watch, peer: SimPeer, seq: int) -> None:
    """A client comes to another position, and says that this update is why."""
    update = Update(at(peer).epoch, seq, b"")
    watch.took(world.now, peer, 0, encode(update))
    peer.core._s.history.append(b"an update")
    watch.stepped(world.now, peer)


def test_equal_positions_are_equal_states(scene: tuple[CoreWorld, Watch]) -> None:
    world, watch = scene
    history = world.peers[1].core._s.history
    history.leap(history.seq, b"another")
    broken("S11", lambda: watch.stepped(world.now, world.peers[1]))


def test_the_same_count_of_entries_belongs_to_a_position(scene: tuple[CoreWorld, Watch]) -> None:
    world, watch = scene
    client = world.peers[1]
    client.journal.entries.pop()
    watch.record.seen(client).position = None
    broken("S11", lambda: watch.stepped(world.now, client))


def test_an_update_follows_right_after_the_one_before(scene: tuple[CoreWorld, Watch]) -> None:
    world, watch = scene
    client = world.peers[1]
    broken("S12", lambda: takes_update(world, watch, client, at(client).seq + 2))


def test_nothing_is_applied_before_a_welcome(scene: tuple[CoreWorld, Watch]) -> None:
    world, watch = scene
    client = world.peers[1]
    watch.record.seen(client).welcomed = world.peers[2].id
    broken("S13", lambda: takes_update(world, watch, client, at(client).seq + 1))


def test_a_new_host_holds_no_command_twice(scene: tuple[CoreWorld, Watch]) -> None:
    world, watch = scene
    client = world.peers[1]
    client.journal.entries.append(client.journal.entries[0])
    crown = Emit(BecameHost(Epoch(2, client.id, 1), at(client), True))
    broken("S17", lambda: watch.did(world.now, client, crown, ()))


def test_a_discard_discards_something(scene: tuple[CoreWorld, Watch]) -> None:
    world, watch = scene
    nothing = Emit(BranchDiscarded(None, 0, (), ()))
    broken("S19", lambda: watch.did(world.now, world.peers[1], nothing, ()))


def test_a_receipt_is_noted_with_those_who_hold_it(scene: tuple[CoreWorld, Watch]) -> None:
    world, watch = scene
    assert len(watch.acknowledged) == 6
    host = world.peers[0]
    ticket = world.submit(host, "alone", AckLevel.HOST)
    (line,) = (line for line in watch.acknowledged if line.text == "alone")
    assert (line.peer, line.ticket, line.level, line.holders) == (0, ticket, AckLevel.HOST, (0,))


def test_a_receipt_with_an_error_acknowledges_nothing(scene: tuple[CoreWorld, Watch]) -> None:
    world, watch = scene
    watch.did(world.now, world.peers[0], Settle(99, None, None), ())
    assert len(watch.acknowledged) == 6


def told(world: CoreWorld, watch: Watch, roster: Roster) -> None:
    watch.did(world.now, world.peers[1], Emit(RosterChanged(roster)), ())


def test_two_members_have_two_labels(scene: tuple[CoreWorld, Watch]) -> None:
    world, watch = scene
    roster = world.peers[1].core.roster
    members = tuple(replace(m, connection_id=ConnectionId(0)) for m in roster.members)
    broken("S21", lambda: told(world, watch, replace(roster, members=members)))


def test_one_follower_gets_an_update_once(scene: tuple[CoreWorld, Watch]) -> None:
    world, watch = scene
    host, one, _ = world.peers
    send = Send((), encode(Update(at(host).epoch, at(host).seq + 1, b"")))
    watch.did(world.now, host, send, (one,))
    broken("S22", lambda: watch.did(world.now, host, send, (one, one)))


def test_an_impostor_is_not_let_in(scene: tuple[CoreWorld, Watch]) -> None:
    world, watch = scene
    host, one, _ = world.peers
    one.impostor = True
    assert host.core.reign is not None
    welcome = encode(Welcome(host.core.reign, world.settings, Missing(), at(host)))
    update = encode(Update(at(host).epoch, at(host).seq + 1, b""))
    for data in (welcome, update):
        send = Send((), data)
        broken("S23", lambda s=send: watch.did(world.now, host, s, (one,)))  # type: ignore[misc]


def test_an_id_belongs_to_one_key(scene: tuple[CoreWorld, Watch]) -> None:
    world, watch = scene
    roster = world.peers[1].core.roster
    first, *rest = roster.members
    stolen = replace(roster, members=(replace(first, key=b"of somebody else"), *rest))
    broken("S24", lambda: told(world, watch, stolen))


def test_who_was_kicked_has_no_seat(scene: tuple[CoreWorld, Watch]) -> None:
    world, watch = scene
    roster = world.peers[1].core.roster
    banned = replace(roster, banned=(world.peers[2].id,))
    broken("S24", lambda: told(world, watch, banned))


def test_equal_positions_have_equal_rosters(scene: tuple[CoreWorld, Watch]) -> None:
    world, watch = scene
    client = world.peers[1]
    session = client.core._s
    session.roster = replace(session.roster, version=session.roster.version + 1)
    watch.record.seen(client).position = None
    broken("S25", lambda: watch.stepped(world.now, client))


def test_a_proof_counts_under_the_reign_that_it_names(scene: tuple[CoreWorld, Watch]) -> None:
    world, watch = scene
    host, one, _ = world.peers
    old = Epoch(0, host.id, 1)
    rejoin = Rejoin(1, old, RECONNECT_ID_INVALID, at(host), False, (), b"")
    watch.took(world.now, host, one.number, encode(rejoin))
    reign = host.core.reign
    assert isinstance(reign, Reign)
    welcome = Send((), encode(Welcome(reign, world.settings, Missing(), at(host))))
    broken("S26", lambda: watch.did(world.now, host, welcome, (one,)))


@pytest.mark.parametrize("elsewhere", [False, True])
def test_only_who_was_away_is_sent_away(scene: tuple[CoreWorld, Watch], elsewhere: bool) -> None:
    world, watch = scene
    host, one, _ = world.peers
    here = at(host)
    position = Position(Epoch(9, one.id, 1), here.seq) if elsewhere else here
    rejoin = Rejoin(1, here.epoch, RECONNECT_ID_INVALID, position, False, (), b"")
    watch.took(world.now, host, one.number, encode(rejoin))
    bye = Send((), encode(Bye(EndReason.SEAT_EXPIRED, "")))
    if elsewhere:
        broken("S16", lambda: watch.did(world.now, host, bye, (one,)))
    else:
        watch.did(world.now, host, bye, (one,))


def test_noise_costs_nobody_but_its_sender_a_link(scene: tuple[CoreWorld, Watch]) -> None:
    world, watch = scene
    host, one, other = world.peers
    watch.took(world.now, host, one.number, b"\x91\x7f")
    for peer in (one, other):
        (link,) = world.network.links_between(host.number, peer.number)
        close = CloseLink(link, LinkEnd.NOT_P2PNET)
        if peer is one:
            watch.did(world.now, host, close, ())
        else:
            broken("S29", lambda c=close: watch.did(world.now, host, c, ()))  # type: ignore[misc]
    host.events.append((world.now, SessionEnded(EndReason.LEFT, "")))
    watch.did(world.now, host, close, ())
