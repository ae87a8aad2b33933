"""The `p2pnet` command, run in this process: most of what it costs is its start."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from p2pnet.cli import main

Command = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def command(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Command]:
    """`command(*arguments)`: what `p2pnet` says and how it ends, in an empty folder.

    Modules that it imports from that folder are forgotten afterwards.
    """

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as caught:
            main(arguments)
        assert isinstance(caught.value.code, int)
        return subprocess.CompletedProcess(arguments, caught.value.code, *capsys.readouterr())

    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    yield run
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None)).startswith(str(tmp_path)):
            del sys.modules[name]
