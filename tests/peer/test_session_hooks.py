"""Mirror's hooks: who comes, who goes, and why; with whole peers."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from trio.testing import MockClock

from p2pnet import (
    Authenticator,
    Connection,
    Denied,
    DenyReason,
    End,
    EndReason,
    GameError,
    LinkEnd,
    LocalProtocolError,
    Newcomer,
    OptionError,
    Peer,
    PeerId,
    Role,
    SessionHooks,
    Settings,
    State,
    events,
    open_peer,
)
from p2pnet.core.errors import GameCodeError

from .conftest import GAME, Table, crash, seed, tank


class Log(SessionHooks):
    """Writes down what is called; the default is done as well."""

    def __init__(self) -> None:
        self.entries: list[tuple[Any, ...]] = []

    def kinds(self) -> list[str]:
        return [entry[0] for entry in self.entries]

    def on_client_connect(self, connection: Connection) -> None:
        self.entries.append(("in", connection.connection_id))

    def on_client_disconnect(self, end: End) -> None:
        self.entries.append(("out", end.reason, end.text))
        super().on_client_disconnect(end)

    def on_offline_scene(self, end: End) -> None:
        self.entries.append(("offline", end.reason))

    def on_stop_host(self, end: End) -> None:
        self.entries.append(("stop host", end.reason))

    def on_server_connect(self, connection: Connection) -> None:
        self.entries.append(("came", connection.name))

    def on_server_disconnect(self, connection: Connection, end: End, kept: bool) -> None:
        self.entries.append(("went", connection.name, end.reason, end.text, kept))


async def pair(table: Table, **options: Any) -> tuple[Peer, Log, Peer, Log]:
    hosts, clients = Log(), Log()
    ana = await table.host("ana", hooks=hosts, **options)
    ben = await table.join("ben", ana, hooks=clients, identity=seed(2))
    assert hosts.entries == [("came", "ben")] and clients.entries == [("in", 1)]
    hosts.entries.clear()
    clients.entries.clear()
    return ana, hosts, ben, clients


async def test_a_client_that_leaves(clock: MockClock, table: Table) -> None:
    _, hosts, ben, clients = await pair(table)
    await ben.stop_client()
    assert clients.entries == [("out", EndReason.LEFT, ""), ("offline", EndReason.LEFT)]
    await trio.sleep(0.1)
    assert hosts.entries == [("went", "ben", EndReason.LEFT, "", False)]


async def test_a_client_that_leaves_and_keeps_its_seat(clock: MockClock, table: Table) -> None:
    ana, hosts, ben, clients = await pair(table)
    await tank(ben).earn(3)
    await ben.leave(keep_seat=True)
    assert clients.entries[0] == ("out", EndReason.AWAY, "")
    await trio.sleep(0.1)
    assert hosts.entries == [("went", "ben", EndReason.AWAY, "", True)]
    again = await table.join("ben", ana, identity=seed(2))
    assert tank(again).gold == 3 and again.connection_id == 1
    assert hosts.entries[-1] == ("came", "ben")


@pytest.mark.parametrize("how", ["kick", "disconnect"])
async def test_a_client_that_is_put_out_hears_why(clock: MockClock, table: Table, how: str) -> None:
    ana, hosts, ben, clients = await pair(table)
    getattr(ana, how)(1, "no shouting")
    await ben._shell.stopped.wait()
    reason = EndReason.KICKED if how == "kick" else EndReason.DISCONNECTED
    assert clients.entries[0] == ("out", reason, "no shouting")
    assert hosts.entries == [("went", "ben", reason, "no shouting", False)]
    again = await table.open("ben", identity=seed(2))
    if how == "kick":
        with pytest.raises(Denied) as denied:
            await again.join(ana.invite, address="ben")
        assert denied.value.reason is DenyReason.BANNED
    else:
        await again.join(ana.invite, address="ben")
        assert again.connection_id == 2, "as a newcomer"


async def test_a_client_that_crashes_and_does_not_come_back(clock: MockClock, table: Table) -> None:
    ana, hosts, ben, _ = await pair(table, settings=Settings(seat_us=2_000_000))
    crash(ben)
    await trio.sleep(5)
    assert [entry[:3] + entry[4:] for entry in hosts.entries] == [
        ("went", "ben", EndReason.UNREACHABLE, True),
        ("went", "ben", EndReason.SEAT_EXPIRED, False),
    ]
    assert len(ana.objects) == 1, "what it owned went with its seat"


async def test_a_client_that_does_nothing_is_disconnected_if_so_set(
    clock: MockClock, table: Table
) -> None:
    settings = Settings(
        disconnect_inactive_connections=True, disconnect_inactive_timeout_us=3_000_000
    )
    ana, hosts, ben, clients = await pair(table, settings=settings)
    for _ in range(5):
        await trio.sleep(1)
        await tank(ben).earn(1)
    await ben._shell.stopped.wait()
    assert clients.entries[0][:2] == ("out", EndReason.INACTIVE)
    assert hosts.entries[0][2] is EndReason.INACTIVE
    again = await table.join("ben", ana, identity=seed(2))
    assert tank(again).gold == 5, "its seat was kept"


async def test_a_host_that_ends_the_session(clock: MockClock, table: Table) -> None:
    ana, hosts, ben, clients = await pair(table)
    await ana.stop_host("good night")
    await ben._shell.stopped.wait()
    ended = EndReason.SESSION_ENDED
    assert hosts.entries == [
        ("stop host", ended),
        ("out", ended, "good night"),
        ("offline", ended),
    ]
    assert clients.entries == [("out", ended, "good night"), ("offline", ended)]


async def test_disconnect_all_takes_the_host_along(clock: MockClock, table: Table) -> None:
    ana, _, ben, clients = await pair(table)
    await ana.disconnect_all("maintenance")
    await ben._shell.stopped.wait()
    assert clients.entries[0] == ("out", EndReason.DISCONNECTED, "maintenance")
    assert ana.state is State.LEFT and ben.state is State.LEFT


async def test_disconnect_all_connections_leaves_the_host_playing(
    clock: MockClock, table: Table
) -> None:
    ana, ben, cat = await table.three()
    ana.disconnect_all_connections("new round")
    for peer in (ben, cat):
        await peer._shell.stopped.wait()
        assert peer._shell.over is not None
        assert peer._shell.over.reason is EndReason.DISCONNECTED
    assert ana.role is Role.HOST and await tank(ana).earn(1) == 1
    assert [member.name for member in ana.roster.members] == ["ana"]
    again = await table.join("ben", ana)
    assert again.connection_id == 3


async def test_only_a_host_puts_others_out(clock: MockClock, table: Table) -> None:
    _, ben, _ = await table.three()
    for act in (
        lambda: ben.disconnect(2),
        ben.disconnect_all_connections,
        lambda: ben.approve(PeerId("x")),
        lambda: ben.deny(PeerId("x")),
    ):
        with pytest.raises(LocalProtocolError, match="host"):
            act()
    with pytest.raises(LocalProtocolError):
        await ben.disconnect_all()


async def test_a_client_stops_in_order(clock: MockClock, table: Table) -> None:
    """Good-bye, links closed, authentication shut down, offline scene."""
    order: list[str] = []

    class Ordered(SessionHooks):
        def on_client_disconnect(self, end: End) -> None:
            order.append("out")
            super().on_client_disconnect(end)

        def on_transport_disconnect(self, remote: str, end: LinkEnd) -> None:
            order.append("link closed")

        def on_offline_scene(self, end: End) -> None:
            order.append("offline scene")

    class Guarded(Authenticator):
        def on_stop(self) -> None:
            order.append("authentication stopped")

    class Host(Log):
        def on_server_disconnect(self, connection: Connection, end: End, kept: bool) -> None:
            order.append(f"good-bye heard: {end.reason}")

    ana = await table.host("ana", hooks=Host(), authenticator=Authenticator())
    ben = await table.join("ben", ana, hooks=Ordered(), authenticator=Guarded())
    await ben.stop_client()
    assert order == [
        *("out", "good-bye heard: left", "link closed"),
        *("authentication stopped", "offline scene"),
    ] or order == [
        *("out", "link closed", "good-bye heard: left"),
        *("authentication stopped", "offline scene"),
    ]


class Slow(SessionHooks):
    """Says when what was called."""

    offline_scene_load_delay_us = 3_000_000

    def __init__(self) -> None:
        self.times: dict[str, float] = {}

    def on_client_disconnect(self, end: End) -> None:
        self.times["lost"] = trio.current_time()
        super().on_client_disconnect(end)

    def on_offline_scene(self, end: End) -> None:
        self.times["menu"] = trio.current_time()

    @property
    def delay_s(self) -> float:
        return round(self.times["menu"] - self.times["lost"], 3)


async def test_there_is_time_to_say_that_the_connection_is_lost(
    clock: MockClock, table: Table
) -> None:
    ana = await table.host("ana")
    slow, hasty, guard = Slow(), Slow(), Slow()
    guard.offline_scene_load_delay_us = 0
    ben = await table.join("ben", ana, hooks=slow)
    cat = await table.join("cat", ana, hooks=hasty)
    dan = await table.join("dan", ana, hooks=guard)
    await ana.stop_host("that was it")
    await dan._shell.stopped.wait()
    assert ben._shell.over is not None and not ben._shell.stopped.is_set()
    await trio.sleep(1)
    await cat.leave()  # the player has read it
    await ben._shell.stopped.wait()
    assert (slow.delay_s, hasty.delay_s, guard.delay_s) == (3, 1, 0)


@pytest.mark.parametrize("who", ["host", "client"])
async def test_who_goes_by_its_own_wish_need_not_be_told(
    clock: MockClock, table: Table, who: str
) -> None:
    hooks = {"host": Slow(), "client": Slow()}
    ana = await table.host("ana", hooks=hooks["host"])
    ben = await table.join("ben", ana, hooks=hooks["client"])
    await (ana.stop_host() if who == "host" else ben.stop_client())
    assert hooks[who].delay_s == 0


async def test_the_time_for_it_ends_with_what_goes_wrong(clock: MockClock, table: Table) -> None:
    ana, hooks = await table.host("ana"), Slow()

    async def play() -> None:
        async with open_peer(table.game, hooks=hooks, transport=table.network) as ben:
            await ben.join(ana.invite, address="ben")
            ana.disconnect(ben.connection_id)
            await ben.wait_for(events.SessionEnded)
            raise ValueError("the window was closed")

    with pytest.raises(ValueError, match="the window was closed"):
        await play()
    assert hooks.delay_s == 0


@pytest.mark.parametrize("wrong", [-1, 2.5, "3 s", True])
def test_a_time_that_is_none_is_refused(wrong: object) -> None:
    hooks = Slow()
    hooks.offline_scene_load_delay_us = wrong  # type: ignore[assignment]
    with pytest.raises(OptionError, match="offline_scene_load_delay_us must be a whole number"):
        open_peer(GAME, hooks=hooks)


async def test_who_does_not_call_super_stays_where_it_is(clock: MockClock, table: Table) -> None:
    class Staying(Log):
        def on_client_disconnect(self, end: End) -> None:
            self.entries.append(("out", end.reason))

    hooks = Staying()
    ana = await table.host("ana", hooks=hooks)
    await ana.leave()
    assert hooks.entries == [("stop host", EndReason.LEFT), ("out", EndReason.LEFT)]


async def test_links_below_are_told_of(clock: MockClock, table: Table) -> None:
    told: list[tuple[Any, ...]] = []

    class Wires(SessionHooks):
        def on_transport_connect(self, remote: str) -> None:
            told.append(("up", remote))

        def on_transport_disconnect(self, remote: str, end: LinkEnd) -> None:
            told.append(("down", remote, end))

        def on_transport_error(self, peer: PeerId, end: LinkEnd) -> None:
            told.append(("unreachable", peer, end))

    ana = await table.host("ana")
    ben = await table.join("ben", ana, hooks=Wires())
    crash(ana)
    await trio.sleep(1)
    assert told[:3] == [
        ("up", "ana:7777"),
        ("down", "ana:7777", LinkEnd.BROKEN),
        ("unreachable", ana.me, LinkEnd.REFUSED),
    ]
    assert ben.role is Role.HOST


class Fumbled(SessionHooks):
    goes_on = False

    def on_transport_connect(self, remote: str) -> None:
        raise RuntimeError("no hook is perfect")

    def on_hook_error(self, error: GameCodeError) -> bool:
        return self.goes_on


async def test_a_hook_about_a_link_that_raises_ends_its_peer(
    clock: MockClock, table: Table
) -> None:
    ana = await table.host("ana")
    with pytest.raises(GameError, match="no hook is perfect"):
        async with open_peer(GAME, name="ben", transport=table.network, hooks=Fumbled()) as ben:
            await ben.join(ana.invite, address="ben")
    assert ana.role is Role.HOST


async def test_a_peer_can_go_on_without_its_hooks_about_links(
    clock: MockClock, table: Table
) -> None:
    hooks = Fumbled()
    hooks.goes_on = True
    ana = await table.host("ana")
    ben = await table.join("ben", ana, hooks=hooks)
    assert ben.role is Role.CLIENT


# --- approval ---


class Doorkeeper(Log):
    answer: bool | str | None = True

    def on_approval(self, newcomer: Newcomer) -> bool | str | None:
        self.entries.append(("asked", newcomer.name, newcomer.payload))
        return self.answer


@pytest.mark.parametrize("payload", [None, b"", b"team=red"])
async def test_the_game_lets_somebody_in(
    clock: MockClock, table: Table, payload: bytes | None
) -> None:
    hooks = Doorkeeper()
    ana = await table.host("ana", hooks=hooks)
    ben = await table.open("ben", identity=seed(2))
    await ben.join(ana.invite, address="ben", payload=payload)
    assert hooks.entries[0] == ("asked", "ben", payload)
    crash(ben)
    await trio.sleep(1)
    await table.join("ben", ana, identity=seed(2))
    assert hooks.kinds().count("asked") == 1, "a member that is back is not asked about"


@pytest.mark.parametrize(("answer", "text"), [("friends only", "friends only"), (False, "host")])
async def test_who_is_not_let_in_hears_why(
    clock: MockClock, table: Table, answer: Any, text: str
) -> None:
    hooks = Doorkeeper()
    hooks.answer = answer
    ana = await table.host("ana", hooks=hooks)
    log = Log()
    ben = await table.open("ben", hooks=log)
    with pytest.raises(Denied, match=text) as denied:
        await ben.join(ana.invite, address="ben")
    assert denied.value.reason is DenyReason.APPROVAL
    assert log.entries[0][1] is EndReason.DENIED and text in log.entries[0][2]


@pytest.mark.parametrize("verdict", ["approve", "deny", "nothing"])
async def test_a_decision_may_take_its_time(clock: MockClock, table: Table, verdict: str) -> None:
    hooks = Doorkeeper()
    hooks.answer = None
    ana = await table.host("ana", hooks=hooks, settings=Settings(approval_us=20_000_000))
    ben = await table.open("ben")
    outcome: list[str] = []

    async def join() -> None:
        try:
            await ben.join(ana.invite, address="ben")
            outcome.append("in")
        except Denied as denied:
            outcome.append(denied.text)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(join)
        await trio.sleep(15)
        assert not outcome and ben.state is State.JOINING
        if verdict == "approve":
            ana.approve(ben.me)
        elif verdict == "deny":
            ana.deny(ben.me, "we are enough")
    expected = {"approve": "in", "deny": "we are enough", "nothing": "in time"}[verdict]
    assert expected in outcome[0]


def test_what_is_retried_is_what_nobody_wanted() -> None:
    retried = {reason for reason in EndReason if End(reason).is_retried}
    assert retried == {
        EndReason.HOST_LOST,
        EndReason.TIMED_OUT,
        EndReason.UNREACHABLE,
        EndReason.SEAT_EXPIRED,
    }
