from __future__ import annotations

import pytest
from msgspec.structs import replace

from p2pnet.core.credentials import Says, challenge, statement
from p2pnet.core.errors import DenyReason
from p2pnet.core.events import StrangerRefused
from p2pnet.core.messages import PROTOCOL_VERSION, Denied, Hello, Proof
from p2pnet.core.settings import Settings
from p2pnet.core.states import State
from p2pnet.core.values import SessionId
from tests.core.bench import Bench, picture


@pytest.fixture
def bench() -> Bench:
    return Bench.of(3)


def hello_of_the_host(bench: Bench) -> Hello:
    bench.listen()
    bench.stranger(bench.peers[0])
    return bench.heard(bench.peers[0], Hello)[-1]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"version": 99}, DenyReason.VERSION),
        ({"session": SessionId("another")}, DenyReason.SESSION),
        ({"fingerprint": "another game"}, DenyReason.GAME),
        ({}, DenyReason.IDENTITY),  # the very key of the host
        ({"version": 99, "session": SessionId("another")}, DenyReason.VERSION),
    ],
)
def test_a_stranger_is_told_why_and_its_link_closed(
    bench: Bench, change: dict[str, object], reason: DenyReason
) -> None:
    host = bench.peers[0]
    hello = replace(hello_of_the_host(bench), **change)
    stranger, there = bench.stranger(host)
    before = picture(host)
    bench.slip_on(host, there, hello)
    assert [denied.reason for denied in bench.heard(host, Denied, to=stranger)] == [reason]
    assert bench.world.network.far_end(there) is None
    assert host.saw(StrangerRefused) and picture(host) == before


def test_a_second_greeting_ends_the_link(bench: Bench) -> None:
    host, client, _ = bench.peers
    link = bench.link(host, client)
    bench.listen()
    bench.slip(client, host, hello_of_the_host(bench))
    assert bench.world.network.far_end(link) is None
    bench.world.run_for(2_000_000)
    assert client.core.state is State.FOLLOWING, "it has dialled again"


def test_no_more_newcomers_are_linked_than_could_ever_have_a_seat() -> None:
    """Links of members are never refused for it."""
    bench = Bench.of(2, Settings(players_max=3))
    host, client = bench.peers
    session = host.core.session
    assert session is not None
    for _ in range(5):
        stranger, there = bench.stranger(host)
        hello = Hello(PROTOCOL_VERSION, session, stranger.key, 1, b"c" * 16, "journal")
        bench.slip_on(host, there, hello)
        asked = challenge(host.core._s.entropy, there), host.key
        signature = stranger.credentials.sign(statement(session, Says.GREETING, asked))
        bench.slip_on(host, there, Proof(signature))
    assert sum(host.core.roster.get(peer) is None for peer, _ in host.core._s.mesh.peers()) == 3
    told = bench.heard(host, Denied)
    assert {frame.reason for frame in told} == {DenyReason.FULL} and len(told) == 2
    assert "try again" in told[0].text
    bench.world.reset_links(host, client)
    bench.world.run_for(1_000_000)
    assert client.core.state is State.FOLLOWING
