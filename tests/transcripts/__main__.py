"""Writes all transcripts anew: `python -m tests.transcripts`. Read the difference afterwards."""

from __future__ import annotations

from pathlib import Path

from .collection import CASES, tell

if __name__ == "__main__":
    for name in CASES:
        path = Path(__file__).with_name(f"{name}.txt")
        path.write_text(tell(name), encoding="utf-8")
