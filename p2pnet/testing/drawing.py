"""Random scenarios: everything about one follows from its number and the seed of its campaign.

Swarm rule: each scenario allows itself a random few of all kinds of faults, and aims them at a few
kinds of victims, because uniform mixing hides what needs many faults of one kind. Budget rule: no
fault takes the last member that is in session, so a healed session can always converge.
"""

from __future__ import annotations

from random import Random
from typing import Any, Final

import attrs

from p2pnet.core.settings import AckLevel, Settings

from .drills import DRILLS
from .scenario import (
    AMOUNTS,
    HOST,
    TOGETHER,
    Drill,
    Kind,
    Lane,
    Phase,
    Scenario,
    Step,
    Victim,
    Way,
    Workload,
)
from .streams import stream

LENGTH_US: Final = 27_000_000
_FAULTS_US: Final = 11_000_000  # all steps are taken by then, counted from the running session

INTERNET: Final = (20_000, 30_000)  # one way: 40 to 60 ms there and back
_DRILL_EVERY: Final = 5  # one in so many scenarios is a drill

LAN: Final = (200, 1_000)
MIXED: Final = (5_000, 110_000)

_GROUPS: Final[tuple[tuple[Kind, ...], ...]] = (
    (Kind.CRASH, Kind.VANISH),
    (Kind.CRASH, Kind.VANISH, Kind.TEAR, Kind.RESTART),
    (Kind.PAUSE, Kind.CRASH),
    (Kind.CUT, Kind.CUT_BOTH, Kind.ISOLATE),
    (Kind.HALVES, Kind.BRIDGE, Kind.RING, Kind.SCATTER),
    (Kind.RESET, Kind.HALF_CLOSE, Kind.CRASH),
    (Kind.LEAVE, Kind.JOIN, Kind.HAND_OVER, Kind.VANISH),
    (Kind.KICK, Kind.JOIN, Kind.CRASH, Kind.RESTART),
    (Kind.REFUSE_DIALS, Kind.IGNORE_DIALS, Kind.MUTE_DIALS, Kind.RESET, Kind.CRASH),
    (Kind.SLOW, Kind.LAG, Kind.STALLS, Kind.LATE_TIMERS, Kind.DRIFT, Kind.CRASH),
    (Kind.DUPLICATE, Kind.REPLAY, Kind.GARBAGE, Kind.CRASH, Kind.CUT_BOTH),
    (Kind.IMPOSTOR, Kind.USURP, Kind.PROCLAIM, Kind.CRASH, Kind.VANISH),
    (Kind.FORGE, Kind.CRASH, Kind.HALVES),
)
"""Kinds that find more together than alone. A scenario takes one group or two, or anything."""

_NO_FAULTS: Final = (Kind.SUBMIT, Kind.WRITE, Kind.RESUME, Kind.HEAL)
_FAULTS: Final = tuple(kind for kind in Kind if kind not in _NO_FAULTS)


@attrs.frozen
class Shape:
    """What all scenarios of a campaign have in common."""

    players: tuple[int, int] = (2, 8)  # least and most
    settings: Settings = attrs.field(factory=Settings)
    length_us: int = LENGTH_US
    delay_us: tuple[int, int] | None = None  # None: each scenario draws its own kind of network
    lane: Lane = Lane.CORE  # of real peers, every fourth scenario has real WebSocket links

    def lane_of(self, number: int) -> Lane:
        """What plays scenario `number`."""
        return Lane.WIRE if self.lane is Lane.TRIO and number % 4 == 3 else self.lane


def draw(seed: int, number: int, shape: Shape) -> Scenario:
    """Scenario `number` of the campaign with this seed."""
    own = int.from_bytes(stream(seed, "scenario", number).randbytes(6), "big")
    if number % _DRILL_EVERY == _DRILL_EVERY - 1 and (drills := _fitting(shape)):
        return _draw_drill(own, drills[number // _DRILL_EVERY % len(drills)], shape)
    faults, network = stream(own, "faults"), stream(own, "shape")
    # The least of three draws: what can go wrong needs few as a rule, and few are quick to play.
    players = min(network.randint(*shape.players) for _ in range(3))
    delay_us = shape.delay_us or network.choice((INTERNET, INTERNET, INTERNET, LAN, MIXED))
    steps = _draw_steps(faults, players)
    return Scenario(
        players=players,
        steps=steps,
        seed=own,
        delay_us=delay_us,
        ways=_draw_ways(network, players) if shape.delay_us is None else (),
        workload=_draw_workload(network),
        settings=_draw_settings(network, shape.settings, _together(steps)),
        lane=shape.lane_of(number),
        length_us=shape.length_us,
    )


def _fitting(shape: Shape) -> tuple[Drill, ...]:
    """The drills that can be held in a campaign of this shape."""
    if shape.lane is not Lane.CORE or shape.delay_us is not None:
        return ()
    least, most = shape.players
    fit = [d for d in Drill if DRILLS[d].players <= most and least <= DRILLS[d].players_max]
    often = max((DRILLS[drill].often for drill in fit), default=0)
    return tuple(drill for time in range(often) for drill in fit if DRILLS[drill].often > time)


def _draw_drill(seed: int, drill: Drill, shape: Shape) -> Scenario:
    """A drill has its own network and settings: what comes of it is known for those."""
    rng, (least, most) = stream(seed, "drill"), shape.players
    rules = DRILLS[drill]
    low, high = max(least, rules.players), min(most, rules.players_max)
    players = min(rng.randint(low, high) for _ in range(2))
    settings = rules.settings(rng, players)
    return Scenario(players, (), seed, INTERNET, settings=settings, drill=drill)


def _draw_ways(rng: Random, players: int) -> tuple[Way, ...]:
    """In one scenario of eight one peer is far away, and not equally far in both directions."""
    if rng.random() >= 0.125:
        return ()
    far = rng.randrange(players)
    out, back = sorted((rng.randint(30_000, 110_000), rng.randint(30_000, 110_000)))
    return tuple(
        way
        for other in range(players)
        if other != far
        for way in (Way(far, other, (out // 2, out)), Way(other, far, (back // 2, back)))
    )


def _draw_workload(rng: Random) -> Workload:
    every_us = rng.choice((0, 2_000_000, 5_000_000)) if rng.random() < 0.95 else 150_000
    acks = rng.choice(((AckLevel.ONE,), (AckLevel.ALL,), tuple(AckLevel)))
    return Workload(every_us, acks)


def _together(steps: tuple[Step, ...]) -> bool:
    return all(step.kind in TOGETHER for step in steps)


def _draw_settings(rng: Random, settings: Settings, together: bool) -> Settings:
    """Now and then limits are so small that they are reached.

    Where seats expire early and somebody is cut off, links don't outlast the cut either: else what
    was said over them before would bring the sides together.
    """
    if rng.random() < 0.1:
        return attrs.evolve(settings, commands_in_flight_max=2)
    if rng.random() < 0.1:
        return attrs.evolve(settings, tail_updates_max=4)
    if rng.random() < 0.2:
        dead_link_us = settings.dead_link_us if together else 2_000_000
        return attrs.evolve(settings, seat_us=3_000_000, dead_link_us=dead_link_us)
    return settings


def _draw_steps(rng: Random, players: int) -> tuple[Step, ...]:
    if rng.random() < 0.15:
        return _draw_pattern_alone(rng, players)
    kinds = _draw_kinds(rng)
    victims = tuple(rng.sample(list(Victim), rng.randint(1, 4)))
    phases = rng.random() < 0.5
    steps: list[Step] = []
    budget_us = _FAULTS_US
    for _ in range(rng.randint(1, 6)):
        after_us = min(rng.randrange(rng.choice((20_000, 300_000, 3_000_000))), budget_us)
        budget_us -= after_us
        steps.append(_draw_step(rng, after_us, kinds, victims, players))
        if phases and rng.random() < 0.5:
            steps.append(
                attrs.evolve(
                    _draw_step(rng, 0, kinds, victims, players), when=rng.choice(list(Phase))
                )
            )
        if rng.random() < 0.3:
            steps += _draw_group(rng, players)
        if rng.random() < 0.4:
            steps += _draw_commands(rng, players)
    return (*steps, Step(Kind.NUDGE, budget_us, 0))


def _draw_pattern_alone(rng: Random, players: int) -> tuple[Step, ...]:
    """One pattern and nothing else: other faults would cover up what it leads to."""
    end, pattern = rng.choice((Kind.CRASH, Kind.VANISH)), rng.choice(_PATTERNS)
    if rng.random() < 0.4:
        pattern = _behind_and_pulling
    steps = pattern(rng, end, players)
    start_us = rng.randrange(1_000_000)
    rest_us = _FAULTS_US - start_us - sum(step.after_us for step in steps)
    return (Step(Kind.NUDGE, start_us, 0), *steps, Step(Kind.NUDGE, max(rest_us, 0), 0))


def _draw_kinds(rng: Random) -> tuple[Kind, ...]:
    if rng.random() < 0.15:
        return _FAULTS
    if rng.random() < 0.15:
        return tuple(rng.sample(_FAULTS, rng.randint(2, 6)))
    return tuple(kind for group in rng.sample(_GROUPS, rng.randint(1, 2)) for kind in group)


def _draw_step(
    rng: Random, after_us: int, kinds: tuple[Kind, ...], victims: tuple[Victim, ...], players: int
) -> Step:
    kind = rng.choice(kinds)

    def who() -> int | Victim:
        return rng.choice(victims) if rng.random() < 0.6 else rng.randrange(players)

    fields: dict[str, Any] = {"peer": who(), "other": who()}
    if kind in (Kind.HALVES, Kind.BRIDGE):
        fields["amount"] = rng.randint(1, players)
    elif kind is Kind.USURP:
        fields["amount"] = rng.choice((0, 1, 5, 1_000, 20_000))
    elif kind in AMOUNTS:
        low, high = AMOUNTS[kind]
        fields["amount"] = rng.randint(low, high)
    if rng.random() < 0.6:
        fields["for_us"] = rng.randrange(1_000, rng.choice((300_000, 1_500_000, 6_000_000)))
    return Step(kind, after_us, **fields)


def _draw_group(rng: Random, players: int) -> list[Step]:
    """Several that belong together: each pattern leads to a place that chance seldom finds."""
    end = rng.choice((Kind.CRASH, Kind.VANISH))
    return rng.choice(_PATTERNS)(rng, end, players)


def _host_and_successors(rng: Random, end: Kind, players: int) -> list[Step]:
    successors = (Victim.SUCCESSOR, Victim.SECOND)[: rng.randint(1, 2)]
    return [Step(end, peer=peer) for peer in reversed(successors)] + [Step(end)]


def _each_new_host(rng: Random, end: Kind, players: int) -> list[Step]:
    when = rng.choice((Phase.CROWNED, Phase.WELCOMING, Phase.CLAIMED, Phase.GRANTED))
    peer = Victim.HOST if when in (Phase.CROWNED, Phase.WELCOMING) else Victim.CLAIMANT
    return [Step(end), Step(rng.choice((Kind.CRASH, Kind.VANISH)), peer=peer, when=when)]


def _all_but_one(rng: Random, end: Kind, players: int) -> list[Step]:
    return [Step(end) for _ in range(players - 1)]


def _swizzle(rng: Random, end: Kind, players: int) -> list[Step]:
    """Some are cut off one after another, and come back in another order."""
    return [
        Step(Kind.ISOLATE, rng.randrange(200_000), number, for_us=rng.randrange(1, 2_000_000))
        for number in range(players)
        if rng.random() < 0.5
    ]


def _behind_and_pulling(rng: Random, end: Kind, players: int) -> list[Step]:
    """The successor misses the last updates, and somebody dies while it fetches them."""
    dies = rng.choice((Victim.CLAIMANT, Victim.PULLED_FROM, Victim.LAST, None))
    dying = [Step(end, peer=dies, when=Phase.PULLING)] if dies is not None else []
    first = rng.choice((Victim.SUCCESSOR, Victim.SUCCESSOR, Victim.SECOND, Victim.LAST))
    torn = rng.choice(((first,), (first,), (Victim.SUCCESSOR, Victim.SECOND)))
    window_us = rng.randrange(250_000)
    return [
        *(Step(Kind.SUBMIT, peer=rng.randrange(players)) for _ in range(2)),
        Step(Kind.NUDGE, rng.randrange(30_000)),
        *(Step(Kind.TEAR, 0, HOST, other, amount=window_us) for other in torn),
        *(
            Step(Kind.SUBMIT, rng.randrange(30_000), rng.randrange(players), ack=ack)
            for ack in (AckLevel.ONE, AckLevel.HOST, AckLevel.ONE)[: rng.randint(1, 3)]
        ),
        *dying,
    ]


def _handover(rng: Random, end: Kind, players: int) -> list[Step]:
    kind = rng.choice((end, Kind.PAUSE, Kind.ISOLATE, Kind.RESET))
    peer = rng.choice((Victim.TARGET, Victim.TARGET, Victim.HOST, Victim.LAST))
    for_us = rng.choice((0, 400_000, 2_000_000))
    return [
        Step(kind, 0, peer, when=Phase.HANDING_OVER, for_us=for_us),
        Step(Kind.HAND_OVER, rng.randrange(100_000), Victim.SUCCESSOR),
    ]


def _sleeping_host(rng: Random, end: Kind, players: int) -> list[Step]:
    return [Step(Kind.PAUSE, for_us=rng.randrange(500_000, 3_000_000)), Step(Kind.NUDGE, 3_000_000)]


def _join_meanwhile(rng: Random, end: Kind, players: int) -> list[Step]:
    when = rng.choice((Phase.LOST, Phase.CLAIMED, Phase.GRANTED, Phase.CROWNED))
    return [Step(Kind.JOIN, peer=Victim.SUCCESSOR, when=when), Step(end, rng.randrange(100_000))]


def _usurper(rng: Random, end: Kind, players: int) -> list[Step]:
    """When the host is lost somebody claims under a number that nothing justifies."""
    amount = rng.choice((1, 2, 1_000, 20_000))
    peer = rng.choice((Victim.SUCCESSOR, Victim.LAST))
    return [Step(Kind.USURP, peer=peer, when=Phase.LOST, amount=amount), Step(end)]


def _two_reigns(rng: Random, end: Kind, players: int) -> list[Step]:
    """A session falls in two and meets again; then words come twice, or somebody dies."""
    what = rng.choice((Kind.DUPLICATE, Kind.DUPLICATE, Kind.REPLAY, end, Kind.PAUSE, Kind.RESET))
    one, other = rng.choice(((Victim.MET, Victim.RIVAL), (Victim.RIVAL, Victim.MET)))
    for_us = 900_000 if what is Kind.PAUSE else 0
    cut_us = rng.randrange(700_000, 2_000_000)
    return [
        Step(what, 0, one, other, when=Phase.MEETING, for_us=for_us),
        Step(Kind.HALVES, for_us=cut_us, amount=rng.randint(1, players)),
        Step(Kind.SUBMIT, cut_us // 2, rng.randrange(players), ack=AckLevel.HOST),
        Step(Kind.SUBMIT, cut_us // 2, rng.randrange(players), ack=AckLevel.HOST),
    ]


def _said_twice(rng: Random, end: Kind, players: int) -> list[Step]:
    """The host or a client repeats itself, right after a command."""
    one, other = rng.choice(((Victim.HOST, Victim.SUCCESSOR), (Victim.SUCCESSOR, Victim.HOST)))
    return [
        Step(Kind.SUBMIT, peer=one),
        Step(Kind.DUPLICATE, rng.randrange(1, 60_000), one, other),
        Step(Kind.REPLAY, rng.randrange(60_000), one, other),
    ]


def _nudged(rng: Random, end: Kind, players: int) -> list[Step]:
    """The host dies, and somebody is woken while all sorts of timers are set."""
    phases = (Phase.LOST, Phase.CLAIMED, Phase.GRANTED, Phase.HANDING_OVER)
    nudges = [
        Step(Kind.NUDGE, peer=rng.choice((Victim.CLAIMANT, Victim.LAST, Victim.HOST)), when=phase)
        for phase in phases
    ]
    return [*nudges, Step(end)]


def _work_in_flight(rng: Random, end: Kind, players: int) -> list[Step]:
    """The host dies with commands on their way, in every stage that they go through."""
    work = [
        Step(Kind.SUBMIT, rng.randrange(15_000), rng.randrange(players), ack=AckLevel.ALL)
        for _ in range(8)
    ]
    return [*work, Step(end, rng.randrange(80_000)), *work[:3]]


def _old_words(rng: Random, end: Kind, players: int) -> list[Step]:
    """The host dies, and what was said long ago is said again while another one is looked for."""
    phases = (Phase.LOST, Phase.CLAIMED, Phase.GRANTED, Phase.CROWNED, Phase.WELCOMING)
    replays = [
        Step(Kind.REPLAY, 0, rng.randrange(players), rng.randrange(players), when=phase)
        for phase in rng.choices(phases, k=4)
    ]
    return [*replays, Step(rng.choice((end, Kind.HAND_OVER)), peer=rng.choice(list(Victim)))]


_PATTERNS: Final = (
    _host_and_successors,
    _each_new_host,
    _all_but_one,
    _swizzle,
    _behind_and_pulling,
    _handover,
    _sleeping_host,
    _join_meanwhile,
    _nudged,
    _usurper,
    _two_reigns,
    _said_twice,
    _old_words,
    _work_in_flight,
)


def _draw_commands(rng: Random, players: int) -> list[Step]:
    """A burst: so many that queues are full, some of them just before the next fault."""
    level, kind = rng.choice(list(AckLevel)), Kind.WRITE if rng.random() < 0.1 else Kind.SUBMIT
    return [
        Step(kind, rng.randrange(rng.choice((1, 20_000))), rng.randrange(players), ack=level)
        for _ in range(rng.randint(1, 6))
    ]
