"""Frames to those they concern.

`_ROUTES` says for each frame in which states it means anything, whether its epoch is checked
first, and who takes it. What comes in another state is dropped: it was on its way when this peer
changed its state, and its sender will find out.

A frame that speaks for an older reign is answered with the header of the newer one, and changes
nothing else. A frame that speaks for a newer reign makes this peer say where it stands, and the
other side answers that in the same way.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import attrs

from .codec import decode, encode
from .errors import EndReason, LinkEnd, RefuseReason, RemoteProtocolError
from .events import LossCause, StrangerRefused
from .greeting import Greeting
from .link_state import LinkState
from .messages import (
    Ask,
    Bye,
    Carried,
    Carry,
    Claim,
    Command,
    Condensed,
    Confirm,
    Denied,
    Fenced,
    Follow,
    Frame,
    Grant,
    Handover,
    Heartbeat,
    Hello,
    Join,
    Marks,
    Meeting,
    NoSeat,
    Pending,
    Piece,
    Ping,
    Pong,
    Proof,
    Pull,
    Redirect,
    Refuse,
    Reign,
    Rejoin,
    Renumber,
    Tail,
    Update,
    Vouch,
    Welcome,
    Withdraw,
    Write,
    Yield,
)
from .proofs import check_claim, check_header, check_oath, check_reign, check_yield
from .roles import HOSTS, IN_SESSION, Roles
from .session import Session
from .states import FOLLOWING, HOSTLESS, REIGNING, State
from .values import Epoch, LinkId

_WAITING: Final = frozenset({State.PROBATION, State.YIELDING, State.HANDING_OVER})
"""A host that may not be the host any more answers requests when it knows."""

_GOES: Final = {
    EndReason.LEFT: LossCause.LEFT,
    EndReason.AWAY: LossCause.AWAY,
    EndReason.CRASHED: LossCause.CRASHED,
}
"""The good-byes of who goes. All others put out whom they are said to."""

_ASKED: Final = frozenset({State.REIGNING, State.JOINING, State.FOLLOWING})
_SEARCHING: Final = HOSTLESS - {State.ISOLATED}
_CLIENTS: Final = frozenset({State.JOINING, State.FOLLOWING}) | HOSTLESS


@attrs.define(eq=False)
class Router:
    """Takes each frame to its handler."""

    session: Session
    roles: Roles
    take_again: Callable[[LinkId, bytes], None]  # for requests that were held back
    greeting: Greeting = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.greeting = Greeting(self.session, self.roles)

    def take(self, link: LinkState, data: bytes) -> None:
        """A frame came in. Raises `RemoteProtocolError` for what no honest peer would send."""
        frame = decode(data)
        states, fenced, handler = _ROUTES[type(frame)]
        if link.peer is None and not isinstance(frame, Hello | Proof | Denied):
            raise RemoteProtocolError("the first frame on a link has to be a greeting")
        state = self.session.state
        if state not in states:
            if state in _WAITING and isinstance(frame, Command | Join | Rejoin | Bye):
                self.roles.hold(link, frame, data)
            return
        if fenced and frame.epoch != self.session.epoch:  # type: ignore[union-attr]
            self._fence(link, frame.epoch)  # type: ignore[union-attr]
            return
        handler(self, link, frame, data)

    def _on_hello(self, link: LinkState, frame: Hello, data: bytes) -> None:
        self.greeting.on_hello(link, frame)

    def _on_proof(self, link: LinkState, frame: Proof, data: bytes) -> None:
        self.greeting.on_proof(link, frame)

    def _on_denied(self, link: LinkState, frame: Denied, data: bytes) -> None:
        s = self.session
        ours = (link.peer or link.dialled) == self.roles.joining.target is not None
        if ours and self.roles.joining.is_newcomer and s.state is State.JOINING:
            self.roles.joining.on_denied(frame.reason, frame.text)
        else:
            self.roles.cut(link.id, LinkEnd.CLOSED)

    def _on_heartbeat(self, link: LinkState, frame: Heartbeat, data: bytes) -> None:
        s = self.session
        if frame.calm is not link.calm:
            self._on_calm(link, frame.calm)
        if s.state is FOLLOWING:
            if link.id == self.roles.following.link:
                self.roles.following.on_heartbeat(frame)
            elif link.peer == s.host:
                self.roles.back_to_direct(link)
        elif s.state is REIGNING:
            self.roles.hosting.ordering.on_confirm(link, frame)
        elif s.state in HOSTLESS:
            self._hear_lost_host(link)

    def _on_calm(self, link: LinkState, calm: bool) -> None:
        """The other end has found its host, or lost it: then it wants to know who is there."""
        self.session.mesh.hear(self.session.now, link, calm)
        if not calm:
            self.roles.heartbeat((link,))

    def _hear_lost_host(self, link: LinkState) -> None:
        """If the lost host speaks, and still for the reign that we know, it is back."""
        if link.peer == self.session.host:
            granted = self.roles.granting.granted()
            self.roles.succession.end()
            self.roles.following.rejoin()
            if granted is not None:
                self.roles.granting.verify(granted)

    def _on_piece(self, link: LinkState, frame: Piece, data: bytes) -> None:
        whole = link.pieces.add(frame, self.session.settings.frame_bytes_max)
        if whole is not None:
            if isinstance(decode(whole), Piece):
                raise RemoteProtocolError("a piece of a piece")
            self.take(link, whole)

    def _on_ping(self, link: LinkState, frame: Ping, data: bytes) -> None:
        self.session.send_on((link.id,), encode(Pong(frame.token)))

    def _on_pong(self, link: LinkState, frame: Pong, data: bytes) -> None:
        if link.ponged(self.session.now, frame.token) and link.peer == self.session.host:
            self.roles.granting.on_host_proof()
            self.roles.corroboration.on_host_proof()

    def _on_ask(self, link: LinkState, frame: Ask, data: bytes) -> None:
        if link.peer is not None:
            self.roles.corroboration.on_ask(link.peer)

    def _on_vouch(self, link: LinkState, frame: Vouch, data: bytes) -> None:
        if link.peer is not None:
            self.roles.corroboration.on_vouch(link.peer)

    def _on_carry(self, link: LinkState, frame: Carry, data: bytes) -> None:
        self.roles.relay.on_carry(link, frame)

    def _on_carried(self, link: LinkState, frame: Carried, data: bytes) -> None:
        closed = self.roles.relay.on_carried(link, frame, self._take_relayed)
        if closed is not None:
            self.roles.cut(closed, LinkEnd.CLOSED)

    def _take_relayed(self, link: LinkState, data: bytes) -> None:
        """What is wrong with a relayed frame is the fault of its sender, not of the bridge."""
        self.roles.watching.on_host_heard(link.detector)
        try:
            self.take(link, data)
        except RemoteProtocolError as error:
            self.session.emit(StrangerRefused(str(error)))
            self.roles.cut(link.id, LinkEnd.NOT_P2PNET)

    def _on_bye(self, link: LinkState, frame: Bye, data: bytes) -> None:
        s, peer = self.session, link.peer
        assert peer is not None
        if frame.reason is EndReason.LEFT and (s.state in HOSTS or peer != s.host):
            s.departed.add(peer)  # if no host heard it, the next one may be this peer
        if s.state in HOSTS:
            s.close(link.id)  # a host that puts us out reigns over others, and is away from us
            reason = frame.reason if frame.reason in _GOES else EndReason.UNREACHABLE
            self.roles.hosting.on_bye(peer, reason, frame.text)
        elif peer != s.host:
            self.roles.cut(link.id, LinkEnd.CLOSED)
        elif frame.reason not in _GOES:
            self.session.finish(frame.reason, frame.text)
        elif s.state in (State.JOINING, State.FOLLOWING):
            s.close(link.id)
            self.roles.lose_host(_GOES[frame.reason])

    def _on_join(self, link: LinkState, frame: Join, data: bytes) -> None:
        s = self.session
        if s.state is State.REIGNING:
            self.roles.hosting.on_join(link, frame)
        elif link.peer == s.host and s.state in (State.JOINING, State.FOLLOWING):
            # Our host asks for a seat: it was restarted, and has no memory of hosting.
            self.roles.lose_host(LossCause.CLOSED)
        elif s.state in HOSTLESS and link.peer is not None and s.roster.get(link.peer):
            self.roles.succession.on_back(link.peer, frame.addresses)
        elif s.state is State.FOLLOWING and s.reign is not None:
            redirect = Redirect(s.reign, self._host_addresses())
            s.send_on((link.id,), encode(redirect))

    def _on_pending(self, link: LinkState, frame: Pending, data: bytes) -> None:
        self.roles.joining.on_pending(link, frame)

    def _on_rejoin(self, link: LinkState, frame: Rejoin, data: bytes) -> None:
        if self.session.state is State.REIGNING:  # a client has just told whom it obeys
            self.roles.hosting.on_rejoin(link, frame)
        elif self.session.state is State.DOUBTING:
            self.roles.succession.on_wanted()

    def _on_no_seat(self, link: LinkState, frame: NoSeat, data: bytes) -> None:
        self.roles.joining.on_no_seat(link)

    def _on_redirect(self, link: LinkState, frame: Redirect, data: bytes) -> None:
        check_reign(self.session, link, frame.reign)
        self.roles.joining.on_redirect(link, frame)

    def _on_welcome(self, link: LinkState, frame: Welcome, data: bytes) -> None:
        check_reign(self.session, link, frame.reign)
        self.roles.following.on_welcome(link, frame)
        if self.session.state is State.FOLLOWING:
            self.session.dial_missing()

    def _on_command(self, link: LinkState, frame: Command, data: bytes) -> None:
        self.roles.hosting.ordering.on_command(link, frame)

    def _on_write(self, link: LinkState, frame: Write, data: bytes) -> None:
        self.roles.hosting.ordering.on_write(link, frame)

    def _on_update(self, link: LinkState, frame: Update | Condensed, data: bytes) -> None:
        if self.session.state in HOSTLESS:
            self._hear_lost_host(link)  # a busy host sends no heartbeats
        elif isinstance(frame, Condensed):
            self.roles.following.on_condensed(link, frame)
        else:
            self.roles.following.on_update(link, frame, data)

    def _on_confirm(self, link: LinkState, frame: Confirm, data: bytes) -> None:
        self.roles.hosting.ordering.on_confirm(link, frame)

    def _on_marks(self, link: LinkState, frame: Marks, data: bytes) -> None:
        self.roles.following.on_marks(link, frame)

    def _on_claim(self, link: LinkState, frame: Claim, data: bytes) -> None:
        s, epoch = self.session, frame.reign.epoch
        if link.peer is None:
            return
        if s.epoch is None:
            self.roles.joining.on_claim(link.peer)
            return
        check_claim(s, link, frame)
        if s.roster.get(link.peer) is None:
            if s.state in _SEARCHING:
                self.roles.succession.pulling.meet(link.peer, frame.position)
        elif epoch < s.epoch:
            self.roles.granting.refuse(link.peer, frame.number, RefuseReason.NEWER, s.reign)
        elif s.state in HOSTS and epoch == s.epoch:
            self.roles.granting.refuse(link.peer, frame.number, RefuseReason.ALIVE)
        else:
            if s.state in HOSTS:
                self.roles.abdicate()
                self.roles.succession.concede(epoch)
            elif epoch > s.epoch and s.state in (State.JOINING, State.FOLLOWING):
                self.roles.lose_host(LossCause.SILENT)  # our host was deposed before, unawares
            self.roles.granting.on_claim(link, frame)

    def _on_grant(self, link: LinkState, frame: Grant, data: bytes) -> None:
        self.roles.succession.on_grant(link, frame)

    def _on_refuse(self, link: LinkState, frame: Refuse, data: bytes) -> None:
        if frame.reign is not None:
            self._on_reign(link, frame.reign, data)
        else:
            self.roles.succession.on_refuse(link, frame)

    def _on_withdraw(self, link: LinkState, frame: Withdraw, data: bytes) -> None:
        if link.peer is not None:
            self.roles.succession.on_withdraw(link.peer, frame)

    def _on_pull(self, link: LinkState, frame: Pull, data: bytes) -> None:
        self.roles.succession.pulling.answer(link, frame)

    def _on_tail(self, link: LinkState, frame: Tail, data: bytes) -> None:
        self.roles.succession.on_tail(link, frame)

    def _on_reign(self, link: LinkState, frame: Reign, data: bytes) -> None:
        s = self.session
        check_reign(self.session, link, frame)
        if s.epoch is None:
            self.roles.joining.on_crown(link, frame)
        elif frame.epoch > s.epoch:
            self.roles.hear_of(link, frame, ())
        elif frame.epoch < s.epoch:
            self._fence(link, frame.epoch)

    def _on_fenced(self, link: LinkState, frame: Fenced, data: bytes) -> None:
        s = self.session
        if s.epoch is None:
            return
        check_reign(self.session, link, frame.reign)
        if frame.reign.epoch > s.epoch:
            self.roles.hear_of(link, frame.reign, frame.addresses)
        elif frame.reign.epoch == s.epoch and link.peer == s.host and s.state is State.FOLLOWING:
            self.roles.following.rejoin()  # given up for silence, by a host that still reigns
        elif self.roles.reunion.is_turned_away(link.peer, frame.reign.epoch):
            self._reign_on()
            if frame.reign.epoch.host != s.me:
                self.roles.reunion.seek(frame.reign, frame.addresses)

    def _on_renumber(self, link: LinkState, frame: Renumber, data: bytes) -> None:
        check_reign(self.session, link, frame.reign)
        s = self.session
        if s.epoch is None or frame.reign.epoch <= s.epoch or link.peer != s.host:
            return
        if not self.roles.following.on_renumber(link, frame.reign):
            self.roles.obey(frame.reign, ())

    def _on_handover(self, link: LinkState, frame: Handover, data: bytes) -> None:
        if self.roles.following.on_handover(link, frame):
            self.roles.following.lose()
            self.roles.succession.inherit(frame.number)

    def _on_meeting(self, link: LinkState, frame: Meeting, data: bytes) -> None:
        check_header(self.session, link, frame.header)
        reign = self.roles.reunion.on_meeting(link, frame)
        if reign is not None:
            self.roles.obey(reign, frame.addresses)

    def _on_yield(self, link: LinkState, frame: Yield, data: bytes) -> None:
        s = self.session
        check_yield(s, link, frame)
        reunion = self.roles.reunion
        if s.epoch is not None and reunion.has_yielded_to(link.peer):
            if frame.epoch > s.epoch:
                return  # each gave up for the other: the newer reign goes on, and takes us in
            self._reign_on()
        reunion.on_yield(link, frame)

    def _reign_on(self) -> None:
        """Whom we yielded to does not take us in."""
        for link, data in self.roles.confirm():
            self.take_again(link, data)

    def _on_follow(self, link: LinkState, frame: Follow, data: bytes) -> None:
        check_oath(self.session, link, frame)
        self.roles.hosting.ordering.on_follow(link, frame)

    # --- epochs ---

    def _fence(self, link: LinkState, epoch: Epoch) -> None:
        """A frame of this epoch is void here. Who is behind is told, by either side."""
        s, reign = self.session, self.session.reign
        if link.calm:
            s.mesh.hear(s.now, link, calm=False)  # its host is not ours
        if reign is not None and link.is_to_tell(s.now, epoch, reign.epoch):
            frame: Frame = Heartbeat(reign.epoch, s.reached)
            if epoch < reign.epoch:
                frame = Fenced(reign, self._host_addresses())
            s.send_on((link.id,), encode(frame))
            if s.state is State.REIGNING and link.peer == epoch.host:
                self.roles.reunion.meet(link, epoch)  # spares the other host to ask for it

    def _host_addresses(self) -> tuple[str, ...]:
        s = self.session
        return s.addresses if s.host == s.me else s.addresses_of(s.host)


_Handler = Callable[[Router, LinkState, Any, bytes], None]
_C = Router

_ROUTES: Final[dict[type[Frame], tuple[frozenset[State], bool, _Handler]]] = {
    Hello: (IN_SESSION, False, _C._on_hello),
    Heartbeat: (IN_SESSION, True, _C._on_heartbeat),
    Proof: (IN_SESSION, False, _C._on_proof),
    Piece: (IN_SESSION, False, _C._on_piece),
    Ping: (IN_SESSION, False, _C._on_ping),
    Pong: (IN_SESSION, False, _C._on_pong),
    Bye: (IN_SESSION - _WAITING, False, _C._on_bye),
    Ask: (frozenset({State.FOLLOWING}), True, _C._on_ask),
    Vouch: (frozenset({State.JOINING, State.FOLLOWING}), True, _C._on_vouch),
    Carry: (IN_SESSION, False, _C._on_carry),
    Carried: (IN_SESSION, False, _C._on_carried),
    Reign: (IN_SESSION, False, _C._on_reign),
    Join: (_ASKED | HOSTLESS, False, _C._on_join),
    Rejoin: (_ASKED | {State.DOUBTING}, True, _C._on_rejoin),
    Pending: (frozenset({State.JOINING}), False, _C._on_pending),
    NoSeat: (frozenset({State.JOINING}), True, _C._on_no_seat),
    Redirect: (frozenset({State.JOINING}), False, _C._on_redirect),
    Denied: (IN_SESSION, False, _C._on_denied),
    Welcome: (frozenset({State.JOINING}), False, _C._on_welcome),
    Command: (frozenset({State.REIGNING}), True, _C._on_command),
    Write: (frozenset({State.REIGNING}), True, _C._on_write),
    Update: (frozenset({State.FOLLOWING}) | HOSTLESS, True, _C._on_update),
    Condensed: (frozenset({State.FOLLOWING}) | HOSTLESS, True, _C._on_update),
    Confirm: (frozenset({State.REIGNING}), True, _C._on_confirm),
    Follow: (frozenset({State.REIGNING}), True, _C._on_follow),
    Marks: (frozenset({State.FOLLOWING}), True, _C._on_marks),
    Claim: (IN_SESSION, False, _C._on_claim),
    Grant: (frozenset({State.CLAIMING}), False, _C._on_grant),
    Refuse: (frozenset({State.CLAIMING, State.PULLING}), False, _C._on_refuse),
    Withdraw: (_CLIENTS, False, _C._on_withdraw),
    Pull: (_CLIENTS, False, _C._on_pull),
    Tail: (_SEARCHING, False, _C._on_tail),
    Fenced: (IN_SESSION, False, _C._on_fenced),
    Handover: (frozenset({State.FOLLOWING}), True, _C._on_handover),
    Renumber: (frozenset({State.JOINING, State.FOLLOWING}), False, _C._on_renumber),
    Meeting: (frozenset({State.REIGNING, State.PROBATION}), False, _C._on_meeting),
    Yield: (IN_SESSION, False, _C._on_yield),
}
