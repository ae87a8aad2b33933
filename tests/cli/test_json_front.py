from __future__ import annotations

import time
from typing import Any

import pytest

from p2pnet import EndReason, State
from p2pnet.cli.json_front import JsonFront
from p2pnet.cli.loading import GameName
from p2pnet.core.events import PeerLost
from p2pnet.core.values import ConnectionId

from .fronts import Written, order
from .playing import hosting


@pytest.fixture
def front() -> JsonFront:
    return JsonFront("ana", GameName("tanks", "game"), time.monotonic_ns())


@pytest.fixture
def written(front: JsonFront) -> Written:
    return Written(front)


async def answers(front: JsonFront, written: Written, *lines: str) -> list[dict[str, Any]]:
    """What comes of these lines, without times."""
    async with hosting() as peer:
        await order(front, peer, *lines)
    return [{k: v for k, v in r.items() if k not in ("t_ms", "peer")} for r in written.records]


async def test_every_line_has_a_time_and_a_teller(front: JsonFront, written: Written) -> None:
    async with hosting() as peer:
        front.opened(peer)
        front.event(peer, PeerLost(peer.me, ConnectionId(0)))
        front.ended(EndReason.LEFT, "")
    assert [r["event"] for r in written.records] == ["ready", "peer_lost", "ended"]
    assert {r["peer"] for r in written.records} == {"ana"}
    times = [r["t_ms"] for r in written.records]
    assert times == sorted(times)
    assert all(time >= 0 for time in times)


async def test_an_event_about_a_member_names_it(front: JsonFront, written: Written) -> None:
    async with hosting("bea") as peer:
        front.event(peer, PeerLost(peer.me, ConnectionId(0)))
        assert written.records[0]["who"] == peer.me
    assert written.records[0]["name"] == "bea"


async def test_a_call_is_submitted_and_then_has_its_result(
    front: JsonFront, written: Written
) -> None:
    found = await answers(front, written, '{"id": 7, "call": "drive", "args": [1.5]}')
    assert found == [
        {"event": "submitted", "id": 7},
        {"event": "result", "id": 7, "value": 1.5},
    ]


async def test_a_call_goes_to_another_object_by_its_id(front: JsonFront, written: Written) -> None:
    async with hosting() as peer:
        (crate,) = (o for o in peer.objects.values() if type(o).__name__ == "Crate")
        await order(front, peer, f'{{"id": 1, "call": "lift", "object": {crate.object_id}}}')
    assert written.records[-1]["value"] == 1


@pytest.mark.parametrize(
    ("line", "error", "text"),
    [
        ('{"id": 1, "call": "nix"}', "NoSuchCommand", "no command 'nix'"),
        ('{"id": 1, "call": "drive", "object": 99}', "NoSuchObject", "no object 99"),
        ('{"id": 1, "call": "drive", "args": ["far"]}', "CommandRefused", "dx"),
        ('{"id": 1, "call": "fail"}', "CommandFailed", "not today"),
        ('{"id": 1, "kick": 5}', "LocalProtocolError", "5"),
    ],
)
async def test_what_can_not_be_done_fails_with_a_reason(
    front: JsonFront, written: Written, line: str, error: str, text: str
) -> None:
    *_, last = await answers(front, written, line)
    assert (last["event"], last["id"], last["error"]) == ("failed", 1, error)
    assert text in last["text"]
    assert "\n" not in last["text"]


async def test_dump_and_status_answer_with_the_id_of_the_request(
    front: JsonFront, written: Written
) -> None:
    lines = '{"id": 8, "dump": true}', '{"id": "nine", "status": true}'
    dump, status = await answers(front, written, *lines)
    assert (dump["event"], dump["id"]) == ("dump", 8)
    assert (status["event"], status["id"]) == ("status", "nine")
    assert set(dump) - set(status) == {"objects", "roster", "invite"}


@pytest.mark.parametrize("line", ["hello", "{}", '{"id": 1}', "[1, 2]"])
async def test_a_bad_line_is_told_and_does_nothing(
    front: JsonFront, written: Written, line: str
) -> None:
    (only,) = await answers(front, written, line, "", "   ")
    assert only["event"] == "bad_input"


@pytest.mark.parametrize("line", ['{"leave": true}', '{"end": true, "text": "time is up"}'])
async def test_leaving_and_ending_end_the_session(
    front: JsonFront, written: Written, line: str
) -> None:
    async with hosting() as peer:
        await order(front, peer, line)
        assert peer.state is State.LEFT
        await order(front, peer, '{"id": 3, "dump": true}')
    assert written.records[-1]["event"] == "failed"
