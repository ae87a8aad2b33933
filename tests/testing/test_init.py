"""The door of the package, where what it needs may not be installed."""

from __future__ import annotations

import subprocess
import sys

import pytest

import p2pnet.testing


def test_all_names_are_there() -> None:
    for name in p2pnet.testing.__all__:
        assert getattr(p2pnet.testing, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'HostDropMachines'"):
        _ = p2pnet.testing.HostDropMachines


@pytest.mark.parametrize("missing", ["hypothesis", "pytest"])
def test_without_hypothesis_or_pytest_the_error_says_what_to_install(missing: str) -> None:
    code = f"import sys; sys.modules[{missing!r}] = None; from p2pnet.testing import host_drops"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    last = done.stderr.strip().splitlines()[-1]
    assert last == (
        f"ImportError: p2pnet.testing.host_drops needs {missing}, which is not installed: "
        "pip install 'p2pnet[testing]'"
    )


def test_the_command_line_works_without_them() -> None:
    code = (
        "import sys; sys.modules['hypothesis'] = sys.modules['pytest'] = None\n"
        "from p2pnet.cli import main; main(['--help'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and "simulate" in done.stdout, done.stderr
