from __future__ import annotations

from p2pnet.testing.games.options import OPTIONS, Options, options


def test_options_are_those_of_this_run_or_the_usual_ones() -> None:
    token = OPTIONS.set(Options(stories=3, seed=5))
    try:
        assert options().stories == 3 and options() is options()
    finally:
        OPTIONS.reset(token)
    assert Options() == Options(stories=None, seed=None)
