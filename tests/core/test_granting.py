from __future__ import annotations

import pytest
from msgspec.structs import replace

from p2pnet.core.codec import encode
from p2pnet.core.credentials import Says, statement
from p2pnet.core.errors import LocalProtocolError, RefuseReason
from p2pnet.core.events import (
    BecameHost,
    ClaimDenied,
    ClaimGranted,
    ClaimMade,
    ClaimRefused,
    HostLost,
    Isolated,
    ProofRejected,
)
from p2pnet.core.messages import Claim, Grant, Refuse, Withdraw
from p2pnet.core.proofs import NUMBERS_AHEAD_MAX
from p2pnet.core.states import State
from p2pnet.testing.core_world import CoreWorld
from p2pnet.testing.hostile import usurp
from p2pnet.testing.sim_peer import SimPeer
from tests.core.bench import SESSION, Bench, picture, pulling


def test_each_gives_its_word_once_for_each_number() -> None:
    """S05, where all of them lose one another and claim at the same time."""
    for seed in range(20):
        bench = Bench.of(5)
        bench.world.network.rng.seed(seed)
        for one in bench.peers:
            for other in bench.peers:
                if one is not other and (one.number + other.number + seed) % 3:
                    bench.world.cut(one, other)
        bench.world.run_for(900_000)
        bench.world.heal()
        bench.world.run_for(3_000_000)
        words: dict[tuple[int, int], set[int]] = {}
        for peer, targets, frame in bench.said:
            if isinstance(frame, Grant):
                to = words.setdefault((peer.number, frame.number), set())
                to.update(target.number for target in targets)
        assert all(len(claimants) == 1 for claimants in words.values())


def test_who_alone_lost_the_host_is_refused_and_starts_no_reign() -> None:
    bench = Bench.of(4)
    host, client = bench.peers[0], bench.peers[2]
    bench.world.cut_both(host, client)
    bench.world.run_for(4_000_000)
    assert client.saw(Isolated) or client.core.state is State.FOLLOWING
    assert all(not peer.saw(BecameHost) for peer in bench.peers[1:])
    assert {peer.core.epoch for peer in bench.peers} == {host.core.epoch}
    bench.world.heal()
    assert bench.world.run_while(lambda: not bench.world.converged())


def two_who_do_not_hear_the_host() -> tuple[Bench, SimPeer, SimPeer, SimPeer]:
    """The session, who claims, who has granted that, and who is about to answer that it lives."""
    bench = Bench.of(4)
    host, claimant, grantor, witness = bench.peers
    for client in (claimant, grantor):
        bench.world.cut(host, client)
    assert bench.world.run_while(lambda: not grantor.saw(ClaimGranted))
    return bench, claimant, grantor, witness


def test_who_finds_the_host_alive_gives_the_words_back() -> None:
    bench, claimant, grantor, _ = two_who_do_not_hear_the_host()
    assert bench.world.run_while(lambda: not claimant.saw(Isolated))
    bench.world.run_for(30_000)
    assert len(bench.heard(claimant, Withdraw, to=grantor)) == 1
    assert grantor.saw(ClaimMade), "it waits for a reign that will not come"
    assert bench.world.run_while(lambda: not grantor.saw(Isolated), 100_000)


def test_who_gave_its_word_and_hears_the_host_again_says_so() -> None:
    """Else the claimant would begin with what its grantor had then, and that has gone on since."""
    bench = Bench.of(4)
    host, claimant, grantor, witness = bench.peers
    for client in (claimant, grantor):
        bench.world.cut(host, client)
    assert bench.world.run_while(lambda: not grantor.saw(ClaimGranted))
    bench.world.cut(witness, claimant)  # whose answer is late, so there is time
    bench.world.network.heal(host.number, grantor.number)
    assert bench.world.run_while(lambda: not claimant.saw(Isolated), 300_000)
    assert RefuseReason.ALIVE in [f.reason for f in bench.heard(grantor, Refuse, to=claimant)]
    bench.world.heal()
    bench.world.run_for(3_000_000)
    assert not claimant.saw(BecameHost) and bench.world.converged()


@pytest.mark.parametrize("reason", [RefuseReason.ALIVE, RefuseReason.PROMISED])
def test_who_pulls_heeds_only_that_the_host_lives(reason: RefuseReason) -> None:
    bench, first, source = pulling()
    number = first.saw(ClaimMade)[-1].number  # type: ignore[attr-defined]
    bench.slip(source, first, Refuse(number, reason))
    alive = reason is RefuseReason.ALIVE
    assert first.core.state is (State.ISOLATED if alive else State.PULLING)
    assert bench.world.run_while(lambda: not bench.world.converged()), "it asks anew"


def test_nobody_withdraws_the_claim_of_somebody_else_or_another_one_than_its_own() -> None:
    bench, claimant, grantor, witness = two_who_do_not_hear_the_host()
    (number,) = (event.number for event in grantor.saw(ClaimGranted))  # type: ignore[attr-defined]
    for source, other in ((witness, number), (claimant, number - 1), (claimant, number + 1)):
        bench.slip(source, grantor, Withdraw(other, alive=True))
        assert grantor.core.state is State.DOUBTING and not grantor.saw(ClaimMade)
    bench.slip(claimant, grantor, Withdraw(number, alive=True))
    assert grantor.core.state is State.CLAIMING


def test_who_was_refused_for_the_sake_of_a_claim_goes_on_when_that_is_withdrawn() -> None:
    bench = Bench.of(4)
    host, first, second, grantor = bench.peers
    bench.world.cut_both(first, second)
    bench.world.cut(grantor, first)  # so its claim does not come to an end
    bench.world.crash(host)
    refused = RefuseReason.PROMISED
    assert bench.world.run_while(
        lambda: refused not in [event.reason for event in second.saw(ClaimRefused)]  # type: ignore[attr-defined]
    )
    assert second.core.state is State.DOUBTING
    made = len(second.saw(ClaimMade))
    bench.slip(first, second, Withdraw(first.saw(ClaimMade)[-1].number, alive=True))  # type: ignore[attr-defined]
    assert len(second.saw(ClaimMade)) == made, "two could make room for one another for ever"
    bench.world.run_for(second.core._s.settings.heartbeat_us // 2)
    assert len(second.saw(ClaimMade)) == made + 1


def test_a_claim_that_is_withdrawn_is_not_answered() -> None:
    bench = Bench.of(3)
    host, claimant, witness = bench.peers
    bench.world.cut(host, claimant)
    bench.world.cut(witness, host)  # what it asks the host is late
    assert bench.world.run_while(lambda: not witness.core._s.timers.next())
    assert bench.world.run_while(lambda: ("verify",) not in witness.core._s.timers)
    bench.slip(claimant, witness, Withdraw(claimant.saw(ClaimMade)[-1].number, alive=True))  # type: ignore[attr-defined]
    assert ("verify",) not in witness.core._s.timers
    bench.world.network.heal(witness.number, host.number)
    bench.world.run_for(100_000)
    assert not witness.saw(ClaimDenied)


def test_a_claim_of_somebody_without_a_seat_is_nothing() -> None:
    bench = Bench.of(3)
    bench.world.crash(bench.peers[0])
    bench.world.run_for(1_000_000)
    claim = bench.heard(bench.peers[1], Claim)[0]
    host = bench.peers[1]
    stranger, there = bench.stranger(host)
    before = picture(host)
    bench.slip_on(host, there, replace(claim, number=claim.number + 1))
    assert picture(host) == before and not bench.heard(host, Grant, to=stranger)


def test_a_number_out_of_thin_air_is_refused() -> None:
    """Hard case 27: one above what is proved, and no more."""
    bench = Bench.of(3)
    host, claimant, grantor = bench.peers
    bench.world.crash(host)
    bench.world.run_while(lambda: not claimant.saw(HostLost) or not grantor.saw(HostLost))
    s = claimant.core._s
    assert s.reign is not None and s.history.position is not None
    number = s.reign.epoch.number + 1000
    signature = s.sign(Says.CLAIM, number, s.reign.epoch, s.history.position)
    claim = Claim(number, s.key, s.reign, s.history.position, signature)
    bench.listen()
    bench.slip(claimant, grantor, claim)
    refusals = bench.heard(grantor, Refuse)
    assert [refusal.reason for refusal in refusals] == [RefuseReason.NUMBER]


def test_a_claim_that_its_claimant_did_not_sign_ends_the_link() -> None:
    bench = Bench.of(3)
    _, claimant, grantor = bench.peers
    s = claimant.core._s
    assert s.reign is not None and s.history.position is not None
    claim = Claim(2, s.key, s.reign, s.history.position, b"forged")
    bench.slip(claimant, grantor, claim)
    assert grantor.core.census["rejected"] == 1
    assert grantor.saw(ProofRejected)
    assert grantor.core.state is State.FOLLOWING


def test_who_can_not_host_is_passed_over_and_refused() -> None:
    world = CoreWorld()
    host = world.host()
    weak = world.start("weak", can_host=False)
    world.enter_session(weak, host)
    assert world.run_while(lambda: weak.core.state is not State.FOLLOWING)
    strong = world.join(host, "strong")
    assert world.run_while(lambda: strong.core.state is not State.FOLLOWING)
    world.run_for(1_000_000)
    with pytest.raises(LocalProtocolError, match="can't host"):
        host.core.hand_over(world.now, weak.id)
    usurp(world, weak, above=0)
    world.run_for(200_000)
    assert [event.reason for event in strong.saw(ClaimDenied)] == [RefuseReason.UNABLE]  # type: ignore[attr-defined]
    world.crash(host)
    assert world.run_while(lambda: not world.converged())
    assert world.hosts == [strong] and not weak.saw(ClaimMade)
    world.crash(strong)
    world.run_for(10_000_000)
    assert not world.hosts and weak.core.state is State.DOUBTING


def test_a_host_that_claims_is_not_said_to_be_alive() -> None:
    """It lost its own reign. Others have spent numbers since, and theirs prove its own."""
    bench = Bench.of(3)
    host, first, second = bench.peers
    reign, position = host.core.reign, host.core.position
    assert reign is not None and position is not None

    def claim(by: SimPeer, number: int, evidence: bytes) -> Claim:
        s = by.core._s
        signature = s.sign(Says.CLAIM, number, reign.epoch, position)
        return Claim(number, s.key, reign, position, signature, evidence)

    last = claim(first, 3, b"")
    bench.listen()
    bench.slip(host, second, claim(host, 4, encode(last)))
    bench.world.run_for(400_000)
    assert [grant.number for grant in bench.heard(second, Grant)] == [4]
    assert not bench.heard(second, Refuse)


def test_a_claim_is_evidence_though_its_claimant_has_lost_its_seat_since() -> None:
    bench = Bench.of(3)
    host, witness, kicked = bench.peers
    claimant = kicked.core._s
    reign, position = claimant.reign, claimant.history.position
    assert reign is not None and position is not None
    signature = claimant.sign(Says.CLAIM, 2, reign.epoch, position)
    claim = Claim(2, claimant.key, reign, position, signature)
    bench.world.enter(host, lambda: host.core.kick(bench.world.now, kicked.id, "out"))
    bench.world.run_for(200_000)
    assert witness.core.roster.get(kicked.id) is None
    granting = witness.core._roles.succession.granting
    assert granting.shown(encode(claim)) == claim
    foreign = replace(claim, key=witness.core._s.key)
    assert granting.shown(encode(foreign)) is None


def test_a_claim_of_somebody_unknown_is_evidence_of_a_number_that_can_be() -> None:
    """Whoever has the word of somebody may be a newcomer of which nobody else has heard."""
    bench = Bench.of(3)
    witness = bench.peers[1]
    unknown, _ = bench.stranger(witness)
    session, reign, position = SESSION, witness.core.reign, witness.core.position
    assert reign is not None and position is not None

    def claim(number: int) -> bytes:
        fields = number, reign.epoch, position
        signature = unknown.credentials.sign(statement(session, Says.CLAIM, fields))
        return encode(Claim(number, unknown.key, reign, position, signature))

    shown = witness.core._roles.granting.shown(claim(7))
    assert shown is not None and shown.number == 7
    assert witness.core._roles.granting.shown(claim(1 + NUMBERS_AHEAD_MAX)) is not None
    assert witness.core._roles.granting.shown(claim(2 + NUMBERS_AHEAD_MAX)) is None


def test_a_claim_that_lost_a_newer_reign_is_not_taken_back_for_an_older_host() -> None:
    bench = Bench.of(3)
    host, ben, cat = bench.peers
    granting, position = ben.core._roles.granting, ben.core.position
    assert host.core.reign is not None and position is not None
    older = host.core.reign
    newer = replace(older, epoch=replace(older.epoch, number=2))
    for reign, doubts in ((older, True), (newer, False)):
        granting.promises.give(cat.id, Claim(3, cat.key, reign, position, b""))
        assert (granting.granted() is not None) is doubts


def test_a_host_that_answered_has_not_answered_for_a_claim_that_came_after_it_was_asked() -> None:
    world = CoreWorld()
    host, first, second, grantor = world.game(4)
    usurp(world, first, 0)
    world.run_for(20_000)
    usurp(world, second, 0)
    world.run_for(41_000)  # the answer is under way
    world.crash(host, silent=True)
    world.run_for(60_000)
    alive = [e.claimant for e in grantor.saw(ClaimDenied) if e.reason is RefuseReason.ALIVE]  # type: ignore[attr-defined]
    assert alive == [first.id]
