"""One peer of the demo: a process that is spoken to through its machine interface."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Any, Final

import msgspec
import trio

from .evidence import Record, Run

_READ_BYTES: Final = 1 << 16
_LAST_WORDS: Final = 20

CAN_FREEZE: Final = hasattr(signal, "SIGSTOP")


class Child:
    """A process of one peer. Dies with its `run` task, however that ends."""

    def __init__(self, run: Run, command: list[str]) -> None:
        self.run = run
        self.exit_status: int | None = None
        self.was_killed = False
        self.complaints: deque[str] = deque(maxlen=_LAST_WORDS)
        self._command = command
        self._process: trio.Process | None = None
        self._next_id = 1
        self._turn = trio.Lock()

    @property
    def is_alive(self) -> bool:
        """Whether it can be spoken to."""
        return self._process is not None and not self.was_killed and self.exit_status is None

    async def serve(
        self,
        take: Callable[[Child, Record], None],
        *,
        task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        """Start the process and give each line that it prints to `take`, until it ends."""
        # In a group of its own, so that Ctrl-C in the terminal reaches the demo alone, which ends
        # its children itself; and so that the system wakes and ends a frozen one if the demo dies.
        group: dict[str, Any] = (
            {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)}
            if sys.platform == "win32"
            else {"process_group": 0}
        )
        pipes: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        process = self._process = await trio.lowlevel.open_process(self._command, **pipes, **group)
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._listen)
                task_status.started()
                assert process.stdout is not None
                async for line in _lines(process.stdout):
                    take(self, msgspec.json.decode(line))
                self.exit_status = await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
            with trio.CancelScope(shield=True):
                self.exit_status = await process.wait()

    async def _listen(self) -> None:
        assert self._process is not None and self._process.stderr is not None
        async for line in _lines(self._process.stderr):
            self.complaints.append(line.decode("utf-8", "replace"))

    async def ask(self, **request: Any) -> int:
        """Send a request with a new id, and return that id."""
        request_id = self.next_id()
        await self.send(id=request_id, **request)
        return request_id

    def next_id(self) -> int:
        """An id that no request to this process had."""
        self._next_id += 1
        return self._next_id - 1

    async def send(self, **request: Any) -> None:
        """Send a line. One that the process can't take any more is lost with it."""
        assert self._process is not None and self._process.stdin is not None
        async with self._turn:
            with contextlib.suppress(trio.BrokenResourceError, trio.ClosedResourceError):
                await self._process.stdin.send_all(msgspec.json.encode(request) + b"\n")

    def freeze(self) -> None:
        """Stop the process where it stands, as if its machine had stalled."""
        if CAN_FREEZE:
            self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let the process go on."""
        if CAN_FREEZE:
            self._signal(signal.SIGCONT)

    def kill(self) -> None:
        """End the process at once. It can't do anything about it."""
        self.was_killed = True
        assert self._process is not None
        if self._process.returncode is None:
            self._process.kill()

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        if self._process.returncode is None:
            os.kill(self._process.pid, number)


async def _lines(stream: trio.abc.ReceiveStream) -> AsyncIterator[bytes]:
    rest = b""
    async with stream:
        async for chunk in stream:
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                if line:
                    yield line
