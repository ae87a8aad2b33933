"""Typing a line while the screen above it changes: keys come one by one, and are shown by us."""

from __future__ import annotations

import codecs
import re
import sys
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager
from typing import Final

from .pipes import STDIN, read_chunks

CAN_READ_KEYS: Final = sys.platform != "win32"

_ESCAPES: Final = re.compile("\x1b(\\[[0-9;?]*[ -/]*[@-~]|O.|.)?")  # arrows and the like
_ERASE: Final = "\x7f\b"
_ERASE_LINE: Final = "\x15"  # Ctrl-U
_END_OF_FILE: Final = "\x04"  # Ctrl-D


class LineEditor:
    """What is typed so far. Knows how to take the last character back, and no more."""

    def __init__(self) -> None:
        self.typed = ""
        self.is_over = False

    def feed(self, keys: str) -> list[str]:
        """Take what was typed; returns the lines that are complete now."""
        lines = []
        for key in _ESCAPES.sub("", keys):
            if key in "\r\n":
                lines.append(self.typed)
                self.typed = ""
            elif key in _ERASE:
                self.typed = self.typed[:-1]
            elif key == _ERASE_LINE:
                self.typed = ""
            elif key == _END_OF_FILE:
                self.is_over = self.is_over or not self.typed
            elif key.isprintable():
                self.typed += key
        return lines


async def typed_lines(editor: LineEditor, fd: int = STDIN) -> AsyncGenerator[str, None]:
    """The lines that are typed, until end of file or Ctrl-D on an empty line."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    async with aclosing(read_chunks(fd)) as chunks:
        async for chunk in chunks:
            for line in editor.feed(decoder.decode(chunk)):
                yield line
            if editor.is_over:
                return


@contextmanager
def keys_one_by_one(fd: int = STDIN) -> Iterator[None]:
    """Have the terminal give each key at once and show none. Puts it back as it was.

    Ctrl-S does not stop the output meanwhile: it would stop the peer, too.
    """
    if sys.platform == "win32":
        raise NotImplementedError("keys are read from POSIX terminals only")
    import termios

    before = termios.tcgetattr(fd)
    changed = termios.tcgetattr(fd)
    changed[0] &= ~termios.IXON
    changed[3] &= ~(termios.ICANON | termios.ECHO)
    termios.tcsetattr(fd, termios.TCSADRAIN, changed)
    try:
        yield
    finally:
        termios.tcsetattr(fd, termios.TCSADRAIN, before)
