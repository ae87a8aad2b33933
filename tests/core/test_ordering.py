from __future__ import annotations

import pytest
from msgspec.structs import replace

from p2pnet.core.messages import Command, Fenced, Marks
from p2pnet.core.settings import AckLevel
from p2pnet.core.states import State
from p2pnet.testing.core_world import CoreWorld
from p2pnet.testing.sim_peer import SimPeer
from tests.core.bench import Bench


@pytest.fixture
def bench() -> Bench:
    return Bench.of(3)


def last_command(bench: Bench, client: SimPeer) -> Command:
    """A command of this client that was run, as it went over the wire."""
    bench.listen()
    bench.world.submit(client, "first")
    bench.world.run_for(400_000)
    return bench.heard(client, Command)[-1]


def texts(peer: SimPeer) -> list[str]:
    return [text for _, text in peer.journal.entries]


# --- writes ---


def test_what_a_follower_wrote_goes_to_the_world_and_out_with_the_tick(bench: Bench) -> None:
    host, client, other = bench.peers
    bench.world.enter(client, lambda: client.core.write(bench.world.now, b"at 1"))
    bench.world.run_for(400_000)
    assert texts(host) == texts(other) == ["at 1"]
    assert client.core.census["executed"] == 0, "nobody counts it"


def test_a_write_is_void_while_the_session_is_paused_and_without_a_seat(bench: Bench) -> None:
    host, client, _ = bench.peers
    ordering = host.core._roles.hosting.ordering
    ordering.pause()
    bench.world.enter(client, lambda: client.core.write(bench.world.now, b"at 1"))
    bench.world.run_for(100_000)
    ordering.go_on()
    ordering.followers.pop(client.id)
    bench.world.enter(client, lambda: client.core.write(bench.world.now, b"at 2"))
    bench.world.run_for(100_000)
    assert texts(host) == []


# --- commands ---


def test_a_command_that_comes_twice_is_run_once(bench: Bench) -> None:
    host, client, _ = bench.peers
    command = last_command(bench, client)
    bench.slip(client, host, command)
    bench.slip(client, host, replace(command, payload=b"other words, same number"))
    assert texts(host) == ["first"]


def test_a_command_that_leaves_a_gap_is_not_run_and_its_sender_comes_back(bench: Bench) -> None:
    host, client, _ = bench.peers
    command = last_command(bench, client)
    bench.listen()
    bench.slip(client, host, replace(command, seq=command.seq + 2, after=command.seq + 1))
    assert texts(host) == ["first"] and bench.heard(host, Fenced, to=client)
    assert bench.world.run_while(lambda: not bench.world.converged())
    bench.slip(client, host, replace(command, seq=command.seq + 4, after=command.seq + 3))
    assert texts(host) == ["first"]  # some were given up, and one that was not is missing
    assert bench.world.run_while(lambda: not bench.world.converged())
    bench.world.submit(client, "second")
    bench.world.run_for(400_000)
    assert texts(host) == ["first", "second"]


def test_numbers_that_their_peer_gave_up_may_be_left_out(bench: Bench) -> None:
    host, client, _ = bench.peers
    command = last_command(bench, client)
    seq = command.seq + 5
    bench.slip(client, host, replace(command, seq=seq, floor=seq, payload=b"later"))
    assert texts(host) == ["first", "later"]


def test_a_command_of_somebody_who_was_given_up_is_not_run(bench: Bench) -> None:
    host, client, _ = bench.peers
    command = last_command(bench, client)
    bench.world.pause(client)
    bench.world.run_for(1_000_000)
    bench.listen()
    bench.slip(client, host, replace(command, seq=command.seq + 1))
    assert texts(host) == ["first"] and bench.heard(host, Fenced, to=client)


def test_a_command_of_an_older_reign_is_not_run(bench: Bench) -> None:
    _, host, client = bench.peers
    command = last_command(bench, client)
    bench.world.crash(bench.peers[0])
    bench.world.run_for(1_000_000)
    bench.listen()
    bench.slip(client, host, replace(command, seq=command.seq + 1))
    assert texts(host) == ["first"] and bench.heard(host, Fenced, to=client)


def test_a_command_to_somebody_who_is_not_the_host_is_nothing(bench: Bench) -> None:
    _, client, other = bench.peers
    command = last_command(bench, client)
    bench.slip(client, other, replace(command, seq=command.seq + 1))
    bench.world.run_for(300_000)
    assert texts(other) == ["first"]


# --- durability ---


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


def test_numbers_that_never_come_again_are_not_waited_for(bench: Bench) -> None:
    """They were settled on a branch that lost, and what came before them is still open."""
    host, client, _ = bench.peers
    command = last_command(bench, client)
    bench.slip(client, host, replace(command, seq=command.seq + 4, after=command.seq))
    assert len(texts(host)) == 2
