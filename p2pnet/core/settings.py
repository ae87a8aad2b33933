"""What can be tuned, and the relations that must hold between any two of the figures.

All durations are integers in microseconds. The settings belong to the session: whoever becomes
the host goes on with those that the first host began with.
"""

from __future__ import annotations

import enum
from typing import Any, Final, TypeVar

import attrs

from .errors import SettingsError

E = TypeVar("E", bound=enum.StrEnum)

APPROVAL_US_MAX: Final = 3_600_000_000
"""No newcomer waits for longer, whatever its host says."""

_SEAT_BYTES: Final = 4096
"""What the seat of one member may take in a snapshot: who it is, where it listens, since when."""


class AckLevel(enum.StrEnum):
    """How many peers must have an update before the receipt of its command is given."""

    HOST = "host"  # the host has run it; lost if the host dies at once
    ONE = "one"  # the host and one successor have it
    ALL = "all"  # every member that is present has it


class Policy(enum.StrEnum):
    """What a part of the session does when fewer than half of the seats are with it."""

    CONTINUE = "continue"  # play on; what the losing side did is discarded, by name, when they meet
    PAUSE_MINORITY = "pause_minority"  # stand still for `pause_us`, then play on
    MAJORITY_ONLY = "majority_only"  # stand still without more than half of the seats


class WhileDown(enum.StrEnum):
    """What becomes of commands that are called while there is no host."""

    KEEP = "keep"  # up to `kept_commands_max` of them wait for the next host
    REFUSE = "refuse"  # they are refused at once


def _one_of(kind: type[E], name: str, value: Any) -> E:
    try:
        return kind(value)
    except ValueError:
        known = ", ".join(repr(member.value) for member in kind)
        raise SettingsError(f"{name} must be one of {known}, not {value!r}") from None


def _ack_level(value: Any) -> AckLevel:
    return _one_of(AckLevel, "ack", value)


def _policy(value: Any) -> Policy:
    return _one_of(Policy, "policy", value)


def _while_down(value: Any) -> WhileDown:
    return _one_of(WhileDown, "while_down", value)


def _yes_or_no(settings: object, field: attrs.Attribute[bool], value: bool) -> None:
    if not isinstance(value, bool):
        raise SettingsError(f"{field.name} must be True or False, not {value!r}")


def _at_least(low: int, high: int = 1 << 53) -> Any:
    """By default the upper limit is that of what can be sent, some 285 years."""

    def check(settings: object, field: attrs.Attribute[int], value: int) -> None:
        if not isinstance(value, int) or value < low:
            raise SettingsError(f"{field.name} must be an integer of at least {low}, not {value!r}")
        if value > high:
            raise SettingsError(f"{field.name} must be an integer of at most {high}, not {value!r}")

    return check


@attrs.frozen(kw_only=True)
class Settings:
    """Figures of a session. Every one has a default that suits a game over the internet."""

    players_max: int = attrs.field(default=64, validator=_at_least(1))
    """Members at one time, the host and those whose seat is kept included."""

    ack: AckLevel = attrs.field(default=AckLevel.ONE, converter=_ack_level)
    """How durable a command is when its receipt is given, unless the command says otherwise."""

    policy: Policy = attrs.field(default=Policy.CONTINUE, converter=_policy)
    """Who may play on when the session falls apart. Two players survive only with `continue`
    or `pause_minority`."""

    pause_us: int = attrs.field(default=10_000_000, validator=_at_least(0))
    """How long a minority stands still under `pause_minority` before it goes on alone."""

    seat_us: int = attrs.field(default=60_000_000, validator=_at_least(0))
    """How long the seat and the player of a lost member are kept for its return."""

    approval_us: int = attrs.field(default=30_000_000, validator=_at_least(10_000, APPROVAL_US_MAX))
    """How long a newcomer waits for the host's game to approve it before it is denied."""

    host_migration: bool = attrs.field(default=True, validator=_yes_or_no)
    """Whether the session outlives its host. If not, it ends for all when the host is lost."""

    disconnect_inactive_connections: bool = attrs.field(default=False, validator=_yes_or_no)
    """Whether clients are disconnected that call no command for a while. Their seats are kept."""

    disconnect_inactive_timeout_us: int = attrs.field(
        default=60_000_000, validator=_at_least(100_000)
    )
    """How long that while is."""

    heartbeat_us: int = attrs.field(default=200_000, validator=_at_least(1_000))
    """Longest silence of a host: a heartbeat goes out when nothing else did for so long. Who hears
    its host says less."""

    yellow_tenths: int = attrs.field(default=15, validator=_at_least(10))
    """Silence, in tenths of the usual gap, after which a peer is suspected."""

    red_tenths: int = attrs.field(default=30, validator=_at_least(11))
    """Silence, in tenths of the usual gap, after which a peer counts as gone."""

    answer_us_min: int = attrs.field(default=150_000, validator=_at_least(1_000))
    """Shortest time that a question to other peers waits for its answers."""

    dead_link_us: int = attrs.field(default=30_000_000, validator=_at_least(10_000))
    """Silence after which a link is closed, whoever is at its other end."""

    connect_us: int = attrs.field(default=5_000_000, validator=_at_least(10_000))
    """Longest time for a dial, the WebSocket handshake included."""

    redial_us_min: int = attrs.field(default=250_000, validator=_at_least(10_000))
    """Wait before the second dial to a peer that could not be reached; doubles with each try."""

    redial_us_max: int = attrs.field(default=400_000, validator=_at_least(10_000))
    """Longest wait between two dials to one peer. When a network that was split is whole again,
    the two sides may take so long to find one another."""

    warm_links_all_max: int = attrs.field(default=8, validator=_at_least(2))
    """Up to this many members each keeps a link to every other; above, to the first successors."""

    successors: int = attrs.field(default=2, validator=_at_least(1))
    """How many of the first in rank everybody keeps a warm link to in a large session."""

    commands_in_flight_max: int = attrs.field(default=1024, validator=_at_least(1))
    """Commands of one peer that may wait for their results at one time."""

    trial_after_hosts: int = attrs.field(default=2, validator=_at_least(1))
    """Hosts that may be lost while they have a command. After so many it is tried with a record
    that it is refused, which stands if the host that tries it is lost as well."""

    while_down: WhileDown = attrs.field(default=WhileDown.KEEP, converter=_while_down)
    """What becomes of commands that are called while there is no host."""

    kept_commands_max: int = attrs.field(default=1024, validator=_at_least(1))
    """Commands of one peer that may be called while there is no host, to be sent to the next."""

    tail_updates_max: int = attrs.field(default=4096, validator=_at_least(1))
    """Latest updates that each peer keeps for those who missed them."""

    tail_bytes_max: int = attrs.field(default=8 << 20, validator=_at_least(1024))
    """Bytes of those updates; the older ones go first."""

    frame_bytes_max: int = attrs.field(default=16 << 20, validator=_at_least(1024))
    """Largest frame that is accepted. A snapshot of the world has to fit in one."""

    send_bytes_max: int = attrs.field(default=64 << 20, validator=_at_least(4096))
    """Bytes that may wait for a slow reader before its link is closed."""

    @property
    def red_us(self) -> int:
        """The shortest silence that counts as death."""
        return self.heartbeat_us * self.red_tenths // 10

    def __attrs_post_init__(self) -> None:
        red_us, seats_bytes = self.red_us, self.players_max * _SEAT_BYTES
        relations = (
            (self.yellow_tenths < self.red_tenths, "yellow_tenths must be below red_tenths"),
            (self.redial_us_min <= self.redial_us_max, "redial_us_min is above redial_us_max"),
            (
                red_us <= self.dead_link_us,
                "links would be closed before the peer at the other end counts as gone: "
                f"dead_link_us must be at least heartbeat_us * red_tenths / 10, here {red_us}",
            ),
            (
                self.heartbeat_us <= self.connect_us,
                "a request for a seat would be given up before it is repeated: "
                f"connect_us must be at least heartbeat_us, here {self.heartbeat_us}",
            ),
            (
                2 * self.tail_bytes_max <= self.frame_bytes_max,
                "a tail has to fit in a frame with what goes with it: "
                f"frame_bytes_max must be at least twice tail_bytes_max, here "
                f"{2 * self.tail_bytes_max}",
            ),
            (
                seats_bytes <= self.frame_bytes_max,
                f"all seats have to fit in a frame: frame_bytes_max must be at least "
                f"players_max * {_SEAT_BYTES}, here {seats_bytes}",
            ),
            (
                self.frame_bytes_max <= self.send_bytes_max,
                "a frame has to fit in what may wait: send_bytes_max must be at least "
                f"frame_bytes_max, here {self.frame_bytes_max}",
            ),
        )
        for holds, complaint in relations:
            if not holds:
                raise SettingsError(complaint)
