"""Two hosts meet: whose history goes on?

Theory of operation
-------------------

After a partition, or after a host was asleep, two peers can host the same session under different
epochs. They exchange headers, and both work out the same verdict from the same two headers:

1. If one history is the beginning of the other, the longer one goes on and nothing is lost. What
   a host did to the seats alone does not count: it has to do that whenever it loses anybody.
2. Else the reign that more members live under goes on.
3. Else the older reign does: the lower number, then the lower host id.

The order is that of Akka's split-brain resolver (largest, then oldest), with the ancestor test
before it. The loser yields. Its members ask the winner for their seats, and each of them is told
what of its own was dropped. This is the one place where acknowledged work can vanish.

Members of the losing side may have obeyed a higher epoch number than the winner's. So the winner
moves on to a number above both before it takes them in. Its own members change only the label.
"""

from __future__ import annotations

import enum

from .history import reaches
from .messages import Header


class Verdict(enum.StrEnum):
    """Of two headers, `mine` and `theirs`."""

    MINE = "mine"
    THEIRS = "theirs"


def verdict(mine: Header, mine_live: int, theirs: Header, theirs_live: int) -> Verdict:
    """Whose reign goes on. With the sides swapped the answer is the other one.

    The live counts are those of the oaths in each header that hold.
    """
    for my_end, their_end in ((mine.position, theirs.position), (mine.worked, theirs.worked)):
        ours_contains = reaches(mine.lineage, mine.position.seq, their_end)
        theirs_contains = reaches(theirs.lineage, theirs.position.seq, my_end)
        if ours_contains != theirs_contains:
            return Verdict.MINE if ours_contains else Verdict.THEIRS
    if mine_live != theirs_live:
        return Verdict.MINE if mine_live > theirs_live else Verdict.THEIRS
    return Verdict.MINE if mine.reign.epoch < theirs.reign.epoch else Verdict.THEIRS
