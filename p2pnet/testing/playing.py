"""Plays a scenario: first its steps, then everything heals and the session has to converge."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Final

import attrs

from p2pnet.core.errors import CommandRefused, TooManyInFlight
from p2pnet.core.policy import Standing
from p2pnet.core.settings import AckLevel, Policy
from p2pnet.core.states import SETTLED
from p2pnet.core.values import PeerId

from .apart import Apart, counts_on_the_dead, late_us, standing, why_apart
from .catalogue import InvariantBroken
from .drills import hold
from .faults import DOINGS
from .goals import Tally
from .ground import Ground
from .hostile import Tape
from .invariants import check_end, everything_settled, in_session
from .lanes import world_of
from .scenario import Kind, Lane, Phase, Scenario, Step, Victim
from .sim_peer import Observer, SimPeer
from .sim_world import SimWorld
from .streams import stream
from .victims import Stage
from .virtual_clock import Stuck
from .watch import Watch

CONVERGE_US: Final = 20_000_000
"""Time that a healed session has to come together, from its last progress on."""

_WORK_US: Final = 3_000_000  # time for the last receipts
_LOSSY_RED_PERIODS: Final = 25  # a silence is no death for so long where the network stalls a lot
_CALM_RED_PERIODS: Final = 10  # for so long nobody may begin a new reign after all healed


@attrs.define
class Run:
    """A scenario while it is played, and afterwards."""

    scenario: Scenario
    world: SimWorld
    watch: Watch
    tape: Tape
    tally: Tally
    healed_us: int = 0
    writes: int = 0  # changes that players made to what is their own
    is_healed: bool = False  # the first life is over
    apart: Apart | None = None  # why they were not together when all was healed, if so
    converged_us: int | None = None  # how long it took from there
    done: dict[Kind, int] = attrs.field(factory=dict)  # steps taken, by kind
    stage: Stage = attrs.field(init=False)
    _armed: list[Step] = attrs.field(factory=list)  # steps that wait for their phase
    _commands: int = 0
    _apart_at: int = -1  # when so much progress had been made they were not together

    def __attrs_post_init__(self) -> None:
        self.stage = Stage(self.world, self._on_phase)
        self.world.observers.append(self.stage)

    # --- who ---

    def pick(self, who: int | Victim) -> SimPeer | None:
        """Whom a step means; somebody else if nobody plays that part; None if nobody is left."""
        members = self.world.members
        if not members:
            return None
        if isinstance(who, Victim):
            return self.stage.find(who) or members[0]
        return members[who % len(members)]

    # --- what ---

    def take(self, step: Step) -> None:
        """Let the time of a step pass, then do it, or arm it if it waits for a phase."""
        self.world.run_for(step.after_us)
        if step.when is None:
            self._do(step)
        else:
            self._armed.append(step)

    def _on_phase(self, phase: Phase) -> None:
        """What waits for this happens as soon as the core that came to it is done."""
        due = [step for step in self._armed if step.when is phase]
        self._armed = [step for step in self._armed if step.when is not phase]
        for step in due:
            self.world.after(0, partial(self._do, step))

    def _do(self, step: Step) -> None:
        """Does nothing where it would make no sense."""
        peer = self.pick(step.peer)
        if peer is None or self.is_healed:
            return
        self.done[step.kind] = self.done.get(step.kind, 0) + 1
        undo = DOINGS[step.kind](self, step, peer)
        if undo is not None and step.for_us:
            self.world.after(step.for_us, undo)

    def submit(self, peer: SimPeer, step: Step) -> None:
        """A player does something."""
        self._submit(peer, step.ack)

    def _submit(self, peer: SimPeer, ack: AckLevel) -> None:
        if peer.paused or peer.core.roster.get(peer.id) is None:
            return
        self._commands += 1
        try:
            self.world.submit(peer, f"c{self._commands}", ack)
        except TooManyInFlight:
            self.world.refused += 1
        except CommandRefused:
            pass  # there is no host, and the settings keep nothing for the next one

    def start_work(self) -> None:
        """The players begin to play, each by a clock of its own."""
        workload = self.scenario.workload
        for peer in list(self.world.peers) if workload.every_us else ():
            rng = stream(self.scenario.seed, "workload", peer.number)
            self._plan_command(peer, partial(rng.expovariate, 1 / workload.every_us), rng.choice)

    def _plan_command(
        self,
        peer: SimPeer,
        gap: Callable[[], float],
        choose: Callable[[tuple[AckLevel, ...]], AckLevel],
    ) -> None:
        def act() -> None:
            if self.is_healed or not peer.alive:
                return
            if peer.core.role is not None:
                self._submit(peer, choose(self.scenario.workload.acks))
            self._plan_command(peer, gap, choose)

        self.world.after(int(gap()), act)

    # --- the second life ---

    def heal(self) -> None:
        """End all faults, and wait until the session has come together.

        It has a limit from its last progress on: each change of the state or the reign of any peer.
        """
        world = self.world
        self.is_healed = True
        world.heal()
        world.heal_peers()
        self.healed_us = world.now
        if self._apart():
            self.apart = why_apart(self.scenario, world, self.watch)
        progress = self.watch.progress
        while world.run_while(self._apart, CONVERGE_US) is False:
            if self.watch.progress == progress or world.now > self.healed_us + 4 * CONVERGE_US:
                return
            progress = self.watch.progress
        self.converged_us = world.now - self.healed_us

    def _apart(self) -> bool:
        """Whether they are not together; that can change only with some progress."""
        if self._apart_at != self.watch.progress:
            apart = not self.world.converged(newcomers=False)
            self._apart_at = self.watch.progress if apart else -1
        return self._apart_at >= 0

    def _counts_on_the_dead(self) -> bool:
        """Whether a host has not noticed so far that a member is dead, and waits for it."""
        return counts_on_the_dead(self.world, self.world.hosts)

    def _hopes(self) -> bool:
        """Whether a host alone has links to the dead, who may be back for all it knows."""
        censuses = (host.core.census for host in self.world.hosts)
        return any(census["links"] and not census["followers"] for census in censuses)

    def is_recoverable(self) -> bool:
        """Whether those who are left can come together, and may go on.

        Some policies want a majority of all seats. And players who have never heard of one another
        can't look for one another: those who had let them in are dead.
        """
        members = in_session(self.world)
        if standing(members, self.scenario.settings.policy) is Standing.STOP:
            return False
        met, *others = members
        circle = [met]
        for one in circle:
            known = [other for other in others if _know(one, other)]
            circle += known
            others = [other for other in others if other not in known]
        return not others

    def work_and_rest(self) -> None:
        """After all has healed: work flows, and then nothing happens any more."""
        world, settings = self.world, self.scenario.settings
        if self.converged_us is None:
            states = ", ".join(f"{p.name} {p.core.state.value}" for p in world.members)
            raise InvariantBroken("L1", f"not together {CONVERGE_US} us after all healed: {states}")
        if self.apart is not None and self.converged_us > late_us(self.apart, settings):
            raise InvariantBroken("L1", f"together {self.converged_us} us after all healed")
        # What was under way when they came together arrives, and who went through a neighbour is
        # back on a link of its own.
        world.run_for(settings.red_us + settings.redial_us_max)
        world.run_while(self._counts_on_the_dead, _LOSSY_RED_PERIODS * settings.red_us)
        world.run_while(self._hopes, _LOSSY_RED_PERIODS * settings.red_us)
        reigns = self.watch.reigns
        for peer in world.members:
            self._submit(peer, AckLevel.ALL)
        self._get_receipts()
        calm_us = max(_CALM_RED_PERIODS * settings.red_us, _WORK_US)
        if settings.policy is Policy.PAUSE_MINORITY:
            calm_us += settings.pause_us
        world.run_until(max(world.now + calm_us, self.scenario.length_us))
        if not world.run_while(self._apart, CONVERGE_US):
            raise InvariantBroken("L5", "the session fell apart again")
        if self.watch.reigns != reigns:
            raise InvariantBroken("L5", "a new reign began though all had healed")

    def _get_receipts(self) -> None:
        """L4: where nothing is wrong any more a receipt takes two round trips, and one tick.

        Who was started again and asks somebody dead for its seat may be waited for while it does.
        """
        ways = (self.scenario.delay_us, *(way.delay_us for way in self.scenario.ways))
        longest_us, scenario = max(most for _, most in ways), self.scenario
        calm = all(peer.core.state in SETTLED for peer in self.world.members)
        if calm and scenario.lane is Lane.CORE and scenario.settings.policy is Policy.CONTINUE:
            self.world.run_for(4 * longest_us + scenario.tick_us)
            everything_settled(self.world)

    def check(self) -> None:
        """Raise `InvariantBroken` for the first thing that does not hold in the end."""
        if in_session(self.world) and self.is_recoverable():  # or all left, or were sent away
            self.work_and_rest()
            if self.is_recoverable():  # or a newcomer was let in that had given up meanwhile
                check_end(self.world, self.watch, self.scenario)


def _know(one: SimPeer, other: SimPeer) -> bool:
    """Whether either has ever heard where the other listens."""
    pairs = (one, other), (other, one)
    return any(known.core.addresses in _places(knows, known.id) for knows, known in pairs)


def _places(knows: SimPeer, peer: PeerId) -> list[tuple[str, ...]]:
    """Where a peer listens, as somebody has heard."""
    roster = knows.core.roster
    seats = [member.addresses for member in roster.members if member.peer == peer]
    return seats + [gone.addresses for gone in roster.given_up if gone.peer == peer]


def prepare(scenario: Scenario, *observers: Observer) -> Run:
    """The session that a scenario begins with: everybody is in it, and nothing has gone wrong."""
    world = world_of(scenario)
    watch, tape, tally = Watch(world, scenario.together), Tape(), Tally(world)
    world.observers += (watch, tally, *observers)
    if any(step.kind in (Kind.DUPLICATE, Kind.REPLAY) for step in scenario.steps):
        world.observers.append(tape)
    with _named_failures(world):
        world.game(scenario.players)
    watch.complete()
    return Run(scenario, world, watch, tape, tally)


def play(scenario: Scenario, *observers: Observer) -> Run:
    """Play a scenario to its end and check everything.

    Raises `InvariantBroken` with the name of what does not hold.
    """
    run = prepare(scenario, *observers)
    finish(run)
    return run


def finish(run: Run) -> None:
    """Play what was prepared. Raises `InvariantBroken`."""
    with _named_failures(run.world):
        run.start_work()
        for step in run.scenario.steps:
            run.take(step)
        if run.scenario.drill is not None:
            hold(run.scenario.drill, Ground(run.world, run.watch, run.scenario))
        run.heal()
        run.check()
        run.watch.record.together = False  # each of them is ended, and those who are left see it
        run.world.wind_up()
    run.world.close()


@contextmanager
def _named_failures(world: SimWorld) -> Iterator[None]:
    """Whatever goes wrong in here has a name in the catalogue, and is the end of the world."""
    try:
        yield
    except BaseException as error:
        with contextlib.suppress(Exception):  # what follows from the first failure
            world.close()
        if isinstance(error, InvariantBroken) or not isinstance(error, Exception):
            raise
        name = "L6" if isinstance(error, Stuck) else "S29"
        raise InvariantBroken(name, f"{type(error).__name__}: {error}") from error
