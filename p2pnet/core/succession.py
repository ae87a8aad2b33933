"""How a client becomes the host when the host is lost.

Theory of operation
-------------------

Whose turn it is to claim is in `search`. A claim asks first and changes nothing. What it meets at
the others is in `granting`. Half of those asked are enough if the others are silent, else they are
asked again for a while. A claimant that is told with fresh proof that the host lives is the
isolated one: it goes back to redialling, and plays on through whoever told it. Of two that claim at
one time one gives way, by rank; the other asks anew whoever had given its word to that one.

A grant tells the grantor's position. If somebody is ahead the claimant first pulls what it lacks,
from the freshest, then from the next one if that fails. Now it knows who has a seat, and whether
those who stand behind it are enough for the policy. Then it crowns itself: it announces the reign,
and from there on every frame of the older one is answered with the header of the new.

There is no quorum: a game of two has to survive. A lone survivor whose host closed the link has no
witness, so it waits until its redial is refused, or for one answer window. If somebody answers
there it waits until that one has said who it is. If the host fell silent, and somebody who says
that it is the host greets on a new link, it waits for one answer window as well.
"""

from __future__ import annotations

import attrs

from .asking import Asking
from .errors import RefuseReason
from .events import (
    ClaimMade,
    ClaimRefused,
    Deposed,
    HostLost,
    Isolated,
    LossCause,
    MigrationStarted,
)
from .granting import Granting
from .hosting import Hosting
from .link_state import LinkState
from .messages import Grant, Refuse, Tail, Withdraw
from .policy import Standing
from .pulling import Pulling
from .relay import Relay
from .search import ROUND_WINDOWS, Search
from .session import Session
from .states import Move, State
from .values import Epoch, PeerId


@attrs.define(eq=False)
class Succession:
    """The memory of one search for a new host, by one who may become it."""

    session: Session
    hosting: Hosting
    relay: Relay
    granting: Granting
    search: Search
    pulling: Pulling = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.pulling = Pulling(self.session)

    @property
    def asking(self) -> Asking:
        """The claim of our own."""
        return self.granting.asking

    # --- the host is lost ---

    def begin(self, cause: LossCause, voucher: PeerId | None = None) -> None:
        """The host is gone as far as this peer can tell; `voucher` says that it is not."""
        s = self.session
        assert s.reign is not None and s.host is not None
        self.search.begin(s.host)
        self.search.chosen = s.choices.elect() if s.choices.automatic else None
        if cause is LossCause.LEFT:
            s.departed.add(s.host)
        s.move(Move.LOSE_HOST)
        s.emit(HostLost(s.host, cause))
        s.replica.lose_host()
        self.asking.suspect(cause)
        if self.asking.redialling:
            s.dial(s.host, s.addresses_of(s.host))
        if voucher is not None:
            # Whoever claims hears from the voucher as well that the host lives.
            self.granting.drop_doubts()
            self._isolate(voucher)
            return
        self.search.reach_heirs()
        successor = self.search.successor()
        s.emit(MigrationStarted(s.reign.epoch, successor, successor == s.me))
        self.granting.answer_doubts()
        self.reconsider()

    def reconsider(self) -> None:
        """When is it our turn?  At once, if nobody better is left and nobody has our word."""
        s = self.session
        if s.state is not State.DOUBTING or not s.can_host or not s.choices.automatic:
            return
        if self.granting.promises.to is not None:
            return  # until its reign comes, its link closes, or the promise runs out
        if ("awake",) in s.timers:
            return  # it is not known yet who else is there
        turn_us = max(s.now + self.search.ahead() * s.mesh.answer_us(), self.search.again_us)
        if turn_us == s.now:
            self.claim()
        else:
            s.timers.hasten("claim", at=turn_us)

    def concede(self, claimed: Epoch) -> None:
        """This host's reign is older than the one that a claimant lost: it was deposed unawares."""
        s = self.session
        self.search.begin(claimed.host)
        s.move(Move.CONCEDE)
        s.emit(Deposed(claimed, claimed.host))
        s.replica.lose_host()
        s.timers.set("claim", at=s.now + ROUND_WINDOWS * s.mesh.answer_us())

    def reclaim(self) -> None:
        """This host's handover failed: the role is up for a claim, and this peer makes it."""
        s = self.session
        self.search.begin(None)
        s.replica.lose_host()
        self.granting.release()
        self.claim()

    def on_wanted(self) -> None:
        """Somebody asks for a seat under a reign of ours that is over: it would stand behind us."""
        s = self.session
        if ("awake",) in s.timers:
            return  # it was asked before this peer slept, or will be asked again
        if s.host == s.me and s.choices.automatic and self.granting.promises.to is None:
            self.claim()

    def inherit(self, number: int) -> None:
        """The host handed over to this peer."""
        self.search.begin(self.session.host)
        self.search.number = number
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
        self.search.number = self.granting.promises.next_number(s.reign.epoch)
        self.search.claimed_us = s.now
        # Two that give up for each other, and go on as soon as the other has, never come to an end.
        self.search.again_us = s.now + s.settings.heartbeat_us // 2
        self.search.shown.discard(s.me)
        s.move(Move.CLAIM)
        s.emit(ClaimMade(self.search.number))
        self.asking.begin(self.granting.own_claim(s.reign, position), self.search.gone())
        self._count()

    def on_claim_timer(self) -> None:
        """Whoever was before us in line has had its time."""
        if not self.session.choices.automatic:
            return  # until the game asks once more
        if self.session.state in (State.DOUBTING, State.ISOLATED) and self.session.can_host:
            self.claim()

    def on_grant(self, link: LinkState, frame: Grant) -> None:
        """Somebody stands behind our claim."""
        s = self.session
        if s.state is State.CLAIMING and frame.number == self.search.number:
            assert link.peer is not None and s.history.position is not None
            if link.beside and frame.position > s.history.position:
                s.mesh.prefer(link)  # it was started again, as is told by what we lack
            self.asking.grant(link.peer, frame)
            self.search.look_for(frame.returning)
            self._count()

    def on_back(self, peer: PeerId, addresses: tuple[str, ...]) -> None:
        """A member was started again, and stands behind whoever will be the host."""
        self.search.on_back(peer, addresses)
        self.asking.on_back(peer)
        if self.session.state is State.CLAIMING:
            self._count()

    def on_refuse(self, link: LinkState, frame: Refuse) -> None:
        """Somebody does not. `NEWER` was dealt with by the caller."""
        s = self.session
        assert link.peer is not None
        # That the host lives is no less true because it was asked for by an earlier claim of ours,
        # or was found out only after the word for it was given.
        alive = frame.reason is RefuseReason.ALIVE and frame.number <= self.search.number
        if not alive and (s.state is State.PULLING or frame.number != self.search.number):
            return
        s.emit(ClaimRefused(frame.number, link.peer, frame.reason))
        if alive:
            if self.search.lost not in (None, link.peer):  # else who lives is heard, or is us
                self._isolate(link.peer)
            return
        shown = self.granting.shown(frame.evidence)
        if shown is not None:
            self.granting.promises.learn(shown)
        if shown is not None and self.granting.gives_way_to_us(shown):
            self.asking.contested = True  # so its word is free by the time all have answered
        else:
            self.withdraw()

    def _isolate(self, voucher: PeerId) -> None:
        """The host lives, only we do not hear it. Ask again no sooner than one red period later.

        Meanwhile whoever hears the host may pass our frames on.
        """
        s = self.session
        assert self.search.lost is not None
        self.granting.release()
        self.asking.withdraw(alive=True)
        self.search.shown.add(s.me)
        s.move(Move.ISOLATE)
        s.emit(Isolated(self.search.lost, voucher))
        self.relay.open(self.search.lost, voucher)
        s.timers.set("claim", at=s.now + s.settings.red_us)
        s.timers.set("redial", at=s.now + s.mesh.answer_us())

    def withdraw(self) -> None:
        """Another claimant has the word of others, or goes first: wait for it, then ask again."""
        s = self.session
        self._give_up()
        s.timers.set("claim", at=s.now + ROUND_WINDOWS * s.mesh.answer_us())

    def _give_up(self) -> None:
        self.granting.release()
        self.asking.withdraw()
        self.session.move(Move.WITHDRAW)

    def on_withdraw(self, claimant: PeerId, frame: Withdraw) -> None:
        """Whom we waited for has given up: it may be our turn."""
        s = self.session
        if not self.granting.on_withdraw(claimant, frame) or s.state is not State.DOUBTING:
            return
        if s.me in self.search.shown:
            s.timers.hasten("claim", at=s.now + ROUND_WINDOWS * s.mesh.answer_us())
        else:
            self.reconsider()

    def _count(self) -> None:
        """Enough answers there? Then go on."""
        if self.asking.is_done():
            self._conclude()

    def on_answers_timer(self) -> None:
        """Some have not answered."""
        if self.asking.contested:
            self.asking.end()  # whoever has given us its word hears of the next number right now
            self.session.move(Move.WITHDRAW)
            self.claim()
        elif self.asking.is_over():
            self._conclude()
        else:
            self.asking.repeat()

    def _conclude(self) -> None:
        self.session.timers.cancel("answers")
        if self.pulling.find(self.asking.grants):
            self.session.move(Move.PULL)
            self._pull()
        else:
            self._decide()

    def _decide(self) -> None:
        """Nothing is lacking here that those who answered have: who has a seat is known."""
        s = self.session
        if not self.asking.grants and self.search.widen():
            self._give_up()
            return
        standing = self.search.standing(self.asking.grants)
        if standing is not Standing.STOP:
            self.hosting.minority.went_on = standing is Standing.WAIT  # one pause is enough
            self._crown()
            return
        self.granting.release()
        s.move(Move.WITHDRAW)
        # Before the words that were given run out, and somebody else wants the next number.
        again_us = self.search.claimed_us + ROUND_WINDOWS * s.mesh.answer_us()
        s.timers.set("claim", at=max(again_us, self.search.again_us))

    def _pull(self) -> None:
        if not self.pulling.ask():
            self._decide()

    def on_tail(self, link: LinkState, frame: Tail) -> None:
        """What we lacked, or a part of it."""
        s = self.session
        if not self.pulling.take(link, frame):
            return
        if s.state is State.PULLING:
            self._pull_next()
        else:
            self.reconsider()

    def on_pull_timer(self) -> None:
        """The freshest has not answered so far."""
        s = self.session
        if self.pulling.may_answer():
            s.timers.set("pull", at=s.now + s.mesh.answer_us())
        else:
            self._pull_next()

    def _pull_next(self) -> None:
        """The freshest has answered, or does not: the next one that is still ahead of us."""
        self.pulling.skip()
        self._pull()

    def _crown(self) -> None:
        """Nothing stands in the way: from here on the old reign is fenced."""
        s = self.session
        reign = s.reign_of(Epoch(self.search.number, s.me, s.nonce), s.history.position)
        over, grants = s.epoch, dict(self.asking.grants)
        assert over is not None
        self.asking.end()
        s.move(Move.CROWN)
        self.end()
        s.send_all(reign)
        for _, link in s.mesh.peers():
            link.tell(s.now, over, reign.epoch)  # what is under way was said before that is read
        self.hosting.begin(reign)
        self.hosting.welcome_all(grants, reign)

    def on_promise_timer(self) -> None:
        """Whom we gave our word has not made use of it."""
        self.granting.release()
        self.reconsider()

    def oversleep(self) -> None:
        """This process stood still: others may have a host by now, and the word of it be here.

        What was granted to it before, or what it granted, says nothing any more either.
        """
        s = self.session
        if s.state in (State.CLAIMING, State.PULLING):
            self._give_up()
        s.timers.cancel("claim")
        s.timers.set("awake", at=s.now + s.mesh.answer_us())

    def on_awake_timer(self) -> None:
        """Whoever is there has answered by now: is it our turn?"""
        s, promised = self.session, self.granting.promises.to
        if promised is not None and s.mesh.is_mute(s.now, promised):
            self.granting.release()
        if s.state is State.ISOLATED:
            self.on_claim_timer()
        else:
            self.reconsider()

    # --- links ---

    def on_link_lost(self, peer: PeerId) -> None:
        """Somebody else died meanwhile."""
        s = self.session
        self.granting.on_unreachable(peer)
        if peer == self.granting.promises.to:
            self.granting.release()
        self.asking.lose(peer)
        if s.state is State.CLAIMING:
            self._count()
        elif s.state is State.PULLING and self.pulling.is_asking(peer):
            self._pull_next()
        elif s.state is State.DOUBTING:
            s.timers.cancel("claim")
            self.search.reach_heirs()
            self.reconsider()

    def on_redial_failed(self, peer: PeerId) -> None:
        """Nobody answers where the host was: a lone survivor need not wait any longer."""
        self.granting.on_unreachable(peer)
        if peer == self.search.lost and self.asking.redialling:
            self.asking.redialling = False
            if self.session.state is State.CLAIMING:
                self._count()

    def on_redial_timer(self) -> None:
        """Isolated: the host lives, try to reach it."""
        s = self.session
        if s.state is State.ISOLATED and self.search.lost is not None:
            s.timers.set("redial", at=s.now + s.mesh.answer_us())
            if s.mesh.may_dial(s.now, self.search.lost):
                s.dial(self.search.lost, s.addresses_of(self.search.lost))

    def end(self) -> None:
        """A host was found, be it this peer or another one."""
        s = self.session
        for timer in ("claim", "redial"):
            s.timers.cancel(timer)
        self.granting.release()
        self.granting.drop_doubts()
        self.asking.withdraw()
        self.asking.redialling = False
        self.pulling.end()
        self.search.end()
