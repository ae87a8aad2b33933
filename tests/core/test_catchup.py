from __future__ import annotations

import pytest
from msgspec.structs import replace

from p2pnet.core.catchup import _discard, missing_for, take_missing
from p2pnet.core.codec import encode
from p2pnet.core.effects import Emit
from p2pnet.core.errors import RemoteProtocolError
from p2pnet.core.events import BranchDiscarded
from p2pnet.core.frame_parts import Executed, Missing, Snapshot
from p2pnet.core.messages import Ping, Update
from p2pnet.core.session import Session
from p2pnet.core.values import Epoch, PeerId, Position
from p2pnet.testing.journal import REFUSED
from tests.core.bench import Bench, texts


@pytest.fixture
def bench() -> Bench:
    """Two players who have done something."""
    bench = Bench.of(2)
    for number in range(3):
        bench.world.submit(bench.peers[number % 2], f"c{number}")
    bench.world.run_for(400_000)
    return bench


def host(bench: Bench) -> Session:
    return bench.peers[0].core._s


def client(bench: Bench) -> Session:
    return bench.peers[1].core._s


def snapshot(session: Session) -> Snapshot:
    missing = missing_for(session, None)
    assert missing.snapshot is not None and missing.updates == ()
    return missing.snapshot


def test_who_is_on_the_branch_gets_the_tail(bench: Bench) -> None:
    s = host(bench)
    assert s.epoch is not None
    missing = missing_for(s, Position(s.epoch, s.history.seq - 2))
    assert len(missing.updates) == 2 and missing.snapshot is None


@pytest.mark.parametrize("position", [None, Position(Epoch(9, PeerId("x"), 1), 1)])
def test_anybody_else_gets_a_snapshot(bench: Bench, position: Position | None) -> None:
    s = host(bench)
    whole = missing_for(s, position).snapshot
    assert whole is not None and whole.position == s.history.position
    assert whole.roster == s.roster and whole.digest == s.history.digest


def test_a_snapshot_that_says_another_reign_than_its_lineage_is_refused(bench: Bench) -> None:
    s, good = client(bench), snapshot(host(bench))
    before = s.history.position, s.history.digest, list(bench.peers[1].journal.entries)
    other = Epoch(9, PeerId("x" * 16), 1)
    for bad in (replace(good, lineage=()), replace(good, lineage=((other, 0),))):
        with pytest.raises(RemoteProtocolError):
            take_missing(s, Missing(snapshot=bad))
    after = s.history.position, s.history.digest, list(bench.peers[1].journal.entries)
    assert after == before


def test_a_tail_from_elsewhere_begins_no_reign_here(bench: Bench) -> None:
    """It was cut for where this peer stood before, and a reign in it began where it stands now."""
    s, at = client(bench), host(bench).history.position
    assert at is not None and s.history.position == at
    updates = host(bench).history.after(at.seq - 2)
    assert updates is not None and len(updates) == 2
    before = s.history.position, list(s.history.lineage)
    reign = Epoch(9, PeerId("x" * 16), 1)
    with pytest.raises(RemoteProtocolError):
        take_missing(s, Missing(updates, ((reign, at.seq),)))
    assert (s.history.position, s.history.lineage) == before


@pytest.mark.parametrize(
    ("outcome", "lost"),
    [(b"7", ()), (REFUSED, (1,))],
    ids=["run there at its own time", "refused there"],
)
def test_what_another_branch_refused_is_named(
    bench: Bench, outcome: bytes, lost: tuple[int, ...]
) -> None:
    """Hosts of that branch were lost over it, while one of ours ran it and told its owner."""
    s, good = client(bench), snapshot(host(bench))
    assert 1 in bench.peers[1].settled
    other = Epoch(9, PeerId("x" * 16), 1)
    end = Position(other, good.position.seq)
    theirs = replace(
        good,
        position=end,
        lineage=((other, 0),),
        executed=(Executed(s.me, s.nonce, 1, 1, outcome),),
        marks={s.me: (s.nonce, 1)},
    )
    _discard(s, theirs)
    (said,) = (e.event for e in s.effects if isinstance(e, Emit))
    assert isinstance(said, BranchDiscarded) and said.tickets == lost


def test_a_snapshot_of_a_world_that_is_none_is_refused(bench: Bench) -> None:
    s = client(bench)
    before = s.history.position
    with pytest.raises(RemoteProtocolError):
        take_missing(s, Missing(snapshot=replace(snapshot(host(bench)), world=b"\xc1")))
    assert s.history.position == before


def test_a_tail_that_does_not_continue_the_history_is_refused(bench: Bench) -> None:
    s = client(bench)
    assert s.epoch is not None
    here = s.history.seq
    for raw in (
        encode(Update(s.epoch, here + 2, b"")),
        encode(Update(s.epoch, here, b"")),
        encode(Ping(1)),
        b"\xc1",
    ):
        with pytest.raises(RemoteProtocolError):
            take_missing(s, Missing(updates=(raw,)))
    assert s.history.seq == here


def test_nothing_is_kept_of_who_came_and_went_within_the_tail() -> None:
    bench = Bench.of(3)
    host, away, _ = bench.peers
    bench.world.pause(away)
    bench.world.reset_links(away, host)
    guest = bench.world.join(host, "guest")
    bench.world.run_for(500_000)
    bench.world.submit(guest, "by a guest")
    bench.world.run_for(500_000)
    bench.world.leave(guest)
    bench.world.run_for(300_000)
    bench.world.resume(away)
    bench.world.run_for(1_000_000)
    assert texts(away) == texts(host) == ["by a guest"]
    assert away.core.marks == host.core.marks == {}


def test_a_reign_without_an_update_is_caught_up_with_too(bench: Bench) -> None:
    """A host that moves on to a higher number writes nothing, and may be followed there."""
    ahead, behind = host(bench), client(bench)
    position = behind.history.position
    bench.world.isolate(bench.peers[1])
    bench.world.submit(bench.peers[0], "more")
    for number in (7, 8):
        ahead.history.begin(Epoch(number, ahead.me, ahead.nonce))
    take_missing(behind, missing_for(ahead, position))
    assert behind.history.lineage == ahead.history.lineage
    assert behind.history.position == ahead.history.position
