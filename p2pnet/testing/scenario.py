"""What is done to a session, as plain data: it can be drawn, shrunk, written down and replayed.

A scenario has two lives. First its steps happen, faults at will. Then everything heals, and the
session has to converge. `playing` plays it, `scenario_json` reads and writes it.

Times are microseconds of virtual time. Whom a step concerns is said by number or by role, and a
role is looked up at the moment when the step is taken. A step with a phase is armed at its time and
taken at the next instant at which the session is in that phase.
"""

from __future__ import annotations

import enum
from types import MappingProxyType
from typing import Final

import attrs

from p2pnet.core.settings import AckLevel, Settings

PLAYERS_MAX: Final = 64


class ScenarioError(ValueError):
    """The scenario can't be played. The text says which field, and what is wrong with it."""


class Kind(enum.StrEnum):
    """What a step does."""

    SUBMIT = "submit"  # the player of this peer does something, with the ack level `ack`
    WRITE = "write"  # it changes something of its own: there is no receipt, and it may be lost
    # processes
    CRASH = "crash"  # the process ends, its links close
    VANISH = "vanish"  # the machine is gone, nobody is told
    TEAR = "tear"  # as crash, `amount` later, and what it said since then to `other` is lost
    PAUSE = "pause"  # the process stands still, as if stopped or asleep; its links stay open
    RESUME = "resume"  # all that stand still go on
    SLOW = "slow"  # every input of this peer comes `amount` microseconds late
    RESTART = "restart"  # who died, left or was kicked comes back with its key and nothing else
    # membership
    JOIN = "join"  # somebody new asks this peer for a seat
    LEAVE = "leave"  # on purpose; a host hands over first
    KICK = "kick"  # the host removes this peer for good
    HAND_OVER = "hand_over"  # the host makes this peer the host
    # links and topology
    CUT = "cut"  # what this peer says does not get to `other`: it stalls until that is over
    CUT_BOTH = "cut_both"  # nor the other way round
    ISOLATE = "isolate"  # nothing gets to this peer or from it
    HALVES = "halves"  # the `amount` best-ranked on one side, the others on the other
    BRIDGE = "bridge"  # as halves, and `peer` is heard by both sides
    RING = "ring"  # each hears only its two neighbours
    SCATTER = "scatter"  # nobody hears anybody
    HEAL = "heal"  # every cut and every other trouble of the network is over
    RESET = "reset"  # the links to `other` break, both ends notice
    HALF_CLOSE = "half_close"  # they break, and only this end notices
    LAG = "lag"  # what this peer and `other` say to one another takes `amount` longer
    STALLS = "stalls"  # `amount` in a thousand of all segments are lost once, which stalls a link
    REFUSE_DIALS = "refuse_dials"  # nobody can dial this peer: it is told no
    IGNORE_DIALS = "ignore_dials"  # nobody can dial this peer: it is told nothing
    MUTE_DIALS = "mute_dials"  # who dials this peer gets a link on which nothing is ever said
    # time
    DRIFT = "drift"  # the clock of this peer goes by `amount` in a thousand too fast, or too slow
    LATE_TIMERS = "late_timers"  # the shell of this peer wakes its core up to `amount` late
    NUDGE = "nudge"  # the shell of this peer wakes its core though nothing is due
    # frames and strangers
    DUPLICATE = "duplicate"  # what this peer said last to `other` comes a second time
    REPLAY = "replay"  # what this peer said long ago to `other` comes again
    GARBAGE = "garbage"  # this peer says to `other` what is not a frame
    IMPOSTOR = "impostor"  # somebody without its key asks `other` for the seat of this peer
    FORGE = "forge"  # this peer tells `other` what it can't prove, `amount` says what
    USURP = "usurp"  # this peer claims out of turn, under a number `amount` above the right one
    PROCLAIM = "proclaim"  # this peer announces a reign of its own, `amount` above the right number


CRASHES: Final = (Kind.CRASH, Kind.VANISH, Kind.TEAR)
"""Ways to die."""

TOGETHER: Final = frozenset(
    {
        *CRASHES,
        Kind.SUBMIT,
        Kind.WRITE,
        Kind.RESTART,
        Kind.JOIN,
        Kind.LEAVE,
        Kind.HAND_OVER,
        Kind.NUDGE,
    }
)
"""What parts nobody from anybody who lives."""

PAIRS: Final = frozenset(
    {Kind.TEAR, Kind.CUT, Kind.CUT_BOTH, Kind.RESET, Kind.HALF_CLOSE, Kind.LAG}
    | {Kind.DUPLICATE, Kind.REPLAY, Kind.GARBAGE, Kind.FORGE}
    | {Kind.IMPOSTOR}
)
"""Kinds of steps for which `other` means something."""

AMOUNTS: Final[MappingProxyType[Kind, tuple[int, int]]] = MappingProxyType(
    {
        Kind.TEAR: (0, 250_000),
        Kind.SLOW: (1_000, 100_000),
        Kind.HALVES: (1, PLAYERS_MAX),
        Kind.BRIDGE: (1, PLAYERS_MAX),
        Kind.LAG: (1_000, 500_000),
        Kind.STALLS: (1, 400),
        Kind.DRIFT: (-100, 100),
        Kind.LATE_TIMERS: (1_000, 150_000),
        Kind.FORGE: (0, 13),
        Kind.USURP: (0, 1_000_000),
        Kind.PROCLAIM: (20_000, 1_000_000),  # a leap; a step further nobody could tell from an heir
    }
)
"""The kinds of steps that have an amount, and the least and the largest of each."""


class Victim(enum.StrEnum):
    """Whom a step concerns, by the part that it plays at that moment."""

    HOST = "host"
    SUCCESSOR = "successor"  # the first in rank that lives
    SECOND = "second"  # the second in rank that lives
    CLAIMANT = "claimant"  # who claims or pulls, else the first in rank
    FRESHEST = "freshest"  # the client with the longest history
    PULLED_FROM = "pulled_from"  # whom a claimant asked for what it lacks
    TARGET = "target"  # of a handover
    BRIDGE = "bridge"  # who has most open ways to others
    LAST = "last"  # the last in rank
    SLOWEST = "slowest"  # with the longest delays
    RETURNED = "returned"  # who was welcomed last
    MET = "met"  # the host that met another one last
    RIVAL = "rival"  # the other one


class Phase(enum.StrEnum):
    """A moment that a step can wait for."""

    LOST = "lost"  # somebody has lost the host: before any claim
    CLAIMED = "claimed"  # between a claim and its grants
    GRANTED = "granted"  # a peer has given its word
    PULLING = "pulling"  # a claimant asked for what it lacks
    CROWNED = "crowned"  # right after a crown
    WELCOMING = "welcoming"  # between two welcomes of a new reign
    HANDING_OVER = "handing_over"  # the host has named its successor
    MEETING = "meeting"  # two reigns have met


HOST: Final = Victim.HOST
"""As the peer of a step: whoever hosts when it is taken."""


@attrs.frozen
class Step:
    """One thing that is done, so many microseconds after the one before.

    `peer` and `other` count those who are alive, from 0 and around; `HOST` is the host. For
    `RESTART` they count those who are gone. `for_us` is how long a fault lasts, 0 for until all is
    healed.
    """

    kind: Kind  # what is done
    after_us: int = 0  # the time since the step before this one
    peer: int | Victim = HOST  # whom it concerns
    other: int | Victim = 0  # the second one, for kinds that need two
    ack: AckLevel = AckLevel.ONE  # of a command
    when: Phase | None = None  # from its time on it waits for this phase, and happens then
    for_us: int = 0  # how long a fault lasts; 0 for until all is healed
    amount: int = 0  # how much, for the kinds that have an amount

    def __attrs_post_init__(self) -> None:
        for name in ("after_us", "for_us"):
            if getattr(self, name) < 0:
                raise ScenarioError(f"{name} is {getattr(self, name)}, and time goes forward")


@attrs.frozen
class Way:
    """How long messages from one peer to another take, if not as long as between most."""

    source: int  # the number of the peer that sends, 0 for the one that opens the session
    target: int  # the number of the one that it sends to
    delay_us: tuple[int, int]  # one way, least and longest


@attrs.frozen
class Workload:
    """What the players do by themselves while the steps are taken."""

    every_us: int = 0  # mean time between two commands of one player; 0 for none at all
    acks: tuple[AckLevel, ...] = (AckLevel.ONE,)  # each command has one of these levels


class Lane(enum.StrEnum):
    """What plays a scenario."""

    CORE = "core"  # mere cores on one heap
    TRIO = "trio"  # real peers: their nurseries, links and cancellations
    WIRE = "wire"  # the same, over real WebSocket links


class Drill(enum.StrEnum):
    """Something that is done as a whole, and it is known what has to come of it."""

    TWO_SIDES = "two_sides"  # one is small: who may go on does, and the larger one wins in the end
    TOO_FEW = "too_few"  # without a host no part is large enough: they wait, and find one another
    SCATTERED = "scattered"  # nobody hears anybody: all stand still, and are told so each time
    FAR_APART = "far_apart"  # the host and its heirs die, to whom alone the others were linked
    UPSTARTS = "upstarts"  # a small side lets many newcomers in: they do not count when it meets
    TORN = "torn"  # a host is not heard any more, and hears: who left it counts for another
    AHEAD = "ahead"  # who gives way has ordered more: it has nothing of the other side for that
    MISSED = "missed"  # a host is cut off for a moment, and others reign: nothing is lost
    HEARD_AGAIN = "heard_again"  # who gave its word to a claimant hears the host: it says so
    CALLED_OFF = "called_off"  # a claimant that fetches what it lacks hears that the host lives
    RANKED = "ranked"  # the order of succession is that of the rules, and the first of them follows
    OUT_OF_TURN = "out_of_turn"  # the last in rank claims at once: nobody stands behind it
    ASLEEP = "asleep"  # the only heir was given up in its sleep, and wakes as the host dies
    PROMPT = "prompt"  # who can't answer any more, or gives up, keeps nobody waiting
    REDIALLED = "redialled"  # the link of two breaks: they find one another, and nobody takes over
    STALE_PROOF = "stale_proof"  # a host is dead, and what it had answered before is under way
    NEIGHBOUR = "neighbour"  # one client does not hear the host: it plays on through a neighbour
    SLEEPER = "sleeper"  # a client stands still for a while, and nobody else is bothered
    IN_ORDER = "in_order"  # the host hands over, or leaves, while all are busy: nothing is lost
    LIES = "lies"  # a member tells all sorts of things that it can't prove: each is rejected
    SEATS = "seats"  # some leave, one is kicked, the host dies, others come; seats go by the rules
    OLD_WORDS = "old_words"  # what was right under an older reign, or from the host, is said again
    UNREACHABLE = "unreachable"  # nobody can dial one of them, and its links break: it dials itself
    SPECTATORS = "spectators"  # those who can't host are left alone: they wait for somebody who can
    PATIENT = "patient"  # a host stands still now and then, its clients are used to that and wait
    STAIRS = "stairs"  # the host dies, and each successor lacks more than the next one
    FALSE_TAILS = "false_tails"  # who is asked for what a claimant lacks lies: it is not believed
    NEWCOMER = "newcomer"  # the heir has not heard of who was admitted last, and needs it
    LATE_NEWCOMER = "late_newcomer"  # … and hears of it while it pulls from somebody else
    STRANGERS = "strangers"  # who was invited to something else is told so, and nobody else cares
    BY_HAND = "by_hand"  # the game decides who follows a lost host, and links break meanwhile
    SECOND_THOUGHTS = "second_thoughts"  # it has somebody claim, and then wants another one
    RIVALS = "rivals"  # the games of two have them claim at one time: one of them reigns
    CHOSEN = "chosen"  # the game says who shall follow: that one does, and at once
    APPROVAL = "approval"  # the game decides about a newcomer, or does not
    NO_ROOM = "no_room"  # without a host few commands are kept, or none
    IDLE = "idle"  # who does nothing is disconnected, and its seat is kept
    NO_MIGRATION = "no_migration"  # the session ends with its host, or because its host says so
    SAVED = "saved"  # a session is written to a file, and goes on another day
    CROWDED = "crowded"  # a link can't carry all, and who is at its end gets all the same
    ON_TRIAL = "on_trial"  # a host is lost over a command, and the next one tries it
    TWO_OUTCOMES = "two_outcomes"  # a command is run here, and refused where most are
    RENUMBERED = "renumbered"  # a host that went on under another number dies at once
    PAUSED = "paused"  # a host with few stands still, and what is done meanwhile is not lost
    ALONE = "alone"  # all links break, and nobody can be dialled for a while: all meet again
    DROWSY = "drowsy"  # whoever claims, pulls, grants or waits sleeps over it, and asks anew then
    MUTE = "mute"  # those whom a claimant asks for what it lacks die in silence
    FORGETFUL = "forgetful"  # who got all anew is asked for what came before: it has that no more
    ONE_WORKS = "one_works"  # of two sides one does something: nothing of it is lost
    ISOLATED = "isolated"  # who was told that the host lives is left alone
    BEREFT = "bereft"  # who lost or deposed the host is left alone, or the heir of who leaves dies
    COMES_BACK = "comes_back"  # the host is started again: it has its seat, and another one hosts
    ANEW = "anew"  # somebody dies at work and is started again: what it did is not what it does
    HOLLOW = "hollow"  # somebody announces a reign that it does not have: nobody waits for it
    PARCELS = "parcels"  # pieces that are no frame, and words that nobody should pass on
    MISFITS = "misfits"  # what a host says does not fit: its client asks for everything
    TWIN = "twin"  # somebody is started a second time: one of the two has the seat, one is told so


@attrs.frozen
class Scenario:
    """A session of so many players, and what is done to it."""

    players: int  # how many are in the session when the first step begins, 1 to 64
    steps: tuple[Step, ...]  # what is done, one after the other
    seed: int = 0  # of all that is random in it, such as delays
    delay_us: tuple[int, int] = (20_000, 30_000)  # one way, least and longest
    ways: tuple[Way, ...] = ()  # delays from one peer to another that are not as most
    workload: Workload = Workload()  # what the players do by themselves
    settings: Settings = attrs.field(factory=Settings)  # of the session, those that are not default
    tick_us: int = 50_000  # between two ticks of the game clock
    lane: Lane = Lane.CORE  # what plays it
    length_us: int = 0  # play for so long at least, faults, healing and calm together
    drill: Drill | None = None  # what is done after all steps, if anything

    def __attrs_post_init__(self) -> None:
        if not 1 <= self.players <= PLAYERS_MAX:
            raise ScenarioError(f"players is {self.players}, and 1 to {PLAYERS_MAX} can play")
        if self.tick_us < 1_000:
            raise ScenarioError(f"tick_us is {self.tick_us}, and has to be 1000 at least")
        _check_delay("delay_us", self.delay_us)
        for way in self.ways:
            _check_delay(f"delay_us of the way from {way.source} to {way.target}", way.delay_us)

    @property
    def together(self) -> bool:
        """Whether nobody is ever parted from anybody who lives."""
        return self.drill is None and all(step.kind in TOGETHER for step in self.steps)


def _check_delay(name: str, delay_us: tuple[int, int]) -> None:
    low, high = delay_us
    if not 0 <= low <= high:
        raise ScenarioError(f"{name} is from {low} to {high}, and has to go up from 0 or more")
