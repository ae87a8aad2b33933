"""Cases in which somebody does not play by the rules, or goes by a key that it has no right to."""

from __future__ import annotations

from p2pnet.core.codec import decode
from p2pnet.core.errors import EndReason
from p2pnet.core.events import ProofRejected, SessionEnded
from p2pnet.core.messages import Claim, Rejoin
from p2pnet.core.states import State
from p2pnet.testing.core_world import CoreWorld
from p2pnet.testing.hostile import Tape, proclaim, usurp, usurp_by_lineage
from p2pnet.testing.sim_peer import SimPeer

from .telling import case, until, until_calm


def recorded(tape: Tape, source: SimPeer, target: SimPeer, kind: type) -> bytes:
    """The last frame of one kind that one peer sent to another."""
    said = tape.frames[source.number, target.number]
    return next(data for data in reversed(said) if isinstance(decode(data), kind))


@case(3, "hard_case_25", "unet_scenario_25", "identity")
def somebody_goes_by_a_key_that_it_does_not_hold(world: CoreWorld) -> None:
    """It knows the id and the key of a member, and not the secret. The owner's link stays."""
    host, _, victim = world.peers
    world.impostor(victim, host)
    world.run_for(500_000)
    assert len(host.saw(ProofRejected)) == 1 and victim.core.state is State.FOLLOWING


@case(3, "hard_case_26", "unet_scenario_26", "identity")
def recorded_request_for_a_seat(world: CoreWorld) -> None:
    """It was signed for one reign, one process and one attempt: by another member it is nothing."""
    host, liar, victim = world.peers
    tape = Tape()
    world.observers.append(tape)
    world.reset_links(host, victim)
    until_calm(world)
    world.befall(liar, "plays a recording of peer2 to the host")
    world.slip(liar, host, recorded(tape, victim, host, Rejoin))
    world.run_for(200_000)
    assert len(host.saw(ProofRejected)) == 1 and victim.core.state is State.FOLLOWING


@case(3, "hard_case_26", "identity")
def recorded_claim_of_an_older_reign(world: CoreWorld) -> None:
    """Whoever hears it is told of the newer reign, and the reign of now is left alone."""
    host, first, other = world.peers
    tape = Tape()
    world.observers.append(tape)
    world.crash(host)
    until(world, first, State.REIGNING)
    world.run_for(500_000)
    epoch = first.core.epoch
    world.befall(first, "says its old claim once more")
    world.slip(first, other, recorded(tape, first, other, Claim))
    world.run_for(500_000)
    assert other.core.epoch == epoch and other.core.state is State.FOLLOWING


@case(4, "hard_case_27", "identity", "claim_with_veto")
def claim_while_the_host_lives(world: CoreWorld) -> None:
    """All ask the host, which answers them: the claim is refused with fresh proof."""
    host, *_, last = world.peers
    world.befall(last, "claims though it hears the host")
    usurp(world, last, above=0)
    world.run_for(500_000)
    assert world.hosts == [host]


@case(4, "hard_case_27", "unet_scenario_26", "identity")
def claim_under_a_huge_number(world: CoreWorld) -> None:
    """Nothing that is signed proves the number before it: refused, counted and told."""
    host, *others, last = world.peers
    world.befall(last, "claims under a number out of thin air")
    usurp(world, last, above=1_000_000)
    world.run_for(500_000)
    assert world.hosts == [host]
    assert all(len(peer.saw(ProofRejected)) == 1 for peer in others)


@case(4, "hard_case_27", "identity")
def claim_out_of_turn(world: CoreWorld) -> None:
    """The host is dead, and better-ranked peers live: the last in rank has to wait for its turn."""
    host, first, second, last = world.peers
    world.crash(host)
    until(world, second, State.DOUBTING)
    world.befall(last, "claims at once")
    usurp(world, last, above=0)
    until_calm(world)
    assert world.hosts == [first]


@case(3, "hard_case_24", "unet_scenario_36", "identity")
def two_processes_with_one_key(world: CoreWorld) -> None:
    """The newest that proves it gets the seat; the older one is told, and goes."""
    host, _, older = world.peers
    newer = world.join(host, "peer2'", key=older.key)
    until_calm(world)
    assert newer.core.state is State.FOLLOWING
    assert [event.reason for event in older.saw(SessionEnded)] == [EndReason.REPLACED]  # type: ignore[attr-defined]


@case(3, "hard_case_27", "identity")
def member_that_has_more_of_a_reign_than_its_host(world: CoreWorld) -> None:
    """It says that its own reign goes on from a point that the host has not come to."""
    host, liar, _ = world.peers
    world.befall(liar, "says that it has a reign of its own")
    usurp_by_lineage(world, liar, host, ahead=3)
    until_calm(world)
    assert world.hosts == [host] and len(host.saw(ProofRejected)) == 1


@case(4, "hard_case_27", "identity")
def reign_under_a_huge_number(world: CoreWorld) -> None:
    """The host is dead, and a member says that it reigns, under a number out of thin air."""
    host, first, second, liar = world.peers
    world.crash(host)
    until(world, second, State.DOUBTING)
    world.befall(liar, "announces a reign that nobody granted")
    proclaim(world, liar, above=1_000_000)
    until_calm(world)
    assert world.hosts == [first] and second.saw(ProofRejected)
