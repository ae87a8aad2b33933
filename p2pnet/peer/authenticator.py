"""Who may come in at all: proof that newcomers bring along, and that the host looks at.

Every peer may become the host, so every peer needs the same authenticator. A member that comes back
is not asked again: its key is proof enough.
"""

from __future__ import annotations

import hashlib
import hmac
from functools import partial
from typing import Final

import trio

from ..core.values import PeerId, SessionId
from .session_hooks import Newcomer

_KEY_BYTES: Final = 32
_SCRYPT: Final = {"n": 1 << 14, "r": 8, "p": 1, "dklen": _KEY_BYTES}


class Authenticator:
    """Subclass it, and give an object of it to `open_peer`.

    What a method raises counts as a refusal, or on a newcomer ends the join.
    """

    timeout_us: int = 10_000_000
    """How long `credentials` and `authenticate` may take. Then it is over: denied, with a text."""

    def on_start(self) -> None:
        """The peer is open."""

    def on_stop(self) -> None:
        """The peer has closed all its links. Called before the offline scene."""

    async def credentials(self, session: SessionId, me: PeerId) -> bytes:
        """On a newcomer: what to show to the host."""
        return b""

    async def authenticate(
        self, newcomer: Newcomer, credentials: bytes, session: SessionId
    ) -> bool | str:
        """On the host: True lets it in; a text, or False, does not, and is told to it."""
        return True


class PasswordAuthenticator(Authenticator):
    """Whoever knows the password may come in. It never travels.

    What travels is bound to the key of the newcomer, so that nobody else can use it, and to the
    session. Who listens in can try passwords against it at home: take one that can't be guessed.
    """

    def __init__(self, password: str) -> None:
        self._password = password
        self._keys: dict[SessionId, bytes] = {}

    async def credentials(self, session: SessionId, me: PeerId) -> bytes:
        return _tag(await self._key(session), me)

    async def authenticate(
        self, newcomer: Newcomer, credentials: bytes, session: SessionId
    ) -> bool | str:
        wanted = _tag(await self._key(session), newcomer.peer)
        if not credentials:
            return "a password is wanted: join with PasswordAuthenticator(password)"
        return hmac.compare_digest(wanted, credentials) or "the password is wrong"

    async def _key(self, session: SessionId) -> bytes:
        """Slow on purpose, and in another thread for that."""
        if session not in self._keys:
            derive = partial(hashlib.scrypt, self._password.encode(), salt=session.encode())
            self._keys[session] = await trio.to_thread.run_sync(partial(derive, **_SCRYPT))
        return self._keys[session]


def _tag(key: bytes, peer: PeerId) -> bytes:
    return hmac.digest(key, peer.encode(), "sha256")
