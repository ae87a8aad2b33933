"""The page of parity: each row has a test, and none is half there."""

from __future__ import annotations

import ast
import enum
import re
from functools import cache
from pathlib import Path

import pytest

from p2pnet import MigrationManager, SessionHooks
from p2pnet.core.errors import (
    ADVICE,
    CommandRefusal,
    DenyReason,
    EndReason,
    RefuseReason,
    SaveFault,
)

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "parity.md").read_text("utf-8")
DONE, OUT_OF_SCOPE = PAGE.split("## Out of scope")
ROWS = [
    row for row in re.findall(r"^\| (.*) \|$", DONE, re.M) if not row.startswith(("there |", "---"))
]


@cache
def functions(path: str) -> set[str]:
    """The tests of one module."""
    body = ast.parse((ROOT / path).read_text("utf-8")).body
    return {node.name for node in body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split(" |")[0][:40])
def test_each_row_has_tests_that_exist(row: str) -> None:
    there, here, shown_by = row.split(" | ")
    assert there and here
    tests = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", shown_by)
    assert tests and shown_by.count("`") == 2 * len(tests)
    assert [name for path, name in tests if name not in functions(path)] == []


def test_rows_are_shown_in_virtual_time_unless_they_need_sockets() -> None:
    modules = {path for path, _ in re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", DONE)}
    real = re.compile(r"WebSocketTransport|127\.0\.0\.1|subprocess|time\.sleep\(")
    found = {path for path in modules if real.search((ROOT / path).read_text("utf-8"))}
    assert found <= {"tests/peer/test_sockets.py"}


def test_nothing_is_half_there() -> None:
    assert "partly" not in PAGE and "partial" not in PAGE and "Not yet" not in PAGE
    assert OUT_OF_SCOPE.strip()


def test_all_hooks_of_unet_and_mirror_are_on_the_pages() -> None:
    pages = PAGE + (ROOT / "docs" / "sessions.md").read_text("utf-8")
    for hooks in (MigrationManager, SessionHooks):
        for name in dir(hooks):
            if name.startswith("on_"):
                assert name in pages, name


@pytest.mark.parametrize("reasons", [EndReason, DenyReason, CommandRefusal])
def test_every_reason_is_explained(reasons: type[enum.Enum]) -> None:
    page = (ROOT / "docs" / "sessions.md").read_text("utf-8")
    assert [reason for reason in reasons if f"| `{reason.name}` |" not in page] == []


@pytest.mark.parametrize("reasons", [DenyReason, CommandRefusal, SaveFault])
def test_every_refusal_is_met_in_a_test(reasons: type[enum.Enum]) -> None:
    tests = "".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    names = [f"{reasons.__name__}.{reason.name}" for reason in reasons]
    assert [name for name in names if not re.search(rf"\b{name}\b", tests)] == []


def test_every_refusal_of_a_claim_is_told_somewhere() -> None:
    told = "".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("*.txt"))
    tests = "".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    for reason in RefuseReason:
        assert f"reason={reason}" in told or f"RefuseReason.{reason.name}" in tests, reason


def test_every_end_that_nobody_chose_says_what_to_do() -> None:
    assert set(ADVICE) == set(EndReason) - {EndReason.LEFT, EndReason.AWAY}
