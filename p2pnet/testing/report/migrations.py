"""From single events to migrations: who was lost when, and how long each phase took."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Final

import attrs

from p2pnet.core.values import Epoch

from .picture import Band, Doing, Migration, Phase
from .troubles import Way

PHASES: Final = ("detected", "claimed", "crowned", "rejoined")
"""First survivor that saw the loss; the claim that won; the new host reigns; the last one who had
lost its host follows the new one. In a handover there is nothing to detect and nothing to claim."""

_LATELY_US: Final = 30_000_000  # what befell a host longer ago is not why it is lost


@attrs.frozen
class Loss:
    """A peer was told that its host is lost."""

    at_us: int
    lane: int
    host: int | None
    cause: str


@attrs.frozen
class Claim:
    """A peer asked for the host role."""

    at_us: int
    lane: int
    number: int


@attrs.frozen
class Naming:
    """A host named its heir."""

    at_us: int
    lane: int
    heir: int | None


@attrs.frozen
class Crown:
    """A peer began to reign in the place of another."""

    at_us: int
    lane: int
    epoch: Epoch
    old_epoch: Epoch
    old: int


@attrs.frozen
class Change:
    """A peer follows a reign from here on."""

    at_us: int
    lane: int
    epoch: Epoch


@attrs.define
class Log:
    """What was seen, in order. `strokes` are faults of a process: when, of which lane, its word."""

    losses: list[Loss] = attrs.field(factory=list)
    claims: list[Claim] = attrs.field(factory=list)
    namings: list[Naming] = attrs.field(factory=list)
    crowns: list[Crown] = attrs.field(factory=list)
    changes: list[Change] = attrs.field(factory=list)
    strokes: list[tuple[int, int, str]] = attrs.field(factory=list)


def migrations(
    log: Log, bands: Sequence[Band], cuts: Sequence[tuple[Way, int, int]]
) -> tuple[Migration, ...]:
    """All of them, in order."""
    return tuple(_migration(log, crown, bands, cuts) for crown in log.crowns)


def _migration(
    log: Log, crown: Crown, bands: Sequence[Band], cuts: Sequence[tuple[Way, int, int]]
) -> Migration:
    back_us = max((at for at in _returns(log, crown, bands)), default=crown.at_us)
    named = [n for n in log.namings if (n.lane, n.heir) == (crown.old, crown.lane)]
    handed_us = max((n.at_us for n in named if n.at_us <= crown.at_us), default=None)
    losses = _losses(log, crown, bands)
    if handed_us is not None and not losses:
        instants = [(handed_us, ""), (crown.at_us, "crowned"), (back_us, "rejoined")]
        cause = "hands over"
    else:
        detected_us = min((loss.at_us for loss in losses), default=crown.at_us)
        from_us, cause = _stroke(log, crown, losses, detected_us, cuts)
        own = [c.at_us for c in log.claims if c.lane == crown.lane]
        claimed_us = max((at for at in own if detected_us <= at <= crown.at_us), default=None)
        instants = [(from_us, ""), (detected_us, "detected")]
        instants += [(claimed_us, "claimed")] if claimed_us is not None else []
        instants += [(crown.at_us, "crowned"), (back_us, "rejoined")]
    phases = tuple(Phase(name, before, at) for (before, _), (at, name) in pairwise(instants))
    return Migration(crown.old, crown.lane, crown.epoch.number, cause, instants[0][0], phases)


def _losses(log: Log, crown: Crown, bands: Sequence[Band]) -> list[Loss]:
    """Those who had lost this host and had not found it again when the next one was crowned."""
    return [
        loss
        for loss in log.losses
        if loss.host == crown.old
        and loss.at_us <= crown.at_us
        and not any(
            band.lane == loss.lane
            and band.doing in (Doing.CLIENT, Doing.HOST)
            and band.epoch != crown.epoch.number
            and loss.at_us < band.from_us < crown.at_us
            for band in bands
        )
    ]


def _stroke(
    log: Log,
    crown: Crown,
    losses: Sequence[Loss],
    detected_us: int,
    cuts: Sequence[tuple[Way, int, int]],
) -> tuple[int, str]:
    """What befell the old host last before it was lost, and when."""
    found = [(at, word) for at, lane, word in log.strokes if lane == crown.old]
    losers = {loss.lane for loss in losses}
    for way, began, ended in cuts:
        if crown.old in way and losers & set(way) and ended >= detected_us:
            found.append((began, "is cut off"))
    if crown.lane == crown.old:
        return detected_us, "takes the role up again"
    lately = [stroke for stroke in found if 0 <= detected_us - stroke[0] <= _LATELY_US]
    if lately:
        return max(lately)
    return detected_us, f"is lost ({losses[0].cause})" if losses else "stands down"


def _returns(log: Log, crown: Crown, bands: Sequence[Band]) -> Iterator[int]:
    """When those came back who had no host at the crown, or a dead one that they had not missed."""
    old_lives = any(
        band.lane == crown.old
        and band.doing is Doing.HOST
        and band.epoch == crown.old_epoch.number
        and band.from_us <= crown.at_us < band.to_us
        for band in bands
    )
    returned = set()
    for change in log.changes:
        if change.epoch != crown.epoch or change.lane in returned or change.at_us < crown.at_us:
            continue
        before = _at(bands, change.lane, crown.at_us)
        if before is None or before.doing is Doing.HOST:
            continue
        if before.doing is Doing.CLIENT and old_lives:
            continue
        if before.doing in (Doing.CLIENT, Doing.HELD) and before.epoch != crown.old_epoch.number:
            continue
        if not _lived_elsewhere(bands, change, crown):
            returned.add(change.lane)
            yield change.at_us


def _lived_elsewhere(bands: Iterable[Band], change: Change, crown: Crown) -> bool:
    """Whether a peer played under another host between a crown and its coming over."""
    return any(
        band.lane == change.lane
        and band.doing in (Doing.CLIENT, Doing.HOST)
        and crown.at_us < band.from_us < change.at_us
        for band in bands
    )


def _at(bands: Iterable[Band], lane: int, at_us: int) -> Band | None:
    return next((b for b in bands if b.lane == lane and b.from_us <= at_us <= b.to_us), None)
