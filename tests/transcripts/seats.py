"""Cases in which members come, go, or are away while the host changes."""

from __future__ import annotations

from p2pnet.core.errors import EndReason
from p2pnet.core.events import BecameHost, PeerGone, SessionEnded
from p2pnet.core.settings import Settings
from p2pnet.core.states import State
from p2pnet.testing.core_world import CoreWorld

from .telling import case, texts, until, until_calm


@case(4, "hard_case_22", "what_travels")
def kick_that_one_peer_heard_of(world: CoreWorld) -> None:
    """The ban is in the history of one survivor. The new host pulls it, and lets nobody in."""
    host, first, ahead, kicked = world.peers
    world.cut(host, first)
    world.cut(host, kicked)
    world.kick(host, kicked)
    world.run_for(40_000)
    world.crash(host, lost_for=[first, kicked])
    world.heal()
    until_calm(world)
    assert world.hosts == [first] and kicked.id in first.core.roster.banned
    assert [event.reason for event in kicked.saw(SessionEnded)] == [EndReason.KICKED]  # type: ignore[attr-defined]
    assert not kicked.saw(BecameHost) and ahead.core.state is State.FOLLOWING


@case(4, "hard_case_23", "freshest_state")
def newcomer_that_one_peer_heard_of(world: CoreWorld) -> None:
    """The roster is part of the history: the newest is pulled before the crown."""
    host, first, *_ = world.peers
    world.cut(host, first)
    late = world.join(host, "late")
    until(world, late, State.FOLLOWING)
    label = late.core.connection_id
    world.run_for(200_000)
    world.crash(host, lost_for=[first])
    world.heal()
    until_calm(world)
    assert world.hosts == [first] and late.core.connection_id == label == 4


@case(3, "hard_case_29", "planned_handover")
def handover_heard_by_the_heir_before_the_host_dies(world: CoreWorld) -> None:
    """The heir has everything and the word: it reigns without asking anybody."""
    host, _, heir = world.peers
    world.hand_over(host, heir)
    world.run_for(10_000)
    world.crash(host)
    until_calm(world)
    assert world.hosts == [heir]


@case(3, "hard_case_29", "planned_handover")
def handover_that_is_lost_with_the_host(world: CoreWorld) -> None:
    """The others know of the heir and the heir does not: a claim like any other."""
    host, first, heir = world.peers
    world.cut(host, heir)
    world.hand_over(host, heir)
    world.run_for(40_000)
    world.crash(host, lost_for=[heir])
    world.heal()
    until_calm(world)
    assert len(world.hosts) == 1 and first.core.state in (State.REIGNING, State.FOLLOWING)


@case(3, "hard_case_22")
def client_leaves_between_two_hosts(world: CoreWorld) -> None:
    """There is no host to say good-bye to. The next one hears of it, and keeps no seat."""
    host, first, leaver = world.peers
    world.crash(host)
    until(world, leaver, State.DOUBTING)
    world.leave(leaver)
    until_calm(world)
    assert first.core.state is State.REIGNING
    assert first.core.roster.get(leaver.id) is None
    assert [e.reason for e in first.saw(PeerGone)] == [EndReason.LEFT]  # type: ignore[attr-defined]


@case(3, "unet_scenario_28", "what_travels", settings=Settings(seat_us=5_000_000))
def seat_expires_under_the_next_host(world: CoreWorld) -> None:
    """The deadline travels with the seat; when it is over, everybody is told, once."""
    host, first, gone = world.peers
    world.crash(gone)
    world.run_for(1_000_000)
    world.crash(host)
    until(world, first, State.REIGNING)
    world.run_for(6_000_000)
    reasons = [event.reason for event in first.saw(PeerGone)]  # type: ignore[attr-defined]
    assert reasons == [EndReason.SEAT_EXPIRED] * 2
    assert list(first.journal.away) == [first.id]


@case(
    3,
    "unet_scenario_34",
    "what_travels",
    settings=Settings(heartbeat_us=150_000, players_max=3, seat_us=7_000_000),
)
def settings_of_the_first_host(world: CoreWorld) -> None:
    """Everybody has the settings of the session; the next host sends a fourth player away."""
    world.settings = Settings()  # of those who come later
    host, first, _ = world.peers
    world.crash(host)
    until(world, first, State.REIGNING)
    world.run_for(500_000)
    late = world.join(first, "late")
    world.run_for(500_000)
    assert late.core.state is State.LEFT and first.core.settings.seat_us == 7_000_000


@case(4, "unet_scenario_33", "cascades")
def new_host_dies_between_two_welcomes(world: CoreWorld) -> None:
    """One is back and the other is not. Both get their seats from the third host."""
    host, first, second, third = world.peers
    world.cut(first, third)
    world.crash(host)
    until(world, first, State.REIGNING)
    until(world, second, State.FOLLOWING)
    world.crash(first, lost_for=[third])
    world.heal()
    until_calm(world)
    assert world.hosts == [second] and third.core.state is State.FOLLOWING


@case(4, "hard_case_13", "freshest_state", "cascades")
def freshest_dies_while_it_is_asked(world: CoreWorld) -> None:
    """The next freshest is asked. Two have what the first successor lacks."""
    host, first, ahead, second = world.peers
    world.cut(host, first)
    world.submit(second, "x")
    world.run_for(150_000)
    world.crash(host, lost_for=[first])
    world.heal()
    until(world, first, State.PULLING)
    world.crash(second if first.core._roles.succession.pulling.sources[0] == second.id else ahead)
    until_calm(world)
    assert world.hosts == [first] and texts(first)[-1] == "x"


@case(4, "cascades", "freshest_state")
def claimant_dies_while_it_pulls(world: CoreWorld) -> None:
    """Nobody is bound to it any more when its link closes; the next one has it all anyway."""
    host, first, ahead, _ = world.peers
    world.cut(host, first)
    world.submit(ahead, "x")
    world.run_for(150_000)
    world.crash(host, lost_for=[first])
    world.heal()
    until(world, first, State.PULLING)
    world.crash(first)
    until_calm(world)
    assert world.hosts == [ahead] and texts(ahead)[-1] == "x"


@case(4, "cascades")
def each_new_host_dies_in_turn(world: CoreWorld) -> None:
    """Until one is left, who has everything that anybody acknowledged."""
    for victim, heir in zip(world.peers, world.peers[1:], strict=False):
        world.submit(heir, f"under-{victim.name}")
        world.run_for(200_000)
        world.crash(victim)
        until(world, heir, State.REIGNING)
        world.run_for(300_000)
    assert texts(world.peers[-1])[-3:] == ["under-peer0", "under-peer1", "under-peer2"]
