"""The other side of a claim: whom a peer stands behind.

Each peer gives its word to at most one claimant a number. Before it does, it makes sure that the
host is gone: if its own link to the host still stands it pings the host, and only a pong to this
very ping is proof of life. Memory of having heard the host lately is not: with links of different
length it would veto true claims.

A grant brings the request for a seat under the reign that it helps to begin. The epoch is known
beforehand, so the new host can welcome whoever granted as soon as it is crowned, without another
round trip.
"""

from __future__ import annotations

import attrs
import msgspec

from .asking import Asking
from .codec import decode, encode
from .credentials import Says
from .errors import RefuseReason
from .events import ClaimDenied, ClaimGranted, NewHostUnreachable
from .joining import Joining
from .link_state import LinkState
from .messages import Claim, Grant, Refuse, Reign, Withdraw
from .promises import Promises
from .proofs import is_evidence
from .search import ROUND_WINDOWS, Search
from .session import Session
from .states import HOSTLESS, Move, State
from .values import Epoch, PeerId, Position, peer_id


@attrs.define
class Doubt:
    """A claim that we answer as soon as we know whether the host lives."""

    claimant: PeerId
    claim: Claim
    since_us: int  # when it came


@attrs.define(eq=False)
class Granting:
    """The words that this peer gives."""

    session: Session
    joining: Joining
    search: Search
    asking: Asking  # of a claim of our own
    promises: Promises = attrs.field(factory=Promises)
    doubts: list[Doubt] = attrs.field(factory=list)
    _asked_us: int = 0  # when the host was asked last whether it lives

    def own_claim(self, reign: Reign, position: Position) -> Claim:
        """What this peer asks the others for, signed, with what proves its number."""
        s, shown, number = self.session, self.promises.evidence, self.search.number
        signature = s.sign(Says.CLAIM, number, reign.epoch, position)
        return Claim(number, s.key, reign, position, signature, _evidence(shown))

    def on_claim(self, link: LinkState, frame: Claim) -> None:
        """Somebody wants to be the host. Newer and older reigns were dealt with by the caller."""
        s = self.session
        assert link.peer is not None
        self.search.shown.discard(link.peer)
        if link.peer == s.host and self._is_second_try(frame.number):
            self._grant(link.peer, frame)
        elif (reason := self._objection(link.peer, frame)) is not None:
            if reason is RefuseReason.NUMBER:
                s.reject(link, f"a claim under the number {frame.number}, which nothing proves")
            self.refuse(link.peer, frame.number, reason)
        elif s.state in HOSTLESS or s.mesh.link_to(s.host) is None:
            self._grant(link.peer, frame)
        elif link.peer == s.host:
            self._grant(link.peer, frame)  # it lives, and says itself that its reign is over
        elif s.epoch is not None and s.epoch < frame.reign.epoch:
            self._grant(link.peer, frame)  # the life of an older reign's host says nothing
        else:
            self.verify(Doubt(link.peer, frame, s.now))

    def refuse(
        self, claimant: PeerId, number: int, reason: RefuseReason, reign: Reign | None = None
    ) -> None:
        """Do not stand behind a claim, and say why."""
        s = self.session
        held = self.promises.evidence if reason is RefuseReason.PROMISED else None
        s.refused += 1
        s.emit(ClaimDenied(number, claimant, reason))
        s.send(claimant, Refuse(number, reason, reign, _evidence(held)))

    def _is_second_try(self, number: int) -> bool:
        """Whether our own host may claim this: its handover spent a number and came to nothing."""
        assert self.session.epoch is not None
        return self.promises.spent < number <= self.session.epoch.number + 2

    def _objection(self, claimant: PeerId, claim: Claim) -> RefuseReason | None:
        """Why a claim is refused that does not depend on whether the host lives."""
        s = self.session
        assert s.epoch is not None
        proved = max(s.epoch, claim.reign.epoch)
        if not self.promises.justifies(claim.number, proved, self.shown(claim.evidence)):
            return RefuseReason.NUMBER
        member = s.roster.get(claimant)
        if member is not None and not member.can_host:
            return RefuseReason.UNABLE
        if not self._free_for(claimant, claim):
            return RefuseReason.PROMISED
        if s.state in HOSTLESS and s.choices.automatic and s.now < self.search.turn_us(claimant):
            return RefuseReason.RANK
        return None

    def _free_for(self, claimant: PeerId, claim: Claim) -> bool:
        """Whether our word is free. A claim of our own gives way to one that goes before it."""
        s = self.session
        if s.state in (State.CLAIMING, State.PULLING) and claim.number <= self.search.number:
            return claim.number == self.search.number and self._goes_before(claimant, claim)
        return self.promises.is_free_for(claimant, claim.number)

    def gives_way_to_us(self, claim: Claim) -> bool:
        """Whether who made this claim takes it back when it hears of ours."""
        theirs = peer_id(claim.key)
        return claim.number == self.search.number and not self._goes_before(theirs, claim)

    def _goes_before(self, claimant: PeerId, claim: Claim) -> bool:
        """Whether this claim goes before ours, by a rule that gives both sides one answer.

        Rank decides between equal positions only. At different ones the rosters may differ, and
        each of the two may be the first in its own.
        """
        s = self.session
        here = s.history.position
        if here is not None and claim.position != here:
            return claim.position > here
        return s.roster.rank(claimant) < s.roster.rank(s.me)

    def _grant(self, claimant: PeerId, claim: Claim) -> None:
        s = self.session
        position = s.history.position
        if position is None:
            return
        self.promises.give(claimant, claim)
        if s.state in (State.CLAIMING, State.PULLING):
            self.asking.withdraw()
            s.move(Move.WITHDRAW)
        elif s.state is State.ISOLATED:
            s.move(Move.WITHDRAW)
        s.timers.cancel("claim")
        s.timers.set("promise", at=s.now + ROUND_WINDOWS * s.mesh.answer_us())
        s.emit(ClaimGranted(claim.number, claimant))
        link = s.mesh.link_to(claimant)
        if link is not None:
            epoch = Epoch(claim.number, claimant, link.nonce)
            ours = s.choices.automatic or claimant == self.search.chosen
            request = self.joining.request(link, epoch) if ours else None
            s.send(claimant, Grant(claim.number, position, request, self.search.returning()))

    def granted(self) -> Doubt | None:
        """The claim of a client that has our word, in case that the host lives after all.

        Its claimant has to be told: it would begin with what we had as we gave our word, and a
        host that takes us in again counts on us for what comes after that. Not so if it lost a
        newer reign than ours: the life of an older reign's host says nothing.
        """
        s, to, claim = self.session, self.promises.to, self.promises.claim
        if to is None or claim is None or to == s.host:
            return None
        if s.epoch is not None and s.epoch < claim.reign.epoch:
            return None
        return Doubt(to, claim, self.session.now)

    def verify(self, claim: Doubt) -> None:
        """Our link to the host stands: ask the host itself before we answer."""
        s = self.session
        self.doubts = [doubt for doubt in self.doubts if doubt.claimant != claim.claimant]
        self.doubts.append(claim)
        if ("verify",) not in s.timers:
            self._ask_host()

    def _ask_host(self) -> None:
        s = self.session
        self.await_proof()
        self._asked_us = s.now
        s.ping(s.host)

    def await_proof(self) -> None:
        """The host has an answer window to answer our ping."""
        s = self.session
        s.timers.set("verify", at=s.now + s.mesh.answer_us())

    def on_host_proof(self) -> None:
        """The host answered our ping: it lived when each claim came that was here by then."""
        self.session.timers.cancel("verify")
        asked_us, doubts, self.doubts = self._asked_us, self.doubts, []
        for doubt in doubts:
            if doubt.since_us <= asked_us:
                self.refuse(doubt.claimant, doubt.claim.number, RefuseReason.ALIVE)
            else:
                self.verify(doubt)

    def answer_doubts(self) -> None:
        """The host is lost: the claims that waited for this are granted, the best rank first."""
        s = self.session
        s.timers.cancel("verify")
        doubts, self.doubts = self.doubts, []
        for doubt in sorted(doubts, key=lambda doubt: s.roster.rank(doubt.claimant)):
            link = s.mesh.link_to(doubt.claimant)
            if link is not None:
                self.on_claim(link, doubt.claim)

    def on_unreachable(self, peer: PeerId) -> None:
        """If that is whom the game chose to be the host, it has to choose again."""
        if peer == self.search.chosen:
            self.search.chosen = None
            if not self.session.choices.automatic:
                self.session.emit(NewHostUnreachable(peer))

    def on_withdraw(self, claimant: PeerId, frame: Withdraw) -> bool:
        """A claimant gives up. True if that was what kept us from a claim of our own."""
        number = frame.number
        if frame.alive:
            self.search.shown.add(claimant)
        self.doubts = [doubt for doubt in self.doubts if doubt.claimant != claimant]
        if not self.doubts:
            self.session.timers.cancel("verify")
        promises = self.promises
        if promises.to is not None:
            if (promises.to, promises.spent) != (claimant, number):
                return False
            self.release()
            return True
        shown = promises.evidence  # it has the word of somebody who refused us for it
        return shown is not None and (peer_id(shown.key), shown.number) == (claimant, number)

    def release(self) -> None:
        """Our word is free again."""
        self.promises.release()
        self.session.timers.cancel("promise")

    def shown(self, evidence: bytes) -> Claim | None:
        """The claim that came as evidence, if it holds."""
        if not evidence:
            return None
        claim = decode(evidence)
        if isinstance(claim, Claim) and is_evidence(self.session, claim):
            return claim
        return None

    def drop_doubts(self) -> None:
        """Somebody else answers those claims."""
        self.session.timers.cancel("verify")
        self.doubts.clear()


def _evidence(claim: Claim | None) -> bytes:
    """A claim as it is shown. What came with it is left out: one step is all that is asked."""
    return b"" if claim is None else encode(msgspec.structs.replace(claim, evidence=b""))
