from __future__ import annotations

from msgspec.structs import replace

from p2pnet.core.credentials import Says, statement
from p2pnet.core.events import ProofRejected
from p2pnet.core.frame_parts import Oath
from p2pnet.core.history import Lineage
from p2pnet.core.messages import Claim, Fenced, Follow, Header, Meeting, Reign, Yield
from p2pnet.core.states import State
from p2pnet.core.values import Epoch, Position
from p2pnet.testing.notary import NotaryCredentials
from p2pnet.testing.sim_peer import SimPeer
from tests.core.bench import Bench, picture


def told(bench: Bench, peer: SimPeer) -> list[str]:
    """What could not be proved, as the application was told."""
    return [event.text for event in peer.saw(ProofRejected)]  # type: ignore[attr-defined]


def test_nobody_claims_gives_up_or_swears_in_the_name_of_another() -> None:
    for forge in (_claim, _claim_of_another, _meeting, _yield, _oath):
        bench = Bench.of(3)
        host, liar, _ = bench.peers
        before = picture(host)
        bench.slip(liar, host, forge(bench))
        assert len(told(bench, host)) == host.core.census["rejected"] == 1, forge
        assert picture(host)[:3] == before[:3]  # type: ignore[index]


def _claim(bench: Bench) -> Claim:
    return _named(bench, bench.peers[1], signed=3)


def _claim_of_another(bench: Bench) -> Claim:
    """Who stood behind that would have spent a number, and could prove it to nobody."""
    return _named(bench, bench.peers[2], signed=2)


def _named(bench: Bench, claimant: SimPeer, signed: int) -> Claim:
    """A claim on number 2 by `claimant`, with the liar's signature under the number `signed`."""
    host, liar, _ = bench.peers
    reign, position = host.core.reign, liar.core.position
    assert reign is not None and position is not None
    signature = liar.core._s.sign(Says.CLAIM, signed, reign.epoch, position)
    return Claim(2, claimant.key, reign, position, signature)


def _meeting(bench: Bench) -> Meeting:
    liar = bench.peers[1]
    liar.core._s.set_reign(liar.core._s.reign_of(Epoch(2, liar.id, 1), liar.core.position))
    liar.core._roles.hosting.ordering.worked = liar.core.position
    header = liar.core._roles.reunion.header()
    return Meeting(
        replace(header, worked=replace(header.worked, seq=1)), answer=False, addresses=()
    )


def _yield(bench: Bench) -> Yield:
    liar, other = bench.peers[1:]
    mine, theirs = Epoch(2, liar.id, 1), bench.peers[0].core.epoch
    assert theirs is not None
    return Yield(mine, theirs, other.core._s.sign(Says.YIELD, mine, theirs))


def _oath(bench: Bench) -> Follow:
    epoch = bench.peers[0].core.epoch
    assert epoch is not None
    return Follow(epoch, bench.peers[2].core._s.sign(Says.OATH, epoch))


def header_of(
    liar: SimPeer, reign: Reign, lineage: Lineage, oaths: tuple[Oath, ...] = ()
) -> Header:
    """What a member would say if it were a host with this history, signed."""
    here = Position(reign.epoch, lineage[-1][1] + 5)
    fields = reign.epoch, here, here, lineage
    return Header(reign, here, here, lineage, oaths, liar.core._s.sign(Says.HEADER, *fields))


def built_on(liar: SimPeer, host: SimPeer, seq: int, number: int = 2) -> tuple[Reign, Lineage]:
    """A reign of a member, after so much of the reign of now."""
    old, new = host.core.epoch, Epoch(number, liar.id, liar.core._s.nonce)
    assert old is not None
    reign = liar.core._s.reign_of(new, Position(old, seq))
    return reign, (*host.core.lineage, (new, seq))


def test_nobody_has_more_of_a_reign_than_its_host() -> None:
    """A member says that its reign goes on from a point that the host has not come to yet."""
    bench = Bench.of(3)
    host, liar, _ = bench.peers
    ahead = header_of(liar, *built_on(liar, host, host.core._s.history.seq + 1))
    bench.slip(liar, host, Meeting(ahead, answer=False, addresses=()))
    assert told(bench, host) == ["a branch that has more of our reign than there ever was"]
    assert bench.world.hosts == [host]


def test_a_header_has_to_tell_one_story() -> None:
    bench = Bench.of(3)
    host, liar, _ = bench.peers
    reign, lineage = built_on(liar, host, 2)
    (first, *_), last = lineage, lineage[-1]
    for wrong in (
        (first, (last[0], 1)),  # not where the reign says that it began
        (last,) * 2,
        (last, first),
        ((first[0], 5), last),
    ):
        before = len(told(bench, host))
        bench.slip(liar, host, Meeting(header_of(liar, reign, wrong), answer=False, addresses=()))
        assert told(bench, host)[before:] == ["the header of a merge contradicts itself"], wrong
        bench.world.run_for(2_000_000)
    assert bench.world.hosts == [host]


def test_oaths_of_keys_without_a_seat_count_for_nothing() -> None:
    """A host can make keys, and sign with them. They had no seat where the branches part."""
    bench = Bench.of(4)
    host, liar, *_ = bench.peers
    bench.world.submit(host, "x")
    bench.world.run_for(500_000)
    reign, lineage = built_on(liar, host, host.core._s.history.seq - 1)
    session = host.core.session
    assert session is not None
    made = [NotaryCredentials(bytes([200 + n]) * 32) for n in range(30)]
    oath = statement(session, Says.OATH, (reign.epoch,))
    oaths = tuple(Oath(key.public, reign.epoch, key.sign(oath)) for key in made)
    header = header_of(liar, reign, lineage, oaths)
    reunion = host.core._roles.reunion
    mine = reunion.header()
    assert reunion.live(header, mine) == 1
    assert reunion.live(mine, header) == 3, "all but the one who reigns there"
    bench.slip(liar, host, Meeting(header, answer=False, addresses=()))
    assert bench.world.hosts == [host]


def test_an_oath_that_its_member_did_not_give_ends_the_link() -> None:
    bench = Bench.of(3)
    host, liar, other = bench.peers
    reign, lineage = built_on(liar, host, 2)
    invented = (Oath(other.key, reign.epoch, b"made up"),)
    header = header_of(liar, reign, lineage, invented)
    bench.slip(liar, host, Meeting(header, answer=False, addresses=()))
    assert told(bench, host) == ["a host counts an oath that its member did not sign"]


def test_nobody_obeys_a_reign_under_a_number_out_of_thin_air() -> None:
    """Not even those who have no host."""
    bench = Bench.of(4)
    host, first, liar, other = bench.peers
    bench.world.crash(host)
    assert bench.world.run_while(lambda: other.core.state is not State.DOUBTING)
    reign, _ = built_on(liar, host, 3, number=1_000_000)
    for victim in (first, other):
        for frame in (reign, Fenced(reign, ())):
            if bench.world.network.links_between(victim.number, liar.number):
                bench.slip(liar, victim, frame)
    assert told(bench, other) and other.core.epoch == host.core.epoch
    bench.world.run_for(3_000_000)
    assert all(peer.core.epoch.number < 10 for peer in (first, other))  # type: ignore[union-attr]


def test_nobody_gives_up_a_reign_under_such_a_number() -> None:
    bench = Bench.of(3)
    host, liar, _ = bench.peers
    mine, theirs = Epoch(10**12, liar.id, 1), host.core.epoch
    assert theirs is not None
    bench.slip(liar, host, Yield(mine, theirs, liar.core._s.sign(Says.YIELD, mine, theirs)))
    assert host.core.epoch == theirs and len(told(bench, host)) == 1
