from __future__ import annotations

import attrs
import pytest

from p2pnet.cli.jsonable import fields_of, kind_of
from p2pnet.cli.words import describe, printable
from p2pnet.core import events
from p2pnet.core.errors import ADVICE, EndReason
from p2pnet.core.values import ConnectionId, Epoch, PeerId

NOISE = {"state_changed", "role_changed", "roster_changed"}
EVENTS = [
    cls
    for cls in vars(events).values()
    if isinstance(cls, type) and issubclass(cls, events.Event) and cls is not events.Event
]
ANA = PeerId("aaaabbbbccccdddd")


@pytest.mark.parametrize("cls", EVENTS, ids=lambda cls: cls.__name__)
def test_every_event_but_noise_has_words(cls: type[events.Event]) -> None:
    kind = kind_of(object.__new__(cls))
    values = {a.name: 1 for a in attrs.fields(cls)} | {"text": "t", "reason": "r"}
    fields = {"who" if name == "peer" else name: value for name, value in values.items()}
    words = describe(kind, fields, {})
    assert (words is None) == (kind in NOISE)
    assert words is None or "\n" not in words


def test_peers_go_by_their_names() -> None:
    event = events.HostChanged(Epoch(2, ANA, 0), ANA, None)  # type: ignore[arg-type]
    words = describe(kind_of(event), fields_of(event), {ANA: "ana"})
    assert words == "follows host ana in epoch 2"


def test_a_peer_without_a_name_goes_by_its_id() -> None:
    event = events.PeerLost(ANA, ConnectionId(1))
    words = describe(kind_of(event), fields_of(event), {})
    assert words == "keeps the seat and the player of aaaabb"


def test_an_end_gives_its_reason_and_the_words_of_the_host() -> None:
    event = events.SessionEnded(EndReason.KICKED, "no shouting")
    words = describe(kind_of(event), fields_of(event), {})
    assert words == "out of the game: was removed by the host (no shouting)"


def test_an_end_of_which_nobody_said_more_is_told_once() -> None:
    event = events.SessionEnded(EndReason.KICKED, ADVICE[EndReason.KICKED])
    words = describe(kind_of(event), fields_of(event), {})
    assert words == f"out of the game: {ADVICE[EndReason.KICKED]}"


def test_every_reason_has_words() -> None:
    for reason in EndReason:
        event = events.ClientDisconnected(ANA, ConnectionId(1), reason, "", kept=True)
        words = describe(kind_of(event), fields_of(event), {ANA: "ana"})
        assert words is not None and "_" not in words and words.startswith("has lost ana: ")


def test_a_kind_that_is_not_known_is_told_by_its_name() -> None:
    assert describe("something_else", {}, {}) == "something else"


def test_what_others_wrote_moves_no_cursor_and_forges_no_line() -> None:
    assert printable("kicked: \x1b[2J\nroot: x\u202e") == "kicked: \ufffd[2J\ufffdroot: x\ufffd"
    assert printable("[/] Zoë 字") == "[/] Zoë 字"
