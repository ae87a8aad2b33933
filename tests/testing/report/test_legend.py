"""The legend explains what can be seen."""

from __future__ import annotations

import re

from p2pnet.testing.report.legend import legend
from p2pnet.testing.report.picture import Family, Sort


def test_every_colour_and_sign_that_needs_words_has_them() -> None:
    text, height = legend(1_200)
    shown = set(re.findall(r"m-(\w+)", text))
    assert shown == {s.value for s in Sort} - {"violation", "work"}
    arrows = set(re.findall(r"arrow f-(\w+)", text))
    assert arrows == {family.value for family in Family} - {"heartbeats"}
    assert height > 0


def test_a_narrow_legend_is_higher() -> None:
    assert legend(500)[1] > legend(1_500)[1]
