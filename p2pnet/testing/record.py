"""What a watchman writes down about a run: reigns, receipts, and how each peer stood last.

Nothing here judges: `reigns`, `histories` and `watch` do.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator
from typing import Final

import attrs

from p2pnet.core.events import Event
from p2pnet.core.messages import Frame
from p2pnet.core.settings import AckLevel
from p2pnet.core.states import Role, State
from p2pnet.core.values import RECONNECT_ID_INVALID, ConnectionId, Epoch, PeerId, Position

from .catalogue import InvariantBroken
from .sim_peer import SimPeer
from .sim_world import SimWorld

_A_SECOND_MAX: Final = 20  # so many claims of one peer, or its dials to one other
_SECOND_US: Final = 1_000_000


@attrs.frozen
class Acknowledged:
    """A receipt was given: for what, and which processes held it at that time."""

    text: str
    peer: int
    ticket: int
    level: AckLevel
    holders: tuple[int, ...]


@attrs.define(eq=False)
class Seen:
    """One process as it was after its last step."""

    state: State = State.IDLE
    epoch: Epoch | None = None
    position: Position | None = None
    digest: bytes = b""
    told: Epoch | None = None  # the last reign that its application was told of
    role: Role | None = None  # the last that its shell was told to take, …
    told_role: Role | None = None  # … and its application
    members: dict[PeerId, bool | None] = attrs.field(factory=dict)  # as told: None, not if present
    of_members: list[Event] = attrs.field(factory=list)  # what it was told since the last roster
    back: PeerId | None = None  # as its host it was told of this return, and not yet of the seat
    label: ConnectionId = RECONNECT_ID_INVALID  # its own, as it was told last
    suspects: bool = False  # its application was told that its host may be lost, or is
    lost: bool = False  # its application was told of a loss, and not yet of a migration
    claims_told: bool = False  # its application was told that it claims, since its state changed
    refused: bool = False  # its claim was, and its application was not told so far
    denied_us: int = -1  # when its application was told last that it does not stand behind a claim
    slept: bool = False  # it overslept, and its application was not told so far
    unreachable: bool = False  # its application was told that nobody can be reached
    gave_way: bool = False  # its application was told that it hosts no more
    ended: bool = False  # its application was told that it is out
    welcomed: PeerId | None = None  # the host whose welcome came last
    died_us: int | None = None
    stood_still_us: int = 0  # since when it was paused
    woke_us: int = -1  # when it went on last, as no host, after more than anybody waits for
    gave_up_us: int = -1  # when it went on last and had a claim, which may be too old
    asleep: bool = False  # it was the host, overslept, and has not asked anybody since
    probation_us: int = 0  # since when it asks whether it rules
    handed_over: int = 0  # the last number that it gave to somebody else
    handing_over: Epoch | None = None  # the reign under which it may order nothing any more
    granted: dict[int, PeerId] = attrs.field(factory=dict)  # by number
    grants: dict[int, Position] = attrs.field(factory=dict)  # for its own claim, by process
    heard: dict[int, Position] = attrs.field(factory=dict)  # those of them that have come in
    claimed: int = 0  # the number of its own claim
    vetoed: bool = False  # proof that the host lives has come for its own claim
    claims: deque[int] = attrs.field(factory=lambda: deque(maxlen=_A_SECOND_MAX))
    dials: defaultdict[PeerId, deque[int]] = attrs.field(
        factory=lambda: defaultdict(lambda: deque(maxlen=_A_SECOND_MAX))
    )
    runs: bool = False  # its game does: it reigns, and the session is not paused
    paused: bool = False
    since_us: int = 0  # when that came to be, by its own clock, …
    told_us: int = 0  # … and how much time its game had been told of by then
    merged: list[Epoch] = attrs.field(factory=list)  # the yields for which it moved on
    good_byes: set[int] = attrs.field(factory=set)  # which processes said one to it


@attrs.define(eq=False)
class Record:
    """Everything that was seen of one world."""

    world: SimWorld
    together: bool = False  # nobody was ever parted from anybody who lives
    processes: int = 0  # that there were as the session was complete
    acknowledged: list[Acknowledged] = attrs.field(factory=list)
    discarded: list[tuple[int, int]] = attrs.field(factory=list)  # (peer, ticket)
    reigns: dict[Epoch, int] = attrs.field(factory=dict)  # which process reigns under it …
    parents: dict[Epoch, Position] = attrs.field(factory=dict)  # … and where it began
    numbers: int = 1  # the highest that an honest peer has used
    took: Frame | None = None  # what the core that acts now has taken
    noise_from: int | None = None  # who said what is not a frame, just now
    _seen: defaultdict[int, Seen] = attrs.field(factory=lambda: defaultdict(Seen))

    def __attrs_post_init__(self) -> None:
        """Begin with what is: the session may have been on for a while."""
        for peer in self.world.peers:
            core, seen = peer.core, self.seen(peer)
            seen.state, seen.epoch, seen.position = core.state, core.epoch, core.position
            seen.digest, seen.welcomed = core.digest, core.host_peer
            seen.told, seen.label = core.epoch, core.connection_id
            seen.role = seen.told_role = core.role
            seen.members = {member.peer: member.present for member in core.roster.members}
            seen.runs, seen.since_us = core.state is State.REIGNING, peer.clock.at(self.world.now)
            if core.epoch is not None and core.role is Role.HOST:
                self.reigns[core.epoch] = peer.number
                self.numbers = max(self.numbers, core.epoch.number)

    def seen(self, peer: SimPeer) -> Seen:
        """One process as it was after its last step."""
        return self._seen[peer.number]

    def fork(self, one: Position, other: Position) -> Position | None:
        """The last position on the way to both; None if there is none, or nobody has seen it.

        A host that takes two numbers at once is not seen under the first.
        """
        ends = {at.epoch: at.seq for at in self._way(one)}
        shared = next((at for at in self._way(other) if at.epoch in ends), None)
        return shared and Position(shared.epoch, min(shared.seq, ends[shared.epoch]))

    def _way(self, position: Position) -> Iterator[Position]:
        """Where each reign ended that led there, the last one first."""
        at: Position | None = position
        while at is not None:
            yield at
            at = self.parents.get(at.epoch)


def paced(now: int, times: deque[int], peer: SimPeer, what: str) -> None:
    """L6: nobody does this so often in a second. Takes down that it was done now."""
    if len(times) == times.maxlen and now - times[0] < _SECOND_US:
        raise InvariantBroken("L6", f"{peer.name} {what} {len(times)} times in a second")
    times.append(now)
