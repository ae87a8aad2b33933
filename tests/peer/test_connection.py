from __future__ import annotations

from p2pnet import RECONNECT_ID_INVALID, Connection, ConnectionId, PeerId, Roster
from p2pnet.peer.connection import connection_of

ANA, BEN = PeerId("ana"), PeerId("ben")


def test_a_member_is_found_by_its_peer_id() -> None:
    roster = Roster().admit(ANA, b"", "Ana", ()).admit(BEN, b"", "Ben", ())
    assert connection_of(roster, BEN) == Connection(ConnectionId(1), BEN, "Ben")


def test_who_has_no_seat_has_no_label() -> None:
    assert connection_of(Roster(), BEN) == Connection(RECONNECT_ID_INVALID, BEN, "")
