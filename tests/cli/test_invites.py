from __future__ import annotations

import pytest

from p2pnet.cli.complaints import Complaint
from p2pnet.cli.invites import split_hint, with_hint
from p2pnet.cli.loading import GameName


def test_the_hint_comes_back() -> None:
    name = GameName("my.tanks", "game")
    assert split_hint(with_hint("p2pnet:AbC", name)) == ("p2pnet:AbC", name)


def test_an_invite_may_have_no_hint() -> None:
    assert split_hint("p2pnet:AbC") == ("p2pnet:AbC", None)


def test_quotes_and_space_around_it_do_not_matter() -> None:
    assert split_hint(' "p2pnet:AbC#tanks:game"\n') == ("p2pnet:AbC", GameName("tanks", "game"))


@pytest.mark.parametrize("hint", ["", "tanks", "../tanks:game", "os;x:game"])
def test_a_hint_that_is_no_name_is_refused(hint: str) -> None:
    with pytest.raises(Complaint, match="MODULE:GAME"):
        split_hint(f"p2pnet:AbC#{hint}")
