from __future__ import annotations

import pytest

from p2pnet import Authenticator, DenyReason, Newcomer, PeerId, SessionHooks, SessionId
from p2pnet.core.events import ApprovalRequested
from p2pnet.peer.inbox import Inbox
from p2pnet.peer.inputs import Approve, Deny
from p2pnet.peer.judging import Door, open_envelope

SESSION, BEN = SessionId("s"), PeerId("ben")


class Asking(SessionHooks):
    def on_approval(self, newcomer: Newcomer) -> bool | str | None:
        return newcomer.payload == b"please"


class Shy(Authenticator):
    async def credentials(self, session: SessionId, me: PeerId) -> bytes:
        return me.encode()

    async def authenticate(
        self, newcomer: Newcomer, credentials: bytes, session: SessionId
    ) -> bool | str:
        return credentials == newcomer.peer.encode()


def door(hooks: SessionHooks | None = None, authenticator: Authenticator | None = None) -> Door:
    return Door(hooks or SessionHooks(), authenticator, Inbox())


def test_a_door_without_anybody_is_open() -> None:
    assert not door().is_guarded
    assert door(Asking()).is_guarded and door(authenticator=Shy()).is_guarded


@pytest.mark.parametrize("payload", [None, b"", b"please"])
async def test_what_is_sent_along_arrives_as_it_was(payload: bytes | None) -> None:
    plain = await door().envelope(SESSION, BEN, payload)
    assert open_envelope(plain) == (payload, b"")
    assert (plain is None) is (payload is None)
    signed = await door(authenticator=Shy()).envelope(SESSION, BEN, payload)
    assert open_envelope(signed) == (payload, b"ben")


@pytest.mark.parametrize("junk", [b"", b"\xc1", b"junk", b"\x92\x01\x02", b"\x91" + b"\xc5\xff"])
async def test_junk_is_turned_away(junk: bytes) -> None:
    guarded = door(Asking())
    await guarded.judge(ApprovalRequested(BEN, "ben", junk), SESSION)
    (answer,) = guarded.inbox.take(9)
    assert isinstance(answer, Deny) and answer.reason is DenyReason.APPROVAL


async def test_first_comes_the_authenticator_then_the_hook() -> None:
    for authenticator, payload, expected in (
        (None, b"please", Approve),
        (Shy(), b"please", Approve),
        (Shy(), b"now", DenyReason.APPROVAL),
    ):
        guarded = door(Asking(), authenticator)
        envelope = await guarded.envelope(SESSION, BEN, payload)
        await guarded.judge(ApprovalRequested(BEN, "ben", envelope), SESSION)
        (answer,) = guarded.inbox.take(9)
        found = answer.reason if isinstance(answer, Deny) else type(answer)
        assert found is expected
    stranger = await door(authenticator=Shy()).envelope(SESSION, PeerId("eva"), b"please")
    guarded = door(Asking(), Shy())
    await guarded.judge(ApprovalRequested(BEN, "ben", stranger), SESSION)
    (answer,) = guarded.inbox.take(9)
    assert isinstance(answer, Deny) and answer.reason is DenyReason.AUTHENTICATION
