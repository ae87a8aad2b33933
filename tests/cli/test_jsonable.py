from __future__ import annotations

import json
import math
from typing import Any

import attrs
import msgspec
import pytest

from p2pnet.cli.jsonable import fields_of, jsonable, kind_of
from p2pnet.core.errors import EndReason
from p2pnet.core.events import BecameHost, PeerLost, RosterChanged, SessionEnded
from p2pnet.core.roster import Roster
from p2pnet.core.values import ConnectionId, Epoch, PeerId, Position

from .playing import Colour, Place

HERE = Position(Epoch(3, PeerId("aaaabbbbccccdddd"), 9), 41)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, True),
        (1.5, 1.5),
        ("text", "text"),
        (b"\x00\xff", "00ff"),
        (Colour.RED, "red"),
        (EndReason.LEFT, "left"),
        (Place(1.0, 2.0), {"x": 1.0, "y": 2.0}),
        ((1, [2, {"k": 3}]), [1, [2, {"k": 3}]]),
        ({1: "a", (1, 2): "b"}, {"1": "a", "[1,2]": "b"}),
        (frozenset({3, 1, 2}), [1, 2, 3]),
        (HERE.epoch, 3),
        (HERE, "3:aaaa/41"),
        (1 + 2j, "(1+2j)"),
    ],
)
def test_values_become_json(value: Any, expected: Any) -> None:
    assert jsonable(value) == expected
    assert json.loads(msgspec.json.encode(jsonable(value))) == expected


def test_a_float_that_json_lacks_does_not_break_the_stream() -> None:
    assert msgspec.json.encode(jsonable(math.nan)) == b"null"


def test_an_unknown_attrs_class_is_its_fields() -> None:
    @attrs.define
    class Thing:
        size: int
        inner: Place

    assert jsonable(Thing(1, Place(0.0, 0.0))) == {"size": 1, "inner": {"x": 0.0, "y": 0.0}}


def test_a_roster_is_its_seats_without_keys() -> None:
    roster = Roster().admit(PeerId("p" * 16), b"key", "ana", ("h:1",))
    (seat,) = jsonable(roster)
    assert seat == {
        "peer": "p" * 16,
        "name": "ana",
        "connection_id": 0,
        "old_connection_id": -1,
        "addresses": ["h:1"],
        "can_host": True,
        "present": True,
    }


def test_events_are_named_like_their_classes() -> None:
    assert kind_of(SessionEnded(EndReason.LEFT, "")) == "session_ended"
    assert kind_of(RosterChanged(Roster())) == "roster_changed"


def test_fields_of_an_event() -> None:
    event = BecameHost(HERE.epoch, HERE, migrated=True)
    assert fields_of(event) == {"epoch": 3, "position": "3:aaaa/41", "migrated": True}


def test_whom_an_event_is_about_is_not_mistaken_for_who_tells_it() -> None:
    event = PeerLost(PeerId("x"), ConnectionId(2))
    assert fields_of(event) == {"who": "x", "connection_id": 2}
