from __future__ import annotations

from typing import Any

import pytest

from p2pnet import DeclarationError, MigrationManager, SessionHooks
from p2pnet.peer.hook_checks import check_hooks


class Misspelt(MigrationManager):
    def on_become_host(self) -> None: ...


class TooFew(MigrationManager):
    def on_server_reconnect_object(self, connection: Any, obj: Any) -> None:  # type: ignore[override]
        ...


class TooMany(MigrationManager):
    def on_became_host(self, when: float) -> None:  # type: ignore[override]
        ...


class Waiting(MigrationManager):
    async def on_became_host(self) -> None:  # type: ignore[override]
        ...


class NoMethod(MigrationManager):
    on_became_host = None  # type: ignore[assignment]


class Fine(MigrationManager):
    def on_server_reconnect_player(self, *arguments: Any) -> None: ...

    def on_peers_updated(self, roster: Any, extra: int = 0) -> None: ...

    @staticmethod
    def on_became_host() -> None: ...  # type: ignore[override]


@pytest.mark.parametrize(
    ("cls", "hint"),
    [
        (Misspelt, "did you mean on_became_host"),
        (TooFew, r"write `def on_server_reconnect_object\(self, connection, obj, old_conn"),
        (TooMany, r"write `def on_became_host\(self\)`"),
        (Waiting, "plain def"),
        (NoMethod, "has to be a method"),
    ],
)
def test_a_hook_that_can_not_be_called_is_named_and_how_it_has_to_look(
    cls: type[MigrationManager], hint: str
) -> None:
    with pytest.raises(DeclarationError, match=hint) as error:
        check_hooks(cls(), MigrationManager, "migration")
    assert cls.__name__ in str(error.value)


def test_hooks_that_can_be_called_are_fine_however_they_are_written() -> None:
    check_hooks(Fine(), MigrationManager, "migration")
    check_hooks(MigrationManager(), MigrationManager, "migration")
    check_hooks(SessionHooks(), SessionHooks, "hooks")


@pytest.mark.parametrize("wrong", [MigrationManager, SessionHooks(), None, "manual"])
def test_what_has_no_hooks_is_no_manager(wrong: Any) -> None:
    with pytest.raises(DeclarationError, match="migration must be an object"):
        check_hooks(wrong, MigrationManager, "migration")
