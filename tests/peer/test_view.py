from __future__ import annotations

from trio.testing import MockClock

from p2pnet import Role, State

from .conftest import Table, tank


async def test_a_peer_at_work_can_be_read(clock: MockClock, table: Table) -> None:
    _, ben, _ = await table.three()
    view = ben._shell
    assert (view.state, view.role, view.me) == (State.FOLLOWING, Role.CLIENT, ben.me)
    assert view.objects_of(ben.me) == [tank(ben)] and view.in_flight == 0
    assert not view.claims_by_hand
    before = view.players_version
    await ben.add_player(1)
    assert view.players_version > before
    receipt = tank(ben).earn(1)
    payload = next(iter(view._submitted.values()), None)
    assert payload is None or view.describe(payload.payload).name == "earn"
    await receipt


async def test_a_peer_without_a_session_reads_as_nothing(clock: MockClock, table: Table) -> None:
    view = (await table.open("ana"))._shell
    assert (view.state, view.role, view.in_flight) == (State.IDLE, None, 0)
    assert not view.roster.members
