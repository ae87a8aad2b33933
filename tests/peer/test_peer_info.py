from __future__ import annotations

import pytest

from p2pnet import ConnectionId, PeerId, PeerInfo
from p2pnet.core.roster import Member
from p2pnet.peer.peer_info import info_of, pending_key

ANA = PeerId("ana")


def member(label: int, old: int, *addresses: str) -> Member:
    return Member(ANA, b"", "Ana", ConnectionId(label), ConnectionId(old), addresses)


def info(*addresses: str) -> PeerInfo:
    return info_of(member(1, 1, *addresses), None, ANA, [])


@pytest.mark.parametrize(
    ("addresses", "found"),
    [(("10.0.0.1:7777", "x:1"), ("10.0.0.1", 7777)), (("[::1]:80",), ("::1", 80)), ((), ("", 0))],
)
def test_the_first_address_is_told_in_two_parts(
    addresses: tuple[str, ...], found: tuple[str, int]
) -> None:
    assert (info(*addresses).address, info(*addresses).port) == found


def test_an_address_that_makes_no_sense_harms_nobody() -> None:
    assert (info("nonsense").address, info("nonsense").port) == ("", 0)


@pytest.mark.parametrize(
    ("label", "old", "is_lost", "key"),
    [
        (0, -1, True, 0),  # the host that is lost right now
        (4, 0, False, 0),  # the same one, when there is another host
        (2, 2, True, 2),
        (2, 2, False, 2),
        (5, -1, False, 5),  # it came after the host of now took over
        (4, 0, True, 4),  # it was the host before the one that is lost
    ],
)
def test_objects_wait_under_the_number_their_owner_had_under_the_lost_host(
    label: int, old: int, is_lost: bool, key: int
) -> None:
    assert pending_key(member(label, old), is_lost) == key
