"""The search for a new host: who was lost, and whose turn it is to claim.

The order was agreed before, it is the roster's. The best-ranked peer that is not known to be dead
claims at once, and the one behind it waits one answer window, and so on. Those who grant go by the
same order.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import attrs

from .messages import Fenced
from .policy import Standing, stand
from .session import Session
from .states import HOSTLESS
from .values import PeerId

ROUND_WINDOWS: Final = 3
"""A claimant has its answers and its reign is known within so many answer windows."""

_LONG: Final = 5
"""After so many red periods a reign is overdue."""


@attrs.frozen
class Back:
    """The last request of a member that was started again."""

    asked_us: int
    addresses: tuple[str, ...]


@attrs.define(eq=False)
class Search:
    """What claimant and grantor both know of it."""

    session: Session
    lost: PeerId | None = None  # whom we lost
    lost_us: int = 0  # when
    number: int = 0  # of our own claim
    claimed_us: int = 0  # when we made it
    again_us: int = 0  # no further claim of our own before that
    chosen: PeerId | None = None  # who the game says shall be the host
    offer: Fenced | None = None  # the newest reign that the game has not decided about
    shown: set[PeerId] = attrs.field(factory=set)  # claimants that were shown that it lives
    back: dict[PeerId, Back] = attrs.field(factory=dict)  # members that were started again
    _widened: bool = False  # those who are next in rank were dialled since nobody answered

    def begin(self, lost: PeerId | None) -> None:
        """The role of the host is free."""
        self.lost, self.lost_us = lost, self.session.now
        self.again_us, self._widened = 0, False
        self.shown.clear()
        self.session.timers.set("look", at=self._overdue_us())

    def end(self) -> None:
        """There is a host."""
        self.session.timers.cancel("look")
        self.lost = self.chosen = self.offer = None
        self.back.clear()
        self.session.elsewhere.clear()

    # --- whose turn it is ---

    def better(self) -> list[PeerId]:
        """Those ahead of us in rank that are not known to be dead."""
        s = self.session
        better = []
        for member in s.roster.successors(self.lost or s.me):
            if member.peer == s.me:
                break
            if member.peer in self.shown:
                continue
            if self._is_there(member.peer):
                better.append(member.peer)
        return better

    def _is_there(self, peer: PeerId) -> bool:
        """Whether this peer is heard, or may be for all that is known."""
        s = self.session
        heard = s.mesh.is_green(s.now, peer) and not s.mesh.is_mute(s.now, peer)
        return heard or s.mesh.is_new(peer)

    def successor(self) -> PeerId:
        """Who should be the next host, for all that is known here."""
        return self._awaited() or (self.better() or [self.session.me])[0]

    def ahead(self) -> int:
        """How many answer windows to wait before it is our turn."""
        awaited = self._awaited()
        if awaited == self.session.me:
            return 0
        return len(self.better()) + (ROUND_WINDOWS if awaited else 0)

    def _awaited(self) -> PeerId | None:
        """Whoever was chosen goes before all others if it lives; else the order is by rank."""
        chosen = self.chosen
        if chosen is None or chosen == self.session.me or self._is_there(chosen):
            return chosen
        return None

    def turn_us(self, claimant: PeerId) -> int:
        """When it is this claimant's turn: one answer window for each better one that lives."""
        s = self.session
        if claimant == self.chosen:
            return 0
        ahead = ROUND_WINDOWS if self._awaited() else 0
        for member in s.roster.successors(self.lost or s.me):
            if member.peer == claimant:
                break
            if member.peer not in self.shown:
                ahead += member.peer == s.me or s.mesh.is_green(s.now, member.peer)
        return self.lost_us + ahead * s.mesh.answer_us()

    # --- who is there, and who is not linked ---

    def on_back(self, peer: PeerId, addresses: tuple[str, ...]) -> None:
        """A member asks for its seat: it was started again, and has forgotten everything."""
        self.back[peer] = Back(self.session.now, addresses)

    def returning(self) -> tuple[tuple[PeerId, tuple[str, ...]], ...]:
        """Members that go on asking for their seats, and where they listen.

        They have no history to claim from, or to grant by. But they are here.
        """
        recent_us = self.session.now - self.session.settings.red_us
        asking = ((peer, back) for peer, back in self.back.items() if back.asked_us > recent_us)
        return tuple((peer, back.addresses) for peer, back in asking)

    def look_for(self, others: Iterable[tuple[PeerId, tuple[str, ...]]]) -> None:
        """Members that somebody else has heard of. Each of them is back if it can be linked."""
        s = self.session
        for peer, addresses in others:
            if s.roster.get(peer) is not None:
                s.elsewhere[peer] = addresses  # a dial to where it was before may be under way
                s.dial(peer, s.addresses_of(peer))

    def present(self, granted: Iterable[PeerId]) -> int:
        """How many members are here if these stand behind us. Only who is linked counts as back."""
        return 1 + len({peer for peer, _ in self.returning()}.union(granted))

    def standing(self, granted: Iterable[PeerId]) -> Standing:
        """What those may do who stand behind us. If that is nothing so far, the game is told."""
        s = self.session
        present, seats = self.present(granted), len(s.roster.members)
        standing = stand(s.settings.policy, present, seats)
        if standing is Standing.WAIT and s.now < self.lost_us + s.settings.pause_us:
            standing = Standing.STOP
        if standing is Standing.STOP:
            s.pause(present, seats)
        return standing

    def gone(self) -> PeerId | None:
        """Whom nobody need ask: who was lost, unless another process of it is linked by now."""
        s = self.session
        link, member = s.mesh.link_to(self.lost), s.roster.get(self.lost) if self.lost else None
        restarted = link is not None and member is not None and link.nonce != member.nonce
        return None if restarted else self.lost

    def reach_heirs(self) -> bool:
        """In a large session only the first successors are linked. If they died too, who is next?

        Without this nobody would hear of anybody, and each would begin a reign of its own. Returns
        whether somebody is dialled of whom nothing is known so far.
        """
        s, settings = self.session, self.session.settings
        if len(s.roster.members) <= settings.warm_links_all_max:
            return False
        heirs = s.roster.successors(self.lost or s.me)
        left = [m for m in heirs if m.peer != s.me and not s.mesh.is_gone(s.now, m.peer)]
        for member in left[: settings.successors]:
            s.dial(member.peer, member.addresses)
        return any(s.mesh.is_new(member.peer) for member in left)

    def widen(self) -> bool:
        """Nobody answers our claim: whether there is somebody else to ask, a little later.

        Whoever was linked may have died in silence with the host. This is done once a search.
        """
        if self._widened or not self.reach_heirs():
            return False
        self._widened, s = True, self.session
        # By then whoever lives is linked, and those of them that are better have asked.
        s.timers.set("claim", at=s.now + (1 + self.ahead()) * s.mesh.answer_us())
        return True

    def looks(self) -> bool:
        """Whether this peer dials whoever is missing, as a host does.

        Links break in a long split as well. With too few for a reign there is no host to dial the
        others, on neither side, nor is there where the game decides, or nobody can host.
        """
        if self.session.state not in HOSTLESS:
            return False
        return self.session.paused or self.session.now >= self._overdue_us()

    def _overdue_us(self) -> int:
        return self.lost_us + _LONG * self.session.settings.red_us
