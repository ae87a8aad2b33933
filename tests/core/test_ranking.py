"""The order of succession: who can host, is here, is well and is near comes first."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from p2pnet.core.detector import Detector
from p2pnet.core.link_state import LinkState
from p2pnet.core.ranking import RANK_EVERY_US, ranked
from p2pnet.core.roster import Member
from p2pnet.core.settings import Settings
from p2pnet.core.values import ConnectionId, LinkId, PeerId

from .bench import Bench

HOST, ANA, BEA, CID = (PeerId(name) for name in ("host", "ana", "bea", "cid"))


def member(peer: PeerId) -> Member:
    return Member(peer, b"", peer, ConnectionId(1), ConnectionId(-1), ())


def links(**rtts_us: int) -> dict[str, LinkState]:
    return {
        name: LinkState(LinkId(1), None, Detector(Settings(), 0), 0, rtt_us=rtt_us)
        for name, rtt_us in rtts_us.items()
    }


ALL = tuple(member(peer) for peer in (HOST, ANA, BEA, CID))


def order(members: tuple[Member, ...], by_name: dict[str, LinkState]) -> list[str]:
    return [m.peer for m in ranked(members, HOST, by_name.get)]


@pytest.mark.parametrize(
    ("rtts_us", "expected"),
    [
        ((50_000, 50_000, 50_000), "ana bea cid"),
        ((60_000, 40_000, 50_000), "ana bea cid"),  # less than a class apart
        ((80_000, 40_000, 50_000), "bea cid ana"),
        ((10_000, 90_000, 40_000), "ana cid bea"),
    ],
)
def test_the_near_come_first_by_whole_classes(rtts_us: tuple[int, int, int], expected: str) -> None:
    by_name = links(**dict(zip(("ana", "bea", "cid"), rtts_us, strict=True)))
    assert order(ALL, by_name) == ["host", *expected.split()]
    again = ranked(ALL, HOST, by_name.get)
    assert ranked(again, HOST, by_name.get) == again


def test_who_is_away_or_unable_or_not_well_comes_after_the_others() -> None:
    by_name = links(ana=1_000, bea=200_000, cid=200_000)
    away = (ALL[0], replace(ALL[1], present=False), *ALL[2:])
    assert order(away, by_name) == ["host", "bea", "cid", "ana"]
    unable = (ALL[0], replace(ALL[1], can_host=False), *ALL[2:])
    assert order(unable, by_name) == ["host", "bea", "cid", "ana"]
    by_name["ana"].detector.gap_us = 400_000
    assert order(ALL, by_name) == ["host", "bea", "cid", "ana"]


def test_a_member_without_a_link_or_a_round_trip_overtakes_nobody() -> None:
    by_name = links(ana=900_000, bea=900_000)
    by_name["bea"].rtt_us = None
    assert order(ALL, by_name) == ["host", "ana", "bea", "cid"]


def test_the_host_may_stand_anywhere_and_stays_there() -> None:
    by_name = links(ana=90_000, bea=10_000, cid=50_000)
    members = (ALL[1], ALL[0], ALL[2], ALL[3])
    assert order(members, by_name) == ["bea", "host", "cid", "ana"]


def test_a_near_member_succeeds_a_host_though_it_came_last() -> None:
    bench = Bench.of(4)
    host, near = bench.peers[0], bench.peers[3]
    for other in bench.peers[1:3]:
        bench.world.network.ways[host.number, other.number] = (80_000, 90_000)
        bench.world.network.ways[other.number, host.number] = (80_000, 90_000)
    bench.world.run_for(4 * RANK_EVERY_US)  # a round trip that has grown is believed bit by bit
    assert host.core.roster.successors(host.id)[0].peer == near.id
    bench.world.crash(host)
    assert bench.world.run_while(lambda: not bench.world.converged(), 2_000_000)
    assert bench.world.hosts == [near]
