from __future__ import annotations

import pytest

from p2pnet.core.codec import encode
from p2pnet.core.effects import Emit, Send, TakeRole
from p2pnet.core.errors import EndReason, LocalProtocolError
from p2pnet.core.events import (
    PeerGone,
    PeerJoined,
    PeerLost,
    PeerReturned,
    RosterChanged,
    StateChanged,
)
from p2pnet.core.messages import Heartbeat
from p2pnet.core.session import Session
from p2pnet.core.settings import Settings
from p2pnet.core.states import Move, Role, State
from p2pnet.core.values import LinkId, PeerId
from tests.core.bench import Bench


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


def events(session: Session) -> list[object]:
    effects, session.effects = session.effects, []
    return [effect.event for effect in effects if isinstance(effect, Emit)]


# --- changes that are told ---


def test_a_move_tells_the_state_and_only_a_change_of_role_the_role(bench: Bench) -> None:
    s = client(bench)
    s.move(Move.LOSE_HOST)
    assert not any(isinstance(effect, TakeRole) for effect in s.effects)
    assert events(s) == [StateChanged(State.FOLLOWING, State.DOUBTING)]
    s.move(Move.CLAIM)
    s.move(Move.CROWN)
    assert [e.role for e in s.effects if isinstance(e, TakeRole)] == [Role.HOST]


def test_a_move_that_the_table_does_not_have_changes_nothing(bench: Bench) -> None:
    s = client(bench)
    with pytest.raises(LocalProtocolError):
        s.move(Move.FOUND)
    assert s.state is State.FOLLOWING and s.effects == []


def test_each_change_of_the_roster_is_told_for_what_it_is(bench: Bench) -> None:
    s = host(bench)
    other, newcomer = bench.peers[1].id, PeerId("n" * 16)
    steps = (
        (s.roster.lose(other), PeerLost),
        (s.roster.lose(other).restore(other), PeerReturned),
        (s.roster.lose(other).restore(other).admit(newcomer, b"", "n", ()), PeerJoined),
    )
    for roster, kind in steps:
        s.set_roster(roster)
        assert [type(event) for event in events(s)][:-1] == [kind]
    s.set_roster(s.roster)
    assert events(s) == [], "the same version is no change"


def test_a_ban_is_told_as_a_kick(bench: Bench) -> None:
    s = host(bench)
    s.set_roster(s.roster.remove(bench.peers[1].id, ban=True))
    gone = [event for event in events(s) if isinstance(event, PeerGone)]
    assert [event.reason for event in gone] == [EndReason.KICKED]


def test_settings_of_the_session_reach_all_that_use_them(bench: Bench) -> None:
    s = client(bench)
    s.set_settings(Settings(tail_updates_max=5, heartbeat_us=50_000))
    assert s.history.updates_max == 5 and s.mesh.settings is s.settings
    assert all(link.detector.settings is s.settings for link in s.mesh.links.values())


# --- sending ---


def test_nothing_is_sent_on_links_that_are_gone(bench: Bench) -> None:
    s = host(bench)
    assert s.epoch is not None
    frame = Heartbeat(s.epoch, 1)
    s.send_on((LinkId(999),), encode(frame))
    s.send(PeerId("nobody"), frame)
    s.send(None, frame)
    assert s.effects == []
    s.send_all(frame)
    assert [effect.links for effect in s.effects if isinstance(effect, Send)] == [
        tuple(link.id for _, link in s.mesh.peers())
    ]


def test_nobody_is_dialled_without_an_address_or_while_linked(bench: Bench) -> None:
    s = host(bench)
    s.dial(PeerId("x" * 16), ())
    s.dial(bench.peers[1].id, ("1",))
    assert s.effects == []


def test_another_roster_of_the_same_version_is_news(bench: Bench) -> None:
    """Two branches count the changes of their rosters each for itself."""
    session = client(bench)
    ours = session.roster.lose(host(bench).me)
    theirs = session.roster.lose(session.me).restore(session.me)
    session.set_roster(ours.restore(session.me))
    events(session)
    assert session.roster.version == theirs.version and session.roster != theirs
    session.set_roster(theirs)
    assert [type(e) for e in events(session)] == [PeerReturned, RosterChanged]
    session.set_roster(theirs)
    assert events(session) == []
