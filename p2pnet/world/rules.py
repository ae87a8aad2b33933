"""What a game says about players who are away: values, and nothing that acts on them."""

from __future__ import annotations

import enum
import math
from typing import Any

import attrs

from ..core.errors import DeclarationError


class WhileAway(enum.StrEnum):
    """What the game does while a player is away."""

    GO_ON = "go_on"  # the others play on
    PAUSE = "pause"  # it stands still until the player is back, or its seat is given up
    VOTE = "vote"  # it stands still, and those who are there vote whether to go on
    BOT = "bot"  # `on_bot_tick` of the player's objects is called in place of `on_tick`
    FORFEIT = "forfeit"  # `on_forfeit` of the player is called, and its seat is given up


class Vote(enum.StrEnum):
    """What a player may vote for while the game waits for another."""

    GO_ON = "go_on"
    WAIT = "wait"


def _seconds(rule: object, field: attrs.Attribute[Any], value: Any) -> None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or math.isnan(value) or value < 0:
        raise DeclarationError(f"Absence: {field.name} must be seconds, not {value!r}")


def _while_away(value: Any) -> WhileAway:
    try:
        return WhileAway(value)
    except ValueError:
        words = ", ".join(repr(each.value) for each in WhileAway)
        raise DeclarationError(f"Absence: {value!r} is none of {words}") from None


@attrs.frozen
class Absence:
    """The rule of a session for players who are away. `math.inf` seconds is for ever."""

    policy: WhileAway = attrs.field(default=WhileAway.GO_ON, converter=_while_away)

    after_s: float = attrs.field(default=1.0, kw_only=True, validator=_seconds)
    """How long a player has to be away for that; a change of host takes less than a second."""

    grace_s: float | None = attrs.field(
        default=None, kw_only=True, validator=attrs.validators.optional(_seconds)
    )
    """How long a seat is kept; None is `Settings.seat_us`. With FORFEIT it is `after_s`."""

    vote_s: float = attrs.field(default=30.0, kw_only=True, validator=_seconds)
    """With VOTE: how long a vote is open. Then the game goes on, unless most voted to wait."""
