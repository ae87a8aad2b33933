"""Who is the best successor: the order of the roster, as the host sees it.

A member that can't host comes after all that can, and one that is away after all that are present.
Among the others who answers in good time comes before who does not, and who is near before who is
far. Else the order stays as it is, which is that of joining: it favours who stays.

The order is looked at once in `RANK_EVERY_US`, and two members change places only for a whole
class: a round trip that goes up and down a little never makes it flap. Rank travels in the roster,
so nobody computes it while something is wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from .link_state import LinkState
from .roster import Member
from .values import PeerId

RANK_EVERY_US: Final = 10_000_000
_CLASS_US: Final = 25_000  # round trips that differ by less are alike
_LATE_BEATS: Final = 2  # whose frames are so many heartbeats apart is not well

LinkOf = Callable[[PeerId], LinkState | None]
"""The link of the host to a member."""


def ranked(members: tuple[Member, ...], host: PeerId, link_of: LinkOf) -> tuple[Member, ...]:
    """The members in their new order. The host keeps its place: it succeeds nobody."""
    order = [member for member in members if member.peer != host]
    for end in range(1, len(order)):
        for place in range(end, 0, -1):
            ahead, behind = order[place - 1], order[place]
            if not _overtakes(behind, ahead, link_of):
                break
            order[place - 1], order[place] = behind, ahead
    successors = iter(order)
    return tuple(member if member.peer == host else next(successors) for member in members)


def _overtakes(member: Member, other: Member, link_of: LinkOf) -> bool:
    """Whether a member that is behind the other one belongs before it."""
    mine, theirs = link_of(member.peer), link_of(other.peer)
    for good, better in (
        (member.can_host, other.can_host),
        (member.present, other.present),
        (_is_well(mine), _is_well(theirs)),
    ):
        if good != better:
            return good
    if mine is None or theirs is None or mine.rtt_us is None or theirs.rtt_us is None:
        return False
    return mine.rtt_us + _CLASS_US <= theirs.rtt_us


def _is_well(link: LinkState | None) -> bool:
    if link is None:
        return False
    return link.detector.gap_us < _LATE_BEATS * link.detector.settings.heartbeat_us
