from __future__ import annotations

import attrs

from p2pnet.core.effects import Dial, Effect, Emit, Send, Settle
from p2pnet.core.messages import Command, Hello
from p2pnet.core.settings import AckLevel, Settings
from p2pnet.testing.frames import HEARTBEAT, tag_of
from p2pnet.testing.sim_peer import Observer, SimPeer
from p2pnet.testing.trio_lane import TrioLane
from p2pnet.testing.watched_shell import WatchedShell


@attrs.define(eq=False)
class Log(Observer):
    """Everything that is told of."""

    lines: list[tuple[str, int, object]] = attrs.field(factory=list)

    def took(self, now: int, peer: SimPeer, source: int, data: bytes) -> None:
        self.lines.append(("took", peer.number, (source, data[1])))

    def did(self, now: int, peer: SimPeer, effect: Effect, targets: tuple[SimPeer, ...]) -> None:
        numbers = tuple(target.number for target in targets)
        self.lines.append(("did", peer.number, (type(effect), numbers)))

    def submitted(self, now: int, peer: SimPeer, ticket: int) -> None:
        self.lines.append(("submitted", peer.number, peer.sent[ticket]))

    def stepped(self, now: int, peer: SimPeer) -> None:
        self.lines.append(("stepped", peer.number, None))

    def of(self, what: str, number: int) -> list[object]:
        return [detail for kind, peer, detail in self.lines if (kind, peer) == (what, number)]


def watched(lane: TrioLane, players: int) -> Log:
    log = Log()
    lane.observers.append(log)
    lane.game(players)
    return log


def test_a_witness_sees_who_said_what_to_whom() -> None:
    lane = TrioLane()
    log = watched(lane, 2)
    assert (Dial, ()) in log.of("did", 1)
    assert (Send, (0,)) in log.of("did", 1) and (Send, (1,)) in log.of("did", 0)
    assert (0, tag_of(Hello)) in log.of("took", 1) and (1, tag_of(Hello)) in log.of("took", 0)
    assert (1, HEARTBEAT) in log.of("took", 0)
    lane.close()


def test_a_frame_is_told_of_before_what_it_caused_and_the_step_after_it() -> None:
    lane = TrioLane()
    log = watched(lane, 2)
    log.lines.clear()
    lane.submit(lane.peers[1], "a move", AckLevel.ALL)
    lane.run_for(1_000_000)
    assert log.of("submitted", 1) == ["a move"]
    own = [line for line in log.lines if line[1] == 0]
    place = own.index(("took", 0, (1, tag_of(Command))))
    assert own[place + 1][0] in ("did", "stepped") and ("stepped", 0, None) in own[place:]
    assert (Settle, ()) in log.of("did", 1)
    peer = lane.peers[1]
    assert list(peer.sent.values()) == ["a move"] and list(peer.levels.values()) == [AckLevel.ALL]
    assert set(peer.settled) == set(peer.sent)
    assert peer.journal.entries == [(str(peer.id), "a move")]
    lane.close()


def test_the_dead_do_nothing_any_more() -> None:
    lane = TrioLane()
    log = watched(lane, 3)
    lane.submit(lane.peers[2], "last words")
    lane.crash(lane.peers[2])
    log.lines.clear()
    lane.run_for(2_000_000)
    assert not [line for line in log.lines if line[1] == 2]
    lane.close()


def test_what_the_outbox_has_no_room_for_is_counted() -> None:
    lane = TrioLane(settings=Settings(commands_in_flight_max=2))
    watched(lane, 2)
    for number in range(5):
        lane.submit(lane.peers[1], f"move {number}")
    lane.run_for(1_000_000)
    assert lane.refused == 3
    assert [text for _, text in lane.peers[0].journal.entries] == ["move 0", "move 1"]
    lane.close()


def test_a_shell_knows_where_each_link_leads_also_when_it_is_gone() -> None:
    lane = TrioLane()
    watched(lane, 2)
    shell = lane.trio.peers[0].shell
    assert isinstance(shell, WatchedShell)
    before = dict(shell.watched.remotes)
    assert set(before.values()) == {1}
    lane.crash(lane.peers[1])
    lane.run_for(1_000_000)
    assert shell.watched.remotes == before
    assert all(isinstance(number, int) for number in before.values())
    assert not any(isinstance(effect, Emit) for effect in shell.watched.take_effects())
    lane.close()
