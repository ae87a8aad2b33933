from __future__ import annotations

import os
import sys

import pytest

from p2pnet.cli.keys import LineEditor, keys_one_by_one, typed_lines


@pytest.mark.parametrize(
    ("keys", "lines", "typed"),
    [
        ("drive 1.5\n", ["drive 1.5"], ""),
        ("drive 1.5\r", ["drive 1.5"], ""),
        ("dri", [], "dri"),
        ("one\ntwo\nthr", ["one", "two"], "thr"),
        ("ab\x7fc\n", ["ac"], ""),
        ("\x7f\x7fa\b", [], ""),
        ("wrong\x15right\n", ["right"], ""),
        ("a\x1b[Ab\x1b[1;5Cc\x1bOPd\n", ["abcd"], ""),  # arrows and function keys
        ("a\tb\x00c\n", ["abc"], ""),
        ("zwölf\n", ["zwölf"], ""),
    ],
)
def test_keys_become_lines(keys: str, lines: list[str], typed: str) -> None:
    editor = LineEditor()
    assert editor.feed(keys) == lines
    assert editor.typed == typed


def test_keys_may_come_one_by_one() -> None:
    editor = LineEditor()
    assert [line for key in "hi\nyou\n" for line in editor.feed(key)] == ["hi", "you"]


def test_end_of_file_counts_on_an_empty_line_only() -> None:
    editor = LineEditor()
    editor.feed("a\x04")
    assert not editor.is_over
    editor.feed("\x7f\x04")
    assert editor.is_over


async def test_lines_are_read_until_end_of_file() -> None:
    source, sink = os.pipe()
    os.write(sink, "zwö".encode()[:3])  # in the middle of a character
    os.write(sink, "zwö".encode()[3:] + b"lf\nrest")
    os.close(sink)
    assert [line async for line in typed_lines(LineEditor(), source)] == ["zwölf"]
    os.close(source)


async def test_lines_are_read_until_control_d() -> None:
    source, sink = os.pipe()
    os.write(sink, b"one\n\x04two\n")
    assert [line async for line in typed_lines(LineEditor(), source)] == ["one", "two"]
    os.close(sink)
    os.close(source)


@pytest.mark.skipif(sys.platform == "win32", reason="no POSIX terminals there")
def test_the_terminal_is_put_back_as_it_was() -> None:
    import pty
    import termios

    ours, theirs = pty.openpty()
    before = termios.tcgetattr(theirs)
    with keys_one_by_one(theirs):
        assert not termios.tcgetattr(theirs)[3] & (termios.ICANON | termios.ECHO)
    assert termios.tcgetattr(theirs) == before
    os.close(ours)
    os.close(theirs)
