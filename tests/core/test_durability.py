from __future__ import annotations

import pytest

from p2pnet.core.events import BranchDiscarded
from p2pnet.core.messages import Marks
from p2pnet.core.settings import AckLevel
from p2pnet.core.states import State
from p2pnet.testing.core_world import CoreWorld
from p2pnet.testing.sim_peer import SimPeer
from tests.core.bench import Bench, texts


@pytest.fixture
def bench() -> Bench:
    return Bench.of(3)


def settle_order(bench: Bench, peer: SimPeer, level: AckLevel) -> tuple[bool, bool]:
    """Whether a receipt is there while the third peer is mute, and after it was heard again."""
    host, _, mute = bench.peers
    bench.world.cut(mute, host)
    ticket = bench.world.submit(peer, "x", level)
    bench.world.run_for(350_000)
    early = ticket in peer.settled
    bench.world.heal()
    bench.world.run_for(400_000)
    return early, ticket in peer.settled


@pytest.mark.parametrize(
    ("submitter", "level", "early"),
    [
        (0, AckLevel.HOST, True),
        (1, AckLevel.HOST, True),
        (0, AckLevel.ONE, True),  # the host and the first client have it
        (1, AckLevel.ONE, False),  # besides its submitter only the host would have it
        (0, AckLevel.ALL, False),
        (1, AckLevel.ALL, False),
    ],
)
def test_a_receipt_waits_for_as_many_as_its_level_says(
    bench: Bench, submitter: int, level: AckLevel, early: bool
) -> None:
    assert settle_order(bench, bench.peers[submitter], level) == (early, True)


def test_in_a_game_of_two_the_submitter_is_the_successor() -> None:
    bench = Bench.of(2)
    host, client = bench.peers
    ticket = bench.world.submit(client, "x", AckLevel.ONE)
    assert bench.world.run_while(lambda: ticket not in client.settled, 70_000)
    assert texts(host) == texts(client) == ["x"]


def test_a_newcomer_is_no_witness_before_the_others_know_of_it() -> None:
    world = CoreWorld()
    host, heir = world.game(2)
    world.cut(host, heir)
    newcomer = world.join(host, "new")
    assert world.run_while(lambda: newcomer.core.state is not State.FOLLOWING)
    ticket = world.submit(host, "x")
    world.run_for(200_000)
    assert "x" in [text for _, text in newcomer.journal.entries] and ticket not in host.settled
    world.heal()
    assert world.run_while(lambda: ticket not in host.settled)


def test_a_host_alone_waits_for_nobody() -> None:
    bench = Bench.of(1)
    host = bench.peers[0]
    for level in AckLevel:
        assert bench.world.submit(host, level.value, level) in host.settled


def test_who_is_away_is_not_waited_for(bench: Bench) -> None:
    host, client, other = bench.peers
    bench.world.crash(other)
    bench.world.run_for(300_000)
    ticket = bench.world.submit(client, "x", AckLevel.ALL)
    bench.world.run_for(300_000)
    assert ticket in client.settled and host.core.census["followers"] == 1


@pytest.mark.parametrize("level", [AckLevel.ONE, AckLevel.ALL])
def test_a_new_host_acknowledges_nothing_before_somebody_is_back(
    bench: Bench, level: AckLevel
) -> None:
    old, new, _ = bench.peers
    bench.world.crash(old)
    bench.world.run_while(lambda: new.core.state is not State.REIGNING)
    ticket = bench.world.submit(new, "x", level)
    while ticket not in new.settled:
        assert bench.world.run_while(lambda: not bench.said and ticket not in new.settled)
        bench.listen()
    assert new.core.census["followers"] == 1
    assert all("x" in texts(peer) for peer in bench.peers[1:])


def test_a_new_host_whose_friends_all_died_acknowledges_in_the_end(bench: Bench) -> None:
    old, new, other = bench.peers
    bench.world.crash(old)
    bench.world.run_while(lambda: new.core.state is not State.REIGNING)
    bench.world.crash(other, silent=True)
    ticket = bench.world.submit(new, "x")
    bench.world.run_for(3_000_000)
    assert ticket in new.settled


def test_a_host_that_hears_nobody_gives_receipts_when_others_have_had_time_to_replace_it(
    bench: Bench,
) -> None:
    host, *clients = bench.peers
    for client in clients:
        bench.world.cut_both(host, client)
    bench.world.run_while(lambda: host.core.census["followers"] > 0)
    ticket = bench.world.submit(host, "x")
    bench.world.run_for(host.core.settings.red_us // 2)
    assert ticket not in host.settled
    assert any(client.core.state is State.REIGNING for client in clients)
    bench.world.run_for(host.core.settings.red_us)
    assert ticket in host.settled


def test_what_is_done_while_the_host_is_cut_off_for_a_moment_is_not_lost(bench: Bench) -> None:
    host, *clients = bench.peers
    for client in clients:
        bench.world.cut_both(host, client)
    tickets = [bench.world.submit(host, text) for text in ("x", "y")]
    bench.world.run_while(lambda: not any(p.core.state is State.REIGNING for p in clients))
    bench.world.submit(clients[0], "z")
    bench.world.run_for(100_000)
    bench.world.heal()
    bench.world.run_for(1_000_000)
    assert host.core.state is State.FOLLOWING and set(tickets) <= host.settled.keys()
    assert all(texts(peer) == ["z", "x", "y"] for peer in bench.peers)
    assert not host.saw(BranchDiscarded) or not host.saw(BranchDiscarded)[0].tickets  # type: ignore[attr-defined]


def test_marks_never_go_back_under_one_welcome(bench: Bench) -> None:
    host = bench.peers[0]
    for number in range(10):
        bench.world.submit(bench.peers[number % 3], f"c{number}")
        bench.world.run_for(17_000)
    bench.world.run_for(500_000)
    marks = [(m.one, m.all) for m in bench.heard(host, Marks)]
    assert marks == sorted(marks) and all(one >= all_ for one, all_ in marks)
    assert marks[-1][0] == host.core.position.seq  # type: ignore[union-attr]


def test_marks_are_told_to_those_alone_whose_commands_wait_for_them(bench: Bench) -> None:
    host, one, other = bench.peers
    bench.listen()
    ticket = bench.world.submit(one, "x", AckLevel.ALL)
    bench.world.run_for(500_000)
    assert ticket in one.settled
    assert bench.heard(host, Marks, to=one) and not bench.heard(host, Marks, to=other)


def test_who_comes_back_is_told_the_marks_for_what_it_had_called_before(bench: Bench) -> None:
    host, one, _ = bench.peers
    ticket = bench.world.submit(one, "x", AckLevel.ALL)
    bench.world.run_for(60_000)  # it was run, and the receipt is not there yet
    assert ticket not in one.settled
    bench.world.reset_links(one, host)
    bench.listen()
    bench.world.run_for(1_000_000)
    assert ticket in one.settled and bench.heard(host, Marks, to=one)


@pytest.mark.parametrize("players", [1, 2])
def test_a_tick_in_the_same_batch_delays_no_receipt(players: int) -> None:
    """The tick orders what the command did, and the flush after it had nothing left to order."""
    world = CoreWorld()
    host = world.host()
    for _ in range(players - 1):
        client = world.join(host)
        world.run_for(1_000_000)
        world.crash(client)
        world.run_for(1_000_000)

    def batch() -> None:
        host.core.submit(world.now, b"x", None)
        host.core.tick(world.now)

    world.run_for(10_000)
    host.sent[1], host.levels[1] = "x", AckLevel.ONE
    world.enter(host, batch)
    assert 1 in host.settled
