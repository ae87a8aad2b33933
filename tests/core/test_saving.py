from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from p2pnet.core.errors import LocalProtocolError, SaveError, SaveFault
from p2pnet.core.events import BecameHost, PeerJoined, PeerLost, PeerReturned
from p2pnet.core.saving import VERSION, Saved, load, save
from p2pnet.core.settings import Settings
from p2pnet.core.states import State
from p2pnet.core.values import PeerId
from p2pnet.testing.core_world import CoreWorld
from p2pnet.testing.notary import NotaryCredentials
from p2pnet.testing.sim_peer import Dials, SimPeer
from tests.core.bench import Bench, picture


@pytest.fixture
def bench() -> Bench:
    return Bench.of(3, Settings(seat_us=7_000_000))


def saved_by(bench: Bench, peer: SimPeer) -> bytes:
    data: list[bytes] = []
    bench.world.enter(peer, lambda: data.append(peer.core.save(bench.world.now)))
    return data[0]


def credentials(peer: SimPeer) -> NotaryCredentials:
    return NotaryCredentials(peer.key)


def refusal(data: bytes, peer: SimPeer, game: str) -> SaveFault:
    with pytest.raises(SaveError) as caught:
        load(data, game, credentials(peer))
    return caught.value.reason


def game_of(peer: SimPeer) -> str:
    return peer.core._s.fingerprint


def another_day(bench: Bench, data: bytes, who: SimPeer) -> tuple[CoreWorld, SimPeer]:
    """A world in which nobody is but `who`, who goes on with what was saved."""
    world = CoreWorld()
    peer = world.start(who.name, key=who.key)
    for old in bench.peers[1:]:  # processes at the old addresses of the others, of which none plays
        world.start(f"not {old.name}").dials = Dials.REFUSED
    saved = load(data, game_of(peer), credentials(peer))
    world.enter(peer, lambda: peer.core.resume(world.now, saved))
    return world, peer


def test_a_session_is_resumed_with_its_state_its_seats_its_bans_and_its_settings(
    bench: Bench,
) -> None:
    host, ben, cat = bench.peers
    bench.world.submit(ben, "first")
    bench.world.run_for(500_000)
    bench.world.enter(host, lambda: host.core.kick(bench.world.now, cat.id, "go"))
    data, before = saved_by(bench, host), host.core.position
    _world, again = another_day(bench, data, host)
    assert again.core.state is State.REIGNING and again.journal.entries == host.journal.entries
    assert again.core.settings == host.core.settings
    assert again.core.roster.banned == (cat.id,)
    assert [member.peer for member in again.core.roster.members] == [ben.id, host.id]
    assert again.journal.away[ben.id] and not again.journal.away[host.id]
    became = again.saw(BecameHost)[-1]
    assert became.migrated and before is not None
    assert became.epoch.number == before.epoch.number + 1
    assert again.core.position is not None and again.core.position.seq > before.seq
    assert {event.peer for event in again.saw(PeerJoined)} == {host.id, ben.id}
    assert [event.peer for event in again.saw(PeerLost)] == [ben.id]


def test_who_comes_back_another_day_gets_its_seat(bench: Bench) -> None:
    host, ben, _ = bench.peers
    label = ben.core.connection_id
    world, again = another_day(bench, saved_by(bench, host), host)
    late = world.join(again, "ben", key=ben.key)
    world.run_for(1_000_000)
    assert late.core.state is State.FOLLOWING and late.core.connection_id == label
    assert [event.peer for event in again.saw(PeerReturned)] == [ben.id]
    assert picture(late)[2:] == picture(again)[2:]


def test_any_member_may_host_it(bench: Bench) -> None:
    host, ben, _ = bench.peers
    _world, again = another_day(bench, saved_by(bench, host), ben)
    assert again.core.connection_id == 0
    old = again.core.roster.get(host.id)
    assert old is not None and old.connection_id == 3 and not old.present


def test_the_table_of_what_was_run_is_saved_too(bench: Bench) -> None:
    host, ben, _ = bench.peers
    bench.world.submit(ben, "first")
    bench.world.run_for(500_000)
    _, again = another_day(bench, saved_by(bench, host), host)
    assert again.core._s.ledger.marks == host.core._s.ledger.marks


def test_only_the_host_saves_and_only_an_idle_peer_resumes(bench: Bench) -> None:
    host, ben, _ = bench.peers
    with pytest.raises(LocalProtocolError, match="only the host"):
        ben.core.save(bench.world.now)
    saved = load(saved_by(bench, host), game_of(host), credentials(host))
    with pytest.raises(LocalProtocolError):
        host.core.resume(bench.world.now, saved)


def test_what_is_not_a_saved_session_is_told_from_a_damaged_one(bench: Bench) -> None:
    host = bench.peers[0]
    data, game = saved_by(bench, host), game_of(host)
    assert refusal(b"", host, game) is SaveFault.NOT_A_SAVE
    assert refusal(b"\x89PNG\r\n", host, game) is SaveFault.NOT_A_SAVE
    for end in (len(b"p2pnet session "), 17, 30, len(data) // 2, len(data) - 1):
        assert refusal(data[:end], host, game) is SaveFault.DAMAGED, end
    for place in range(len(b"p2pnet session 1\n"), len(data), 37):
        changed = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        assert refusal(changed, host, game) is SaveFault.DAMAGED, place
    assert refusal(data + b"x", host, game) is SaveFault.DAMAGED


def test_another_version_another_game_and_a_stranger_are_each_told(bench: Bench) -> None:
    host = bench.peers[0]
    data, game = saved_by(bench, host), game_of(host)
    newer = data.replace(b"session %d\n" % VERSION, b"session %d\n" % (VERSION + 1), 1)
    assert refusal(newer, host, game) is SaveFault.VERSION
    assert refusal(data, host, "another game") is SaveFault.GAME
    stranger = bench.world.start("stranger")
    assert refusal(data, stranger, game) is SaveFault.NO_SEAT


def edited(bench: Bench, edit: Callable[[Saved], Saved], monkeypatch: pytest.MonkeyPatch) -> bytes:
    """A file whose digest is right, and which says something else."""
    host = bench.peers[0]
    saved = load(saved_by(bench, host), game_of(host), credentials(host))
    encode = msgspec.msgpack.encode
    with monkeypatch.context() as patch:
        patch.setattr("p2pnet.core.saving.msgspec.msgpack.encode", lambda _: encode(edit(saved)))
        return save(host.core._s)


def test_a_file_with_another_roster_than_its_host_signed_is_refused(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = bench.peers[0]

    def unban(saved: Saved) -> Saved:
        roster = saved.snapshot.roster.remove(PeerId("nobody"), ban=True)
        snapshot = msgspec.structs.replace(saved.snapshot, roster=roster)
        return msgspec.structs.replace(saved, snapshot=snapshot)

    assert refusal(edited(bench, unban, monkeypatch), host, game_of(host)) is SaveFault.DAMAGED
