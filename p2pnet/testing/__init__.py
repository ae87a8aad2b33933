"""What p2pnet is tested with, and what games are: `HostDropMachine`, `host_drops`, `simulated`.

The names for games need Hypothesis and pytest, and are loaded on first use; what the command line
needs of this package does without.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from .games.machine import HostDropMachine, host_drops, simulated
    from .games.mistakes import Mistake, MistakeKind, MistakesFound
    from .games.world import GameWorld, InvariantBroken

_PLACES: Final = {
    "GameWorld": "world",
    "HostDropMachine": "machine",
    "InvariantBroken": "world",
    "Mistake": "mistakes",
    "MistakeKind": "mistakes",
    "MistakesFound": "mistakes",
    "host_drops": "machine",
    "simulated": "machine",
}
_NEEDED: Final = ("hypothesis", "pytest")

__all__ = [
    "GameWorld",
    "HostDropMachine",
    "InvariantBroken",
    "Mistake",
    "MistakeKind",
    "MistakesFound",
    "host_drops",
    "simulated",
]


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        for package in _NEEDED:
            importlib.import_module(package)
    except ModuleNotFoundError as error:
        raise ImportError(
            f"p2pnet.testing.{name} needs {error.name}, which is not installed: "
            "pip install 'p2pnet[testing]'"
        ) from error
    return getattr(importlib.import_module(f"{__name__}.games.{_PLACES[name]}"), name)
