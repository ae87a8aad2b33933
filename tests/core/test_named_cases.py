"""Hard cases and UNet's scenarios that are not told as transcripts, each under its number."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from p2pnet.core.events import BecameHost, HostRecovered, HostSuspected
from p2pnet.core.messages import Join, Rejoin, Update
from p2pnet.core.states import State
from p2pnet.testing.core_world import CoreWorld
from p2pnet.testing.hostile import usurp
from p2pnet.testing.invariants import equal_states, nothing_piles_up
from tests.core.bench import Bench, picture

_MINUTE_US = 60_000_000


def test_hard_case_36_clocks_that_go_wrong_by_a_tenth() -> None:
    """Nobody is accused because of it, and a host that is gone is missed a tenth later at most."""
    world = CoreWorld()
    host, fast, slow, _ = world.game(4)
    world.set_clock_rate(fast, 1100)
    world.set_clock_rate(slow, 900)
    world.run_for(2 * _MINUTE_US)
    assert not any(peer.saw(HostSuspected) for peer in world.peers)
    gone_us = world.now
    world.crash(host, silent=True)
    assert world.run_while(lambda: not world.converged(), 3_000_000)
    assert world.now - gone_us < 1_100_000 * 1.1
    equal_states(world)


def test_unet_scenario_20_who_was_chosen_can_not_be_reached() -> None:
    """It reigns alone, the others take the next in rank, and on contact it is a client again."""
    world = CoreWorld()
    host, chosen, following, last = world.game(4)
    for other in (following, last):
        world.cut_both(chosen, other)
    world.crash(host)
    world.run_for(3_000_000)
    assert world.hosts == [chosen, following] and last.core.host_peer == following.id
    world.heal()
    assert world.run_while(lambda: not world.converged(), 30_000_000)
    assert world.hosts == [following] and chosen.core.state is State.FOLLOWING


def test_unet_scenario_26_a_flood_of_claims_and_requests_takes_up_no_memory() -> None:
    bench = Bench.of(4)
    host, liar, *others = bench.peers
    bench.world.cut_both(host, liar)  # so that it has reasons of its own to claim as well
    before = {peer.name: peer.core.census for peer in others}
    for number in range(300):
        usurp(bench.world, liar, above=number)
        for other in others:
            bench.slip(liar, other, Join(number, "me", (), True))
        bench.world.run_for(3_000)
    for peer in others:
        census = peer.core.census
        for what in ("links", "timers", "outbox", "held", "departed"):
            assert census[what] <= before[peer.name][what] + 4, what
        assert peer.core.epoch == host.core.epoch and not peer.saw(BecameHost)
    bench.world.heal()
    assert bench.world.run_while(lambda: not bench.world.converged())
    nothing_piles_up(bench.world)


def test_unet_scenario_27_a_list_of_members_that_is_forged_or_old_is_ignored() -> None:
    bench = Bench.of(4)
    host, liar, client, leaver = bench.peers
    bench.world.leave(leaver)
    bench.world.run_for(500_000)
    recorded = [u for u in bench.heard(host, Update, client) if u.roster is not None][-1]
    epoch, position = client.core.epoch, client.core.position
    assert epoch is not None and position is not None and recorded.roster is not None
    before = picture(client)
    bench.slip(liar, client, recorded)  # old, and from somebody else than the host
    bench.slip(host, client, recorded)  # old
    assert picture(client) == before
    alone = replace(recorded.roster, version=99, members=recorded.roster.members[1:])
    bench.slip(host, client, replace(recorded, seq=position.seq + 1, roster=alone))
    assert client.core.roster == before[5]  # type: ignore[index]
    assert bench.world.run_while(lambda: not bench.world.converged())
    equal_states(bench.world)


def test_unet_scenario_40_who_can_not_come_back_asks_again_until_it_can() -> None:
    """Frames to the next host get stuck and it can't be dialled: the client goes on asking."""
    bench = Bench.of(3)
    host, first, client = bench.peers
    bench.world.cut(client, first)
    bench.world.crash(host)
    assert bench.world.run_while(lambda: client.core.state is not State.JOINING)
    bench.listen()
    bench.world.run_for(500_000)
    assert client.core.state is State.JOINING
    requests = bench.heard(client, Rejoin, first)
    assert len(requests) >= 2 and len({frame.old_connection_id for frame in requests}) == 1
    bench.world.heal()
    assert bench.world.run_while(lambda: not bench.world.converged())
    assert client.core.host_peer == first.id and not client.saw(BecameHost)


@pytest.mark.parametrize(("players", "lost_permille", "minutes"), [(4, 100, 10), (8, 100, 3)])
def test_unet_scenario_38_a_bad_network_and_a_host_that_lives(
    players: int, lost_permille: int, minutes: int
) -> None:
    """Half a second of jitter, and lost segments as TCP shows them: the links stall."""
    world = CoreWorld(delay_us=(20_000, 520_000))
    world.network.lost_permille = lost_permille
    host = world.host("peer0")
    for number in range(1, players):
        client = world.join(host, f"peer{number}")
        assert world.run_while(lambda c=client: c.core.state is not State.FOLLOWING)  # type: ignore[misc]
    world.run_for(minutes * _MINUTE_US)
    assert not any(peer.saw(BecameHost) for peer in world.peers[1:])
    assert sum(len(peer.saw(HostRecovered)) for peer in world.peers)
    world.heal()
    gone_us = world.now
    world.crash(host, silent=True)
    assert world.run_while(lambda: not world.converged(), 20_000_000)
    assert world.now - gone_us < 15_000_000  # everybody has learned to be patient
