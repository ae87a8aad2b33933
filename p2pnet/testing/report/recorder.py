"""Watches a simulated session and makes a picture of what it saw."""

from __future__ import annotations

from collections import deque
from typing import Final

import attrs

from p2pnet.core.codec import decode
from p2pnet.core.effects import Effect, Emit, Send, Settle
from p2pnet.core.errors import RemoteProtocolError
from p2pnet.core.events import BecameHost, ClaimMade, HandoverStarted, HostChanged, HostLost
from p2pnet.core.messages import Carried, Carry, Heartbeat
from p2pnet.core.states import HOSTLESS, State
from p2pnet.core.values import Epoch, PeerId

from ..sim_peer import Observer, SimPeer
from ..transcript import Transcript
from .migrations import Change, Claim, Crown, Log, Loss, Naming, migrations
from .picture import (
    FAMILIES,
    Arrow,
    Band,
    Doing,
    Family,
    Lane,
    Mark,
    Picture,
    Reign,
    Sort,
    Spell,
    Trouble,
)
from .troubles import Cuts, Troubles
from .words import NOISE_WORDS, of_event, of_fault

DOING: Final = {
    State.IDLE: Doing.SEATING,
    State.JOINING: Doing.SEATING,
    State.FOLLOWING: Doing.CLIENT,
    State.REIGNING: Doing.HOST,
    State.HANDING_OVER: Doing.HELD,
    State.YIELDING: Doing.HELD,
    State.PROBATION: Doing.HELD,
    **dict.fromkeys(HOSTLESS, Doing.OUT),
}
"""Who has left does nothing any more."""

_HEARTBEAT: Final = Heartbeat.__struct_config__.tag
_BEAT_TEXT: Final = "Heartbeat"


@attrs.define(eq=False)
class _Flight:
    """A message on its way."""

    data: bytes
    arrow: int  # its place in the list of all


@attrs.define(eq=False)
class _Open:
    """What a process is at, since when."""

    state: State
    epoch: Epoch | None
    from_us: int


@attrs.define(eq=False)
class Recorder(Observer):
    """Takes everything down from now on. `transcript` is one of the same world."""

    transcript: Transcript
    heartbeats: bool = True
    _from_us: int = 0
    _lanes: list[Lane] = attrs.field(factory=list)
    _lane_of: dict[int, int] = attrs.field(factory=dict)  # by process
    _lane_of_id: dict[PeerId, int] = attrs.field(factory=dict)
    _open: dict[int, _Open] = attrs.field(factory=dict)  # by process
    _bands: list[Band] = attrs.field(factory=list)
    _shades: dict[Epoch, int] = attrs.field(factory=dict)
    _arrows: list[Arrow] = attrs.field(factory=list)
    _flights: dict[tuple[int, int], deque[_Flight]] = attrs.field(factory=dict)
    _noise_us: dict[int, int] = attrs.field(factory=dict)  # by process: when it said some
    _marks: dict[tuple[int | None, Sort, str, int], Mark] = attrs.field(factory=dict)
    _troubles: Troubles = attrs.field(factory=Troubles)
    _cut_us: int = 0  # when a way was cut last
    _cuts: Cuts = attrs.field(factory=Cuts)
    _log: Log = attrs.field(factory=Log)

    def __attrs_post_init__(self) -> None:
        world = self.transcript.world
        self._from_us = world.now
        for peer in world.peers:
            self._look(world.now, peer)
        world.observers.append(self)

    # --- what is observed ---

    def did(self, now: int, peer: SimPeer, effect: Effect, targets: tuple[SimPeer, ...]) -> None:
        self._look_around(now)
        if isinstance(effect, Send):
            self._sent(now, peer, effect.data, targets)
        elif isinstance(effect, Emit):
            if (how := of_event(effect.event)) is not None:
                text = self.transcript.tell_event(effect.event) or ""
                self._mark(self._lane(peer), *how, text.removeprefix("! "), now)
            self._keep(now, peer, effect)
        elif isinstance(effect, Settle):
            text = f"receipt {effect.ticket}: {peer.sent.get(effect.ticket, '')}"
            self._mark(self._lane(peer), Sort.WORK, "receipt", text, now)

    def took(self, now: int, peer: SimPeer, source: int, data: bytes) -> None:
        self._look_around(now)
        flights = self._flights.get((source, peer.number), deque())
        same = (flight for flight in flights if flight.data is data)
        equal = (flight for flight in flights if flight.data == data)  # a copy came over a socket
        flight = next(same, None) or next(equal, None)
        if flight is not None:
            flights.remove(flight)
            arrow = self._arrows[flight.arrow]
            self._arrows[flight.arrow] = attrs.evolve(arrow, taken_us=now)
        elif source in self._noise_us:  # else it was sent before anybody watched
            self._took_noise(now, peer, source, data)

    def submitted(self, now: int, peer: SimPeer, ticket: int) -> None:
        text = f"gives command {ticket}: {peer.sent[ticket]}"
        self._mark(self._lane(peer), Sort.WORK, "command", text, now)

    def befell(self, now: int, peer: SimPeer | None, text: str) -> None:
        self._look_around(now)
        sort, word = of_fault(text)
        lane = None if peer is None else self._lane(peer)
        self._mark(lane, sort, word, text, now)
        if peer is None or lane is None:
            return
        if word == "cut":
            self._cut_us = now  # the cut is made after it is told
        if word in NOISE_WORDS:
            self._noise_us[peer.number] = now
        if sort is Sort.DEATH:
            self._close(now, peer.number)
            self._troubles.end(lane, Spell.PAUSED, now)
        elif word == "stands still":
            self._troubles.begin(lane, Spell.PAUSED, now)
        elif word == "goes on":
            self._troubles.end(lane, Spell.PAUSED, now)
        if sort is Sort.DEATH or (sort is Sort.FAULT and word in ("stands still", "reset")):
            self._log.strokes.append((now, lane, word))

    def stepped(self, now: int, peer: SimPeer) -> None:
        self._look(now, peer)

    # --- lanes and bands ---

    def _lane(self, peer: SimPeer) -> int:
        """The lane of a process. Who is started again with its key goes on in the same one."""
        lane = self._lane_of.get(peer.number)
        if lane is None:
            lane = self._lane_of_id.get(peer.id)
            if lane is None or peer.impostor:
                lane = len(self._lanes)
                self._lanes.append(Lane(peer.name, peer.impostor))
            self._lane_of[peer.number] = lane
            self._lane_of_id.setdefault(peer.id, lane)
        return lane

    def _look_around(self, now: int) -> None:
        """Cuts come and go without a word to observers."""
        ways = {
            (self._lane_of[source], self._lane_of[target])
            for source, target in self.transcript.world.network.cuts
            if source in self._lane_of and target in self._lane_of
        }
        self._cuts.look(now, ways, self._cut_us)

    def _look(self, now: int, peer: SimPeer) -> None:
        """See what a process is at."""
        self._lane(peer)
        state, epoch = peer.core.state, peer.core.epoch
        before = self._open.get(peer.number)
        if before is not None and (before.state, before.epoch) == (state, epoch):
            return
        self._close(now, peer.number)
        if peer.alive and state in DOING:
            self._open[peer.number] = _Open(state, epoch, now)

    def _close(self, now: int, process: int) -> None:
        before = self._open.pop(process, None)
        if before is not None and now > before.from_us:
            self._bands.append(self._band(now, process, before))

    def _band(self, now: int, process: int, what: _Open) -> Band:
        number, shade = 0, 0
        if what.epoch is not None:
            number, shade = (
                what.epoch.number,
                self._shades.setdefault(what.epoch, len(self._shades)),
            )
        lane, doing = self._lane_of[process], DOING[what.state]
        return Band(lane, doing, what.state.value, number, shade, what.from_us, now)

    # --- messages ---

    def _sent(self, now: int, peer: SimPeer, data: bytes, targets: tuple[SimPeer, ...]) -> None:
        if data[1] == _HEARTBEAT:
            kind, text, relayed = _BEAT_TEXT, _BEAT_TEXT, False
        else:
            frame = decode(data)
            text, inner, relayed = self.transcript.tell(frame), frame, False
            while isinstance(inner, Carry | Carried) and inner.data:
                inner, relayed = decode(inner.data), True
            kind = type(inner).__name__
        family = FAMILIES.get(kind, Family.GREETING)
        for target in targets:
            arrow = Arrow(self._lane(peer), self._lane(target), kind, family, text, now)
            flights = self._flights.setdefault((peer.number, target.number), deque())
            flights.append(_Flight(data, len(self._arrows)))
            self._arrows.append(attrs.evolve(arrow, relayed=relayed))

    def _took_noise(self, now: int, peer: SimPeer, source: int, data: bytes) -> None:
        """What no core has sent: made up, or said before."""
        try:
            text = self.transcript.tell(decode(data))
        except RemoteProtocolError:
            text = f"{len(data)} bytes that are no frame"
        lanes = self._lane_of[source], self._lane(peer)
        sent_us = self._noise_us[source]
        self._arrows.append(Arrow(*lanes, "Noise", Family.NOISE, text, sent_us, now))

    # --- marks ---

    def _mark(self, lane: int | None, sort: Sort, word: str, text: str, now: int) -> None:
        """What is the same at one instant is one mark."""
        key = lane, sort, word, now
        before = self._marks.get(key)
        if before is None:
            self._marks[key] = Mark(lane, sort, word, text, now)
        else:
            texts = before.text if text in before.text else f"{before.text}; {text}"
            self._marks[key] = attrs.evolve(before, text=texts, times=before.times + 1)

    def _keep(self, now: int, peer: SimPeer, effect: Emit) -> None:
        """What migrations are made of."""
        event, lane, log = effect.event, self._lane(peer), self._log
        if isinstance(event, HostLost):
            host = self._lane_of_id.get(event.host)
            log.losses.append(Loss(now, lane, host, event.cause.value))
        elif isinstance(event, ClaimMade):
            log.claims.append(Claim(now, lane, event.number))
        elif isinstance(event, HandoverStarted):
            log.namings.append(Naming(now, lane, self._lane_of_id.get(event.target)))
        elif isinstance(event, HostChanged):
            log.changes.append(Change(now, lane, event.epoch))
        elif isinstance(event, BecameHost):
            self._crowned(now, peer, lane, event)

    def _crowned(self, now: int, peer: SimPeer, lane: int, event: BecameHost) -> None:
        before, reign = self._open.get(peer.number), peer.core.reign
        ruled = before is not None and DOING.get(before.state) in (Doing.HOST, Doing.HELD)
        if event.migrated and not ruled and reign is not None and reign.parent is not None:
            old = reign.parent.epoch
            self._log.crowns.append(Crown(now, lane, event.epoch, old, self._lane_of_id[old.host]))

    # --- the picture ---

    def picture(self, title: str, setting: str, outcome: str, broken: str | None) -> Picture:
        """Everything until now. `broken` says what did not hold, if anything."""
        now = self.transcript.world.now
        open_bands = [self._band(now, process, what) for process, what in self._open.items()]
        bands = [*self._bands, *(band for band in open_bands if band.to_us > band.from_us)]
        bands.sort(key=lambda band: (band.lane, band.from_us))
        marks = list(self._marks.values())
        if broken is not None:
            marks.append(Mark(None, Sort.VIOLATION, broken.split(":")[0], broken, now))
        troubles = (*self._troubles.all(now), *self._cuts.troubles(now, self._lanes))
        reigns = reigns_of(bands, troubles)
        return Picture(
            title=title,
            setting=setting,
            outcome=broken or outcome,
            is_good=broken is None,
            from_us=self._from_us,
            to_us=now,
            lanes=tuple(self._lanes),
            reigns=reigns,
            bands=tuple(bands),
            troubles=troubles,
            arrows=tuple(self._arrows),
            marks=tuple(sorted(marks, key=lambda mark: mark.at_us)),
            migrations=migrations(self._log, bands, self._cuts.ways(now)),
            story=tuple(self.transcript.lines),
        )


def reigns_of(bands: list[Band], troubles: tuple[Trouble, ...]) -> tuple[Reign, ...]:
    """When who ruled. A process that stands still rules nobody."""
    found: list[Reign] = []
    for band in bands:
        if band.doing is not Doing.HOST:
            continue
        from_us = band.from_us
        for trouble in troubles:
            asleep = trouble.lane == band.lane and trouble.spell is Spell.PAUSED
            if asleep and from_us < trouble.to_us and trouble.from_us < band.to_us:
                if trouble.from_us > from_us:
                    found.append(Reign(band.epoch, band.lane, from_us, trouble.from_us))
                from_us = trouble.to_us
        if from_us < band.to_us:
            found.append(Reign(band.epoch, band.lane, from_us, band.to_us))
    return tuple(sorted(found, key=lambda reign: reign.from_us))
