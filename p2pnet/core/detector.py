"""Is the peer at the other end of a link alive?  A traffic light, fed with frames.

Any frame is a sign of life. The detector keeps a smoothed gap between frames, four fifths the old
value and one fifth the new one, held between the heartbeat H and 5 H. Silence for 1.5 gaps is
yellow, for 3 gaps red. With H = 200 ms red is never below 600 ms, which is two TCP retransmission
timeouts in a row: below that, a lost packet would look like death.

The scheme is that of TigerBeetle's fault detector (`src/vsr/fault_detector.zig`), with two rules
more. The gap is never below the link's round trip, which varies by as much as that. And an average
says nothing about a link that stalls now and then: most of its gaps are short. So the gap is never
below the second longest silence of late. One long silence is an accident, two are a habit of that
peer's links, and a habit is no sign of death. Where many silences come within a minute the network
loses what it is given, and even a very long one says little: there the gap is held between 15 H and
25 H.

A link at rest is not missed before `REST_BEATS` (see `link_state`), and silence on it counts from
a heartbeat before that. Who watches the other end more closely again leaves it time to answer: no
more than half a gap counts as silence then.
"""

from __future__ import annotations

import enum
from collections import deque
from typing import Final

import attrs

from .settings import Settings

_USUAL: Final = (1, 5)  # the gap is held between so many heartbeats …
_LOSSY: Final = (15, 25)  # … and between so many where the network loses much
_FADING: Final = 256  # a silence counts less with every frame: after a minute, hardly at all
_STALL_BEATS: Final = 2  # a silence of more heartbeats than this is a stall …
_STALLS: Final = 8  # … and so many of them …
_STALLS_US: Final = 60_000_000  # … within this time are the network's doing


class Light(enum.IntEnum):
    """Ordered: a higher light is worse."""

    GREEN = 0
    YELLOW = 1
    RED = 2


GREEN: Final = Light.GREEN  # nearly always; see `states` for why it has a name of its own


@attrs.define
class Habit:
    """The longest silences of one peer of late, and how far it is. It outlives the peer's links."""

    longest_us: int = 0
    second_us: int = 0
    round_trip_us: int = 0  # as far as it is known
    stalls: deque[int] = attrs.field(factory=lambda: deque(maxlen=_STALLS))  # when they ended

    def is_lossy(self, now: int) -> bool:
        """Whether the network between us stalls all the time."""
        return len(self.stalls) == _STALLS and now - self.stalls[0] < _STALLS_US

    def stalled(self, now: int) -> None:
        """The peer was heard after a silence that no heartbeat should have let happen."""
        self.stalls.append(now)

    def learn(self, silence_us: int) -> int:
        """The peer was heard again after so long. Returns the second longest silence of late."""
        longest_us = self.longest_us - self.longest_us // _FADING
        second_us = self.second_us - self.second_us // _FADING
        if silence_us > longest_us:
            longest_us, second_us = silence_us, longest_us
        elif silence_us > second_us:
            second_us = silence_us
        self.longest_us, self.second_us = longest_us, second_us
        return second_us


@attrs.define
class Detector:
    """Watches one link. All times are microseconds."""

    settings: Settings
    silent_us: int  # since when it is silent; at rest, from when on it will be
    gap_us: int = attrs.field(init=False)
    span_us: int = attrs.field(init=False)  # how long a silence may be before it is red
    rest_us: int = 0  # how much later than with every heartbeat it is to be heard
    warned: bool = False  # yellow was reported and not yet taken back
    habit: Habit = attrs.field(factory=Habit)
    _mean_us: int = attrs.field(init=False)
    _beat_us: int = attrs.field(init=False)
    _is_steady: bool = attrs.field(init=False)  # every frame came with its heartbeat of late
    _steady_us: int = attrs.field(init=False)  # a silence that is shorter is as good as a heartbeat
    _stall_us: int = attrs.field(init=False)  # a silence that is longer is a stall
    _usual_us: tuple[int, int] = attrs.field(init=False)  # the gap is held between these …
    _lossy_us: tuple[int, int] = attrs.field(init=False)  # … and where much is lost between these

    def __attrs_post_init__(self) -> None:
        self.gap_us = self._mean_us = self.settings.heartbeat_us
        self.adjust(self.settings)

    def adjust(self, settings: Settings) -> None:
        """The session has other settings."""
        self.settings, self._beat_us = settings, (beat := settings.heartbeat_us)
        self._stall_us, self._steady_us, self._is_steady = _STALL_BEATS * beat, 5 * beat // 4, False
        self._usual_us, self._lossy_us = (
            (low * beat, high * beat) for low, high in (_USUAL, _LOSSY)
        )
        self._expect(self.gap_us)

    def _expect(self, gap_us: int) -> None:
        self.gap_us, self.span_us = gap_us, gap_us * self.settings.red_tenths // 10

    def heard(self, now: int) -> None:
        """A frame came."""
        # Of all that a peer does this is done most often, hence no calls that can be spared.
        habit, silence = self.habit, now - self.silent_us
        self.silent_us = now + self.rest_us
        beat, gap = self._beat_us, self._mean_us
        if silence <= self._steady_us:
            if self._is_steady and habit.longest_us <= beat:
                return
            silence = min(silence, beat)
        if silence > self._stall_us:
            habit.stalled(now)
        lossy = habit.stalls and habit.is_lossy(now)
        low, high = self._lossy_us if lossy else self._usual_us
        if silence > beat or gap != beat:  # else the average stays as low as it can be
            mean = (4 * gap + silence) // 5
            self._mean_us = gap = beat if mean < beat else high if mean > high else mean
        if silence <= high or silence <= high * self.settings.red_tenths // 10:
            habit.learn(silence)  # what was broken teaches nothing
        if habit.second_us > gap:
            gap = habit.second_us
        if habit.round_trip_us > gap:
            gap = habit.round_trip_us
        gap = low if gap < low else high if gap > high else gap
        if gap != self.gap_us:
            self._expect(gap)
        self._is_steady = gap == self._mean_us == beat

    def measured(self, round_trip_us: int) -> None:
        """The round trip is known, or has changed."""
        self.habit.round_trip_us, self._is_steady = round_trip_us, False

    @property
    def stalls(self) -> bool:
        """Whether this link is silent for more than two heartbeats now and then."""
        beat = self.settings.heartbeat_us
        return max(self.gap_us, min(self.habit.second_us, _USUAL[1] * beat)) > _STALL_BEATS * beat

    def forgive(self, now: int) -> None:
        """This process stood still itself: the silence until now accuses nobody."""
        self.silent_us = now

    def watch(self, now: int, beats: int) -> None:
        """From now on the other end is to be heard once in so many heartbeats.

        If that is more often than before, it may have to be told so.
        """
        rest_us = (beats - 1) * self._beat_us
        if rest_us > self.rest_us:
            self.silent_us += rest_us - self.rest_us
        elif rest_us < self.rest_us:
            self.silent_us = min(self.silent_us, max(self.heard_us, now - self.gap_us // 2))
        self.rest_us = rest_us

    @property
    def heard_us(self) -> int:
        """When the last frame came, or the watch began."""
        return self.silent_us - self.rest_us

    @property
    def yellow_us(self) -> int:
        """When the light turns yellow, if nothing comes."""
        return self.silent_us + self.gap_us * self.settings.yellow_tenths // 10

    @property
    def red_us(self) -> int:
        """When the light turns red, if nothing comes."""
        return self.silent_us + self.span_us

    def light(self, now: int) -> Light:
        """The light at `now`."""
        if now - self.silent_us < self.gap_us or now < self.yellow_us:
            return GREEN
        return Light.RED if now >= self.red_us else Light.YELLOW

    def is_red(self, now: int) -> bool:
        """Whether the light is red at `now`."""
        return now - self.silent_us >= self.span_us
