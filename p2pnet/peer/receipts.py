"""What the caller of a command holds until its outcome is known."""

from __future__ import annotations

from collections.abc import Generator
from typing import Generic, TypeVar

import trio

from ..core.errors import LocalProtocolError

T = TypeVar("T")


class Receipt(Generic[T]):
    """The outcome of one command, now or later. `await` it, as often and wherever you like.

    Awaiting gives what the command returned, once that is as durable as its ack level asks for. It
    raises CommandRefused if the host did not run it, CommandFailed if it raised there, and
    CommandLost or SessionOver if the session ended for this peer before the outcome was known.
    An outcome that nobody waits for is no error.
    """

    __slots__ = ("_error", "_is_done", "_value", "_waiters")

    def __init__(self) -> None:
        self._is_done = False
        self._value: T | None = None
        self._error: BaseException | None = None
        self._waiters = trio.lowlevel.ParkingLot()

    def __repr__(self) -> str:
        if not self._is_done:
            return "<Receipt: waiting>"
        return f"<Receipt: {self._error!r}>" if self._error else f"<Receipt: {self._value!r}>"

    @property
    def done(self) -> bool:
        """Whether the outcome is known."""
        return self._is_done

    def result(self) -> T:
        """The outcome, as `await` gives it. Raises LocalProtocolError if it is not known yet."""
        if not self._is_done:
            raise LocalProtocolError("the outcome of the command is not known yet: await it")
        if self._error is not None:
            # The same error may be raised many times: each gets a trace of its own.
            raise self._error.with_traceback(None)
        return self._value  # type: ignore[return-value]  # None is a T if a command returned it

    def __await__(self) -> Generator[object, object, T]:
        return self._wait().__await__()

    async def _wait(self) -> T:
        if self._is_done:
            await trio.lowlevel.checkpoint()
        while not self._is_done:
            await self._waiters.park()
        return self.result()

    # --- for whoever gives it ---

    def settle(self, value: T) -> None:
        """The command returned `value`. The first outcome stands."""
        if not self._is_done:
            self._value = value
            self._finish()

    def fail(self, error: BaseException) -> None:
        """The command came to nothing. The first outcome stands."""
        if not self._is_done:
            self._error = error
            self._finish()

    def _finish(self) -> None:
        self._is_done = True
        self._waiters.unpark_all()
