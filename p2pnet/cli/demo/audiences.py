"""The ways to watch the demo: live on a terminal, as plain lines, as JSON."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from ..words import describe
from .evidence import Evidence, Record, Run
from .report import report
from .verdict import Verdict, verdict_fields

_LATEST: Final = 12

_NOTES: Final = {
    "frozen": "stands still (SIGSTOP)",
    "killed": "is killed (SIGKILL)",
    "thawed": "goes on (SIGCONT)",
}


def in_words(record: Record, names: Mapping[str, str]) -> str | None:
    """What happened, in words; None for what a person need not know."""
    kind = record["event"]
    if kind == "ready":
        was = f", was {record['old_connection_id']}" if record["old_connection_id"] != -1 else ""
        return f"plays as {record['role']}, connection {record['connection_id']}{was}"
    return _NOTES.get(kind) or describe(kind, record, names)


class JsonAudience:
    """One JSON object a line."""

    def __init__(self, evidence: Evidence, names: Mapping[str, str]) -> None:
        self._evidence = evidence

    def step(self, text: str) -> None:
        self._print({"event": "step", "text": text})

    def news(self, run: Run, record: Record) -> None:
        self._print(record)

    def over(self, verdict: Verdict, trouble: str | None) -> None:
        self._print(verdict_fields(self._evidence, verdict, trouble))

    def _print(self, record: Mapping[str, Any]) -> None:
        sys.stdout.write(msgspec.json.encode(record).decode() + "\n")
        sys.stdout.flush()


class PlainAudience:
    """Lines of text, for logs."""

    def __init__(self, evidence: Evidence, names: Mapping[str, str], console: Console) -> None:
        self._evidence = evidence
        self._names = names
        self.console = console

    def step(self, text: str) -> None:
        self.console.print(Text(f"— {text}", style="bold"))

    def news(self, run: Run, record: Record) -> None:
        if (line := _line(run, record, self._names)) is not None:
            self.console.print(line)

    def over(self, verdict: Verdict, trouble: str | None) -> None:
        self.console.print(report(self._evidence, verdict))
        if trouble is not None:
            self.console.print(Text(trouble, style="bold red"))


class LiveAudience(PlainAudience):
    """Keeps what `picture` shows: every peer, and what happened last."""

    def __init__(self, evidence: Evidence, names: Mapping[str, str], console: Console) -> None:
        super().__init__(evidence, names, console)
        self._step = ""
        self._latest: deque[Text] = deque(maxlen=_LATEST)
        self._runs: dict[str, Run] = {}
        self._frozen: set[Run] = set()

    def step(self, text: str) -> None:
        self._step = text

    def news(self, run: Run, record: Record) -> None:
        self._runs[run.peer] = run
        if record["event"] == "frozen":
            self._frozen.add(run)
        if (line := _line(run, record, self._names)) is not None:
            self._latest.append(line)

    def picture(self) -> RenderableType:
        """All of it, as it is now."""
        lines = [*self._latest, *([Text("")] * (_LATEST - len(self._latest)))]
        return Group(
            Panel(self._peers(), title=self._step, title_align="left", border_style="blue"),
            Panel(Group(*lines), title="what happened", title_align="left", border_style="dim"),
        )

    def _peers(self) -> Table:
        table = Table(box=None, expand=True, pad_edge=False)
        for column in ("peer", "role", "state", "connection", "epoch", "position", "acknowledged"):
            table.add_column(column, no_wrap=True)
        for peer, run in self._runs.items():
            table.add_row(*self._row(peer, run))
        return table

    def _row(self, peer: str, run: Run) -> tuple[RenderableType, ...]:
        status = self._evidence.statuses.get(run)
        runs = [each for each in self._evidence.orders if each.peer == peer]
        acknowledged = sum(map(self._evidence.acknowledged, runs))
        if run in self._evidence.died:
            return Text(peer, "dim"), Text("dead", "bold red"), "", "", "", "", str(acknowledged)
        if run in self._frozen:
            return Text(peer), Text("frozen", "cyan"), "", "", "", "", str(acknowledged)
        if status is None:
            return peer, "", "starting", "", "", "", str(acknowledged)
        is_host = status["role"] == "host"
        return (
            Text(peer, "bold green" if is_host else ""),
            Text("HOST" if is_host else str(status["role"] or ""), "bold green" if is_host else ""),
            str(status["state"]),
            f"{status['connection_id']}"
            + (f" (was {status['old_connection_id']})" if status["old_connection_id"] >= 0 else ""),
            str(status["epoch"]),
            str(status["position"]),
            str(acknowledged),
        )


def _line(run: Run, record: Record, names: Mapping[str, str]) -> Text | None:
    words = in_words(record, names)
    if words is None:
        return None
    return Text.assemble((f"{record['t_ms']:>9.1f} ms  ", "dim"), (f"{run.peer} ", "bold"), words)
