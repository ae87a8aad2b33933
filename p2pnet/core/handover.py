"""A host that gives its role away while it lives.

It orders nothing more, and names its successor to all followers. The successor has received every
update before that word, because both came over one link, so it crowns itself at once: nothing is
lost, and the pause is one round trip.

If the crown does not come in time the old host must not simply go on: the successor may reign, and
the word of it may be on its way. It claims the role under the next number like anybody else, and
whoever saw the successor's reign answers with it.
"""

from __future__ import annotations

import attrs

from .codec import encode
from .errors import EndReason, LocalProtocolError
from .events import HandoverFailed, HandoverStarted
from .hosting import Hosting
from .joining import Joining
from .messages import Handover
from .session import Session
from .states import Move
from .succession import Succession
from .values import Epoch, PeerId


@attrs.define(eq=False)
class HandingOver:
    """What a host remembers while it waits for its successor."""

    session: Session
    hosting: Hosting
    joining: Joining
    succession: Succession
    target: PeerId | None = None
    leaving: EndReason | None = None  # how this host goes as soon as somebody else reigns

    def begin(self, to: PeerId | None, leaving: EndReason | None = None) -> None:
        """Name the successor: `to`, or the first in rank.

        Raises `LocalProtocolError` if that is nobody who follows.
        """
        s = self.session
        assert s.epoch is not None
        target = self.successor() if to is None else to
        if target is None or target not in self.hosting.ordering.followers:
            raise LocalProtocolError("there is no such follower to hand over to")
        if all(member.peer != target for member in s.roster.successors(s.me)):
            raise LocalProtocolError("that member said when it joined that it can't host")
        self.hosting.ordering.conclude_trials()
        self.hosting.ordering.order_for_all()
        self.target, self.leaving = target, leaving
        promises = self.succession.granting.promises
        number = promises.next_number(s.epoch)
        promises.spend(number)
        frame = Handover(s.epoch, number, target, s.history.seq)
        s.send_on(tuple(f.link for f in self.hosting.ordering.followers.values()), encode(frame))
        if leaving is None:
            self._ask_for_seat(target, number)
        s.move(Move.HAND_OVER)
        s.emit(HandoverStarted(target, number))
        s.timers.set("handover", at=s.now + 2 * s.mesh.answer_us())

    def _ask_for_seat(self, target: PeerId, number: int) -> None:
        """The request for our own seat, to be answered with the crown."""
        s = self.session
        link = s.mesh.link_to(target)
        if link is not None:
            s.send(target, self.joining.request(link, Epoch(number, target, link.nonce)))

    def successor(self) -> PeerId | None:
        """The first in rank that follows."""
        s = self.session
        ranked = (member.peer for member in s.roster.successors(s.me))
        return next((peer for peer in ranked if peer in self.hosting.ordering.followers), None)

    def fail(self) -> None:
        """No crown in time: ask for the role again, as anybody would."""
        s = self.session
        assert self.target is not None
        s.emit(HandoverFailed(self.target))
        self.end()
        self.hosting.end()
        s.move(Move.CONCEDE)
        self.succession.reclaim()

    def end(self) -> None:
        """It is decided, one way or the other."""
        self.target, self.leaving = None, None
        self.session.timers.cancel("handover")
