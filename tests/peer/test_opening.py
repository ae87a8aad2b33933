from __future__ import annotations

from typing import Any

import pytest

from p2pnet import (
    DeclarationError,
    MigrationManager,
    OptionError,
    SessionHooks,
    open_peer,
)

from .conftest import GAME


@pytest.mark.parametrize(
    ("option", "value", "hint"),
    [
        ("identity", "ana.key", "Identity.load_or_create"),
        ("identity", b"x" * 32, "Identity.load_or_create"),
        ("settings", {"players_max": 3}, r"p2pnet\.Settings\("),
        ("name", 7, "name must be of type str"),
        ("transport", "tcp", "Transport"),
        ("authenticator", "secret", "Authenticator"),
        ("bookmark", 7, "str or PathLike"),
    ],
)
def test_an_option_of_the_wrong_type_is_named_at_once(option: str, value: Any, hint: str) -> None:
    with pytest.raises(OptionError, match=hint) as error:
        open_peer(GAME, **{option: value})
    assert option in str(error.value) and isinstance(error.value, TypeError)


def test_a_game_has_to_be_one() -> None:
    with pytest.raises(OptionError, match=r"p2pnet\.Game\("):
        open_peer("tanks")  # type: ignore[arg-type]


@pytest.mark.parametrize("option", ["migration", "hooks"])
def test_hooks_are_checked_before_anything_begins(option: str) -> None:
    base = {"migration": MigrationManager, "hooks": SessionHooks}[option]
    clumsy = type("Clumsy", (base,), {"on_nothing": lambda self: None})
    for wrong in (base, clumsy()):
        with pytest.raises(DeclarationError):
            open_peer(GAME, **{option: wrong})
