"""Newcomers at the door: what they bring along, and who decides about them.

First comes the authenticator, which may take its time, then the hook of the game. The core keeps
the newcomer waiting meanwhile, and has a limit of its own.
"""

from __future__ import annotations

from typing import Annotated, Final

import attrs
import msgspec
import trio

from ..core.choices import PAYLOAD_BYTES_MAX
from ..core.errors import ADVICE, Denied, DenyReason, EndReason
from ..core.events import ApprovalRequested
from ..core.values import PeerId, SessionId
from ..links.base import US_PER_S
from .authenticator import Authenticator
from .inbox import Inbox
from .inputs import Approve, Deny
from .session_hooks import Newcomer, SessionHooks

_Bytes = Annotated[bytes, msgspec.Meta(max_length=PAYLOAD_BYTES_MAX)]


class _Envelope(msgspec.Struct, frozen=True, array_like=True):
    """What goes with the request for a first seat."""

    payload: _Bytes | None = None
    credentials: _Bytes = b""


_EMPTY: Final = _Envelope()


def open_envelope(data: bytes | None) -> tuple[bytes | None, bytes] | None:
    """Payload and credentials; None for what no p2pnet sends."""
    if data is None:
        return None, b""
    try:
        found = msgspec.msgpack.decode(data, type=_Envelope)
    except msgspec.DecodeError:
        return None
    return found.payload, found.credentials


@attrs.define(eq=False)
class Door:
    """Decides, on a host, about those who ask for a first seat."""

    hooks: SessionHooks
    authenticator: Authenticator | None
    inbox: Inbox

    @property
    def is_guarded(self) -> bool:
        """Whether anybody has to be asked."""
        asks = type(self.hooks).on_approval is not SessionHooks.on_approval
        return asks or self.authenticator is not None

    async def envelope(self, session: SessionId, me: PeerId, payload: bytes | None) -> bytes | None:
        """What this peer, as a newcomer, sends along. Raises Denied if that can't be had."""
        credentials = b""
        if self.authenticator is not None:
            try:
                with trio.fail_after(self.authenticator.timeout_us / US_PER_S):
                    credentials = await self.authenticator.credentials(session, me)
            except trio.TooSlowError:
                text = "the credentials were not there in time"
                raise Denied(DenyReason.AUTHENTICATION, text) from None
        sent = _Envelope(payload, credentials)
        return None if sent == _EMPTY else msgspec.msgpack.encode(sent)

    async def judge(self, event: ApprovalRequested, session: SessionId) -> None:
        """Decide about a newcomer, or leave it waiting."""
        opened = open_envelope(event.payload)
        if opened is None:
            self._deny(event.peer, DenyReason.APPROVAL, "what came along makes no sense")
            return
        payload, credentials = opened
        newcomer = Newcomer(event.peer, event.name, payload)
        problem = await self._authenticate(newcomer, credentials, session)
        if problem is not None:
            self._deny(event.peer, DenyReason.AUTHENTICATION, problem)
            return
        answer = self.hooks.on_approval(newcomer)
        if answer is True:
            self.inbox.put_nowait(Approve(event.peer))
        elif answer is not None:
            text = answer if isinstance(answer, str) else ADVICE[EndReason.DENIED]
            self._deny(event.peer, DenyReason.APPROVAL, text)

    async def _authenticate(
        self, newcomer: Newcomer, credentials: bytes, session: SessionId
    ) -> str | None:
        """What is wrong with a newcomer; None if nothing is."""
        authenticator = self.authenticator
        if authenticator is None:
            return None
        try:
            with trio.fail_after(authenticator.timeout_us / US_PER_S):
                answer = await authenticator.authenticate(newcomer, credentials, session)
        except trio.TooSlowError:
            return "the host could not check the credentials in time"
        except Exception as error:  # noqa: BLE001  a newcomer must not end the host
            return f"the host could not check the credentials ({type(error).__name__})"
        if answer is True:
            return None
        return answer if isinstance(answer, str) else "the credentials are not valid"

    def _deny(self, peer: PeerId, reason: DenyReason, text: str) -> None:
        self.inbox.put_nowait(Deny(peer, reason, text))
