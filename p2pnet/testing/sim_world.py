"""A session of simulated peers, whatever runs them: what can be done to it, and how it looks.

`core_world` runs mere cores, `trio_lane` runs real peers. Scenarios, faults, victims, invariants
and goals are about a session and know nothing of that.
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from p2pnet.core.errors import LinkEnd
from p2pnet.core.settings import AckLevel, Settings
from p2pnet.core.states import FOLLOWING, REIGNING, State
from p2pnet.core.values import LinkId

from .network import Network
from .sim_peer import Dials, Observer, SimPeer

WOKEN_EARLY: Final = "is woken early"


class SimWorld(abc.ABC):
    """Peers, the network between them, and those who watch."""

    now: int
    """Virtual time in microseconds."""

    peers: list[SimPeer]
    """Every process that was ever started, by number."""

    network: Network
    settings: Settings
    observers: list[Observer]
    refused = 0
    """Commands for which there was no room in an outbox."""

    # --- time ---

    @abc.abstractmethod
    def after(self, delay_us: int, do: Callable[[], None]) -> None:
        """Have a thing done after so many microseconds."""

    @abc.abstractmethod
    def run_until(self, at_us: int) -> None:
        """Let everything happen that happens until then."""

    @abc.abstractmethod
    def run_while(self, busy: Callable[[], bool], limit_us: int = 20_000_000) -> bool:
        """Go on as long as `busy()`; False if that is still so when the limit is reached."""

    def run_for(self, us: int) -> None:
        self.run_until(self.now + us)

    # --- what players do ---

    @abc.abstractmethod
    def game(self, players: int) -> Sequence[SimPeer]:
        """A running session of so many peers, the host first."""

    @abc.abstractmethod
    def join(
        self,
        via: SimPeer,
        name: str = "client",
        key: bytes | None = None,
        can_host: bool = True,
        at: SimPeer | None = None,
    ) -> SimPeer:
        """Another peer, which has an invite from `via`.

        With the key of an earlier one it is that peer, restarted; it may listen where a dead one
        did, `at`, in a world whose machines have more than one process.
        """

    @abc.abstractmethod
    def submit(self, peer: SimPeer, text: str, ack: AckLevel | None = None) -> object:
        """Have a peer's player do something."""

    @abc.abstractmethod
    def write(self, peer: SimPeer, text: str) -> None:
        """Have a peer change something of its own, if there is such a thing in its game."""

    @abc.abstractmethod
    def leave(self, peer: SimPeer) -> None:
        """Its application leaves the session."""

    @abc.abstractmethod
    def kick(self, host: SimPeer, peer: SimPeer) -> None:
        """The host removes a member for good."""

    @abc.abstractmethod
    def hand_over(self, host: SimPeer, to: SimPeer) -> None:
        """The host makes another peer the host."""

    # --- what they do not ---

    @abc.abstractmethod
    def slip(self, source: SimPeer, target: SimPeer, data: bytes) -> None:
        """Put bytes on a link between two peers, as if the core of the first had sent them."""

    @abc.abstractmethod
    def impostor(self, victim: SimPeer, target: SimPeer) -> SimPeer:
        """Somebody who goes by the key of a member asks `target` for that one's seat."""

    # --- faults ---

    def befall(self, peer: SimPeer | None, text: str) -> None:
        """Tell the observers of something that is done from outside."""
        for observer in self.observers:
            observer.befell(self.now, peer, text)

    def crash(self, peer: SimPeer, silent: bool = False, lost_for: Sequence[SimPeer] = ()) -> None:
        """The process dies. Unless `silent`, the others see their links to it end.

        What it had under way arrives, but nothing of it gets to those in `lost_for`.
        """
        self.befall(peer, "vanishes" if silent else "crashes")
        peer.alive, peer.vanished = False, silent
        for other in lost_for:
            for link in self.network.links_between(peer.number, other.number):
                far = self.network.break_link(link)
                if not silent and far is not None:
                    delay_us = self.network.delay(peer.number, other.number)
                    self.after(delay_us, partial(self._ended, *far, LinkEnd.BROKEN))
        if not silent:
            for link in self.network.links_of(peer.number):
                self._let_go(peer, link)
        self.network.vanish(peer.number)

    def pause(self, peer: SimPeer) -> None:
        """The process stands still; its links stay open."""
        self.befall(peer, "stands still")
        peer.paused = True

    @abc.abstractmethod
    def resume(self, peer: SimPeer) -> None:
        """It goes on, and finds everything that came in meanwhile."""

    @abc.abstractmethod
    def set_clock_rate(self, peer: SimPeer, rate: int) -> None:
        """Its clock goes so many microseconds in 1000 of the world from now on."""

    @abc.abstractmethod
    def wake_early(self, peer: SimPeer) -> None:
        """The shell wakes a core though nothing is due. Nothing may come of that."""

    @abc.abstractmethod
    def _let_go(self, peer: SimPeer, link: LinkId) -> None:
        """One end of a link is gone, and the other one learns of it in its time."""

    @abc.abstractmethod
    def _ended(self, target: int, link: LinkId, end: LinkEnd) -> None:
        """One end of a link learns that the link is over."""

    def reset_links(self, one: SimPeer, other: SimPeer) -> None:
        """All links between two peers break; what is under way is lost, and both notice."""
        self.befall(one, f"has its links to {other.name} reset")
        for link in self.network.links_between(one.number, other.number):
            far = self.network.break_link(link)
            self._ended(one.number, link, LinkEnd.BROKEN)
            if far is not None:
                self._ended(*far, LinkEnd.BROKEN)

    def half_close(self, one: SimPeer, other: SimPeer) -> None:
        """All links between two peers break, and only `one` notices."""
        self.befall(one, f"has its links to {other.name} reset, unnoticed there")
        for link in self.network.links_between(one.number, other.number):
            self.network.break_link(link)
            self._ended(one.number, link, LinkEnd.BROKEN)

    def cut(self, source: SimPeer, target: SimPeer) -> None:
        """What `source` sends does not get to `target` until the cut heals."""
        self.befall(source, f"does not get through to {target.name}")
        self.network.cut(source.number, target.number)

    def cut_both(self, one: SimPeer, other: SimPeer) -> None:
        """Nothing gets through between two peers."""
        self.cut(one, other)
        self.cut(other, one)

    def isolate(self, peer: SimPeer) -> None:
        """Nothing gets to it or from it."""
        self.befall(peer, "is cut off from all")
        for other in self.peers:
            if other is not peer:
                self.network.cut(peer.number, other.number)
                self.network.cut(other.number, peer.number)

    def heal(self) -> None:
        """Every cut is mended, and every other trouble of the network is over."""
        self.befall(None, "every cut is mended")
        for source, target in list(self.network.cuts):
            self.network.heal(source, target)
        self.network.catch_up()
        for peer in self.peers:
            peer.dials = Dials.WELCOME

    def heal_peers(self) -> None:
        """Every process is as it should be: awake, in time, and with a clock that is right."""
        for peer in self.peers:
            peer.slow_us = peer.late_timers_us = 0
            self.set_clock_rate(peer, 1000)
            self.resume(peer)

    # --- looking ---

    @property
    def hosts(self) -> list[SimPeer]:
        """Those that are alive and in the host role."""
        return [p for p in self.peers if p.alive and p.core.state is REIGNING]

    @property
    def members(self) -> list[SimPeer]:
        """Those that are alive and in the session."""
        left = State.LEFT
        return [p for p in self.peers if p.alive and p.core.state is not left and not p.impostor]

    def ranked(self, host: SimPeer) -> list[SimPeer]:
        """The members with a seat, best successor first, as a host sees it; itself among them."""
        by_id = {peer.id: peer for peer in self.members}
        return [by_id[m.peer] for m in host.core.roster.members if m.peer in by_id]

    def converged(self, newcomers: bool = True) -> bool:
        """One host, and everybody who is alive and in the session is at its position.

        Without `newcomers` those do not count that have no seat yet.
        """
        hosts = self.hosts
        if len(hosts) != 1:
            seated = newcomers or any(p.core.roster.get(p.id) for p in self.members)
            return not seated  # True where there is no session any more
        host, position = hosts[0], hosts[0].core.position
        for peer in self.members:
            if peer is not host or peer.paused:
                core = peer.core
                here = core.state is FOLLOWING and core.position == position
                if (peer.paused or not here) and (newcomers or core.roster.get(core.me)):
                    return False
        return True

    @abc.abstractmethod
    def far_peer(self, peer: SimPeer, link: LinkId) -> int | None:
        """Who is at the other end of what the core of a peer calls so; None if it is gone."""

    # --- what the bytes mean that the protocol carries ---

    @abc.abstractmethod
    def command_text(self, payload: bytes) -> str:
        """The text that was submitted."""

    @abc.abstractmethod
    def outcome_text(self, outcome: bytes) -> str:
        """What came of a command, for people."""

    @abc.abstractmethod
    def update_lines(self, update: bytes) -> list[tuple[str, str, str]]:
        """What an update does: what, to whom, and which text."""

    # --- the end ---

    @abc.abstractmethod
    def wind_up(self) -> None:
        """Have everybody leave, and look for what is left. Raises `InvariantBroken`."""

    @abc.abstractmethod
    def close(self) -> None:
        """Let go of everything. May be repeated."""
