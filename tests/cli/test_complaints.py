from __future__ import annotations

import pytest

from p2pnet.cli.complaints import complaint, leaves, one_line
from p2pnet.core.errors import (
    ADVICE,
    Denied,
    DenyReason,
    EndReason,
    HostUnreachable,
    ListenFailed,
    P2PNetError,
    SessionOver,
)


@pytest.mark.parametrize("reason", DenyReason)
def test_a_denial_says_why_and_what_to_do(reason: DenyReason) -> None:
    text = str(complaint(Denied(reason, "the words of the host")))
    assert text.startswith("the host refused: the words of the host (")
    assert "\n" not in text


def test_a_kick_gives_the_words_of_the_host() -> None:
    text = str(complaint(SessionOver(EndReason.KICKED, "no shouting")))
    assert text == f"{ADVICE[EndReason.KICKED]}: no shouting"
    same = SessionOver(EndReason.KICKED, ADVICE[EndReason.KICKED])
    assert str(complaint(same)) == ADVICE[EndReason.KICKED], "said once"


@pytest.mark.parametrize(
    ("error", "advice"), [(ListenFailed("no"), "--address"), (HostUnreachable("no"), "firewall")]
)
def test_advice_follows_the_text(error: P2PNetError, advice: str) -> None:
    text = str(complaint(error))
    assert text.startswith("no (")
    assert advice in text


def test_an_error_without_advice_is_told_as_it_is() -> None:
    assert str(complaint(P2PNetError("just this"))) == "just this"


def test_a_text_of_many_lines_becomes_one() -> None:
    assert one_line(ValueError("one\n  two")) == "one two"
    assert one_line(ValueError()) == "ValueError"


def test_leaves_of_nested_groups_come_in_order() -> None:
    first, second = ValueError("1"), KeyError("2")
    group = ExceptionGroup("outer", [ExceptionGroup("inner", [first]), second])
    assert list(leaves(group)) == [first, second]
    assert list(leaves(first)) == [first]
