"""The `p2pnet` command."""

from .main import main

__all__ = ["main"]
