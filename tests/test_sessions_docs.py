"""The files on the page about sessions work as they stand there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).parent.parent / "docs" / "sessions.md"
FILES = dict(
    re.findall(
        r"^<!-- file: (\S+) -->\n```python\n(.*?)^```$",
        PAGE.read_text("utf-8"),
        re.DOTALL | re.MULTILINE,
    )
)
TIME_S = 60


def test_every_block_of_python_is_a_file() -> None:
    assert len(FILES) == PAGE.read_text("utf-8").count("```python")


def test_the_tests_on_the_page_pass(tmp_path: Path) -> None:
    for name, code in FILES.items():
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
    tests = [name for name in FILES if name.startswith("test_")]
    assert f"{len(tests)} passed" in result.stdout
