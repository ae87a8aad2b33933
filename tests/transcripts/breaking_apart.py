"""Cases in which links fail, or the network falls apart."""

from __future__ import annotations

from p2pnet.core.events import BecameHost, BranchDiscarded, Relayed, SessionPaused
from p2pnet.core.settings import Policy, Settings
from p2pnet.core.states import State
from p2pnet.testing.core_world import CoreWorld
from p2pnet.testing.sim_peer import Dials, SimPeer

from .telling import case, part, texts, until, until_calm


def discarded(peer: SimPeer) -> list[int]:
    """The tickets of this peer that it was told it lost."""
    return [ticket for event in peer.saw(BranchDiscarded) for ticket in event.tickets]  # type: ignore[attr-defined]


@case(2, "hard_case_1")
def two_players_redial_unanswered(world: CoreWorld) -> None:
    """The link closes, and the redial is neither taken nor refused: one answer window, no more."""
    host, survivor = world.peers
    start = world.now
    world.crash(host)
    host.vanished = True
    until(world, survivor, State.REIGNING)
    assert world.now - start <= 30_000 + survivor.core._s.mesh.answer_us(host.id)


@case(3, "hard_case_6")
def nobody_hears_the_host(world: CoreWorld) -> None:
    """The host hears all of them. They have another before it knows, and it is fenced."""
    host, *clients = world.peers
    for client in clients:
        world.cut(host, client)
    until(world, clients[0], State.REIGNING)
    world.run_for(500_000)
    world.heal()
    until_calm(world)
    assert world.hosts == [clients[0]] and not any(peer.saw(BranchDiscarded) for peer in clients)


@case(3, "hard_case_7")
def the_host_hears_nobody(world: CoreWorld) -> None:
    """Nobody claims: they hear it. It gives them up at red and takes them back when it hears."""
    host, *clients = world.peers
    for client in clients:
        world.cut(client, host)
    world.run_for(1_500_000)
    assert not any(peer.saw(BecameHost) for peer in clients)
    world.heal()
    until_calm(world)
    assert world.hosts == [host]


@case(4, "hard_case_11")
def two_claims_and_one_grantor(world: CoreWorld) -> None:
    """Two who do not hear each other ask the same peer: it stands behind the first alone."""
    host, first, second, _ = world.peers
    world.cut_both(first, second)
    world.crash(host)
    until(world, first, State.REIGNING)
    world.run_for(600_000)
    world.heal()
    until_calm(world)
    assert world.hosts == [first] and not second.saw(BecameHost)


@case(5, "hard_case_11", "unet_scenario_21", "partition_and_merge")
def two_crowns_under_one_number(world: CoreWorld) -> None:
    """Neither the claimants nor their grantors meet: two epochs, and later a verdict."""
    host, *others = world.peers
    part(world, others[:2], others[2:])
    world.crash(host)
    until(world, others[0], State.REIGNING)
    until(world, others[2], State.REIGNING)
    one, other = others[0].core.epoch, others[2].core.epoch
    assert one is not None and other is not None and one != other and one.number == other.number
    world.submit(others[1], "of-one-side")
    world.submit(others[3], "of-the-other")
    world.run_for(300_000)
    world.heal()
    until_calm(world)
    assert len(texts(others[0])) == 6 and sum(len(discarded(peer)) for peer in others) == 1


@case(4, "hard_case_17", "partition_and_merge")
def equal_halves(world: CoreWorld) -> None:
    """Both play on. As many live here as there, so the older reign goes on."""
    mine, theirs = world.peers[:2], world.peers[2:]
    part(world, mine, theirs)
    until(world, theirs[0], State.REIGNING)
    world.run_for(300_000)
    world.submit(mine[1], "of-the-older")
    lost = world.submit(theirs[1], "of-the-newer")
    world.run_for(300_000)
    world.heal()
    until_calm(world)
    assert world.hosts == [mine[0]] and discarded(theirs[1]) == [lost]


@case(6, "hard_case_18", "partition_and_merge")
def three_parts(world: CoreWorld) -> None:
    """They merge in pairs, in the order of contact; whoever loses work is told of it once."""
    sides = world.peers[:3], world.peers[3:5], world.peers[5:]
    part(world, *sides)
    world.run_for(1_500_000)
    done = {side[-1]: world.submit(side[-1], f"of-{side[-1].name}") for side in sides}
    world.run_for(500_000)
    for few in sides[1]:
        world.network.heal(few.number, sides[2][0].number)
        world.network.heal(sides[2][0].number, few.number)
    world.befall(None, "the two smaller sides hear each other again")
    world.run_for(2_000_000)
    world.heal()
    until_calm(world)
    for peer, ticket in done.items():
        kept = f"of-{peer.name}" in texts(world.hosts[0])
        assert discarded(peer) == ([] if kept else [ticket])


@case(5, "hard_case_19", "corroborated_detection")
def three_behind_a_bridge(world: CoreWorld) -> None:
    """One peer hears both sides. The others play on through it, and no epoch is spent."""
    host, bridge, *far = world.peers
    part(world, [host], far)
    world.run_for(2_000_000)
    ticket = world.submit(far[-1], "over-the-bridge")
    world.run_for(1_500_000)
    assert ticket in far[-1].settled
    for peer in far:
        assert [event.via for event in peer.saw(Relayed)] == [bridge.id]  # type: ignore[attr-defined]
    assert not any(peer.saw(BecameHost) for peer in (bridge, *far))
    world.heal()
    until_calm(world)
    assert world.hosts == [host]


@case(4, "hard_case_20", "partition_and_merge")
def merge_is_interrupted(world: CoreWorld) -> None:
    """The network breaks after the yield and before the welcome: the loser reigns on meanwhile."""
    mine, theirs = world.peers[:2], world.peers[2:]
    part(world, mine, theirs)
    until(world, theirs[0], State.REIGNING)
    world.run_for(300_000)
    done = {peer: world.submit(peer, f"of-{peer.name}") for peer in (mine[0], theirs[0])}
    world.run_for(300_000)
    world.heal()
    until(world, theirs[0], State.YIELDING)
    part(world, mine, theirs)
    until(world, theirs[0], State.REIGNING)
    world.run_for(1_000_000)
    world.heal()
    until_calm(world)
    assert len(world.hosts) == 1
    for peer, ticket in done.items():
        assert discarded(peer) == ([] if peer in world.hosts else [ticket])


@case(4, "hard_case_20", "partition_and_merge")
def winner_dies_before_it_takes_anybody_in(world: CoreWorld) -> None:
    """The losers obey already, and nothing of theirs was dropped: nobody is told that it was."""
    mine, theirs = world.peers[:2], world.peers[2:]
    part(world, mine, theirs)
    until(world, theirs[0], State.REIGNING)
    world.run_for(300_000)
    world.submit(mine[0], "of-the-older")
    kept = world.submit(theirs[1], "of-the-newer")
    world.run_for(300_000)
    world.heal()
    until(world, theirs[0], State.JOINING)
    for peer in mine:
        world.crash(peer)
    until_calm(world)
    assert texts(theirs[0])[-1] == "of-the-newer" and kept in theirs[1].settled
    assert not any(peer.saw(BranchDiscarded) for peer in theirs)


@case(
    5,
    "hard_case_17",
    "partition_and_merge",
    settings=Settings(seat_us=2_000_000, dead_link_us=1_500_000),
)
def split_that_outlasts_the_seats(world: CoreWorld) -> None:
    """Each side has given up the other, and looks for it. The losers get new seats."""
    many, few = world.peers[:3], world.peers[3:]
    part(world, many, few)
    world.run_for(9_000_000)
    assert not any(one.core.roster.get(other.id) for one in few for other in many)
    lost = world.submit(few[1], "of-the-few")
    world.submit(many[1], "of-the-many")
    world.run_for(500_000)
    world.heal()
    until_calm(world)
    assert world.hosts == [many[0]] and discarded(few[1]) == [lost]
    assert all(peer.core.roster.get(peer.id) for peer in few)


@case(3, "hard_case_21", "partition_and_merge")
def join_on_the_losing_side(world: CoreWorld) -> None:
    """A newcomer joined the side that loses. The winner does not know it, and lets it in."""
    host, mate, far = world.peers
    part(world, [host, mate], [far])
    until(world, far, State.REIGNING)
    late = world.join(far, "late")
    until(world, late, State.FOLLOWING)
    part(world, [host, mate], [late])
    world.run_for(300_000)
    lost = world.submit(late, "of-the-newcomer")
    world.submit(host, "of-the-many")
    world.run_for(500_000)
    world.heal()
    until_calm(world)
    assert world.hosts == [host] and late.core.roster.get(late.id) is not None
    assert discarded(late) == [lost]


@case(3, "hard_case_30", "partition_and_merge")
def everybody_loses_everybody(world: CoreWorld) -> None:
    """Each reigns alone. They merge in pairs, and nobody is locked out."""
    for peer in world.peers:
        world.isolate(peer)
    world.run_for(3_000_000)
    assert len(world.hosts) == 3
    world.heal()


@case(4, "hard_case_31", "warm_links")
def nobody_can_be_dialled(world: CoreWorld) -> None:
    """Links that are open carry the migration: nobody has to be dialled for it."""
    for peer in world.peers:
        peer.dials = Dials.REFUSED
    world.crash(world.peers[0])
    until_calm(world)
    assert world.hosts == [world.peers[1]]


@case(3, "hard_case_31")
def nobody_is_linked_but_to_the_host(world: CoreWorld) -> None:
    """No pair of the survivors can connect: each plays alone until one of them can be dialled."""
    host, one, other = world.peers
    for peer in world.peers:
        peer.dials = Dials.REFUSED
    world.reset_links(one, other)
    world.run_for(500_000)
    world.crash(host)
    world.run_for(1_500_000)
    assert world.hosts == [one, other]
    world.heal()
    until_calm(world)
    assert len(world.hosts) == 1


@case(5, "unet_scenario_22", "partition_and_merge", settings=Settings(policy=Policy.MAJORITY_ONLY))
def majority_only_host_in_the_minority(world: CoreWorld) -> None:
    """The host stands still, the others have a new one; nothing was done twice, nothing is lost."""
    few, many = world.peers[:2], world.peers[2:]
    part(world, few, many)
    world.run_for(1_500_000)
    waits = world.submit(few[0], "of-the-few")
    world.submit(many[0], "of-the-many")
    world.run_for(500_000)
    assert few[0].saw(SessionPaused) and waits not in few[0].settled
    world.heal()
    until_calm(world)
    assert world.hosts == [many[0]] and waits in few[0].settled
    assert not any(peer.saw(BranchDiscarded) and discarded(peer) for peer in world.peers)
    assert texts(few[0])[-2:] == ["of-the-many", "of-the-few"]


@case(
    5,
    "unet_scenario_22",
    "partition_and_merge",
    settings=Settings(policy=Policy.PAUSE_MINORITY, pause_us=3_000_000),
)
def pause_minority_and_a_short_cut(world: CoreWorld) -> None:
    """Few stand still for a while; when the network is whole before that, nobody lost anything."""
    many, few = world.peers[:3], world.peers[3:]
    part(world, many, few)
    world.run_for(1_500_000)
    waits = world.submit(few[0], "of-the-few")
    world.run_for(500_000)
    assert few[0].saw(SessionPaused) and not any(peer.saw(BecameHost) for peer in few)
    world.heal()
    until_calm(world)
    assert world.hosts == [many[0]] and waits in few[0].settled
