"""Numbers and texts that stand in the source of the game, which Hypothesis tries as arguments.

It would take those of every module that is loaded and not installed. What is drawn from one seed
would then depend on what else is loaded: on the worker, on the test that ran before. So a campaign
leaves it those of the game's own modules.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final
from unittest import mock

import hypothesis.internal.conjecture.providers

from p2pnet.world.game import Game

_PROVIDERS: Final[Any] = hypothesis.internal.conjecture.providers
_FUNCTION: Final = "_get_local_constants"


@contextmanager
def constants_of(game: Game) -> Iterator[None]:
    """In here those of the game's modules are tried, and no others.

    Does nothing with a Hypothesis that has no such constants, or keeps them elsewhere.
    """
    if not all(hasattr(_PROVIDERS, name) for name in (_FUNCTION, "CONSTANTS_CACHE", "Constants")):
        yield
        return
    cache = _PROVIDERS.CONSTANTS_CACHE.cache
    found = _PROVIDERS.Constants()
    for name in sorted({layout.cls.__module__ for layout in game.layouts}):
        if name in sys.modules and not name.startswith("p2pnet."):
            found |= _PROVIDERS.constants_from_module(sys.modules[name])
    cache.clear()
    try:
        with mock.patch.object(_PROVIDERS, _FUNCTION, return_value=found):
            yield
    finally:
        cache.clear()
