"""The files on the pages about sessions and the game's world work as they stand there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parent.parent / "docs"
PAGES = pytest.mark.parametrize("page", ["sessions.md", "world.md"])
TIME_S = 60


def files_on(page: str) -> dict[str, str]:
    text = (DOCS / page).read_text("utf-8")
    block = r"^<!-- file: (\S+) -->\n```python\n(.*?)^```$"
    return dict(re.findall(block, text, re.DOTALL | re.MULTILINE))


@PAGES
def test_every_block_of_python_is_a_file(page: str) -> None:
    assert len(files_on(page)) == (DOCS / page).read_text("utf-8").count("```python")


@PAGES
def test_the_tests_on_the_page_pass(page: str, tmp_path: Path) -> None:
    files = files_on(page)
    for name, code in files.items():
        (tmp_path / name).write_text(code, "utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    result = subprocess.run(
        [*command, "-o", "trio_mode=true", "."],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=TIME_S,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    tests = [name for name in files if name.startswith("test_")]
    assert f"{len(tests)} passed" in result.stdout
