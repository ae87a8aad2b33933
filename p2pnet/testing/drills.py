"""Scenarios in which it is known what has to come of what is done.

A random scenario is judged by what may never happen. Whether the right thing happens, such as that
a minority stands still or a neighbour helps out, can be told only where it is known what was done.
So one in so many scenarios of a campaign is a drill: a plain session to which one thing is done.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from types import MappingProxyType
from typing import Final

import attrs

from p2pnet.core.errors import EndReason
from p2pnet.core.events import (
    BranchDiscarded,
    ClaimMade,
    HandoverStarted,
    PeerGone,
    PullStarted,
    Relayed,
    StateChanged,
)
from p2pnet.core.settings import AckLevel, Policy, Settings, WhileDown
from p2pnet.core.states import State

from .arrangements import (
    approval,
    crowded,
    idle,
    no_migration,
    refused_meanwhile,
    saved,
)
from .catalogue import InvariantBroken
from .elections import by_hand, chosen, rivals, second_thoughts
from .false_tails import false_tails
from .ground import HOSTLESS_US, NOTICED_US, SOON_US, STEP_US, Ground, holds
from .hostile import usurp
from .masquerades import hollow, lies, old_words, twin
from .misfits import misfits
from .mishaps import (
    alone,
    anew,
    bereft,
    comes_back,
    drowsy,
    forgetful,
    isolated,
    mute,
    one_works,
    patient,
    sleeper,
    unreachable,
)
from .newcomers import late_newcomer, newcomer, strangers
from .ordeals import Clerk, on_trial, paused, renumbered, two_outcomes
from .parcels import parcels
from .precedence import asleep, out_of_turn, ranked
from .promptness import prompt, redialled, stale_proof
from .scenario import Drill
from .sides import (
    ahead,
    called_off,
    far_apart,
    heard_again,
    missed,
    scattered,
    too_few,
    torn,
    two_sides,
    upstarts,
)
from .sim_peer import SimPeer

_LARGE: Final = 40_000  # characters: a snapshot with so many goes in pieces


# --- drills ---------------------------------------------------------------------------------------


def _neighbour(ground: Ground) -> None:
    """One client does not hear the host, and the others do: it plays on through one of them."""
    host, *clients = ground.peers
    client, reigns = ground.rng.choice(clients), ground.watch.reigns
    ground.part([host], [client])
    ground.world.run_for(NOTICED_US)
    ground.say(client, "through a neighbour")
    ground.world.write(client, written := f"written by {client.name}")
    ground.world.run_for(SOON_US)
    ground.settled(client)
    for peer in ground.peers:
        if (client.id, written) not in peer.journal.entries:
            raise InvariantBroken("L4", f"{peer.name} lacks what {client.name} wrote to its own")
    ground.same_reign(reigns, f"only {client.name} had lost the host")
    if not client.saw(Relayed):
        raise InvariantBroken("L3", f"{client.name} was not told who helps it")
    if client.saw(ClaimMade):
        raise InvariantBroken("L5", f"{client.name} claims, and a neighbour had heard the host")
    ground.heal()
    ground.say(client, "direct again")
    ground.world.run_for(SOON_US)
    ground.settled(client)
    ground.same_reign(reigns, "the only client that was cut off is back")


def _stairs(ground: Ground) -> None:
    """The host dies, and each successor lacks more than the next one."""
    world, (host, *clients) = ground.world, ground.peers
    said = []
    for client in clients[:2]:
        world.cut(host, client)
        said.append(ground.say(host, f"what {client.name} misses", AckLevel.HOST))
        world.run_for(STEP_US)
    best = clients[-1].core.position
    world.crash(host, silent=True)
    world.run_for(NOTICED_US)
    for client in clients:
        asked = [event.position for event in client.saw(PullStarted)]  # type: ignore[attr-defined]
        if asked and asked[0] != best:
            raise InvariantBroken("S14", f"{client.name} asks for {asked[0]} first, not for {best}")
        if not all(holds(client, text) for text in said):
            raise InvariantBroken("S14", f"{client.name} lacks what {clients[-1].name} had")
    ground.heal()


def _spectators(ground: Ground) -> None:
    """Two that can't host are cut off from all that can, and one of them wants to reign."""
    world, able = ground.world, list(ground.peers)
    names = (f"spectator{number}" for number in range(2))
    spectators = [world.join(able[0], name, can_host=False) for name in names]
    world.run_for(SOON_US)
    reigns = ground.watch.reigns
    ground.part(able, spectators)
    world.run_for(NOTICED_US)
    usurp(world, spectators[0], 0)
    comes = world.join(spectators[1], "newcomer")  # nobody there can answer before all is healed
    world.run_for(SOON_US)
    ground.heal()
    if comes.core.state is not State.FOLLOWING:
        raise InvariantBroken("L3", f"{comes.name} asked {spectators[1].name}, and has no seat")
    for spectator in spectators:
        ground.settled(spectator)
    ground.same_reign(reigns, "all that can host were together")


def _in_order(ground: Ground) -> None:
    """The host hands over, or leaves, or wants to end what is not in its hands any more, while all
    are busy: nothing is lost at all, and no host over anything.
    """
    host, *clients = ground.peers
    tried: list[SimPeer] = []
    ground.world.observers.append(Clerk(tried.append))
    leaves, at_once = ground.rng.choice(((False, False), (True, False), (True, True)))
    for number in range(6):
        ground.world.run_for(ground.rng.randrange(20_000))
        for peer in ground.peers:
            if peer.core.state is not State.LEFT and not (leaves and peer is host and number > 2):
                ground.say(peer, f"number {number}")
        if number == 2:
            ground.world.write(host, "written at last")
            if at_once:
                ground.world.leave(host)
            else:
                ground.world.hand_over(host, ground.rng.choice(clients))
            if leaves and host.core.state is State.HANDING_OVER:  # too late to end it for all
                ground.want(host, lambda core, now: core.end_session(now))
    ground.heal()
    for peer in clients if leaves else ground.peers:
        ground.settled(peer)
        if peer.saw(BranchDiscarded):
            raise InvariantBroken("S16", f"{peer.name} lost something by a planned handover")
    if not host.saw(HandoverStarted):
        raise InvariantBroken("S10", f"{host.name} went without a word to whoever is next")
    if tried:
        raise InvariantBroken("S17", f"{tried[0].name} tries a command, and no host was lost")
    ground.seated(clients)
    if leaves and ground.world.hosts[0].core.roster.get(host.id) is not None:
        raise InvariantBroken("S30", f"{host.name} left, and has a seat")


def _seats(ground: Ground) -> None:
    """Some leave, one is kicked, the host dies, and new ones come: seats are what the rules say."""
    world, settings = ground.world, ground.settings
    host, *clients = ground.peers
    kicked, leaver, *rest = ground.rng.sample(clients, len(clients))
    away = rest[0] if len(rest) > 1 else None
    changes = sum(len(peer.saw(StateChanged)) for peer in ground.peers)
    ground.say(host, "x" * _LARGE, AckLevel.ALL)
    ground.want(host, lambda core, now: core.announce(now))
    world.run_for(400_000)
    if sum(len(peer.saw(StateChanged)) for peer in ground.peers) != changes:
        raise InvariantBroken("L5", f"somebody could not follow what {host.name} did")
    world.kick(host, kicked)
    leaves_first = ground.rng.random() < 0.5
    if leaves_first:
        world.cut(leaver, rest[-1])  # which hears of it from the host
        world.leave(leaver)
    world.run_for(ground.rng.randrange(100_000, 500_000))
    world.crash(host)
    if not leaves_first:
        world.run_for(HOSTLESS_US)
        world.leave(leaver)
    if away is not None:
        ground.want(away, lambda core, now: core.leave(now, reason=EndReason.AWAY))
    world.run_for(700_000)
    heir = ground.only_host()
    if heir.core.roster.get(leaver.id) is not None:
        raise InvariantBroken("S30", f"{leaver.name} left, and has a seat")
    if away is not None and heir.core.roster.get(away.id) is None:
        raise InvariantBroken("L3", f"{away.name} is away for a while, and has no seat any more")
    _asks(ground, heir, heir, kicked)
    for _ in range(3):
        _asks(ground, heir, rest[-1])
    ground.want(heir, lambda core, now: core.keep_seats(now))  # for as long as before
    world.run_for(settings.seat_us)
    ground.heal()
    for gone in (host, leaver):
        if heir.core.roster.get(gone.id) is not None:
            raise InvariantBroken("S30", f"{gone.name} is gone for good, and has a seat")
    for gone, reason in ((kicked, EndReason.KICKED), (leaver, EndReason.LEFT)):
        for peer in rest:
            told = [event.reason for event in peer.saw(PeerGone) if event.peer == gone.id]  # type: ignore[attr-defined]
            if peer is not away and told != [reason]:
                raise InvariantBroken("S27", f"{peer.name} hears {told} of {gone.name}: {reason}")


def _asks(ground: Ground, heir: SimPeer, via: SimPeer, kicked: SimPeer | None = None) -> None:
    """Somebody asks for a seat. If there is one left it is for newcomers, and for nobody else."""
    full = len(heir.core.roster.members) >= ground.settings.players_max
    comes = ground.world.join(via, f"peer{len(ground.peers)}", key=kicked.key if kicked else None)
    ground.world.run_for(400_000)
    if heir.core.roster.get(comes.id) is not None:
        if kicked is not None:
            raise InvariantBroken("S24", f"{kicked.name} was kicked, and came back")
        if full:
            raise InvariantBroken("S28", f"a seat more than the {ground.settings.players_max}")
        if comes.core.state is not State.FOLLOWING:
            raise InvariantBroken("L3", f"{comes.name} has a seat, and was not welcomed")
    else:
        if kicked is None and not full:
            raise InvariantBroken("L3", f"{comes.name} asked {via.name}, and has no seat")
        if comes.core.state is not State.LEFT:
            raise InvariantBroken("L3", f"{comes.name} has no seat, and is not told so")


# --- which, and when ------------------------------------------------------------------------------


def _some_policy(rng: Random, players: int) -> Settings:
    both_go = 2 * (Policy.CONTINUE, Policy.PAUSE_MINORITY)
    return Settings(policy=rng.choice((*both_go, Policy.MAJORITY_ONLY)), pause_us=5_000_000)


def _few_links(rng: Random, players: int) -> Settings:
    return Settings(warm_links_all_max=3, successors=rng.choice((1, 2)))


def _majority(rng: Random, players: int) -> Settings:
    return Settings(policy=Policy.MAJORITY_ONLY, dead_link_us=2_000_000)


def _short_seats(rng: Random, players: int) -> Settings:
    return Settings(seat_us=5_000_000)


def _tried_at_once(rng: Random, players: int) -> Settings:
    return Settings(seat_us=5_000_000, trial_after_hosts=1)


def _short_tails(rng: Random, players: int) -> Settings:
    return Settings(tail_updates_max=4)


def _some_tails(rng: Random, players: int) -> Settings:
    return _short_tails(rng, players) if rng.random() < 0.5 else Settings()


def _few_seats(rng: Random, players: int) -> Settings:
    return Settings(players_max=players, seat_us=3_000_000)


def _approval(rng: Random, players: int) -> Settings:
    return Settings(players_max=players + 1, approval_us=2_000_000)


def _no_room(rng: Random, players: int) -> Settings:
    return Settings(while_down=rng.choice(list(WhileDown)), kept_commands_max=2)


def _idle(rng: Random, players: int) -> Settings:
    return Settings(disconnect_inactive_connections=True, disconnect_inactive_timeout_us=4_000_000)


def _no_migration(rng: Random, players: int) -> Settings:
    return Settings(host_migration=rng.random() < 0.3)


def _pauses(rng: Random, players: int) -> Settings:
    return Settings(policy=Policy.PAUSE_MINORITY, pause_us=6_000_000)


def _trials(rng: Random, players: int) -> Settings:
    return Settings(trial_after_hosts=1, tail_updates_max=1)


@attrs.frozen
class Rules:
    """What is done in a drill, with at least so many players, and the settings of each session."""

    do: Callable[[Ground], None]
    players: int
    settings: Callable[[Random, int], Settings] = lambda rng, players: Settings()
    often: int = 1  # so many times as often as others
    players_max: int = 8  # above, not everybody is linked to everybody, or it takes long to play


DRILLS: Final[MappingProxyType[Drill, Rules]] = MappingProxyType(
    {
        Drill.TWO_SIDES: Rules(two_sides, 2, _some_policy, often=2),
        Drill.TOO_FEW: Rules(too_few, 3, _majority),
        Drill.SCATTERED: Rules(scattered, 3, _majority),
        Drill.FAR_APART: Rules(far_apart, 5, _few_links),
        Drill.UPSTARTS: Rules(upstarts, 3, often=2, players_max=5),
        Drill.TORN: Rules(torn, 4),
        Drill.AHEAD: Rules(ahead, 3, often=2, players_max=5),
        Drill.MISSED: Rules(missed, 2),
        Drill.HEARD_AGAIN: Rules(heard_again, 4, players_max=4),
        Drill.CALLED_OFF: Rules(called_off, 4, players_max=4),
        Drill.RANKED: Rules(ranked, 4, players_max=5),
        Drill.OUT_OF_TURN: Rules(out_of_turn, 4),
        Drill.ASLEEP: Rules(asleep, 2, players_max=4),
        Drill.PROMPT: Rules(prompt, 4, often=5),
        Drill.REDIALLED: Rules(redialled, 2, often=2, players_max=2),
        Drill.STALE_PROOF: Rules(stale_proof, 3, players_max=3),
        Drill.NEIGHBOUR: Rules(_neighbour, 3),
        Drill.SLEEPER: Rules(sleeper, 2, _short_seats),
        Drill.IN_ORDER: Rules(_in_order, 2, _tried_at_once, often=2),
        Drill.LIES: Rules(lies, 4),
        Drill.SEATS: Rules(_seats, 4, _few_seats, often=2),
        Drill.OLD_WORDS: Rules(old_words, 3),
        Drill.UNREACHABLE: Rules(unreachable, 2),
        Drill.SPECTATORS: Rules(_spectators, 2),
        Drill.PATIENT: Rules(patient, 2, often=2),
        Drill.STAIRS: Rules(_stairs, 4),
        Drill.HOLLOW: Rules(hollow, 3),
        Drill.PARCELS: Rules(parcels, 3, often=2),
        Drill.MISFITS: Rules(misfits, 2, players_max=4),
        Drill.TWIN: Rules(twin, 3),
        Drill.FALSE_TAILS: Rules(false_tails, 7, often=2),
        Drill.NEWCOMER: Rules(newcomer, 2, _majority, often=2),
        Drill.LATE_NEWCOMER: Rules(late_newcomer, 3),
        Drill.STRANGERS: Rules(strangers, 2, often=2),
        Drill.BY_HAND: Rules(by_hand, 3, often=2),
        Drill.SECOND_THOUGHTS: Rules(second_thoughts, 3),
        Drill.RIVALS: Rules(rivals, 5, often=2),
        Drill.CHOSEN: Rules(chosen, 3, often=3),
        Drill.APPROVAL: Rules(approval, 2, _approval),
        Drill.NO_ROOM: Rules(refused_meanwhile, 4, _no_room),
        Drill.IDLE: Rules(idle, 3, _idle),
        Drill.NO_MIGRATION: Rules(no_migration, 2, _no_migration, often=2),
        Drill.SAVED: Rules(saved, 3, _short_seats),
        Drill.CROWDED: Rules(crowded, 4, _some_tails, often=3),
        Drill.ON_TRIAL: Rules(on_trial, 4, _trials, often=3),
        Drill.TWO_OUTCOMES: Rules(two_outcomes, 6, _trials),
        Drill.RENUMBERED: Rules(renumbered, 4),
        Drill.PAUSED: Rules(paused, 5, _pauses, often=2),
        Drill.ALONE: Rules(alone, 2),
        Drill.DROWSY: Rules(drowsy, 3, often=2),
        Drill.COMES_BACK: Rules(comes_back, 2, often=3),
        Drill.ANEW: Rules(anew, 4, often=3),
        Drill.MUTE: Rules(mute, 3),
        Drill.FORGETFUL: Rules(forgetful, 3, _short_tails, players_max=3),
        Drill.ONE_WORKS: Rules(one_works, 2),
        Drill.ISOLATED: Rules(isolated, 3, often=2),
        Drill.BEREFT: Rules(bereft, 3, often=3),
    }
)


def hold(drill: Drill, ground: Ground) -> None:
    """Hold a drill, if there are players enough. Raises `InvariantBroken`."""
    if len(ground.peers) >= DRILLS[drill].players:
        DRILLS[drill].do(ground)
