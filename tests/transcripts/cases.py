"""Cases in which one thing goes wrong, or none."""

from __future__ import annotations

from p2pnet.core.settings import AckLevel
from p2pnet.core.states import State
from p2pnet.testing.core_world import CoreWorld

from .telling import case, make_deadly, until


@case(3, "ack_levels")
def everybody_acts(world: CoreWorld) -> None:
    """Nothing goes wrong: commands, the updates that hold their outcomes, marks and receipts."""
    for peer in world.peers:
        world.submit(peer, f"again-by-{peer.name}")


@case(4, "ack_levels")
def a_receipt_for_each_level(world: CoreWorld) -> None:
    """One peer is far away: a receipt that waits for all waits for it, the others do not."""
    host, client, near, far = world.peers
    for one in (host, client, near):
        for way in ((one.number, far.number), (far.number, one.number)):
            world.network.ways[way] = (150_000, 150_000)
    start, given = world.now, {}
    for level in AckLevel:
        ticket = world.submit(client, f"for-{level.value}", level)
        assert world.run_while(lambda t=ticket: t not in client.settled)  # type: ignore[misc]
        given[level], start = world.now - start, world.now
    assert given[AckLevel.HOST] < given[AckLevel.ONE] < 200_000 < given[AckLevel.ALL]


@case(3, "claim_with_veto", "warm_links")
def three_peers_host_closes(world: CoreWorld) -> None:
    """The process of the host ends, and its links close."""
    world.crash(world.peers[0])


@case(3, "corroborated_detection", "claim_with_veto", "unet_scenario_38")
def three_peers_host_silent(world: CoreWorld) -> None:
    """The machine of the host is gone: no link closes, nothing comes any more."""
    world.crash(world.peers[0], silent=True)


@case(2, "hard_case_1")
def two_players_host_closes(world: CoreWorld) -> None:
    """Nobody else could tell whether the host lives, so the survivor waits for its redial."""
    world.crash(world.peers[0])


@case(2, "hard_case_1")
def two_players_host_silent(world: CoreWorld) -> None:
    """Silence until red is the only sign, and nobody is there to be asked."""
    world.crash(world.peers[0], silent=True)


@case(4, "hard_case_8", "unet_scenario_19", "cascades", "claim_with_veto")
def host_and_first_successor_close(world: CoreWorld) -> None:
    """Both links close, so the second successor does not wait for the first."""
    world.crash(world.peers[0])
    world.crash(world.peers[1])


@case(4, "hard_case_8", "unet_scenario_19", "cascades")
def host_and_first_successor_silent(world: CoreWorld) -> None:
    """Both turn red at about the same time."""
    world.crash(world.peers[0], silent=True)
    world.crash(world.peers[1], silent=True)


@case(4, "hard_case_9", "cascades")
def claimant_dies_after_its_claim(world: CoreWorld) -> None:
    """The promise given to it is free again when its link closes."""
    world.crash(world.peers[0])
    until(world, world.peers[1], State.CLAIMING)
    world.run_for(1_000)
    world.crash(world.peers[1])


@case(4, "hard_case_9", "cascades")
def claimant_vanishes_after_its_claim(world: CoreWorld) -> None:
    """The promise given to it runs out."""
    world.crash(world.peers[0])
    until(world, world.peers[1], State.CLAIMING)
    world.run_for(1_000)
    world.crash(world.peers[1], silent=True)


@case(4, "hard_case_10", "unet_scenario_33", "cascades")
def new_host_dies_after_the_crown(world: CoreWorld) -> None:
    """It announced its reign and welcomed nobody."""
    world.crash(world.peers[0])
    until(world, world.peers[1], State.REIGNING)
    world.run_for(1_000)
    world.crash(world.peers[1])


@case(4, "hard_case_10", "cascades")
def new_host_dies_before_its_reign_is_known_to_all(world: CoreWorld) -> None:
    """One peer hears of the reign and refuses a claim on the older one."""
    world.crash(world.peers[0])
    until(world, world.peers[1], State.REIGNING)
    world.crash(world.peers[1], lost_for=world.peers[2:3])


@case(4, "hard_case_12", "hard_case_14", "unet_scenario_30", "freshest_state")
def new_host_is_behind_and_pulls(world: CoreWorld) -> None:
    """The last update did not get to the first successor: it fetches that before its crown."""
    host, first = world.peers[:2]
    world.cut(host, first)
    world.submit(world.peers[2], "last")
    world.run_for(150_000)
    world.crash(host, lost_for=[first])
    world.heal()


@case(4, "hard_case_12", "unet_scenario_30", "freshest_state")
def new_host_is_behind_after_silence(world: CoreWorld) -> None:
    """As before, but the others still believe in the host when they are asked."""
    host, first = world.peers[:2]
    world.cut(host, first)
    world.submit(world.peers[2], "last")
    world.run_for(150_000)
    world.crash(host, silent=True, lost_for=[first])
    world.heal()


@case(3, "hard_case_14", "ack_levels")
def command_in_flight_is_sent_again(world: CoreWorld) -> None:
    """The host dies before the command gets to it: the next host runs it, once."""
    world.submit(world.peers[2], "in-flight")
    world.crash(world.peers[0])


@case(5, "hard_case_14", "ack_levels")
def command_that_kills_its_hosts(world: CoreWorld) -> None:
    """Two hosts die of one command. The third tries it: a record that it is refused goes first.
    The third dies as well, so the record stands, and nobody runs the command again.
    """
    make_deadly(world)
    caller = world.peers[4]
    world.submit(caller, "poison")
    assert world.run_while(lambda: len(caller.settled) < len(caller.sent))


@case(3, "hard_case_15", "ack_levels")
def receipt_lost_with_the_host(world: CoreWorld) -> None:
    """The command was run and another peer has its update: the outcome comes with the welcome."""
    host, _, client = world.peers
    world.submit(client, "run-once")
    world.run_for(35_000)
    world.crash(host, lost_for=[client])


@case(3, "hard_case_5", "unet_scenario_23", "corroborated_detection")
def one_client_loses_the_host(world: CoreWorld) -> None:
    """The others hear the host: the claim is refused with proof, and no epoch is spent."""
    host, client, _ = world.peers
    world.cut_both(host, client)
    world.run_for(1_500_000)
    world.heal()


@case(3, "hard_case_3", "sleepers")
def host_pauses_and_wakes(world: CoreWorld) -> None:
    """The others went on without it. It orders nothing, and comes back as a client."""
    world.pause(world.peers[0])
    world.run_for(2_000_000)
    world.submit(world.peers[2], "meanwhile")
    world.run_for(3_000_000)
    world.resume(world.peers[0])


@case(3, "hard_case_4", "sleepers")
def client_pauses_and_wakes(world: CoreWorld) -> None:
    """It accuses nobody of its own sleep, and catches up."""
    world.pause(world.peers[2])
    world.run_for(2_000_000)
    world.submit(world.peers[1], "meanwhile")
    world.run_for(3_000_000)
    world.resume(world.peers[2])


@case(3, "hard_case_24", "unet_scenario_36", "identity")
def host_is_restarted_with_its_key(world: CoreWorld) -> None:
    """It lost its memory, not its seat: it comes back with old connection id 0."""
    host, successor, _ = world.peers
    world.crash(host)
    until(world, successor, State.REIGNING)
    world.run_for(500_000)
    world.join(successor, "peer0'", key=host.key)
    world.run_for(300_000)


@case(3, "hard_case_21")
def join_during_migration(world: CoreWorld) -> None:
    """The newcomer asks somebody who is looking for a host, and waits until there is one."""
    world.crash(world.peers[0])
    world.join(world.peers[1], "late")


@case(3, "hard_case_21")
def invite_of_a_former_host(world: CoreWorld) -> None:
    """Whoever is asked for a seat and does not host says who does."""
    world.crash(world.peers[0])
    until(world, world.peers[1], State.REIGNING)
    world.run_for(500_000)
    world.join(world.peers[2], "late")


@case(3, "hard_case_22", "unet_scenario_24", "what_travels")
def client_is_kicked(world: CoreWorld) -> None:
    """It is told why, and its key is banned."""
    host, _, client = world.peers
    world.kick(host, client)
    world.run_for(300_000)
    world.join(host, "peer2'", key=client.key)
    world.run_for(300_000)


@case(3)
def client_leaves(world: CoreWorld) -> None:
    """No seat is kept for it, and no migration starts."""
    world.leave(world.peers[1])


@case(3, "unet_scenario_29", "planned_handover")
def host_leaves(world: CoreWorld) -> None:
    """Its good-bye starts a migration at once, and no seat is kept for it."""
    world.leave(world.peers[0])


@case(3, "ack_levels")
def host_ends_the_session(world: CoreWorld) -> None:
    """It is over for all: no migration, no retry."""
    world.submit(world.peers[1], "too-late")
    world.end_session(world.peers[0])


@case(3, "hard_case_35", "unet_scenario_40", "corroborated_detection", "warm_links")
def link_flaps_while_the_host_lives(world: CoreWorld) -> None:
    """The redial succeeds before the claim does, and everything goes on under the same epoch."""
    host, client, _ = world.peers
    world.submit(client, "on-the-way")
    world.reset_links(host, client)


@case(2, "hard_case_35")
def link_flaps_in_a_game_of_two(world: CoreWorld) -> None:
    """The survivor waits for its redial before it crowns itself, and the redial succeeds."""
    host, client = world.peers
    world.submit(client, "on-the-way")
    world.reset_links(host, client)


@case(3, "hard_case_24")
def only_the_host_notices_that_a_link_broke(world: CoreWorld) -> None:
    """It dials the client that it lost, and the newer link wins."""
    host, client, _ = world.peers
    world.half_close(host, client)
    world.submit(client, "into-the-void")
    world.run_for(1_000_000)


@case(3, "unet_scenario_29", "planned_handover")
def host_hands_over(world: CoreWorld) -> None:
    """Nobody loses the host; what is submitted in between is run by the next one."""
    host, client, heir = world.peers
    world.hand_over(host, heir)
    world.submit(client, "in-between")


@case(3, "hard_case_28", "planned_handover", "cascades")
def handover_to_a_peer_that_dies(world: CoreWorld) -> None:
    """The crown does not come, so the old host asks for the role like anybody else."""
    host, _, heir = world.peers
    world.hand_over(host, heir)
    world.crash(heir, silent=True)


@case(2, "hard_case_2", "partition_and_merge")
def two_players_cut_apart(world: CoreWorld) -> None:
    """Both play on alone; when they meet, the older reign goes on and the other is told."""
    host, client = world.peers
    world.cut_both(host, client)
    world.run_for(1_500_000)
    world.submit(host, "of-the-older")
    world.submit(client, "of-the-newer")
    world.run_for(500_000)
    world.heal()


@case(5, "hard_case_16", "hard_case_17", "unet_scenario_22", "partition_and_merge")
def host_in_the_smaller_half(world: CoreWorld) -> None:
    """Three of five go on without the host, which yields to them when they meet."""
    for few in world.peers[:2]:
        for many in world.peers[2:]:
            world.cut_both(few, many)
    world.run_for(1_500_000)
    world.submit(world.peers[0], "of-the-few")
    world.submit(world.peers[2], "of-the-many")
    world.run_for(500_000)
    world.heal()
