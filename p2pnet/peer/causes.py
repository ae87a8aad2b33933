"""What is at the bottom of the errors that nurseries put together."""

from __future__ import annotations

from collections.abc import Iterator

import trio


def first_cause(error: BaseException) -> BaseException:
    """What is at the bottom of nested groups; an interrupt before an error."""
    leaves = [leaf for leaf in _leaves(error) if not isinstance(leaf, trio.Cancelled)]
    loud = [leaf for leaf in leaves if not isinstance(leaf, Exception)]
    return (loud or leaves)[0]


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error
