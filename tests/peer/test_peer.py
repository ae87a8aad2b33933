from __future__ import annotations

from typing import Any

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from p2pnet import (
    RECONNECT_ID_INVALID,
    AuthorityError,
    CommandFailed,
    CommandRefused,
    Denied,
    DenyReason,
    EndReason,
    Game,
    HostUnreachable,
    Invite,
    InviteError,
    ListenFailed,
    LocalProtocolError,
    PeerId,
    Player,
    PortTaken,
    Role,
    SessionId,
    SessionOver,
    Settings,
    State,
    TooManyInFlight,
    events,
    networked,
    open_peer,
)
from p2pnet.links import Limits, MemoryNetwork
from p2pnet.peer.inbox import WAITING_BYTES_MAX

from .conftest import GAME, Crate, Table, crash, labels, seed, tank

LIMITS = Limits(frame_bytes_max=1 << 20, send_bytes_max=1 << 20, connect_us=1_000_000)

# --- hosting and joining ---


async def test_an_idle_peer_has_nothing_yet(clock: MockClock, table: Table) -> None:
    ana = await table.open("ana")
    assert (ana.state, ana.role, ana.epoch, ana.position) == (State.IDLE, None, None, None)
    assert ana.connection_id == ana.old_connection_id == RECONNECT_ID_INVALID
    assert ana.player is None and not ana.objects and not ana.roster.members
    with pytest.raises(LocalProtocolError):
        _ = ana.invite


async def test_a_world_much_larger_than_an_inbox_comes_through(
    clock: MockClock, table: Table
) -> None:
    ana = await table.host("ana")
    tank(ana).bag.extend(5 * ["x" * WAITING_BYTES_MAX])
    ben = await table.join("ben", ana)
    assert len(ben.objects) == 2
    await table.agree(ana, ben)
    assert await tank(ben).earn(1) == 1


async def test_the_host_has_label_0_a_player_and_an_invite(clock: MockClock, table: Table) -> None:
    ana = await table.open("ana", identity=seed(1))
    text = await ana.host("ana", 7777)
    assert (ana.state, ana.role, ana.connection_id) == (State.REIGNING, Role.HOST, 0)
    assert tank(ana).name == "ana" and tank(ana).owner == ana.me == seed(1).peer_id
    assert Invite.parse(text) == ana.invite
    assert ana.invite.host == ana.me and ana.invite.addresses == ("ana:7777",)


async def test_members_get_labels_in_the_order_they_join(clock: MockClock, table: Table) -> None:
    ana, ben, cat = await table.three()
    assert labels(ana, ben, cat) == [0, 1, 2]
    assert [peer.role for peer in (ana, ben, cat)] == [Role.HOST, Role.CLIENT, Role.CLIENT]
    assert [member.name for member in cat.roster.members] == ["ana", "ben", "cat"]
    assert dict(cat.world.connections) == {ana.me: 0, ben.me: 1, cat.me: 2}
    assert [tank(peer).object_id for peer in (ana, ben, cat)] == [1, 2, 3]


async def test_join_takes_the_text_of_an_invite(clock: MockClock, table: Table) -> None:
    ana = await table.host("ana")
    ben = await table.join("ben", f"  '{ana.invite}'\n")
    assert ben.connection_id == 1


async def test_a_late_joiner_gets_the_whole_state(clock: MockClock, table: Table) -> None:
    ana, ben, _ = await table.three()
    await tank(ben).earn(5)
    tank(ana).bag.append("map")
    dan = await table.join("dan", ana)
    await table.agree(ana, ben, dan)
    assert tank(ben).gold == 5
    assert dan.connection_id == 3


async def test_a_newcomer_joins_through_a_client(clock: MockClock, table: Table) -> None:
    ana, ben, _ = await table.three()
    dan = await table.join("dan", ben)
    assert dan.epoch == ana.epoch
    assert dan.connection_id == 3


async def test_two_games_at_one_network_stay_apart(clock: MockClock, table: Table) -> None:
    ana = await table.host("ana")
    eva = await table.open("eva")
    await eva.host("eva", 7777)
    ben = await table.join("ben", ana)
    fay = await table.join("fay", eva)
    await tank(ben).earn(3)
    await table.agree(eva, fay)
    assert all(getattr(obj, "gold", 0) == 0 for obj in fay.objects.values())


# --- what can go wrong on the way in ---


@pytest.mark.parametrize("text", ["", "hello", "p2pnet:AQAq"])
async def test_a_bad_invite_raises_and_another_try_may_follow(
    clock: MockClock, table: Table, text: str
) -> None:
    ana = await table.host("ana")
    ben = await table.open("ben")
    with pytest.raises(InviteError):
        await ben.join(text, address="ben")
    await ben.join(ana.invite, address="ben")
    assert ben.connection_id == 1


async def test_an_unreachable_host_is_told_with_the_addresses_tried(
    clock: MockClock, table: Table
) -> None:
    ben = await table.open("ben")
    invite = Invite(SessionId("a" * 16), PeerId("b" * 16), ("ana:1", "ana:2"))
    with pytest.raises(HostUnreachable, match=r"(?s)ana:1 .*refused.*ana:2 .*refused"):
        await ben.join(invite, address="ben")
    assert ben.state is State.LEFT


async def test_somebody_else_at_the_address_is_no_host(clock: MockClock, table: Table) -> None:
    await table.host("eva")
    ben = await table.open("ben")
    invite = Invite(SessionId("a" * 16), PeerId("b" * 16), ("eva:7777",))
    with pytest.raises(HostUnreachable, match="somebody else answers there"):
        await ben.join(invite, address="ben")


async def test_an_address_of_ones_own_is_not_taken_for_the_host(
    clock: MockClock, table: Table
) -> None:
    ana = await table.host("ana")
    ben = await table.open("ben")
    own_first = Invite(ana.invite.session, ana.me, ("ben:5", *ana.invite.addresses))
    await ben.join(own_first, address="ben", port=5)
    assert ben.connection_id == 1


async def test_a_stranger_that_answers_faster_does_not_win_the_dial(
    clock: MockClock, table: Table
) -> None:
    ana = await table.host("ana")
    await table.host("eva")
    ben = await table.open("ben")
    invite = Invite(ana.invite.session, ana.me, ("eva:7777", "ana:7777"))
    await ben.join(invite, address="ben")
    assert ben.epoch == ana.epoch


async def test_an_invite_to_another_session_of_the_same_peer_is_denied(
    clock: MockClock, table: Table
) -> None:
    ana = await table.host("ana")
    ben = await table.open("ben")
    invite = Invite(SessionId("a" * 16), ana.me, ana.invite.addresses)
    with pytest.raises(Denied) as caught:
        await ben.join(invite, address="ben")
    assert caught.value.reason is DenyReason.SESSION


async def test_another_game_is_denied_with_both_fingerprints(
    clock: MockClock, table: Table
) -> None:
    ana = await table.host("ana")

    @networked
    class Ship(Player):
        pass

    ships = Game("ships", player=Ship)
    ben = await table.open("ben", game=ships)
    with pytest.raises(Denied, match=GAME.fingerprint) as caught:
        await ben.join(ana.invite, address="ben")
    assert caught.value.reason is DenyReason.GAME
    assert ships.fingerprint in str(caught.value)


async def test_a_full_session_denies(clock: MockClock, table: Table) -> None:
    ana = await table.host("ana", settings=Settings(players_max=2))
    await table.join("ben", ana)
    cat = await table.open("cat")
    with pytest.raises(Denied) as caught:
        await cat.join(ana.invite, address="cat")
    assert caught.value.reason is DenyReason.FULL


async def test_a_taken_port_raises_and_another_may_be_tried(clock: MockClock, table: Table) -> None:
    await table.host("ana")
    bob = await table.open("bob")
    with pytest.raises(PortTaken):
        await bob.host("ana", 7777)
    with pytest.raises(ListenFailed):
        await bob.host("bob", 70_000)
    await bob.host("bob", 7777)
    assert bob.role is Role.HOST


async def test_a_peer_hosts_or_joins_once(clock: MockClock, table: Table) -> None:
    ana = await table.host("ana")
    ben = await table.join("ben", ana)
    for peer in (ana, ben):
        with pytest.raises(LocalProtocolError):
            await peer.host(peer.name, 9)
        with pytest.raises(LocalProtocolError):
            await peer.join(ana.invite, address=peer.name)


async def test_a_cancelled_join_leaves(clock: MockClock, table: Table) -> None:
    silent = trio.Event()

    async def accept(link: Any) -> None:
        silent.set()
        await trio.sleep_forever()

    await table.nursery.start(table.network.serve, "mum", 1, accept, LIMITS)
    ben = await table.open("ben")
    with trio.move_on_after(1) as scope:
        invite = Invite(SessionId("a" * 16), PeerId("b" * 16), ("mum:1",))
        await ben.join(invite, address="ben")
    assert scope.cancelled_caught and silent.is_set()
    await ben._shell.stopped.wait()
    assert ben.state is State.LEFT


async def test_a_silent_listener_is_unreachable_in_bounded_time(
    clock: MockClock, table: Table
) -> None:
    async def accept(link: Any) -> None:
        await trio.sleep_forever()

    await table.nursery.start(table.network.serve, "mum", 1, accept, LIMITS)
    ben = await table.open("ben")
    invite = Invite(SessionId("a" * 16), PeerId("b" * 16), ("mum:1",))
    with pytest.raises(HostUnreachable, match=r"mum:1 .*no answer in time"):
        await ben.join(invite, address="ben")
    assert trio.current_time() == pytest.approx(Settings().connect_us / 1e6)


# --- playing ---


async def test_commands_give_their_results(clock: MockClock, table: Table) -> None:
    ana, ben, cat = await table.three()
    assert await tank(ana).earn(1) == 1
    receipts = [tank(ben).earn(n) for n in range(1, 6)]
    assert [await receipt for receipt in receipts] == [1, 3, 6, 10, 15]
    await table.agree(ana, ben, cat)


async def test_too_many_commands_at_once_fail_those_above_the_limit(
    clock: MockClock, table: Table
) -> None:
    ana = await table.host("ana", settings=Settings(commands_in_flight_max=10))
    ben = await table.join("ben", ana)
    receipts = [tank(ben).earn(1) for _ in range(12)]
    assert [await receipt for receipt in receipts[:10]] == list(range(1, 11))
    for receipt in receipts[10:]:
        with pytest.raises(TooManyInFlight, match="await"):
            await receipt
    assert await tank(ben).earn(1) == 11


async def test_a_command_that_raises_fails_at_the_caller_only(
    clock: MockClock, table: Table
) -> None:
    ana, ben, cat = await table.three()
    for peer in (ana, ben):
        with pytest.raises(CommandFailed, match="no gold") as caught:
            await tank(peer).fail("no gold")
        assert caught.value.error == "ValueError"
    await table.agree(ana, ben, cat)


async def test_wrong_arguments_are_refused_where_they_are_written(
    clock: MockClock, table: Table
) -> None:
    _, ben, _ = await table.three()
    with pytest.raises(CommandRefused, match="amount"):
        tank(ben).earn("five")  # type: ignore[arg-type]


async def test_the_command_of_somebody_elses_player_is_refused(
    clock: MockClock, table: Table
) -> None:
    ana, ben, _ = await table.three()
    with pytest.raises(CommandRefused):
        await ben.objects[tank(ana).object_id].earn(5)  # type: ignore[attr-defined]
    assert tank(ana).gold == 0


async def test_a_client_can_not_write_synced_fields(clock: MockClock, table: Table) -> None:
    _, ben, _ = await table.three()
    with pytest.raises(AuthorityError):
        tank(ben).gold = 5
    with pytest.raises(AuthorityError):
        ben.spawn(Crate())


async def test_what_the_host_writes_goes_out_with_the_tick(clock: MockClock, table: Table) -> None:
    ana, ben, cat = await table.three()
    tank(ana).gold = 9
    tank(ana).bag.append("map")
    await trio.sleep(1 / GAME.tick_hz)
    await table.agree(ana, ben, cat)
    assert ben.objects[1].gold == 9  # type: ignore[attr-defined]


async def test_objects_appear_change_owners_and_go(clock: MockClock, table: Table) -> None:
    ana, ben, cat = await table.three()
    crate = ana.spawn(Crate(weight=3), ben.me)
    await trio.sleep(0.1)
    await table.agree(ana, ben, cat)
    number = crate.object_id
    assert cat.objects[number].owner == ben.me and ben.objects[number].has_authority
    ana.assign_authority(crate, 2)
    await trio.sleep(0.1)
    assert ben.objects[number].owner == cat.me
    ana.remove_authority(crate)
    await trio.sleep(0.1)
    assert cat.objects[number].owner is None
    ana.despawn(crate)
    await trio.sleep(0.1)
    assert number not in ben.objects and number not in cat.objects


async def test_rpcs_reach_every_client(clock: MockClock, table: Table) -> None:
    ana, ben, cat = await table.three()
    await tank(ben).blow()
    await trio.sleep(0.1)
    number = tank(ben).object_id
    assert [peer.objects[number].honks for peer in (ana, ben, cat)] == [1, 1, 1]  # type: ignore[attr-defined]


async def test_the_game_ticks_on_the_host_alone_and_with_its_own_time(
    clock: MockClock, table: Table
) -> None:
    ticks: dict[str, list[float]] = {}

    @networked
    class Clock(Player):
        def on_tick(self, dt: float) -> None:
            ticks.setdefault(self.world.me, []).append(dt)

    table.game = Game("clock", player=Clock, tick_hz=10)
    ana = await table.host("ana")
    await table.join("ben", ana)
    await trio.sleep(5)
    assert list(ticks) == [ana.me]
    assert sum(ticks[ana.me]) == pytest.approx(2 * 5, abs=0.5)  # two players
    assert {round(dt, 6) for dt in ticks[ana.me]} == {0.1}


# --- events ---


async def test_events_come_in_order_and_end_with_the_session(
    clock: MockClock, table: Table
) -> None:
    ana = await table.open("ana")
    stream = ana.events()
    await ana.host("ana", 7777)
    ben = await table.join("ben", ana)
    await ben.leave()
    await trio.sleep(0.1)
    await ana.leave()
    kinds = [type(event) async for event in stream]
    mattering = [kind for kind in kinds if kind is not events.RosterChanged]
    assert mattering == [
        *(events.StateChanged, events.RoleChanged, events.PeerJoined, events.BecameHost),
        *(events.PeerJoined, events.ClientDisconnected, events.PeerGone),
        *(events.SessionEnded, events.StateChanged, events.RoleChanged),
    ]


async def test_wait_for_gives_the_next_event_that_fits(clock: MockClock, table: Table) -> None:
    ana = await table.host("ana")
    seen: list[events.PeerJoined] = []

    async def wait() -> None:
        seen.append(await ana.wait_for(events.PeerJoined, lambda event: event.connection_id == 2))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        await wait_all_tasks_blocked()
        await table.join("ben", ana)
        cat = await table.join("cat", ana)
    assert seen == [events.PeerJoined(cat.me, cat.connection_id)]


async def test_waiting_for_what_never_comes_ends_with_the_session(
    clock: MockClock, table: Table
) -> None:
    ana = await table.host("ana")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(ana.leave)
        with pytest.raises(SessionOver):
            await ana.wait_for(events.PeerJoined)
    with pytest.raises(SessionOver):
        await ana.settled()


# --- going ---


async def test_who_leaves_gives_up_its_seat_at_once(clock: MockClock, table: Table) -> None:
    ana, ben, cat = await table.three()
    await ben.leave()
    await trio.sleep(0.01)
    await table.agree(ana, cat)
    assert [member.peer for member in ana.roster.members] == [ana.me, cat.me]
    assert (ben.state, ben.role) == (State.LEFT, None)
    assert 2 not in ana.objects


async def test_leaving_the_context_is_leaving_the_session(clock: MockClock, table: Table) -> None:
    ana = await table.host("ana")
    async with open_peer(GAME, name="ben", transport=table.network) as ben:
        await ben.join(ana.invite, address="ben")
    await trio.sleep(0.01)
    assert [member.peer for member in ana.roster.members] == [ana.me]
    assert ben.state is State.LEFT


async def test_when_the_host_leaves_the_others_go_on(clock: MockClock, table: Table) -> None:
    ana, ben, cat = await table.three()
    await ana.leave()
    await trio.sleep(0.01)
    await table.agree(ben, cat)
    assert labels(ben, cat) == [0, 2]
    assert [member.name for member in ben.roster.members] == ["ben", "cat"]


async def test_stop_host_ends_the_session_for_all(clock: MockClock, table: Table) -> None:
    ana, ben, cat = await table.three()
    streams = [peer.events() for peer in (ana, ben, cat)]
    await ana.stop_host("that was it")
    for peer, stream in zip((ana, ben, cat), streams, strict=True):
        ends = [event async for event in stream if isinstance(event, events.SessionEnded)]
        assert ends == [events.SessionEnded(EndReason.SESSION_ENDED, "that was it")]
        assert peer.state is State.LEFT


async def test_stop_client_and_stop_host_are_for_their_roles(
    clock: MockClock, table: Table
) -> None:
    ana, ben, _ = await table.three()
    with pytest.raises(LocalProtocolError):
        await ana.stop_client()
    with pytest.raises(LocalProtocolError):
        await ben.stop_host()
    await ben.stop_client()
    assert ben.state is State.LEFT and ana.state is State.REIGNING


async def test_who_is_kicked_is_told_and_not_let_in_again(clock: MockClock, table: Table) -> None:
    ana, ben, cat = await table.three()
    stream = ben.events()
    ana.kick(1, "no cheating")
    assert events.SessionEnded(EndReason.KICKED, "no cheating") in [event async for event in stream]
    assert ben.state is State.LEFT
    await trio.sleep(0.01)
    await table.agree(ana, cat)
    again = await table.open("ben", identity=ben.identity)
    with pytest.raises(Denied) as caught:
        await again.join(ana.invite, address="ben", port=8)
    assert caught.value.reason is DenyReason.BANNED


@pytest.mark.parametrize("label", [0, 7, -1])
async def test_kicking_nobody_or_oneself_is_a_misuse(
    clock: MockClock, table: Table, label: int
) -> None:
    ana, ben, _ = await table.three()
    with pytest.raises(LocalProtocolError):
        ana.kick(label, "")
    with pytest.raises(LocalProtocolError):
        ben.kick(2, "")


async def test_leaving_twice_or_before_anything_began_is_harmless(
    clock: MockClock, table: Table
) -> None:
    ana = await table.open("ana")
    await ana.leave()
    await ana.leave()
    assert ana.state is State.LEFT
    with pytest.raises(LocalProtocolError):
        await ana.host("ana", 1)


async def test_leaving_while_the_door_is_being_opened_is_leaving(
    clock: MockClock, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = await table.open("ana")
    await wait_all_tasks_blocked()
    listen = ana._shell.mesh.listen

    async def listen_and_leave(address: str, port: int) -> Any:
        listener = await listen(address, port)
        ana._shell.leave_soon()
        return listener

    monkeypatch.setattr(ana._shell.mesh, "listen", listen_and_leave)
    with pytest.raises(SessionOver):
        await ana.host("ana", 1)
    await ana._shell.stopped.wait()
    assert ana.state is State.LEFT


@pytest.mark.parametrize("how", ["leave", "kick", "stop_host", "crash"])
async def test_commands_without_an_outcome_fail_when_the_session_is_over(
    clock: MockClock, table: Table, how: str
) -> None:
    ana, ben, _ = await table.three()
    player = tank(ben)
    if how == "kick":
        ana.kick(1, "")
    receipt = player.earn(5) if how != "stop_host" else None
    match how:
        case "leave":
            await ben.leave()
        case "stop_host":
            await ana.stop_host()
        case "crash":
            crash(ben)
    await ben._shell.stopped.wait()
    if receipt is not None and how != "leave":
        with pytest.raises(SessionOver):
            await receipt
    late = ben.world.submit
    assert late is not None
    with pytest.raises(SessionOver):
        await late(b"", None)


async def test_a_command_before_joining_is_a_misuse(clock: MockClock, table: Table) -> None:
    ana = await table.open("ana")
    submit = ana.world.submit
    assert submit is not None
    with pytest.raises(LocalProtocolError):
        submit(b"", None)


# --- the context ---


@pytest.mark.parametrize("began", [False, True])
async def test_what_the_body_raises_comes_out_as_it_is(clock: MockClock, began: bool) -> None:
    error = KeyError("mine")
    with pytest.raises(KeyError) as caught:  # noqa: PT012
        async with open_peer(GAME, transport=MemoryNetwork()) as peer:
            if began:
                await peer.host("ana", 1)
            raise error
    assert caught.value is error


async def test_a_failing_body_still_says_good_bye(clock: MockClock, table: Table) -> None:
    ana = await table.host("ana")
    with pytest.raises(KeyError):  # noqa: PT012
        async with open_peer(GAME, name="ben", transport=table.network) as ben:
            await ben.join(ana.invite, address="ben")
            raise KeyError("mine")
    await trio.sleep(0.01)
    assert [member.peer for member in ana.roster.members] == [ana.me]


async def test_a_cancelled_body_still_says_good_bye(clock: MockClock, table: Table) -> None:
    ana = await table.host("ana")
    with trio.move_on_after(1) as scope:
        async with open_peer(GAME, name="ben", transport=table.network) as ben:
            await ben.join(ana.invite, address="ben")
            await trio.sleep_forever()
    assert scope.cancelled_caught
    await trio.sleep(0.01)
    assert [member.peer for member in ana.roster.members] == [ana.me]


async def test_a_body_that_raises_while_it_is_cancelled_is_not_wrapped(
    clock: MockClock,
) -> None:
    with pytest.raises(KeyError), trio.move_on_after(1):  # noqa: PT012
        async with open_peer(GAME, transport=MemoryNetwork()) as peer:
            await peer.host("ana", 1)
            try:
                await trio.sleep_forever()
            finally:
                raise KeyError("mine")


@pytest.mark.parametrize("began", range(0, 150, 10))
async def test_cancellation_at_any_checkpoint_leaves_nothing_running(
    clock: MockClock, began: int
) -> None:
    async def play(network: MemoryNetwork) -> None:
        async with open_peer(GAME, name="ana", transport=network) as ana:
            await ana.host("ana", 1)
            async with open_peer(GAME, name="ben", transport=network) as ben:
                await ben.join(ana.invite, address="ben")
                await tank(ben).earn(1)
            await tank(ana).earn(1)

    tasks = trio.lowlevel.current_statistics().tasks_living
    for steps in range(began, began + 10):
        network = MemoryNetwork()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(play, network)
            for _ in range(steps):
                await trio.lowlevel.checkpoint()
            nursery.cancel_scope.cancel()
        assert trio.lowlevel.current_statistics().tasks_living == tasks
        assert not network._listeners


async def test_a_shield_around_the_peer_is_no_trap(
    clock: MockClock,
) -> None:
    with trio.CancelScope() as scope:
        async with open_peer(GAME, transport=MemoryNetwork()) as peer:
            await peer.host("ana", 1)
            scope.cancel()
            with trio.CancelScope(shield=True):
                assert await tank(peer).earn(1) == 1
            await trio.lowlevel.checkpoint()
    assert scope.cancelled_caught
