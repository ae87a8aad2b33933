from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

import pytest
import trio
import trio.testing

from p2pnet.cli.pipes import LineWriter, read_lines

Pipe = tuple[int, int]


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    ends = os.pipe()
    yield ends
    for end in ends:
        with contextlib.suppress(OSError):  # the test closed it
            os.close(end)


async def test_lines_are_read_until_the_end(pipe: Pipe) -> None:
    source, sink = pipe
    os.write(sink, b"one\r\ntw")
    os.write(sink, "ö\n\nlast without end".encode())
    os.close(sink)
    assert [line async for line in read_lines(source)] == ["one", "twö", "", "last without end"]


async def test_bytes_that_are_no_text_do_no_harm(pipe: Pipe) -> None:
    source, sink = pipe
    os.write(sink, b"\xff\xfe\n")
    os.close(sink)
    assert len([line async for line in read_lines(source)]) == 1


async def test_no_descriptor_is_the_same_as_no_input(pipe: Pipe) -> None:
    source, _ = pipe
    os.close(source)
    assert [line async for line in read_lines(source)] == []


async def test_reading_can_be_cancelled(pipe: Pipe) -> None:
    source, sink = pipe
    threads = trio.to_thread.current_default_thread_limiter()
    threads.total_tokens = 1
    async with trio.open_nursery() as nursery:

        async def read() -> None:
            async for _ in read_lines(source):
                raise AssertionError("nothing was written")

        nursery.start_soon(read)
        await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    os.close(sink)  # ends the thread that still reads
    async with threads:
        pass  # it has ended: else it might read from the next pipe with its number


async def test_lines_are_written_in_order(pipe: Pipe) -> None:
    source, sink = pipe
    writer = LineWriter(sink)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(writer.run)
        for number in range(100):
            writer.write(f"line {number}")
        await writer.drain()
        nursery.cancel_scope.cancel()
    assert os.read(source, 65_536).decode().splitlines() == [f"line {n}" for n in range(100)]


async def test_a_reader_that_does_not_read_makes_nobody_wait(pipe: Pipe) -> None:
    source, sink = pipe
    writer = LineWriter(sink)
    line = "x" * 1_000
    async with trio.open_nursery() as nursery:
        nursery.start_soon(writer.run)
        for _ in range(1_000):  # far more than a pipe holds
            writer.write(line)
        total = 0
        while total < 1_000 * (len(line) + 1):
            chunk = await trio.to_thread.run_sync(os.read, source, 65_536)
            total += len(chunk)
        await writer.drain()
        nursery.cancel_scope.cancel()
    assert total == 1_000 * (len(line) + 1)


async def test_a_reader_that_is_gone_is_noticed(pipe: Pipe) -> None:
    source, sink = pipe
    os.close(source)
    writer = LineWriter(sink)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(writer.run)
        writer.write("nobody reads this")
        await writer.closed.wait()
        writer.write("nor this")
        await writer.drain()
        nursery.cancel_scope.cancel()
