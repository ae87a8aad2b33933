"""The picture of a run with real processes, from what they printed and what was done to them.

Nobody saw their messages, so it has no arrows. Times are those of the clock that all of them print.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType, SimpleNamespace
from typing import Any, Final

import attrs

from ...core import events
from ...core.events import Event
from ...core.states import State
from ...core.values import Epoch, PeerId
from ...testing.report.migrations import Change, Claim, Crown, Log, Loss, migrations
from ...testing.report.picture import Band, Doing, Lane, Mark, Picture, Sort, Spell, Trouble
from ...testing.report.recorder import DOING, reigns_of
from ...testing.report.troubles import Way
from ...testing.report.words import of_kind
from ..demo.evidence import Record, Run
from ..jsonable import kind_name

_KINDS: Final = MappingProxyType(
    {
        kind_name(kind): kind
        for kind in vars(events).values()
        if isinstance(kind, type) and issubclass(kind, Event)
    }
)
"""Events by their names in the stream."""

_DONE: Final = {
    "killed": (Sort.DEATH, "killed"),
    "frozen": (Sort.FAULT, "stands still"),
    "thawed": (Sort.MEND, "goes on"),
    "ready": (Sort.ACT, "starts"),
}


@attrs.define
class _At:
    """What a process is at."""

    state: State
    epoch: Epoch | None
    from_us: int
    is_fresh: bool = False  # it reigns, and under which epoch is told next
    back_us: int | None = None  # it follows again since then, and whom is told next


@attrs.define
class Sketch:
    """Goes through all that was told, in the order of its times."""

    names: tuple[str, ...]
    who: Mapping[str, str]  # the names of peers, by their ids
    _at: dict[str, _At] = attrs.field(factory=dict)
    _epochs: dict[str, Epoch] = attrs.field(factory=dict)  # the reign that each was in last
    _shades: dict[Epoch, int] = attrs.field(factory=dict)
    _asleep: dict[str, int] = attrs.field(factory=dict)
    _bands: list[Band] = attrs.field(factory=list)
    _marks: list[Mark] = attrs.field(factory=list)
    _troubles: list[Trouble] = attrs.field(factory=list)
    _log: Log = attrs.field(factory=Log)

    def take(self, run: Run, record: Record) -> None:
        """One thing that was told, of a process or by it."""
        kind, peer, now = record["event"], run.peer, _us(record["t_ms"])
        if kind in _DONE:
            self._marks.append(Mark(self._lane(peer), *_DONE[kind], f"{run}", now))
        told = _TOLD.get(kind)
        if told is not None:
            told(self, peer, now, record)
        if kind in _KINDS and (how := of_kind(_KINDS[kind], _fields(record))) is not None:
            text = " ".join(f"{k}={v}" for k, v in record.items() if k not in ("t_ms", "peer"))
            self._marks.append(Mark(self._lane(peer), *how, text, now))

    def _lane(self, peer: str) -> int:
        return self.names.index(peer)

    def _lane_of(self, peer_id: str) -> int | None:
        name = self.who.get(peer_id)
        return self._lane(name) if name in self.names else None

    # --- what was told ---

    def _ready(self, peer: str, now: int, record: Record) -> None:
        if peer not in self._at:
            state = State.REIGNING if record["role"] == "host" else State.FOLLOWING
            self._at[peer] = _At(state, self._epochs.get(peer), now)

    def _changed(self, peer: str, now: int, record: Record) -> None:
        state, at = State(record["new"]), self._at.get(peer)
        if state is State.FOLLOWING:
            at = at or _At(State.JOINING, None, now)
            at.back_us, self._at[peer] = now, at
            return
        self._shift(peer, now, state, self._epochs.get(peer))
        if peer in self._at:
            self._at[peer].is_fresh = state is State.REIGNING

    def _reigns(self, peer: str, now: int, record: Record) -> None:
        host = self._host_of(peer, record)
        epoch, old = Epoch(record["epoch"], PeerId(host), 0), self._epochs.get(peer)
        at = self._at.get(peer)
        if record["event"] == "host_changed":
            self._log.changes.append(Change(now, self._lane(peer), epoch))
        elif record["event"] == "became_host" and record["migrated"] and old is not None:
            crowned_us = at.from_us if at is not None and at.is_fresh else now
            lane = self._lane(str(old.host))
            self._log.crowns.append(Crown(crowned_us, self._lane(peer), epoch, old, lane))
        self._epochs[peer] = epoch
        if at is not None and at.is_fresh:
            at.epoch, at.is_fresh = epoch, False
        elif at is not None and (at.epoch != epoch or at.back_us is not None):
            state = at.state if at.back_us is None else State.FOLLOWING
            at.back_us = None
            self._shift(peer, now, state, epoch)

    def _host_of(self, peer: str, record: Record) -> str:
        """The name of the host of the reign that a record is about."""
        if record["event"] == "became_host":
            return peer
        if (named := self.who.get(record.get("host", ""))) in self.names:
            return str(named)
        reigning = [e.host for e in self._epochs.values() if e.number == record["epoch"]]
        return str(reigning[-1]) if reigning else peer

    def _lost(self, peer: str, now: int, record: Record) -> None:
        host = self._lane_of(record["host"])
        self._log.losses.append(Loss(now, self._lane(peer), host, record["cause"]))

    def _claimed(self, peer: str, now: int, record: Record) -> None:
        self._log.claims.append(Claim(now, self._lane(peer), record["number"]))

    def _killed(self, peer: str, now: int, record: Record) -> None:
        self._close(peer, now)
        self._epochs.pop(peer, None)
        self._log.strokes.append((now, self._lane(peer), "is killed"))

    def _froze(self, peer: str, now: int, record: Record) -> None:
        self._asleep[peer] = now
        self._log.strokes.append((now, self._lane(peer), "stands still"))

    def _thawed(self, peer: str, now: int, record: Record) -> None:
        from_us = self._asleep.pop(peer, now)
        trouble = Trouble(self._lane(peer), Spell.PAUSED, from_us, now, "stands still")
        self._troubles.append(trouble)

    # --- bands ---

    def _shift(self, peer: str, now: int, state: State, epoch: Epoch | None) -> None:
        self._close(peer, now)
        if state in DOING:
            self._at[peer] = _At(state, epoch, now)

    def _close(self, peer: str, now: int) -> None:
        at = self._at.pop(peer, None)
        if at is None:
            return
        if at.back_us is not None:  # it came back to the reign that it knew
            self._band(peer, at, at.back_us)
            at = _At(State.FOLLOWING, self._epochs.get(peer), at.back_us)
        self._band(peer, at, now)

    def _band(self, peer: str, at: _At, now: int) -> None:
        if now <= at.from_us:
            return
        number, shade = 0, 0
        if at.epoch is not None:
            number, shade = at.epoch.number, self._shades.setdefault(at.epoch, len(self._shades))
        lane, doing = self._lane(peer), DOING[at.state]
        self._bands.append(Band(lane, doing, at.state.value, number, shade, at.from_us, now))

    # --- the picture ---

    def picture(
        self, setting: str, broken: str, pulled: Sequence[tuple[str, float, float]], to_ms: float
    ) -> Picture:
        """Everything until `to_ms`. `broken` says what did not hold, if anything."""
        now = _us(to_ms)
        for peer in list(self._at):
            self._close(peer, now)
        bands = sorted(self._bands, key=lambda band: (band.lane, band.from_us))
        cuts: list[tuple[Way, int, int]] = []
        for peer, from_ms, until_ms in pulled:
            lane, from_us, to_us = self._lane(peer), _us(from_ms), _us(until_ms)
            self._marks.append(Mark(lane, Sort.FAULT, "cut", "its cable is pulled", from_us))
            trouble = Trouble(lane, Spell.CUT, from_us, to_us, "cut off from all")
            self._troubles.append(trouble)
            ways = [(lane, other) for other in range(len(self.names)) if other != lane]
            cuts += [(way, from_us, to_us) for way in ways]
        if broken:
            self._marks.append(Mark(None, Sort.VIOLATION, "violation", broken, now))
        troubles = tuple(sorted(self._troubles, key=lambda trouble: trouble.from_us))
        return Picture(
            title="Real processes",
            setting=setting,
            outcome=broken or "All that was acknowledged is there",
            is_good=not broken,
            from_us=min((band.from_us for band in bands), default=0),
            to_us=now,
            lanes=tuple(Lane(name) for name in self.names),
            reigns=reigns_of([b for b in bands if b.doing is not Doing.HELD], troubles),
            bands=tuple(bands),
            troubles=troubles,
            arrows=(),
            marks=tuple(sorted(self._marks, key=lambda mark: mark.at_us)),
            migrations=migrations(self._log, bands, cuts),
        )


def _us(ms: float) -> int:
    return round(ms * 1000)


def _fields(record: Record) -> Any:
    """A record as if it were an event, as far as words about events want to know."""
    return SimpleNamespace(**{**record, "epoch": SimpleNamespace(number=record.get("epoch", 0))})


_TOLD: Final[Mapping[str, Callable[[Sketch, str, int, Record], None]]] = MappingProxyType(
    {
        "ready": Sketch._ready,
        "state_changed": Sketch._changed,
        "joined": Sketch._reigns,
        "became_host": Sketch._reigns,
        "host_changed": Sketch._reigns,
        "host_lost": Sketch._lost,
        "claim_made": Sketch._claimed,
        "killed": Sketch._killed,
        "frozen": Sketch._froze,
        "thawed": Sketch._thawed,
    }
)
