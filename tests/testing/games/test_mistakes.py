from __future__ import annotations

import pytest

from p2pnet.testing import Mistake, MistakeKind, MistakesFound


@pytest.mark.parametrize("kind", MistakeKind)
def test_every_kind_says_where_and_how_and_what_to_do(kind: MistakeKind) -> None:
    mistake = Mistake(kind, "Tank.gold", "It was 3, and is 0.")
    first, evidence, *advice = mistake.text.split("\n    ")
    assert first.startswith("Tank.gold: ") and evidence == mistake.evidence
    assert bool(advice) is (kind is not MistakeKind.RAISES)
    assert "{" not in mistake.text


def test_all_mistakes_are_told_at_once() -> None:
    mistakes = [Mistake(MistakeKind.RAISES, place, "It raised.") for place in ("A.x", "B.y")]
    found = MistakesFound(mistakes)
    assert isinstance(found, AssertionError)
    assert str(found) == "\n\n".join(mistake.text for mistake in mistakes)
    assert found.key == (("raises", "A.x"), ("raises", "B.y"))
