"""What a program may ask of a peer, as it comes in on standard input: one JSON object a line."""

from __future__ import annotations

from typing import Any

import msgspec


class BadRequest(Exception):
    """The line makes no sense. The text says why."""


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A line asks for one thing: `call`, `dump`, `status`, `kick`, `save`, `leave` or `end`."""

    id: int | str | None = None
    call: str | None = None
    args: list[Any] = []  # msgspec copies it
    kwargs: dict[str, Any] = {}
    object: int | None = None
    dump: bool = False
    status: bool = False
    kick: int | None = None
    save: str | None = None
    text: str = ""
    leave: bool = False
    end: bool = False

    @property
    def wish(self) -> str:
        """Which of them. Raises `BadRequest` if it is none, or more than one."""
        values = {name: getattr(self, name) for name in _WISHES}
        wishes = [name for name, it in values.items() if it is not None and it is not False]
        if len(wishes) != 1:
            raise BadRequest(f"a line asks for one of {', '.join(_WISHES)}")
        return wishes[0]


_WISHES = ("call", "dump", "status", "kick", "save", "leave", "end")
_DECODER = msgspec.json.Decoder(Request)


def parse(line: str) -> Request:
    """Read a line. Raises `BadRequest`."""
    try:
        request = _DECODER.decode(line)
    except msgspec.DecodeError as error:
        raise BadRequest(str(error)) from None
    request.wish  # noqa: B018  # raises if there is none
    return request
