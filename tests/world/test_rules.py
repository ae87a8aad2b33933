from __future__ import annotations

import math
from typing import Any

import pytest

from p2pnet.core.errors import DeclarationError
from p2pnet.world import Absence, Game, Player, WhileAway, networked


def test_a_rule_may_be_written_in_words() -> None:
    rule = Absence("pause", after_s=0, grace_s=math.inf)
    assert rule.policy is WhileAway.PAUSE and rule == Absence(
        WhileAway.PAUSE, after_s=0, grace_s=math.inf
    )


@pytest.mark.parametrize(
    ("policy", "figures", "words"),
    [
        ("sulk", {}, "'sulk' is none of 'go_on', 'pause', 'vote', 'bot', 'forfeit'"),
        ("pause", {"after_s": -1}, "after_s must be seconds"),
        ("pause", {"after_s": "1"}, "after_s must be seconds"),
        ("pause", {"grace_s": math.nan}, "grace_s must be seconds"),
        ("vote", {"vote_s": None}, "vote_s must be seconds"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(policy: Any, figures: Any, words: str) -> None:
    with pytest.raises(DeclarationError, match=words):
        Absence(policy, **figures)


def test_a_game_takes_a_rule_and_nothing_else() -> None:
    @networked
    class Someone(Player):
        pass

    with pytest.raises(DeclarationError, match="absence= takes an Absence"):
        Game("x", player=Someone, absence="pause")  # type: ignore[arg-type]
    assert Game("x", player=Someone).absence == Absence(WhileAway.GO_ON)
