from __future__ import annotations

import trio

from p2pnet.peer.causes import first_cause


async def test_the_first_error_comes_before_the_cancellations_that_it_set_off() -> None:
    mishap = ValueError("mishap")
    scope = trio.CancelScope()
    group: BaseException | None = None
    with scope:
        scope.cancel()
        try:
            await trio.sleep(1)
        except trio.Cancelled as cancelled:
            group = BaseExceptionGroup("", [cancelled, BaseExceptionGroup("", [mishap])])
            raise
    assert group is not None
    assert first_cause(group) is mishap
    loud = KeyboardInterrupt()
    assert first_cause(BaseExceptionGroup("", [mishap, loud])) is loud
    assert first_cause(mishap) is mishap
