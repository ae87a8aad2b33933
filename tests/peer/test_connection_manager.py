from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from p2pnet import (
    RECONNECT_ID_HOST,
    Authenticator,
    ConnectionChange,
    ConnectionManager,
    ConnectionState,
    Denied,
    End,
    EndReason,
    HostUnreachable,
    LinkEnd,
    LocalProtocolError,
    MigrationManager,
    OptionError,
    Reconnect,
    ReconnectAttempt,
    ReconnectFailed,
    SessionHooks,
    SessionOver,
    Settings,
    SettingsError,
    connect,
)

from .conftest import GAME, Table, crash, seed, tank

S = ConnectionState


class Story:
    """A connection manager with all that it tells."""

    def __init__(self, manager: ConnectionManager) -> None:
        self.manager = manager
        self.told: list[Any] = []

    def states(self) -> list[ConnectionState]:
        return [event.new for event in self.told if isinstance(event, ConnectionChange)]

    def attempts(self) -> list[ReconnectAttempt]:
        return [event for event in self.told if isinstance(event, ReconnectAttempt)]


async def story(table: Table, name: str, **options: Any) -> Story:
    """A player that is offline, in a task of its own."""
    options.setdefault("transport", table.network)
    options.setdefault("identity", seed(7))
    options.setdefault("chance", lambda: 1.0)

    async def live(*, task_status: trio.TaskStatus[Story]) -> None:
        async with connect(GAME, name=name, **options) as manager:
            told = Story(manager)
            async with manager.events() as events:
                task_status.started(told)
                async for event in events:
                    told.told.append(event)

    found: Story = await table.nursery.start(live)
    return found


def put_out(story: Story, reason: EndReason, text: str = "") -> None:
    """End the stay of this player as if that had come from elsewhere."""
    peer = story.manager.peer
    assert peer is not None
    peer._shell.leave_soon(reason)


async def test_the_states_of_a_client_and_of_a_host(clock: MockClock, table: Table) -> None:
    ana, ben = await story(table, "ana", identity=seed(1)), await story(table, "ben")
    assert ana.manager.state is S.OFFLINE and ana.manager.peer is None
    host = await ana.manager.host("ana", 7777)
    client = await ben.manager.join(host.invite, address="ben")
    assert ben.manager.peer is client and ben.manager.state is S.CONNECTED
    await trio.sleep(0.1)
    crash(host)
    await trio.sleep(1)
    assert ben.manager.state is S.HOSTING
    await ben.manager.leave()
    await trio.sleep(0.1)
    assert ben.states() == [
        *(S.CONNECTING, S.CONNECTED, S.MIGRATING, S.HOSTING, S.OFFLINE),
    ] or ben.states() == [S.CONNECTING, S.CONNECTED, S.HOSTING, S.OFFLINE]
    assert ana.states()[:2] == [S.STARTING_HOST, S.HOSTING]
    assert ben.manager.last_end == End(EndReason.LEFT)


async def test_it_comes_back_by_itself_and_has_what_it_had(clock: MockClock, table: Table) -> None:
    resets: list[int] = []

    async def reset(number: int) -> None:
        resets.append(number)

    ana = await table.host("ana", settings=Settings(seat_us=60_000_000))
    ben = await story(table, "ben", reset=reset)
    peer = await ben.manager.join(ana.invite, address="ben")
    await tank(peer).earn(5)
    crash_links(peer)
    put_out(ben, EndReason.TIMED_OUT)
    await peer._shell.stopped.wait()
    again = await ben.manager.connected()
    assert again is not peer and again.me == peer.me
    await trio.sleep(0.1)
    assert ben.states() == [S.CONNECTING, S.CONNECTED, S.RECONNECTING, S.CONNECTED]
    assert ben.attempts() == [ReconnectAttempt(1, 5, 500_000)] and resets == [1]
    assert tank(again).gold in (0, 5)


def crash_links(peer: Any) -> None:
    for entry in list(peer._shell.mesh._open.values()):
        entry.link.abort()


async def test_an_ex_host_comes_back_from_its_panel(clock: MockClock, table: Table) -> None:
    at_ana = MigrationManager()
    ana = await story(table, "ana", identity=seed(1), migration=at_ana)
    host = await ana.manager.host("ana", 7777)
    ben = await table.join("ben", host)
    await tank(host).earn(3)
    assert at_ana.hud() is None
    await ana.manager.leave(keep_seat=True)
    panel = at_ana.hud()
    assert panel is not None and panel.lines == ("Host Was Shutdown ID(0)",)
    assert [button.text for button in panel.buttons] == ["Reconnect As Client", "Leave Game"]
    peer = await panel.press("Reconnect As Client")
    assert peer is ana.manager.peer and ana.manager.state is S.CONNECTED
    assert tank(ana.manager.peer).gold == 3 and at_ana.hud() is None  # type: ignore[arg-type]
    assert ana.manager.peer.old_connection_id == RECONNECT_ID_HOST  # type: ignore[union-attr]
    await ben.stop_host("that was it")
    await trio.sleep(1)
    assert at_ana.hud() is None, "a client was not shut down"


async def test_there_is_no_way_back_to_what_is_over(clock: MockClock, table: Table) -> None:
    at_ana = MigrationManager()
    ana = await story(table, "ana", migration=at_ana)
    with pytest.raises(LocalProtocolError, match="join with an invite"):
        await ana.manager.rejoin()
    host = await ana.manager.host("ana", 7777)
    await table.join("ben", host)
    await host.stop_host("that was it")
    await until_offline(ana)
    panel = at_ana.hud()
    assert panel is not None and [button.text for button in panel.buttons] == ["Leave Game"]
    assert ana.manager.bookmark is None
    with pytest.raises(LocalProtocolError, match="join with an invite"):
        await ana.manager.rejoin()


async def test_who_left_for_good_may_ask_for_another_seat(clock: MockClock, table: Table) -> None:
    ana, ben = await table.host("ana"), await story(table, "ben")
    peer = await ben.manager.join(ana.invite, address="ben")
    await tank(peer).earn(3)
    await ben.manager.leave()
    again = await ben.manager.rejoin()
    assert tank(again).gold == 0 and again.connection_id == 2


class Scenes(SessionHooks):
    """Writes down when the offline scene came, and after which end."""

    offline_scene_load_delay_us = 60_000_000

    def __init__(self) -> None:
        self.shown: list[tuple[EndReason, int]] = []

    def on_offline_scene(self, end: End) -> None:
        self.shown.append((end.reason, round(trio.current_time())))


async def test_the_offline_scene_comes_when_no_other_stay_follows(
    clock: MockClock, table: Table
) -> None:
    ana, hooks = await table.host("ana"), Scenes()
    ben = await story(table, "ben", hooks=hooks)
    peer = await ben.manager.join(ana.invite, address="ben")
    put_out(ben, EndReason.TIMED_OUT)
    await peer._shell.stopped.wait()
    again = await ben.manager.connected()
    assert again is not peer and hooks.shown == []
    start = round(trio.current_time())
    ana.disconnect(again.connection_id)
    await trio.sleep(10)
    assert ben.manager.state is not S.OFFLINE, "it says that the connection is lost"
    await ben.manager.leave()
    assert hooks.shown == [(EndReason.DISCONNECTED, start + 10)]


async def test_the_offline_scene_comes_once_when_all_attempts_failed(
    clock: MockClock, table: Table
) -> None:
    ana, hooks = await table.host("ana"), Scenes()
    plan = Reconnect(attempts=3, delay_us=1_000_000)
    ben = await story(table, "ben", hooks=hooks, reconnect=plan)
    await ben.manager.join(ana.invite, address="ben")
    await ana.leave()
    put_out(ben, EndReason.TIMED_OUT)
    await until_offline(ben)
    assert [reason for reason, _ in hooks.shown] == [EndReason.UNREACHABLE]
    assert hooks.shown[0][1] == 1 + 2 + 4, "that it is lost was known all the time"


async def test_the_offline_scene_comes_at_once_when_the_player_gives_up(
    clock: MockClock, table: Table
) -> None:
    ana, hooks = await table.host("ana"), Scenes()
    ben = await story(table, "ben", hooks=hooks, reconnect=Reconnect(delay_us=9_000_000))
    await ben.manager.join(ana.invite, address="ben")
    put_out(ben, EndReason.TIMED_OUT)
    await trio.sleep(3)
    ben.manager.cancel_reconnect()
    await until_offline(ben)
    assert hooks.shown == [(EndReason.LEFT, 3)]


async def until_offline(story: Story) -> None:
    while story.manager.state is not S.OFFLINE:  # noqa: ASYNC110
        await trio.sleep(0.01)


@pytest.mark.parametrize(
    ("deed", "reason"),
    [
        (lambda host, guest: guest.leave(), EndReason.LEFT),
        (lambda host, guest: guest.leave(keep_seat=True), EndReason.AWAY),
        (lambda host, guest: host.stop_host("over"), EndReason.SESSION_ENDED),
        (lambda host, guest: host.kick(1, "out"), EndReason.KICKED),
        (lambda host, guest: host.disconnect(1, "idle"), EndReason.DISCONNECTED),
    ],
)
async def test_what_somebody_wanted_is_not_retried(
    clock: MockClock, table: Table, deed: Callable[[Any, Any], Any], reason: EndReason
) -> None:
    ana = await table.host("ana")
    ben = await story(table, "ben")
    peer = await ben.manager.join(ana.invite, address="ben")
    outcome = deed(ana, peer)
    if outcome is not None:
        await outcome
    await trio.sleep(60)
    assert ben.states() == [S.CONNECTING, S.CONNECTED, S.OFFLINE]
    assert not ben.attempts()
    assert ben.manager.last_end is not None and ben.manager.last_end.reason is reason
    with pytest.raises(SessionOver) as over:
        await ben.manager.connected()
    assert over.value.reason is reason


async def test_who_logs_in_elsewhere_does_not_fight_for_the_seat(
    clock: MockClock, table: Table
) -> None:
    ana = await table.host("ana")
    ben = await story(table, "ben")
    await ben.manager.join(ana.invite, address="ben")
    other = await table.join("laptop", ana, identity=seed(7))
    await trio.sleep(5)
    assert ben.manager.last_end is not None
    assert ben.manager.last_end.reason is EndReason.REPLACED
    assert ben.manager.state is S.OFFLINE and other.connection_id == 1


async def test_attempts_are_counted_wait_longer_and_longer_and_end(
    clock: MockClock, table: Table
) -> None:
    ana = await table.host("ana", settings=Settings(host_migration=False))
    plan = Reconnect(attempts=4, delay_us=1_000_000, delay_us_max=3_000_000)
    ben = await story(table, "ben", reconnect=plan)
    await ben.manager.join(ana.invite, address="ben")
    crash(ana)
    await trio.sleep(120)
    assert [(each.number, each.of, each.delay_us) for each in ben.attempts()] == [
        *((1, 4, 1_000_000), (2, 4, 2_000_000), (3, 4, 3_000_000), (4, 4, 3_000_000)),
    ]
    failed = [event for event in ben.told if isinstance(event, ReconnectFailed)]
    assert [event.number for event in failed] == [1, 2, 3, 4]
    assert ben.states() == [S.CONNECTING, S.CONNECTED, S.RECONNECTING, S.OFFLINE]
    assert ben.manager.last_end is not None
    assert ben.manager.last_end.reason in (EndReason.UNREACHABLE, EndReason.TIMED_OUT)


async def test_a_refusal_ends_the_trying(clock: MockClock, table: Table) -> None:
    class Closed(SessionHooks):
        def on_approval(self, newcomer: Any) -> bool | str | None:
            return newcomer.payload == b"first" or "closed by now"

    ana = await table.host("ana", settings=Settings(seat_us=0), hooks=Closed())
    ben = await story(table, "ben")
    await ben.manager.join(ana.invite, address="ben", payload=b"first")
    put_out(ben, EndReason.TIMED_OUT)
    await trio.sleep(30)
    assert len(ben.attempts()) == 1
    assert ben.manager.last_end == End(EndReason.DENIED, "closed by now")


@pytest.mark.parametrize("how", ["cancel", "leave"])
async def test_the_player_may_have_enough(clock: MockClock, table: Table, how: str) -> None:
    ana = await table.host("ana", settings=Settings(host_migration=False))
    ben = await story(table, "ben", reconnect=Reconnect(delay_us=10_000_000))
    await ben.manager.join(ana.invite, address="ben")
    crash(ana)
    await trio.sleep(1)
    assert ben.manager.state is S.RECONNECTING
    if how == "cancel":
        ben.manager.cancel_reconnect()
    else:
        await ben.manager.leave()
    await trio.sleep(0.1)
    assert ben.manager.state is S.OFFLINE and len(ben.attempts()) == 1
    assert ben.manager.last_end is not None and ben.manager.last_end.reason is EndReason.LEFT


async def test_the_old_peer_is_wholly_closed_before_the_next_is_opened(
    clock: MockClock, table: Table
) -> None:
    order: list[str] = []

    class Ordered(SessionHooks):
        def on_client_connect(self, connection: Any) -> None:
            order.append("in")

        def on_transport_disconnect(self, remote: str, end: LinkEnd) -> None:
            order.append("closed")

    class Guarded(Authenticator):
        def on_stop(self) -> None:
            order.append("stopped")

    async def reset(number: int) -> None:
        order.append("reset")

    ana = await table.host("ana")
    ben = await story(table, "ben", hooks=Ordered(), authenticator=Guarded(), reset=reset)
    await ben.manager.join(ana.invite, address="ben")
    put_out(ben, EndReason.TIMED_OUT)
    await trio.sleep(5)
    assert order == ["in", "closed", "stopped", "reset", "in"]


async def test_the_first_attempt_raises_what_went_wrong(clock: MockClock, table: Table) -> None:
    ana = await table.host("ana", settings=Settings(players_max=1))
    ben = await story(table, "ben")
    with pytest.raises(Denied):
        await ben.manager.join(ana.invite, address="ben")
    assert ben.manager.last_end is not None
    assert ben.manager.last_end.reason is EndReason.FULL
    invite = ana.invite
    crash(ana)
    with pytest.raises(HostUnreachable):
        await ben.manager.join(invite, address="ben")
    assert ben.manager.state is S.OFFLINE and not ben.attempts()
    peer = await ben.manager.host("ben", 7777)
    assert ben.manager.peer is peer
    with pytest.raises(LocalProtocolError, match="leave"):
        await ben.manager.host("ben", 7778)


def test_the_wait_grows_has_a_limit_and_is_left_to_chance() -> None:
    plan = Reconnect(delay_us=1_000, delay_us_max=5_000)
    assert [plan.wait_us(n, 1.0) for n in (1, 2, 3, 4, 99)] == [1_000, 2_000, 4_000, 5_000, 5_000]
    assert plan.wait_us(2, 0.0) == 0 and plan.wait_us(2, 0.5) == 1_000


@pytest.mark.parametrize("wrong", [{"attempts": -1}, {"delay_us": 0.5}, {"delay_us_max": "1"}])
def test_figures_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=next(iter(wrong))):
        Reconnect(**wrong)


async def test_wrong_options_are_told_of_at_once() -> None:
    with pytest.raises(OptionError, match="settings"):
        async with connect(GAME, settings=3):
            raise AssertionError
