"""The structures that travel inside frames. The frames themselves are in `messages`."""

from __future__ import annotations

import msgspec

from .history import Lineage, Seats
from .roster import Roster
from .values import Epoch, PeerId, Position


class Channel(msgspec.Struct, frozen=True, array_like=True):
    """Which relayed link between two peers. Each end counts those that it opened."""

    number: int
    mine: bool  # whether the sender of the frame opened it

    def seen_from_there(self) -> Channel:
        """The same channel, as the other end calls it."""
        return Channel(self.number, not self.mine)


class Executed(msgspec.Struct, frozen=True, array_like=True):
    """A line of the at-most-once table: command `seq` of a process was run, with this outcome.

    Outcomes below `floor` are known to their submitter, and every copy of the table drops them.
    """

    peer: PeerId
    nonce: int
    seq: int
    floor: int
    outcome: bytes
    trial: bool = False  # about to be run; the outcome is what counts if its host is lost over it


class RosterProof(msgspec.Struct, frozen=True, array_like=True):
    """The word of a host that a roster was its roster."""

    epoch: Epoch
    signature: bytes


class Snapshot(msgspec.Struct, frozen=True, array_like=True):
    """Everything that a peer has to hold, at one position."""

    position: Position
    digest: bytes
    lineage: Lineage
    world: bytes
    executed: tuple[Executed, ...]
    marks: dict[PeerId, tuple[int, int]]  # of the at-most-once table
    roster: Roster
    roster_proof: RosterProof
    seats: Seats  # whose oaths count, in a merge with a branch that began long ago


class Missing(msgspec.Struct, frozen=True, array_like=True):
    """What another peer lacks: the updates after its position, or a snapshot and no updates."""

    updates: tuple[bytes, ...] = ()
    reigns: Lineage = ()  # that began since its position: one may have come and gone without any
    snapshot: Snapshot | None = None


class Oath(msgspec.Struct, frozen=True, array_like=True):
    """A member's word that it follows a reign, so that no host can count more than it has."""

    key: bytes
    epoch: Epoch  # an earlier one of the same reign counts as well: a host may go on under another
    signature: bytes
