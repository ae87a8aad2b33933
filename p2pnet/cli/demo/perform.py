"""`p2pnet demo`: set the stage, run the script against a deadline, judge, and clean up."""

from __future__ import annotations

import os
import tempfile
from functools import partial
from pathlib import Path
from typing import Final

import attrs
import trio
from rich.console import Console
from rich.live import Live

from ..complaints import CRASHED, INTERRUPTED, OK, Complaint, leaves
from ..interrupts import on_interrupt
from ..pipes import STDOUT
from .audiences import JsonAudience, LiveAudience, PlainAudience
from .cast import Cast, GaveUp
from .digging import Digging
from .evidence import Evidence
from .script import PEERS_MAX, PEERS_MIN, Script, peer_names
from .verdict import judge

_LAST_LOOK_S: Final = 2.0
_ACT: Final = 20
_ACT_FOR_EYES: Final = 120  # a good second of play between two events, so that they can be seen
_LOOK_S: Final = 0.1  # how often the live view asks the peers how they are


@attrs.define(eq=False)
class Performance:
    """One run of the demo, whatever becomes of it."""

    peers: int
    audience: JsonAudience | PlainAudience
    evidence: Evidence
    names: dict[str, str]
    trouble: str | None = None
    was_interrupted: bool = False

    async def run(self) -> int:
        """Perform and judge. Returns the exit status."""
        with tempfile.TemporaryDirectory(prefix="p2pnet-demo-") as folder:
            try:
                await self._perform(Path(folder))
            except* Complaint as group:
                self.trouble = str(next(leaves(group)))
            except* (BrokenPipeError, SystemExit):  # the latter is rich's word for the former
                os.dup2(os.open(os.devnull, os.O_WRONLY), STDOUT)
                self.was_interrupted = True  # nobody watches any more
        if self.was_interrupted:
            return INTERRUPTED
        verdict = judge(self.evidence)
        self.audience.over(verdict, self.trouble)
        return OK if verdict.survived and self.trouble is None else CRASHED

    async def _perform(self, folder: Path) -> None:
        async with trio.open_nursery() as nursery:
            cast = Cast(nursery, self.audience, self.evidence, names=self.names)
            nursery.start_soon(on_interrupt, partial(self._interrupt, nursery.cancel_scope))
            if isinstance(self.audience, LiveAudience):
                nursery.start_soon(self._show, self.audience, cast)
            act = _ACT_FOR_EYES if isinstance(self.audience, LiveAudience) else _ACT
            try:
                await Script(cast, Digging(cast), folder, peer_names(self.peers), act).perform()
            except GaveUp as error:
                self.trouble = str(error)
                with trio.move_on_after(_LAST_LOOK_S):
                    self.evidence.final = await cast.dumps(cast.living())
            nursery.cancel_scope.cancel()

    def _interrupt(self, scope: trio.CancelScope) -> None:
        self.was_interrupted = True
        scope.cancel()

    async def _show(self, audience: LiveAudience, cast: Cast) -> None:
        """Paint the picture, and ask everybody how they are for the next one."""
        with Live(console=audience.console, auto_refresh=False) as live:
            while True:
                live.update(audience.picture(), refresh=True)
                await cast.look()
                await trio.sleep(_LOOK_S)


def run_demo(peers: int, as_json: bool) -> int:
    """Returns the exit status. Raises `Complaint` for a number of peers that can't be shown."""
    if not PEERS_MIN <= peers <= PEERS_MAX:
        raise Complaint(f"--peers has to be from {PEERS_MIN} to {PEERS_MAX}, not {peers}")
    evidence, names = Evidence(), dict[str, str]()
    audience: JsonAudience | PlainAudience
    if as_json:
        audience = JsonAudience(evidence, names)
    else:
        console = Console()
        kind = LiveAudience if console.is_terminal else PlainAudience
        audience = kind(evidence, names, console)
    return trio.run(Performance(peers, audience, evidence, names).run)
