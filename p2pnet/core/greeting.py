"""The first frames on a link: who is at the other end, and is it one of ours?

Both ends greet at once, each with a challenge, and each answers the other's challenge with a
signature. Until then nothing else is taken from the link, and nothing else is said on it.
"""

from __future__ import annotations

from typing import Final

import attrs

from .codec import encode
from .credentials import Says, challenge
from .errors import DenyReason, LinkEnd, RemoteProtocolError
from .events import StrangerRefused
from .link_state import LinkState
from .messages import PROTOCOL_VERSION, Denied, Hello, Proof
from .roles import Roles
from .session import Session
from .values import clean_name, peer_id

_FINGERPRINT_CHARS_MAX: Final = 64


@attrs.define(eq=False)
class Greeting:
    """Gets acquainted with whoever is at the end of a new link."""

    session: Session
    roles: Roles

    def on_hello(self, link: LinkState, frame: Hello) -> None:
        """The other end says who it is: prove to it who we are."""
        s = self.session
        if link.key:
            raise RemoteProtocolError("a second greeting on one link")
        if (problem := self._stranger(link, frame)) is not None:
            self._refuse_stranger(link, *problem)
            return
        link.key, link.nonce = frame.key, frame.nonce
        if link.dialled is not None and s.mesh.is_needless(s.now, link):
            s.close(link.id)  # before the other end takes it for the better one
            s.mesh.reached(link.dialled)
            return
        proof = Proof(s.sign(Says.GREETING, frame.challenge, frame.key))
        s.send_on((link.id,), encode(proof))

    def on_proof(self, link: LinkState, frame: Proof) -> None:
        """The other end has proved who it is: from here on the link stands for that peer."""
        s = self.session
        if not link.key or link.peer is not None:
            raise RemoteProtocolError("a proof out of turn")
        ours = challenge(s.entropy, link.id)
        if not s.proves(link.key, frame.signature, Says.GREETING, ours, s.key):
            s.reject(link, "somebody greeted with a key that it does not hold")
            raise RemoteProtocolError("a greeting with a false proof")
        peer = peer_id(link.key)
        s.departed.discard(peer)
        member = s.roster.get(peer)
        if member is None and s.seat is not None and self._newcomers() >= s.settings.players_max:
            text = "too many ask for a seat at one time; try again in a moment"
            self._refuse_stranger(link, DenyReason.FULL, text)
            return
        seated = link.nonce if member is None else member.nonce
        if member is not None:
            s.mesh.know(peer, link.id)
        for replaced in s.mesh.greeted(s.now, link.id, peer, seated):
            older = s.mesh.links.get(replaced)  # or it went with another one
            if older is not None and (s.me < peer or older.relay is not None):
                self.roles.cut(older.id, LinkEnd.CLOSED)
        self.roles.heartbeat((link,))
        self.roles.joining.on_greeted(peer)

    def _newcomers(self) -> int:
        """How many are linked that have no seat, whether they have asked for one or not."""
        s = self.session
        return sum(s.roster.get(peer) is None for peer, _ in s.mesh.peers())

    def _stranger(self, link: LinkState, frame: Hello) -> tuple[DenyReason, str] | None:
        """Why the peer at the other end is not one of ours, or None."""
        s = self.session
        if frame.version != PROTOCOL_VERSION:
            text = f"protocol {frame.version} there, {PROTOCOL_VERSION} here: update the older one"
            return DenyReason.VERSION, text
        if frame.session != s.id:
            return DenyReason.SESSION, "another session is played there: ask for a new invite"
        if frame.fingerprint != s.fingerprint:
            there = clean_name(frame.fingerprint, _FINGERPRINT_CHARS_MAX)  # anybody's own word
            text = f"the game {there} is played there, {s.fingerprint} here: use the same build"
            return DenyReason.GAME, text
        if link.dialled is not None and peer_id(frame.key) != link.dialled:
            return DenyReason.IDENTITY, "another peer than the one invited to answers there"
        if peer_id(frame.key) == s.me:
            return DenyReason.IDENTITY, "that is this very peer, or somebody with a copy of its key"
        return None

    def _refuse_stranger(self, link: LinkState, reason: DenyReason, text: str) -> None:
        s = self.session
        s.emit(StrangerRefused(text))
        ours = s.seat is None and link.dialled == self.roles.joining.target is not None
        s.send_on((link.id,), encode(Denied(reason, text)))
        s.close(link.id)
        if ours:
            self.roles.joining.on_denied(reason, text)
