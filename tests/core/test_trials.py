"""A command that its hosts do not survive."""

from __future__ import annotations

import pytest

from p2pnet.core.messages import Command, Update
from p2pnet.core.settings import Settings
from p2pnet.core.states import State
from p2pnet.testing.core_world import CoreWorld
from p2pnet.testing.journal import REFUSED
from p2pnet.testing.sim_peer import SimPeer
from tests.core.bench import Bench
from tests.transcripts.telling import make_deadly, texts


def dangerous(players: int, settings: Settings | None = None) -> Bench:
    """A session in which whoever runs a command that begins with "poison" dies of it."""
    bench = Bench.of(players, settings)
    make_deadly(bench.world)
    bench.listen()
    return bench


def outcomes(peer: SimPeer) -> dict[str, bytes | None]:
    return {peer.sent[ticket]: settle.outcome for ticket, settle in peer.settled.items()}


def settle_down(world: CoreWorld) -> None:
    assert world.run_while(lambda: not world.converged())
    world.run_for(2_000_000)
    assert world.converged()


def test_a_command_that_kills_its_hosts_is_refused_in_the_end_and_never_run_again() -> None:
    bench = dangerous(6)
    world, last = bench.world, bench.peers[-1]
    world.submit(last, "poison")
    settle_down(world)
    dead = [peer for peer in world.peers if not peer.alive]
    assert len(dead) == 3, "the third one died of it on trial"
    assert outcomes(last) == {"poison": REFUSED}
    for peer in bench.peers[3:]:
        assert texts(peer) == []
    world.submit(last, "on we go")
    settle_down(world)
    assert outcomes(last)["on we go"] not in (None, REFUSED)
    assert sum(not peer.alive for peer in world.peers) == 3


def test_the_commands_around_it_are_run_once_and_in_order() -> None:
    bench = dangerous(6)
    world, other, last = bench.world, bench.peers[-2], bench.peers[-1]
    for text in ("first", "poison", "second", "third"):
        world.submit(last, text)
        world.submit(other, f"other {text}" if text != "poison" else "other of it")
    settle_down(world)
    assert [text for text in texts(last) if not text.startswith("other")] == [
        "first",
        "second",
        "third",
    ]
    assert [text for text in texts(last) if text.startswith("other")] == [
        "other first",
        "other of it",
        "other second",
        "other third",
    ]
    assert [text for text, outcome in outcomes(last).items() if outcome == REFUSED] == ["poison"]
    assert REFUSED not in outcomes(other).values(), "nobody else's command is blamed"


def test_what_is_innocent_goes_on_trial_and_is_run() -> None:
    bench = dangerous(5, Settings(trial_after_hosts=1))
    world, last = bench.world, bench.peers[-1]
    world.submit(last, "innocent")
    world.crash(bench.peers[0])
    settle_down(world)
    assert texts(last) == ["innocent"]
    assert outcomes(last)["innocent"] not in (None, REFUSED)
    again = [frame for frame in bench.heard(last, Command) if frame.hosts_lost == 1]
    assert len(again) == 1
    lines = [line for update in bench.heard(bench.peers[1], Update) for line in update.executed]
    assert [line.trial for line in lines] == [True, False]


def test_who_finds_the_same_host_again_has_lost_none() -> None:
    bench = dangerous(3)
    world, host, client = bench.world, bench.peers[0], bench.peers[-1]
    world.submit(client, "again")
    world.reset_links(host, client)
    settle_down(world)
    assert texts(client) == ["again"]
    assert [frame.hosts_lost for frame in bench.heard(client, Command)][-1] == 0


def test_a_host_that_goes_on_purpose_is_not_counted() -> None:
    bench = dangerous(3)
    world, host, client = bench.world, bench.peers[0], bench.peers[-1]
    world.submit(client, "again")
    world.leave(host)
    settle_down(world)
    assert texts(client) == ["again"]
    assert {frame.hosts_lost for frame in bench.heard(client, Command)} == {0}


def on_trial(bench: Bench, text: str = "slow") -> None:
    """A command is recorded as refused, and nobody has confirmed that yet."""
    world, client = bench.world, bench.peers[-1]
    world.submit(client, text)
    world.crash(bench.peers[0])
    heir = bench.peers[1]
    assert world.run_while(lambda: heir.core.state is not State.REIGNING)
    trials = heir.core._roles.hosting.ordering.trials
    assert world.run_while(lambda: trials.current is None)


def test_a_handover_does_not_turn_a_trial_into_a_verdict() -> None:
    bench = dangerous(4, Settings(trial_after_hosts=1))
    on_trial(bench)
    world, heir, next_one, client = bench.world, *bench.peers[1:]
    world.hand_over(heir, next_one)
    settle_down(world)
    assert texts(client) == ["slow"] and outcomes(client)["slow"] != REFUSED


def test_a_trial_waits_while_the_session_is_paused() -> None:
    bench = dangerous(4, Settings(trial_after_hosts=1))
    on_trial(bench)
    world, heir, client = bench.world, bench.peers[1], bench.peers[-1]
    ordering = heir.core._roles.hosting.ordering
    ordering.pause()
    trial = ordering.trials.current
    assert trial is not None and trial.update_seq is not None
    confirmed = ordering.followers[client.id]
    assert world.run_while(lambda: confirmed.confirmed < (trial.update_seq or 0))
    assert texts(client) == [] and ordering.trials.current is trial
    world.enter(heir, ordering.go_on)
    settle_down(world)
    assert texts(client) == ["slow"]


def test_who_was_put_out_is_not_tried() -> None:
    bench = dangerous(4, Settings(trial_after_hosts=1))
    on_trial(bench)
    world, heir, client = bench.world, bench.peers[1], bench.peers[-1]
    world.kick(heir, client)
    settle_down(world)
    assert texts(heir) == []


def test_a_flood_of_suspects_is_cut_off() -> None:
    bench = dangerous(4, Settings(trial_after_hosts=1, commands_in_flight_max=2))
    on_trial(bench)
    heir, client = bench.peers[1], bench.peers[-1]
    assert heir.core.epoch is not None
    for seq in range(2, 6):
        bench.slip(client, heir, Command(heir.core.epoch, seq, 1, b"more", 9))
    assert len(heir.core._roles.hosting.ordering.trials) <= 2
    assert client.id not in heir.core._roles.hosting.ordering.followers


@pytest.mark.parametrize("players", [2, 3])
def test_who_called_it_and_becomes_the_host_dies_of_it_as_the_last(players: int) -> None:
    bench = dangerous(players)
    world, last = bench.world, bench.peers[1]
    world.submit(last, "poison")
    world.run_for(5_000_000)
    assert [peer.alive for peer in world.peers] == [False, False, *[True] * (players - 2)]
