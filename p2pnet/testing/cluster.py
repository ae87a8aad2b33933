"""Campaigns on many machines: batches of seeds go to whichever worker of a Dask cluster is free.

A batch depends on nothing but its numbers, so one that was lost with its worker is simply played
again by another. Results are taken once a batch and in the order of the batches, so a campaign is
the same, to its digest, wherever it was played.

Needs distributed, which is asked for here and nowhere else.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager
from functools import cache, partial
from importlib import import_module
from pathlib import Path
from typing import Any, Final, TypeVar

_LIBRARY: Final = "distributed"  # only half of its names have types
_WAIT_S: Final = 5
_DEATHS_MAX: Final = 10  # workers that may die of one batch; the scheduler gives up after a few

B = TypeVar("B")
R = TypeVar("R")


class ClusterError(Exception):
    """The cluster can't be used. The text says what to do."""


@cache
def code() -> str:
    """What stands for all the code of the library: workers have to run the same as everybody."""
    folder = Path(__file__).parents[1]
    digest = hashlib.blake2b(digest_size=8)
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.relative_to(folder).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()


def _play(expected: str, play: Callable[[B], R], block: B) -> R | ClusterError:
    """What a worker does."""
    if code() != expected:
        return ClusterError("a worker has other code of p2pnet than is here: install the same")
    return play(block)


@contextmanager
def cluster(address: str) -> Iterator[Callable[[Callable[[B], R], Sequence[B]], Iterator[R]]]:
    """A `map` that has its work done by the workers of this scheduler. Raises `ClusterError`."""
    logger = logging.getLogger("distributed")
    level = logger.level
    logger.setLevel(logging.CRITICAL)  # what goes wrong is told here, in one line
    try:
        client = _connect(address)
        try:
            yield partial(_each, client, address)
        finally:
            client.close()
    finally:
        logger.setLevel(level)


def _connect(address: str) -> Any:
    try:
        distributed = import_module(_LIBRARY)
    except ImportError:
        text = "a cluster needs distributed: pip install 'p2pnet[cluster]'"
        raise ClusterError(text) from None
    try:
        client = distributed.Client(address, timeout=_WAIT_S, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        text = f"no Dask scheduler answers at {address}: {error or type(error).__name__}"
        raise ClusterError(text) from None
    try:
        client.wait_for_workers(1, timeout=_WAIT_S)
    except TimeoutError:
        client.close()
        text = f"the scheduler at {address} has no workers: dask worker {address} --nthreads 1"
        raise ClusterError(text) from None
    return client


def _each(client: Any, address: str, play: Callable[[B], R], blocks: Sequence[B]) -> Iterator[R]:
    submit = partial(client.submit, _play, code(), play, pure=False)
    futures: list[Any] = [submit(block) for block in blocks]
    try:
        for number, block in enumerate(blocks):
            yield _result(futures[number], partial(submit, block), address)
            futures[number].release()
    finally:
        client.cancel(futures)


def _result(future: Any, again: Callable[[], Any], address: str) -> Any:
    """What came of a batch, which is played again as often as the worker that had it is lost."""
    killed_worker = import_module(_LIBRARY).KilledWorker
    for _ in range(_DEATHS_MAX):
        try:
            result = future.result()
        except killed_worker:
            future = again()
        except ImportError as error:
            text = f"a worker of {address} can't load p2pnet: {error}; install it there"
            raise ClusterError(text) from None
        except (CancelledError, OSError, TimeoutError):
            raise ClusterError(f"the scheduler at {address} is gone") from None
        else:
            if isinstance(result, ClusterError):
                raise result
            return result
    raise ClusterError("too many workers died of one batch: have they enough memory?")
