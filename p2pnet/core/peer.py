"""One peer as a whole: inputs with the time they happened at, effects out, and the next deadline.

Nothing here awaits, reads a clock, or draws a random number. The shell calls an input, then
`flush` once it has no more, performs `take_effects` in order, and calls `wake` at `next_wake`.
The same inputs at the same times give the same effects, always.

Input that comes from others never raises: whatever is wrong with it costs only its sender. What
the game's own code raises goes through to the caller, because a host that can't run its game must
not go on hosting it.
"""

from __future__ import annotations

from .choices import Choices
from .codec import encode
from .credentials import Credentials, challenge
from .effects import Effect
from .errors import (
    DenyReason,
    EndReason,
    LinkEnd,
    LocalProtocolError,
    RemoteProtocolError,
    SessionOver,
    TooManyInFlight,
)
from .events import StrangerRefused
from .messages import PROTOCOL_VERSION, Hello
from .reading import Reading
from .replica import Replica
from .roles import HOSTS, IN_SESSION, Roles
from .routing import Router
from .saving import Saved, restore, save
from .session import Session
from .settings import AckLevel, Settings
from .states import FOLLOWING, HOSTLESS, REIGNING, SETTLED, Move, State
from .upkeep import Upkeep
from .values import Epoch, LinkId, PeerId, SessionId


class PeerCore(Reading):
    """The protocol of one peer. See `p2pnet.core.states` for what it can be doing."""

    def __init__(
        self,
        *,
        credentials: Credentials,
        entropy: bytes,
        name: str,
        addresses: tuple[str, ...],
        settings: Settings,
        fingerprint: str,
        replica: Replica,
        can_host: bool = True,
        choices: Choices | None = None,
    ) -> None:
        """A peer that is in no session yet.

        `credentials` is its key pair. `entropy` are at least 32 random bytes, drawn anew for each
        process and never told to anybody: two processes of one key differ by them.
        """
        self._s = Session(
            credentials=credentials,
            entropy=entropy,
            name=name,
            addresses=addresses,
            can_host=can_host,
            fingerprint=fingerprint,
            settings=settings,
            replica=replica,
            choices=choices or Choices(),
        )
        self._roles = Roles(self._s)
        self._router = Router(self._s, self._roles, self._take_again)
        self._upkeep = Upkeep(self._s, self._roles, self._take_again)

    # --- inputs: what the application wants ---

    def host(self, now: int, session: SessionId) -> None:
        """Open a session. Raises `LocalProtocolError` unless this peer is idle."""
        self._begin(now, session, Move.FOUND)
        self._roles.hosting.begin(self._s.reign_of(Epoch(1, self.me, self._s.nonce), None))

    def join(
        self,
        now: int,
        session: SessionId,
        host: PeerId,
        addresses: tuple[str, ...],
        others: tuple[tuple[PeerId, tuple[str, ...]], ...] = (),
    ) -> None:
        """Ask for a seat in a session: `host`, or who else was a member, one after the other.

        Raises `LocalProtocolError` unless this peer is idle.
        """
        self._begin(now, session, Move.JOIN)
        self._roles.joining.others = list(others)
        self._roles.joining.seek_first(host, addresses)

    def _begin(self, now: int, session: SessionId, move: Move) -> None:
        self._s.now = now
        self._s.move(move)
        self._s.id = session

    def submit(self, now: int, payload: bytes, ack: AckLevel | None) -> int:
        """Have the host run a command, exactly once. Returns its ticket; `Settle` follows.

        Raises `LocalProtocolError` without a seat, `SessionOver` after the end of the session, and
        `TooManyInFlight` above `Settings.commands_in_flight_max`. While there is no host, raises
        `CommandRefused` if `Settings.while_down` says so, and `TooManyInFlight` above
        `Settings.kept_commands_max`.
        """
        s = self._s
        self._observe(now)
        if s.state is State.LEFT:
            raise SessionOver(EndReason.LEFT, "this peer is not in the session any more")
        if s.seat is None:
            raise LocalProtocolError("join or host a session before calling commands")
        if len(s.outbox) >= s.settings.commands_in_flight_max:
            raise TooManyInFlight(
                f"{len(s.outbox)} commands wait for their results; await some of the receipts"
            )
        if s.state not in SETTLED:
            s.outbox.keep(s.settings)
        submission = s.outbox.add(payload, ack or s.settings.ack)
        if s.state is REIGNING:
            self._roles.hosting.ordering.submit(submission)
        elif s.state is FOLLOWING:
            self._roles.following.submit(submission)
        return submission.ticket

    def write(self, now: int, payload: bytes) -> None:
        """Tell the host what was written here to fields of our own; void while there is none."""
        self._observe(now)
        if self._s.state is FOLLOWING:
            self._roles.following.write(payload)

    def keep_seats(self, now: int) -> None:
        """On a host: ask the replica anew how long the seats of absent members are kept."""
        self._observe(now)
        if self._s.state is REIGNING:
            self._roles.hosting.keep_seats()

    def crowd(self, now: int, links: frozenset[LinkId]) -> None:
        """More waits on these links than they can carry, and on no others."""
        self._observe(now)
        self._roles.hosting.ordering.crowd(links)

    def save(self, now: int) -> bytes:
        """The whole session, to be resumed one day. Raises `LocalProtocolError` on a client."""
        self._observe(now)
        if self._s.state is not REIGNING:
            raise LocalProtocolError("only the host can save the session")
        self._roles.hosting.ordering.order()
        return save(self._s)

    def resume(self, now: int, saved: Saved) -> None:
        """Go on with a session that was saved, as its host. `saved` was checked by `load`.

        Raises `LocalProtocolError` unless this peer is idle.
        """
        self._begin(now, saved.session, Move.FOUND)
        restore(self._s, saved)
        number, position = saved.snapshot.position.epoch.number + 1, saved.snapshot.position
        reign = self._s.reign_of(Epoch(number, self.me, self._s.nonce), position)
        self._roles.hosting.begin(reign)

    def tick(self, now: int) -> None:
        """The game clock: on a host the game advances and its changes go out."""
        self._observe(now)
        if self._s.state is REIGNING:
            self._roles.hosting.ordering.tick(now)

    def kick(self, now: int, peer: PeerId, text: str, reason: EndReason = EndReason.KICKED) -> None:
        """Remove a member, which is told why. KICKED is for good; after any other reason it may
        come back. Raises `LocalProtocolError` unless this peer hosts it.
        """
        self._observe(now)
        if self._s.state is not REIGNING:
            raise LocalProtocolError("only the host can kick")
        if peer == self.me or self._s.roster.get(peer) is None:
            raise LocalProtocolError("there is no such other member to kick")
        self._roles.hosting.put_out(peer, reason, text)

    def approve(self, now: int, peer: PeerId) -> None:
        """Give a newcomer its seat. Void if it waits no more."""
        self._observe(now)
        self._roles.hosting.approve(peer)

    def deny(self, now: int, peer: PeerId, reason: DenyReason, text: str) -> None:
        """Turn a newcomer away; it is told why. Void if it waits no more."""
        self._observe(now)
        self._roles.hosting.turn_away(peer, reason, text)

    def claim(self, now: int) -> None:
        """Ask the others for the host role: migration by hand.

        Raises `LocalProtocolError` unless the host is lost and this peer can host.
        """
        self._observe(now)
        if self._s.state not in (State.DOUBTING, State.ISOLATED) or not self._s.can_host:
            raise LocalProtocolError("the host role can be asked for when the host is lost")
        self._roles.succession.claim()

    def follow(self, now: int, peer: PeerId, addresses: tuple[str, ...] = ()) -> None:
        """Take this member for the new host as soon as it is: migration by hand.

        Raises `LocalProtocolError` unless the host is lost and that is another member.
        """
        self._observe(now)
        if self._s.state not in HOSTLESS or peer == self.me or self._s.roster.get(peer) is None:
            raise LocalProtocolError("another member can be followed when the host is lost")
        self._roles.follow(peer, addresses)

    def announce(self, now: int) -> None:
        """Tell everybody the roster once more. Raises `LocalProtocolError` on a client."""
        self._observe(now)
        if self._s.state is not REIGNING:
            raise LocalProtocolError("only the host tells the others who is there")
        self._roles.hosting.announce()

    def hand_over(self, now: int, to: PeerId | None = None) -> None:
        """Make another peer the host, `to` or the first in rank, and go on as its client.

        Raises `LocalProtocolError` unless this peer hosts, and that one follows it.
        """
        self._observe(now)
        if self._s.state is not REIGNING:
            raise LocalProtocolError("only the host can hand over")
        self._roles.handing_over.begin(to)

    def leave(self, now: int, text: str = "", reason: EndReason = EndReason.LEFT) -> None:
        """Leave: for good, or with AWAY and the seat is kept. The others go on.

        A host with followers hands over first, and has left when somebody else reigns; `state`
        tells when that is.
        """
        self._observe(now)
        handing_over = self._roles.handing_over
        if self._s.state is State.HANDING_OVER:
            handing_over.leaving = reason
        elif self._s.state is REIGNING and handing_over.successor() is not None:
            handing_over.begin(None, leaving=reason)
        else:
            self._go(now, reason, text)

    def end_session(
        self, now: int, text: str = "", reason: EndReason = EndReason.SESSION_ENDED
    ) -> None:
        """The session is over for all. Raises `LocalProtocolError` unless this peer hosts.

        A host that hands over just leaves: the next one may reign by now.
        """
        if self._s.state not in HOSTS:
            raise LocalProtocolError("only the host can end the session for all")
        if self._s.state is State.HANDING_OVER:
            self.leave(now, text)
        else:
            self._go(now, reason, text)

    def crash(self, now: int, text: str) -> None:
        """The code of the game raised, so this peer can't go on; the others are told so.

        What the host had not ordered by then is lost: it may be half done.
        """
        if self._s.state in IN_SESSION:
            self._go(now, EndReason.CRASHED, text)

    def listen_also(self, now: int, addresses: tuple[str, ...]) -> None:
        """This peer can be dialled at more addresses than before. Others learn it as it comes up:
        with the next seat that it asks for, or the reign that it begins.
        """
        self._observe(now)
        self._s.addresses = (*self._s.addresses, *addresses)

    def _go(self, now: int, reason: EndReason, text: str) -> None:
        s = self._s
        s.now = now
        if s.state is REIGNING and reason is not EndReason.CRASHED:
            self._roles.hosting.ordering.order_for_all()
        if s.state in HOSTS:
            if reason is EndReason.CRASHED:
                self._roles.hosting.ordering.end()  # no more code of the game is called
            else:
                self._roles.abdicate()
        if s.state is not State.LEFT:
            self._roles.say_goodbye(reason, text)

    # --- inputs: links ---

    def link_opened(self, now: int, link: LinkId, dialled: PeerId | None) -> None:
        """A link came up. `dialled` is whom the `Dial` was for; None if the other side dialled."""
        s = self._s
        self._observe(now)
        s.mesh.opened(now, link, dialled, seated=s.seat is not None)
        if s.state not in IN_SESSION or s.id is None:
            s.close(link)
            return
        hello = Hello(
            PROTOCOL_VERSION, s.id, s.key, s.nonce, challenge(s.entropy, link), s.fingerprint
        )
        s.send_on((link,), encode(hello))

    def dial_failed(self, now: int, peer: PeerId, end: LinkEnd) -> None:
        """None of the addresses led to `peer`."""
        self._observe(now)
        self._roles.unreached(peer, end)

    def link_closed(self, now: int, link: LinkId, end: LinkEnd) -> None:
        """A link is gone. Nothing happens if this peer closed it itself."""
        s = self._s
        self._observe(now)
        if link in s.mesh.links:
            bound = link == self._roles.following.link
            self._roles.unlinked(link, s.unlink(link), bound)

    def frame_received(self, now: int, link: LinkId, data: bytes) -> bool:
        """A frame came in. Returns whether `take_effects` has anything to give."""
        self._observe(now)
        s = self._s
        state = s.mesh.links.get(link)
        if state is None:
            return bool(s.effects)
        detector = state.detector
        detector.heard(now)
        if state.beside:
            s.mesh.heard_beside(now, state)
        if detector.warned:
            self._roles.watching.on_host_heard(detector)
        try:
            self._router.take(state, data)
        except RemoteProtocolError as error:
            s.emit(StrangerRefused(str(error)))
            self._roles.cut(link, LinkEnd.NOT_P2PNET)
        return bool(s.effects)

    def _take_again(self, link: LinkId, data: bytes) -> None:
        """A request that was held back."""
        self.frame_received(self._s.now, link, data)

    # --- inputs: time ---

    def wake(self, now: int) -> None:
        """Do what is due."""
        self._observe(now)
        self._upkeep.run()

    def flush(self, now: int) -> None:
        """After a batch of input, of the game's maybe: what somebody waits for goes out."""
        s = self._s
        if now != s.now:  # else the last input has told
            self._observe(now)
        if self._roles.reunion.waiting:
            self._roles.reunion.answer_waiting()
        if s.state is REIGNING:
            self._roles.hosting.ordering.flush()

    # --- outputs ---

    def next_wake(self) -> int | None:
        """When to call `wake` at the latest, or None if nothing is due ever."""
        return self._upkeep.next_us()

    @property
    def awaits_tick(self) -> bool:
        """Whether this host has news that go out with a tick, whatever its world says."""
        return self._s.state is REIGNING and self._roles.hosting.ordering.has_changes

    @property
    def has_effects(self) -> bool:
        """Whether `take_effects` has anything to give."""
        return bool(self._s.effects)

    def take_effects(self) -> list[Effect]:
        """What to do, in this order. Each effect is handed out once."""
        if not self._s.effects:
            return []
        effects, self._s.effects = self._s.effects, []
        return effects

    # --- time, within ---

    def _observe(self, now: int) -> None:
        """Each input begins here: time goes on, and a long sleep is noticed before anything."""
        s = self._s
        assert now >= s.now, "time goes forward"
        s.now = now
        promised = self._upkeep.promised_us
        if promised is None or now <= promised or now <= promised + s.settings.heartbeat_us:
            return
        self._upkeep.promised_us = None
        if s.state not in IN_SESSION:
            return
        # Being late by a heartbeat says that this process stood still, not the others. Being late
        # by two says that they may have given it up.
        late = now - promised
        s.mesh.forgive(now)
        if late > 2 * s.settings.heartbeat_us:
            self._roles.oversleep(late)
