"""Far more than a peer can take: it must not hold it, and go on as soon as it can.

A peer that stands still, or is slow, is told a lot by another one: frames without end, as many
bytes as its links may keep, and more than that. Meanwhile its game reads no events. The limits of
the session are such that this does not take long.
"""

from __future__ import annotations

from typing import Final, Protocol

import attrs

from p2pnet.core.codec import encode
from p2pnet.core.events import HookFailed
from p2pnet.core.frame_parts import Channel
from p2pnet.core.messages import Carry, Heartbeat
from p2pnet.core.settings import Settings
from p2pnet.core.values import PeerId
from p2pnet.peer.inbox import WAITING_BYTES_MAX
from p2pnet.peer.subscription import WAITING_EVENTS_MAX

from .catalogue import InvariantBroken
from .sim_peer import SimPeer
from .trio_peer import TrioPeer

_TOLD_US: Final = 40_000  # what was said has arrived; nobody is missed so soon
_SLOW_US: Final = 300_000  # a peer that is slow takes nothing for so long
_AGAIN_US: Final = 1_000_000  # a peer that goes on has taken all that waits for it
_FRAMES: Final = 1_500
_INBOX_MAX: Final = 1_100  # the limit of an inbox, and what of its own a peer holds above
_LINK_BYTES: Final = 1 << 19  # that may wait on a link
_FRAME_BYTES: Final = 20_000
_INBOX_BYTES_MAX: Final = WAITING_BYTES_MAX + 2 * _FRAME_BYTES  # with the frame that filled it
_KEPT_MAX: Final = 2 * _LINK_BYTES + _FRAME_BYTES  # as much again may have been under way
_MUCH: Final = _LINK_BYTES * 3 // 4 // _FRAME_BYTES  # frames that a link can keep
_TOO_MUCH: Final = 4  # times as many


def within_sight(settings: Settings) -> Settings:
    """The same settings, but with limits of bytes that can be reached."""
    return attrs.evolve(
        settings,
        tail_bytes_max=min(settings.tail_bytes_max, _LINK_BYTES // 2),
        frame_bytes_max=min(settings.frame_bytes_max, _LINK_BYTES),
        send_bytes_max=min(settings.send_bytes_max, _LINK_BYTES),
    )


class Lane(Protocol):
    """Where a flood takes place."""

    @property
    def members(self) -> list[SimPeer]: ...
    def process(self, peer: SimPeer) -> TrioPeer: ...
    def slip(self, source: SimPeer, target: SimPeer, data: bytes) -> None: ...
    def pause(self, peer: SimPeer) -> None: ...
    def resume(self, peer: SimPeer) -> None: ...
    def run_for(self, us: int) -> None: ...


@attrs.frozen
class Flood:
    """S28: no queue of a real peer is longer than it may be. What waits is taken in the end."""

    lane: Lane

    def play(self) -> None:
        """Do it, if there are two for it. Raises `InvariantBroken`."""
        talkers = [peer for peer in self.lane.members if peer.core.epoch is not None]
        if len(talkers) < 2:
            return
        source, target = self.lane.process(talkers[0]), self.lane.process(talkers[-1])
        assert source.core.epoch is not None
        beat = encode(Heartbeat(source.core.epoch, 0))
        # Nobody passes that on, since nobody has such a name.
        large = encode(Carry(PeerId(""), Channel(1, mine=True), bytes(_FRAME_BYTES)))
        self._events(target)
        self._wave(source, target, [beat] * _FRAMES)
        before = target.shell.mesh.numbers
        self._wave(source, target, [large] * _MUCH)
        if target.shell.mesh.numbers != before:
            raise InvariantBroken("S29", f"a link of {target.name} broke under what it can carry")
        portions = [[beat] * _FRAMES, *([large] * _MUCH for _ in range(_TOO_MUCH))]
        self._wave(source, target, *portions[1:4])  # more bytes than an inbox takes, few frames
        self._wave(source, target, *portions[:3], is_slow=True)
        self._wave(source, target, *portions)

    def _wave(
        self, source: TrioPeer, target: TrioPeer, *portions: list[bytes], is_slow: bool = False
    ) -> None:
        """Say all this to a peer that stands still, or whose links read on while it is slow."""
        lane = self.lane
        if is_slow:
            target.slow_us = _SLOW_US
        else:
            lane.pause(target)
        for frames in portions:
            for data in frames:
                lane.slip(source, target, data)
            lane.run_for(_TOLD_US)
        if (held := len(target.shell.inbox)) > _INBOX_MAX:
            raise InvariantBroken("S28", f"{target.name} holds {held} frames in its inbox")
        if (held := target.shell.inbox.waiting_bytes) > _INBOX_BYTES_MAX:
            raise InvariantBroken("S28", f"{target.name} holds {held} bytes in its inbox")
        for peer in (source, target):
            if (kept := peer.shell.mesh.held_bytes) > _KEPT_MAX:
                raise InvariantBroken("S28", f"{peer.name} holds {kept} bytes of its links")
        target.slow_us = 0
        lane.resume(target)
        lane.run_for(_AGAIN_US)
        if waits := target.shell.mesh.held_bytes:
            raise InvariantBroken(
                "L4", f"{waits} bytes wait at {target.name}, and nobody takes them"
            )

    def _events(self, target: TrioPeer) -> None:
        unread = target.shell.fanout.subscribe()
        for _ in range(WAITING_EVENTS_MAX + 1):
            target.shell.fanout.put(HookFailed("one of many"))
        if len(unread) > WAITING_EVENTS_MAX:
            raise InvariantBroken("S28", f"{target.name} holds {len(unread)} events")
