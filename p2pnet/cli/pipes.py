"""Lines in and out of this process, without ever making the peer wait.

Both ends may be terminals, pipes or files, and on some systems none of these can be waited for by
the event loop. So a thread reads and a thread writes. They use the bare file descriptors: a thread
that is stuck in a read or a write must not hold a lock that the end of the program needs.
"""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Final

import trio

_READ_BYTES: Final = 1 << 16
_DRAIN_S: Final = 1.0

STDIN: Final = 0
STDOUT: Final = 1


async def read_lines(fd: int = STDIN) -> AsyncIterator[str]:
    """The lines that come in, without their ends, until end of file."""
    rest = b""
    async for chunk in read_chunks(fd):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line.decode("utf-8", "replace").rstrip("\r")
    if rest:
        yield rest.decode("utf-8", "replace")


async def read_chunks(fd: int = STDIN) -> AsyncGenerator[bytes, None]:
    """What comes in, as it comes, until end of file."""
    while chunk := await _read(fd):
        yield chunk


async def _read(fd: int) -> bytes:
    try:
        return await trio.to_thread.run_sync(os.read, fd, _READ_BYTES, abandon_on_cancel=True)
    except OSError:
        return b""  # there is no such descriptor, or the terminal is gone


class LineWriter:
    """Takes lines at once and writes them as fast as they are read at the other end.

    `closed` is set when nobody reads any more.
    """

    def __init__(self, fd: int = STDOUT) -> None:
        self.closed = trio.Event()
        self._fd = fd
        self._waiting: list[bytes] = []
        self._is_writing = False
        self._wake = trio.Event()
        self._drained = trio.Event()

    def write(self, line: str) -> None:
        """Queue one line; never waits."""
        if not self.closed.is_set():
            self._waiting.append(line.encode("utf-8", "replace") + b"\n")
            self._wake.set()

    async def run(self) -> None:
        """Write what is queued, until cancelled."""
        while not self.closed.is_set():
            await self._wake.wait()
            self._wake = trio.Event()
            data, self._waiting = b"".join(self._waiting), []
            self._is_writing = True
            try:
                await trio.to_thread.run_sync(self._write_all, data, abandon_on_cancel=True)
            except OSError:  # BrokenPipeError, and what other systems have for it
                self._waiting.clear()
                self.closed.set()
            self._is_writing = False
            if not self._waiting:
                self._drained.set()

    async def drain(self) -> None:
        """Wait until all is written, or for a second if nobody reads."""
        with trio.move_on_after(_DRAIN_S):
            while (self._waiting or self._is_writing) and not self.closed.is_set():
                self._drained = trio.Event()
                await self._drained.wait()

    def _write_all(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._fd, view) :]
