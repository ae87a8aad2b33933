"""The page of parity: each row has a test, and none is half there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from p2pnet import EndReason, MigrationManager, SessionHooks

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "parity.md").read_text("utf-8")
DONE, OUT_OF_SCOPE = PAGE.split("## Out of scope")
ROWS = [
    row for row in re.findall(r"^\| (.*) \|$", DONE, re.M) if not row.startswith(("there |", "---"))
]


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


def test_nothing_is_half_there() -> None:
    assert "partly" not in PAGE and "partial" not in PAGE and "Not yet" not in PAGE
    assert OUT_OF_SCOPE.strip()


def test_all_hooks_of_unet_and_mirror_are_on_the_pages() -> None:
    pages = PAGE + (ROOT / "docs" / "sessions.md").read_text("utf-8")
    for hooks in (MigrationManager, SessionHooks):
        for name in dir(hooks):
            if name.startswith("on_"):
                assert name in pages, name


def test_every_reason_is_explained() -> None:
    page = (ROOT / "docs" / "sessions.md").read_text("utf-8")
    assert [reason for reason in EndReason if f"| `{reason.name}` |" not in page] == []
