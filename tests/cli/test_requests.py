from __future__ import annotations

import pytest

from p2pnet.cli.requests import BadRequest, parse


@pytest.mark.parametrize(
    ("line", "wish"),
    [
        ('{"id": 7, "call": "mine", "args": [1]}', "call"),
        ('{"id": 8, "dump": true}', "dump"),
        ('{"id": "x", "status": true}', "status"),
        ('{"kick": 0, "text": "bye"}', "kick"),
        ('{"leave": true}', "leave"),
        ('{"end": true}', "end"),
    ],
)
def test_a_line_asks_for_one_thing(line: str, wish: str) -> None:
    assert parse(line).wish == wish


def test_arguments_are_taken_as_they_are() -> None:
    request = parse('{"id": 1, "call": "f", "args": [1, "a"], "kwargs": {"k": null}, "object": 4}')
    assert (request.args, request.kwargs, request.object) == ([1, "a"], {"k": None}, 4)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "hello",
        "[]",
        "{}",
        '{"id": 1}',
        '{"dump": false}',
        '{"leave": true, "end": true}',
        '{"call": 1}',
        '{"call": "f", "args": {}}',
        '{"leave": true, "unknown": 1}',
        '{"id": 1.5, "dump": true}',
    ],
)
def test_anything_else_is_refused(line: str) -> None:
    with pytest.raises(BadRequest):
        parse(line)
