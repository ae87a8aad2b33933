"""Is the peer at the other end of a link alive?  A traffic light, fed with frames.

Any frame is a sign of life. The detector keeps a smoothed gap between frames, four fifths the old
value and one fifth the new one, held between the heartbeat H and 5 H. Silence for 1.5 gaps is
yellow, for 3 gaps red. With H = 200 ms red is never below 600 ms, which is two TCP retransmission
timeouts in a row: below that, a lost packet would look like death.

The scheme is that of TigerBeetle's fault detector (`src/vsr/fault_detector.zig`).
"""

from __future__ import annotations

import enum

import attrs

from .settings import Settings

_GAP_CLAMP = 5  # the gap is held at no more than this many heartbeats


class Light(enum.IntEnum):
    """Ordered: a higher light is worse."""

    GREEN = 0
    YELLOW = 1
    RED = 2


@attrs.define
class Detector:
    """Watches one link. All times are microseconds."""

    settings: Settings
    heard_us: int  # when the last frame came, or when the watch began
    gap_us: int = attrs.field(init=False)
    warned: bool = False  # yellow was reported and not yet taken back

    def __attrs_post_init__(self) -> None:
        self.gap_us = self.settings.heartbeat_us

    def heard(self, now: int) -> None:
        """A frame came."""
        low = self.settings.heartbeat_us
        gap = (4 * self.gap_us + (now - self.heard_us)) // 5
        self.gap_us = min(max(gap, low), _GAP_CLAMP * low)
        self.heard_us = now

    def forgive(self, now: int) -> None:
        """This process stood still itself: the silence until now accuses nobody."""
        self.heard_us = now

    @property
    def yellow_us(self) -> int:
        """When the light turns yellow, if nothing comes."""
        return self.heard_us + self.gap_us * self.settings.yellow_tenths // 10

    @property
    def red_us(self) -> int:
        """When the light turns red, if nothing comes."""
        return self.heard_us + self.gap_us * self.settings.red_tenths // 10

    def light(self, now: int) -> Light:
        """The light at `now`."""
        if now >= self.red_us:
            return Light.RED
        return Light.YELLOW if now >= self.yellow_us else Light.GREEN
