"""Pipes between peers: frames of bytes in, frames of bytes out."""

from __future__ import annotations

from .addresses import join_address, local_addresses, split_address
from .base import Handler, Limits, Link, Listener, Transport
from .memory import MemoryNetwork
from .websocket import WebSocketTransport

__all__ = [
    "Handler",
    "Limits",
    "Link",
    "Listener",
    "MemoryNetwork",
    "Transport",
    "WebSocketTransport",
    "join_address",
    "local_addresses",
    "split_address",
]
