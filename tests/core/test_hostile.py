"""Hard cases 24 to 27: what a hostile member or stranger can say, and what it gets for it."""

from __future__ import annotations

from msgspec.structs import replace

from p2pnet.core.codec import encode
from p2pnet.core.credentials import Says, challenge
from p2pnet.core.events import BecameHost, ProofRejected
from p2pnet.core.frame_parts import Oath
from p2pnet.core.messages import (
    PROTOCOL_VERSION,
    Follow,
    Header,
    Hello,
    Meeting,
    Proof,
    Reign,
    Rejoin,
    Yield,
)
from p2pnet.core.reunion import Reunion
from p2pnet.core.states import State
from p2pnet.core.values import Epoch
from p2pnet.testing.notary import NotaryCredentials
from tests.core.bench import Bench, picture


def test_a_key_that_is_not_held_opens_no_link() -> None:
    """Hard case 25: somebody knows all ids and keys that there are, and greets with one."""
    bench = Bench.of(3)
    host, victim, _ = bench.peers
    before, thief_link = picture(host), bench.stranger(host)[1]
    session = host.core.session
    assert session is not None
    fingerprint = host.core._s.fingerprint
    hello = Hello(PROTOCOL_VERSION, session, victim.key, 7, b"c" * 16, fingerprint)
    bench.slip_on(host, thief_link, hello)
    bench.slip_on(host, thief_link, Proof(b"made up"))
    assert host.saw(ProofRejected) and host.core.census["rejected"] == 1
    assert picture(host) == before
    assert victim.core.state is State.FOLLOWING


def test_a_recorded_proof_opens_no_other_link() -> None:
    """Hard case 26: each link asks with a challenge of its own."""
    bench = Bench.of(2)
    host, victim = bench.peers
    session = host.core.session
    assert session is not None
    first, second = bench.stranger(host)[1], bench.stranger(host)[1]
    s = victim.core._s
    good = Proof(s.sign(Says.GREETING, challenge(host.core._s.entropy, first), host.key))
    hello = Hello(PROTOCOL_VERSION, session, victim.key, 7, b"c" * 16, s.fingerprint)
    bench.slip_on(host, second, hello)
    bench.slip_on(host, second, good)
    assert host.core.census["rejected"] == 1


def test_a_seat_is_given_on_the_signature_of_its_owner_for_this_reign_only() -> None:
    bench = Bench.of(3)
    host, client, _ = bench.peers
    bench.listen()
    bench.world.reset_links(host, client)
    bench.world.run_for(1_000_000)
    (rejoin, *_) = bench.heard(client, Rejoin, host)
    before = picture(host)
    for forged in (
        replace(rejoin, attempt=rejoin.attempt + 1),
        replace(rejoin, attempt=rejoin.attempt + 1, signature=b"made up"),
    ):
        bench.slip(client, host, forged)
    assert host.core.census["rejected"] == 2
    assert picture(host) == before


def test_a_reign_that_its_host_did_not_sign_is_obeyed_by_nobody() -> None:
    bench = Bench.of(3)
    host, liar, client = bench.peers
    epoch = Epoch(2, liar.id, 1)
    bench.slip(liar, client, Reign(epoch, None, liar.key, b"made up"))
    assert client.core.epoch != epoch
    other = Reign(Epoch(2, host.id, 1), None, liar.key, liar.core._s.sign(Says.REIGN, epoch, None))
    bench.world.run_for(2_000_000)
    bench.slip(liar, client, other)
    assert client.core.census["rejected"] == 2
    bench.world.run_for(2_000_000)
    assert bench.world.converged() and bench.world.hosts == [host]
    assert not liar.saw(BecameHost)


def test_a_host_can_count_only_those_who_swore_to_follow_it() -> None:
    bench = Bench.of(3)
    host, *clients = bench.peers
    bench.world.run_for(500_000)
    reunion: Reunion = host.core._roles.reunion
    header = reunion.header()
    rival = replace(header, oaths=(), reign=replace(header.reign, key=b"rival"))
    assert reunion.live(header, rival) == 3
    invented = tuple(Oath(bytes([n]) * 32, header.reign.epoch, b"made up") for n in range(50))
    twice = header.oaths * 2
    assert reunion.live(replace(header, oaths=header.oaths + invented + twice), rival) == 3
    elsewhere = NotaryCredentials(clients[0].key).sign(b"another statement")
    assert (
        reunion.live(
            replace(header, oaths=(Oath(clients[0].key, header.reign.epoch, elsewhere),)), rival
        )
        == 1
    )


def test_a_header_or_yield_that_was_tampered_with_changes_nothing() -> None:
    bench = Bench.of(3)
    host, liar, _ = bench.peers
    s = liar.core._s
    assert s.history.position is not None
    reign = s.reign_of(Epoch(5, liar.id, s.nonce), s.history.position)
    header = Header(
        reign, s.history.position, s.history.position, tuple(s.history.lineage), (), b"made up"
    )
    before = picture(host)
    bench.slip(liar, host, Meeting(header, answer=False, addresses=()))
    bench.world.run_for(2_000_000)
    bench.slip(liar, host, Yield(reign.epoch, reign.epoch, b"made up"))
    assert host.core.census["rejected"] == 2
    assert host.core.state is State.REIGNING
    bench.world.run_for(3_000_000)
    assert bench.world.converged() and before is not None


def test_an_oath_in_the_name_of_another_is_not_taken() -> None:
    bench = Bench.of(3)
    host, one, other = bench.peers
    epoch = host.core.epoch
    assert epoch is not None
    bench.slip(one, host, Follow(epoch, other.core._s.sign(Says.OATH, epoch)))
    assert host.core.census["rejected"] == 1


def test_what_was_signed_for_one_session_is_nothing_in_another() -> None:
    here, there = Bench.of(2), Bench.of(2)
    host, client = here.peers
    there.peers[1].core._s.id = type(client.core._s.id)("another-session!")  # type: ignore[misc]
    epoch = host.core.epoch
    assert epoch is not None
    here.slip(client, host, Follow(epoch, there.peers[1].core._s.sign(Says.OATH, epoch)))
    assert host.core.census["rejected"] == 1
    assert len(encode(Proof(b""))) < 10
