"""Saved sessions on disk: written whole or not at all.

The file is written beside its place, flushed to the disk and then renamed, so that whatever happens
there is either the session that was saved before or the new one. It holds the state of the game and
nobody's private key.
"""

from __future__ import annotations

import os
import tempfile
from functools import partial
from pathlib import Path
from typing import Final

import trio

from ..core.errors import RemoteProtocolError, SaveError, SaveFault
from ..core.saving import Saved, load
from ..world.game import Game
from ..world.world import World
from .identity import Identity

_BYTES_MAX: Final = 1 << 30


async def write_save(path: str | os.PathLike[str], data: bytes) -> None:
    """Put a file there, in place of any other. Raises OSError, and then nothing has changed."""
    await trio.to_thread.run_sync(partial(_write, Path(path), data))


def _write(path: Path, data: bytes) -> None:
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:  # it names a file that nobody asked for
        raise type(error)(error.errno, error.strerror, str(path)) from None
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def read_save(path: str | os.PathLike[str], game: Game, identity: Identity) -> Saved:
    """The session in a file. Raises OSError if it can't be read, `SaveError` for what is in it."""
    with open(path, "rb") as file:
        data = file.read(_BYTES_MAX + 1)
    if len(data) > _BYTES_MAX:
        raise SaveError(SaveFault.NOT_A_SAVE, "the file is too large to be a session")
    saved = load(data, game.fingerprint, identity)
    try:
        World(game, identity.peer_id).check_snapshot(saved.snapshot.world)
    except RemoteProtocolError as error:
        raise SaveError(SaveFault.DAMAGED, str(error)) from error
    return saved
