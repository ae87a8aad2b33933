from __future__ import annotations

import pytest

from p2pnet.cli.demo.cast import Cast
from p2pnet.cli.demo.digging import Digging


@pytest.fixture
def digging(cast: Cast) -> Digging:
    return Digging(cast)


async def test_who_plays_gets_results_until_it_stops(cast: Cast, digging: Digging) -> None:
    run, _ = await cast.start("MachineA")
    await digging.begin(run)
    assert digging.runs == (run,)
    await digging.until_played([run], 5)
    digging.stop(run)
    assert digging.runs == ()
    await cast.until("all results", lambda: not cast.evidence.unsettled(run))
    assert cast.evidence.acknowledged(run) >= 5


async def test_every_command_has_a_ticket_of_its_own(cast: Cast, digging: Digging) -> None:
    runs = [(await cast.start(peer))[0] for peer in ("MachineA", "MachineB")]
    for run in runs:
        await digging.begin(run)
    volley = await digging.volley(runs, 10)
    assert len({order.ticket for order in volley}) == len(volley) == 20
    assert [order.run for order in volley[::10]] == runs


async def test_some_commands_are_for_the_cart_of_the_player(
    cast: Cast, digging: Digging, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, _ = await cast.start("MachineA")
    await digging.begin(run)
    digging.stop(run)
    asked = []

    async def send(**request: object) -> None:
        asked.append(request)

    monkeypatch.setattr(cast.children[run], "send", send)
    await digging.volley([run], 6)
    assert {(request["call"], request.get("object")) for request in asked} == {
        ("dig", None),
        ("load", 3),  # the cart that belongs to the stand-in's player
    }
