"""The time of the session, which goes on over any number of hosts.

The host counts its ticks; every update that it collects says how far it has counted. In between
every other peer counts on by itself. So whoever takes over goes on where the lost host was, give or
take what the last update was old, and needs no update that says nothing but the time.

No peer ever shows less than it has shown. Time in which there is no host is not counted.
"""

from __future__ import annotations

from typing import Final

import attrs

_GAP_US_MAX: Final = 1_000_000  # a peer looks at its clock more often, unless it stood still


@attrs.define
class SessionClock:
    """How long there has been a host, as far as this peer can tell."""

    us: int = 0
    """The best guess; exact on the host."""

    _seen_us: int | None = None  # of this machine's own clock
    _shown_us: int = 0

    def advance(self, us: int) -> None:
        """On the host: so much time has gone by."""
        self.us += us

    def observe(self, now_us: int, running: bool) -> None:
        """This machine's clock shows `now_us`. `running` says that the host's is thought to run."""
        if running and self._seen_us is not None and now_us - self._seen_us < _GAP_US_MAX:
            self.us += now_us - self._seen_us
        self._seen_us = now_us

    def correct(self, us: int) -> None:
        """An update says what the time of the host is."""
        self.us = us

    def show(self, us: int) -> int:
        """`us`, or what was shown before if that is more."""
        self._shown_us = max(self._shown_us, us)
        return self._shown_us
