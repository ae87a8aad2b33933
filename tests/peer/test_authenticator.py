from __future__ import annotations

from typing import Any

import pytest
import trio
from trio.testing import MockClock

from p2pnet import (
    Authenticator,
    Denied,
    DenyReason,
    Newcomer,
    PasswordAuthenticator,
    PeerId,
    SessionId,
)

from .conftest import Table, crash, seed

SESSION = SessionId("s")


class Tokens(Authenticator):
    """Lets in who shows the right token, as a shop or a platform would give it."""

    def __init__(self, token: bytes = b"right", delay_s: float = 0) -> None:
        self.token = token
        self.delay_s = delay_s
        self.asked: list[str] = []
        self.running = 0

    def on_start(self) -> None:
        self.running += 1

    def on_stop(self) -> None:
        self.running -= 1

    async def credentials(self, session: SessionId, me: PeerId) -> bytes:
        return self.token

    async def authenticate(
        self, newcomer: Newcomer, credentials: bytes, session: SessionId
    ) -> bool | str:
        self.asked.append(newcomer.name)
        await trio.sleep(self.delay_s)
        return credentials == b"right" or "that token is not known here"


async def test_who_shows_the_right_thing_is_let_in_and_not_asked_again(
    clock: MockClock, table: Table
) -> None:
    guard = Tokens()
    ana = await table.host("ana", authenticator=guard)
    ben = await table.join("ben", ana, authenticator=Tokens(), identity=seed(2))
    assert guard.asked == ["ben"] and ben.connection_id == 1
    crash(ben)
    await trio.sleep(1)
    await table.join("ben", ana, identity=seed(2))
    assert guard.asked == ["ben"]


@pytest.mark.parametrize("shown", [Tokens(b"wrong"), None])
async def test_who_does_not_is_told_so(clock: MockClock, table: Table, shown: Any) -> None:
    ana = await table.host("ana", authenticator=Tokens())
    ben = await table.open("ben", authenticator=shown)
    with pytest.raises(Denied, match="not known here") as denied:
        await ben.join(ana.invite, address="ben")
    assert denied.value.reason is DenyReason.AUTHENTICATION
    assert len(ana.roster.members) == 1


async def test_a_check_that_takes_too_long_is_a_refusal(clock: MockClock, table: Table) -> None:
    slow = Tokens(delay_s=60)
    slow.timeout_us = 3_000_000
    ana = await table.host("ana", authenticator=slow)
    ben = await table.open("ben", authenticator=Tokens())
    began = trio.current_time()
    with pytest.raises(Denied, match="in time"):
        await ben.join(ana.invite, address="ben")
    assert trio.current_time() - began == pytest.approx(3, abs=0.5)


async def test_credentials_that_take_too_long_end_the_join(clock: MockClock, table: Table) -> None:
    class Asleep(Authenticator):
        timeout_us = 2_000_000

        async def credentials(self, session: SessionId, me: PeerId) -> bytes:
            await trio.sleep_forever()
            return b""

    ana = await table.host("ana")
    ben = await table.open("ben", authenticator=Asleep())
    with pytest.raises(Denied, match="in time"):
        await ben.join(ana.invite, address="ben")


async def test_a_check_that_raises_costs_the_newcomer_alone(clock: MockClock, table: Table) -> None:
    class Broken(Authenticator):
        async def authenticate(self, *args: Any) -> bool | str:
            raise RuntimeError("no database")

    ana = await table.host("ana", authenticator=Broken())
    ben = await table.open("ben")
    with pytest.raises(Denied, match="RuntimeError"):
        await ben.join(ana.invite, address="ben")
    assert ana.state.value == "reigning"


async def test_authentication_starts_and_stops_with_its_peer(
    clock: MockClock, table: Table
) -> None:
    guard = Tokens()
    ana = await table.host("ana", authenticator=guard)
    assert guard.running == 1
    await ana.leave()
    assert guard.running == 0


async def test_a_successor_asks_as_well(clock: MockClock, table: Table) -> None:
    ana = await table.host("ana", authenticator=Tokens())
    ben = await table.join("ben", ana, authenticator=Tokens())
    crash(ana)
    await trio.sleep(1)
    for token, lets_in in ((b"wrong", False), (b"right", True)):
        eva = await table.open("eva", authenticator=Tokens(token))
        if lets_in:
            await eva.join(ben.invite, address="eva")
        else:
            with pytest.raises(Denied):
                await eva.join(ben.invite, address="eva")


async def test_a_password_never_travels_and_is_bound_to_who_says_it() -> None:
    host, friend = PasswordAuthenticator("sesame"), PasswordAuthenticator("sesame")
    ben = Newcomer(PeerId("ben"), "ben", None)
    shown = await friend.credentials(SESSION, ben.peer)
    assert b"sesame" not in shown
    assert await host.authenticate(ben, shown, SESSION) is True
    eva = Newcomer(PeerId("eva"), "eva", None)
    assert await host.authenticate(eva, shown, SESSION) == "the password is wrong"
    answer = await host.authenticate(eva, b"", SESSION)
    assert answer == "a password is wanted: join with PasswordAuthenticator(password)"
    assert await host.authenticate(ben, shown, SessionId("t")) != True  # noqa: E712
    guess = await PasswordAuthenticator("simsim").credentials(SESSION, ben.peer)
    assert await host.authenticate(ben, guess, SESSION) == "the password is wrong"


async def test_the_defaults_let_everybody_in() -> None:
    anybody = Newcomer(PeerId("x"), "x", None)
    shown = await Authenticator().credentials(SESSION, anybody.peer)
    assert shown == b"" and await Authenticator().authenticate(anybody, shown, SESSION) is True
