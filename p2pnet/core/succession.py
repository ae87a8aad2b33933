"""How a client becomes the host when the host is lost.

Theory of operation
-------------------

The order of succession was agreed before: it is the roster's. The best-ranked peer that is not
known to be dead claims at once; the one behind it waits one answer window, and so on. Better ranks
whose links are closed or red do not count, so successors that died together with the host cost
nothing.

A claim asks first and changes nothing. Each peer gives its word to at most one claimant a number.
Before it does, it makes sure that the host is gone: if its own link to the host still stands it
pings the host, and only a pong to this very ping is proof of life. Memory of having heard the host
lately is not: with links of different length it would veto true claims. A claimant that meets such
proof is the isolated one and goes back to redialling.

A grant tells the grantor's position. If somebody is ahead the claimant first pulls what it lacks,
from the freshest, then from the next one if that fails. Then it crowns itself: it announces the
reign, and from there on every frame of the older one is answered with the header of the new.

There is no quorum: a game of two has to survive. A lone survivor whose host closed the link has no
witness, so it waits until its redial is refused, or for one answer window.
"""

from __future__ import annotations

from typing import Final

import attrs
import msgspec

from .codec import decode, encode
from .credentials import Says
from .events import (
    ClaimGranted,
    ClaimMade,
    ClaimRefused,
    Deposed,
    HostLost,
    Isolated,
    LossCause,
    MigrationStarted,
    PullStarted,
    SessionPaused,
)
from .hosting import Hosting
from .mesh import LinkState
from .messages import (
    Claim,
    Grant,
    Pull,
    Refuse,
    RefuseReason,
    Reign,
    Tail,
)
from .policy import Standing, stand
from .promises import Promises
from .relay import Relay
from .session import Session
from .states import HOSTLESS, Move, State
from .values import Epoch, PeerId, Position

_ROUND_WINDOWS: Final = 3  # a claimant has its answers and its reign is known, in answer windows


@attrs.define
class Doubt:
    """A claim that we answer as soon as we know whether the host lives."""

    claimant: PeerId
    claim: Claim


@attrs.define(eq=False)
class Succession:
    """The memory of one search for a new host, and of the words given."""

    session: Session
    hosting: Hosting
    relay: Relay
    lost: PeerId | None = None  # whom we lost
    cause: LossCause | None = None
    promises: Promises = attrs.field(factory=Promises)
    lost_us: int = 0  # when we lost the host
    paused: bool = False  # the application knows that we are too few
    number: int = 0  # of our own claim
    asked: list[PeerId] = attrs.field(factory=list)
    grants: dict[PeerId, Position] = attrs.field(factory=dict)
    redialling: bool = False
    sources: list[PeerId] = attrs.field(factory=list)  # whom to pull from, freshest first
    doubts: list[Doubt] = attrs.field(factory=list)

    # --- the host is lost ---

    def begin(self, cause: LossCause, voucher: PeerId | None = None) -> None:
        """The host is gone as far as this peer can tell; `voucher` says that it is not."""
        s = self.session
        assert s.reign is not None and s.host is not None
        self.lost, self.cause, self.lost_us = s.host, cause, s.now
        s.move(Move.LOSE_HOST)
        s.emit(HostLost(self.lost, cause))
        s.replica.lose_host()
        self.redialling = cause is LossCause.CLOSED
        if self.redialling:
            s.dial(self.lost, s.addresses_of(self.lost))
        if voucher is not None:
            # Whoever claims hears from the voucher as well that the host lives.
            s.timers.cancel("verify")
            self.doubts.clear()
            self._isolate(voucher)
            return
        successor = self._successor()
        s.emit(MigrationStarted(s.reign.epoch, successor, successor == s.me))
        self._answer_doubts()
        self.reconsider()

    def _better(self) -> list[PeerId]:
        """Those ahead of us in rank that are not known to be dead."""
        s = self.session
        better = []
        for member in s.roster.successors(self.lost or s.me):
            if member.peer == s.me:
                break
            if s.mesh.is_green(s.now, member.peer):
                better.append(member.peer)
        return better

    def _successor(self) -> PeerId:
        return (self._better() or [self.session.me])[0]

    def reconsider(self) -> None:
        """When is it our turn?  At once, if nobody better is left and nobody has our word."""
        s = self.session
        if s.state is not State.DOUBTING or not s.can_host:
            return
        if self.promises.to is not None:
            return  # until its reign comes, its link closes, or the promise runs out
        wait = len(self._better()) * s.mesh.answer_us()
        if wait == 0:
            self.claim()
        else:
            s.timers.set_once("claim", at=s.now + wait)

    def concede(self, claimed: Epoch) -> None:
        """This host's reign is older than the one that a claimant lost: it was deposed unawares."""
        s = self.session
        self.lost, self.cause, self.lost_us = claimed.host, LossCause.SILENT, s.now
        s.move(Move.CONCEDE)
        s.emit(Deposed(claimed, claimed.host))
        s.replica.lose_host()
        s.timers.set("claim", at=s.now + _ROUND_WINDOWS * s.mesh.answer_us())

    def reclaim(self) -> None:
        """This host's handover failed: the role is up for a claim, and this peer makes it."""
        s = self.session
        self.lost, self.cause = None, LossCause.SILENT
        s.replica.lose_host()
        self._release()
        self.claim()

    def inherit(self, number: int) -> None:
        """The host handed over to this peer."""
        self.lost, self.cause = self.session.host, None
        self.number = number
        self._crown()

    # --- the claimant ---

    def claim(self) -> None:
        """Ask everybody for the host role."""
        s = self.session
        assert s.reign is not None
        s.timers.cancel("claim")
        position = s.history.position
        if position is None:
            return
        self.number = self.promises.next_number(s.reign.epoch)
        self.grants = {}
        self.asked = [
            peer
            for peer, _ in s.mesh.peers()
            if peer != self.lost and s.roster.get(peer) and s.mesh.alive(s.now, peer)
        ]
        s.move(Move.CLAIM)
        s.emit(ClaimMade(self.number))
        claim = self._signed(s.reign, position)
        for peer in self.asked:
            s.send(peer, claim)
        # Those asked may have to ask the host first, which takes one answer window by itself.
        windows = 2 if self.asked else 1
        s.timers.set("answers", at=s.now + windows * s.mesh.answer_us())
        self._count()

    def _signed(self, reign: Reign, position: Position) -> Claim:
        s, shown = self.session, self.promises.evidence
        signature = s.sign(Says.CLAIM, self.number, reign.epoch, position)
        # Evidence is shown without the evidence that it came with: one step is all that is asked.
        proof = b"" if shown is None else encode(msgspec.structs.replace(shown, evidence=b""))
        return Claim(self.number, s.key, reign, position, signature, proof)

    def on_claim_timer(self) -> None:
        """Whoever was before us in line has had its time."""
        if self.session.state in (State.DOUBTING, State.ISOLATED) and self.session.can_host:
            self.claim()

    def on_grant(self, link: LinkState, frame: Grant) -> None:
        """Somebody stands behind our claim."""
        if self.session.state is State.CLAIMING and frame.number == self.number:
            assert link.peer is not None
            self.grants[link.peer] = frame.position
            self._count()

    def on_refuse(self, link: LinkState, frame: Refuse) -> None:
        """Somebody does not. `NEWER` was dealt with by the caller."""
        s = self.session
        assert link.peer is not None
        if s.state is not State.CLAIMING or frame.number != self.number:
            return
        s.emit(ClaimRefused(self.number, link.peer, frame.reason.value))
        if frame.reason is RefuseReason.ALIVE:
            self._isolate(link.peer)
            return
        shown = self._shown(frame.evidence)
        if shown is not None:
            self.promises.learn(shown)
        self._withdraw()

    def _isolate(self, voucher: PeerId) -> None:
        """The host lives, only we do not hear it. Ask again no sooner than one red period later.

        Meanwhile whoever hears the host may pass our frames on.
        """
        s = self.session
        assert self.lost is not None
        s.timers.cancel("answers")
        self._release()
        s.move(Move.ISOLATE)
        s.emit(Isolated(self.lost, voucher))
        self.relay.open(self.lost, voucher)
        s.timers.set("claim", at=s.now + s.settings.red_us)
        s.timers.set("redial", at=s.now + s.mesh.answer_us())

    def _shown(self, evidence: bytes) -> Claim | None:
        """The claim that came as evidence, if it holds."""
        if not evidence:
            return None
        claim = decode(evidence)
        if isinstance(claim, Claim) and self.session.is_genuine_claim(claim):
            return claim
        return None

    def _withdraw(self) -> None:
        """Another claimant has the word of others, or goes first: wait for it, then ask again."""
        s = self.session
        s.timers.cancel("answers")
        self._release()
        s.move(Move.WITHDRAW)
        s.timers.set("claim", at=s.now + _ROUND_WINDOWS * s.mesh.answer_us())

    def _count(self) -> None:
        """All answers there? Then go on."""
        witnessed = bool(self.asked) or not self.redialling
        if witnessed and all(peer in self.grants for peer in self.asked):
            self._conclude()

    def on_answers_timer(self) -> None:
        """Whoever has not answered by now does not take part."""
        self._conclude()

    def _conclude(self) -> None:
        s = self.session
        s.timers.cancel("answers")
        if not self._may_reign():
            self._release()
            s.move(Move.WITHDRAW)
            s.timers.set("claim", at=s.now + s.settings.red_us)
            return
        here = s.history.position
        assert here is not None
        ahead = [(position, peer) for peer, position in self.grants.items() if position > here]
        self.sources = [peer for _, peer in sorted(ahead, reverse=True)]
        if self.sources:
            s.move(Move.PULL)
            self._pull()
        else:
            self._crown()

    def _may_reign(self) -> bool:
        """Whether those who stand behind this claim are enough for the policy."""
        s = self.session
        present, seats = 1 + len(self.grants), len(s.roster.members)
        standing = stand(s.settings.policy, present, seats)
        waited = s.now >= self.lost_us + s.settings.pause_us
        if standing is Standing.GO or (standing is Standing.WAIT and waited):
            return True
        if not self.paused:
            self.paused = True
            s.emit(SessionPaused(present, seats))
        return False

    def _pull(self) -> None:
        s = self.session
        here = s.history.position
        assert here is not None
        self.sources = [peer for peer in self.sources if s.mesh.alive(s.now, peer)]
        if not self.sources:
            self._crown()
            return
        s.emit(PullStarted(self.sources[0], self.grants[self.sources[0]]))
        s.send(self.sources[0], Pull(here))
        s.timers.set("pull", at=s.now + 2 * s.mesh.answer_us())

    def on_pull(self, link: LinkState, frame: Pull) -> None:
        """A claimant is behind us."""
        if self.session.history.position is not None:
            self.session.send(link.peer, Tail(self.session.missing_for(frame.position)))

    def on_tail(self, link: LinkState, frame: Tail) -> None:
        """What we lacked."""
        s = self.session
        if s.state is State.PULLING and self.sources and link.peer == self.sources[0]:
            s.set_roster(s.take_missing(frame.missing))
            s.timers.cancel("pull")
            self._crown()

    def on_pull_timer(self) -> None:
        """The freshest does not answer: the next one."""
        del self.sources[:1]
        self._pull()

    def _crown(self) -> None:
        """Nothing stands in the way: from here on the old reign is fenced."""
        s = self.session
        reign = s.reign_of(Epoch(self.number, s.me, s.nonce), s.history.position)
        departed = self.lost if self.cause is LossCause.LEFT else None
        s.move(Move.CROWN)
        self.end()
        s.send_all(reign)
        self.hosting.begin(reign, departed)

    # --- the grantor ---

    def on_claim(self, link: LinkState, frame: Claim) -> None:
        """Somebody wants to be the host. Newer and older reigns were dealt with by the caller."""
        s = self.session
        assert link.peer is not None
        if link.peer == s.host and frame.number > self.promises.spent:
            # Our own host asks, after a handover that failed: nobody else's word is needed.
            self._grant(link.peer, frame)
        elif (reason := self._objection(link.peer, frame)) is not None:
            held = self.promises.evidence if reason is RefuseReason.PROMISED else None
            proof = b"" if held is None else encode(msgspec.structs.replace(held, evidence=b""))
            s.send(link.peer, Refuse(frame.number, reason, evidence=proof))
        elif s.state in HOSTLESS or s.mesh.link_to(s.host) is None:
            self._grant(link.peer, frame)
        else:
            self._verify(link.peer, frame)

    def _objection(self, claimant: PeerId, claim: Claim) -> RefuseReason | None:
        """Why a claim is refused that does not depend on whether the host lives."""
        s = self.session
        assert s.epoch is not None
        proved = max(s.epoch, claim.reign.epoch)
        if not self.promises.justifies(claim.number, proved, self._shown(claim.evidence)):
            return RefuseReason.NUMBER
        if not self._free_for(claimant, claim.number):
            return RefuseReason.PROMISED
        if s.state in HOSTLESS and s.now < self._turn_us(claimant):
            return RefuseReason.RANK
        return None

    def _turn_us(self, claimant: PeerId) -> int:
        """When it is this claimant's turn: one answer window for each better one that lives."""
        s = self.session
        ahead = 0
        for member in s.roster.successors(self.lost or s.me):
            if member.peer == claimant:
                break
            ahead += member.peer == s.me or s.mesh.is_green(s.now, member.peer)
        return self.lost_us + ahead * s.mesh.answer_us()

    def _free_for(self, claimant: PeerId, number: int) -> bool:
        """Whether our word is free. A claim of our own gives way to a better-ranked claimant."""
        s = self.session
        if s.state in (State.CLAIMING, State.PULLING) and number <= self.number:
            better = s.roster.rank(claimant) < s.roster.rank(s.me)
            return number == self.number and better
        return self.promises.is_free_for(claimant, number)

    def _grant(self, claimant: PeerId, claim: Claim) -> None:
        s = self.session
        position = s.history.position
        if position is None:
            return
        self.promises.give(claimant, claim)
        if s.state in (State.CLAIMING, State.PULLING):
            s.timers.cancel("answers")
            s.timers.cancel("pull")
            s.move(Move.WITHDRAW)
        elif s.state is State.ISOLATED:
            s.move(Move.WITHDRAW)
        s.timers.cancel("claim")
        s.timers.set("promise", at=s.now + _ROUND_WINDOWS * s.mesh.answer_us())
        s.emit(ClaimGranted(claim.number, claimant))
        s.send(claimant, Grant(claim.number, position))

    def _verify(self, claimant: PeerId, claim: Claim) -> None:
        """Our link to the host stands: ask the host itself before we answer."""
        s = self.session
        self.doubts = [doubt for doubt in self.doubts if doubt.claimant != claimant]
        self.doubts.append(Doubt(claimant, claim))
        if ("verify",) not in s.timers:
            s.timers.set("verify", at=s.now + s.mesh.answer_us())
            s.ping(s.host)

    def on_host_proof(self) -> None:
        """The host answered a ping that went out after the claim came: it lives."""
        s = self.session
        s.timers.cancel("verify")
        for doubt in self.doubts:
            s.send(doubt.claimant, Refuse(doubt.claim.number, RefuseReason.ALIVE))
        self.doubts.clear()

    def _answer_doubts(self) -> None:
        """The host is lost: the claims that waited for this are granted, the best rank first."""
        s = self.session
        s.timers.cancel("verify")
        doubts, self.doubts = self.doubts, []
        for doubt in sorted(doubts, key=lambda doubt: s.roster.rank(doubt.claimant)):
            link = s.mesh.link_to(doubt.claimant)
            if link is not None:
                self.on_claim(link, doubt.claim)

    def _release(self) -> None:
        """Our word is free again."""
        self.promises.release()
        self.session.timers.cancel("promise")

    def on_promise_timer(self) -> None:
        """Whom we gave our word has not made use of it."""
        self._release()
        self.reconsider()

    # --- links ---

    def on_link_lost(self, peer: PeerId) -> None:
        """Somebody else died meanwhile."""
        s = self.session
        if peer == self.promises.to:
            self._release()
        self.asked = [asked for asked in self.asked if asked != peer]
        if s.state is State.CLAIMING:
            self._count()
        elif s.state is State.PULLING and self.sources[:1] == [peer]:
            self.on_pull_timer()
        elif s.state is State.DOUBTING:
            s.timers.cancel("claim")
            self.reconsider()

    def on_redial_failed(self, peer: PeerId) -> None:
        """Nobody answers where the host was: a lone survivor need not wait any longer."""
        if peer == self.lost and self.redialling:
            self.redialling = False
            if self.session.state is State.CLAIMING:
                self._count()

    def on_redial_timer(self) -> None:
        """Isolated: the host lives, try to reach it."""
        s = self.session
        if s.state is State.ISOLATED and self.lost is not None:
            s.timers.set("redial", at=s.now + s.mesh.answer_us())
            if s.mesh.may_dial(s.now, self.lost):
                s.dial(self.lost, s.addresses_of(self.lost))

    def end(self) -> None:
        """A host was found, be it this peer or another one."""
        s = self.session
        for timer in ("claim", "answers", "pull", "promise", "verify", "redial"):
            s.timers.cancel(timer)
        self.promises.release()
        self.doubts.clear()
        self.asked.clear()
        self.sources.clear()
        self.grants.clear()
        self.lost = self.cause = None
        self.redialling = False
        self.paused = False
