"""Addresses as peers write them: `host:port`, with brackets around an IPv6 host."""

from __future__ import annotations

import ipaddress
import re
import socket
from typing import Final

from ..core.errors import AddressError, ListenFailed

PORT_MAX: Final = 65_535


def check_port(port: int) -> None:
    """Raises `ListenFailed` for what is no port to listen at."""
    if not isinstance(port, int) or not 0 <= port <= PORT_MAX:
        text = f"they go from 0 (any that is free) to {PORT_MAX}"
        raise ListenFailed(f"{port!r} is not a port: {text}")


_HOST_CHARACTERS_MAX: Final = 253  # the longest name that the name system knows

# Addresses reserved for documentation: no packet is ever sent there, but the routing table still
# names the interface that would be used.
_FAR_AWAY: Final = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))
_ANY_PORT: Final = 9

# What follows the name in a URL, and would change the meaning of the head of an HTTP request.
_NOT_IN_A_HOST: Final = "[]/@?#\\"
_PORT: Final = re.compile(r"[0-9]{1,5}")


def split_address(address: str) -> tuple[str, int]:
    """Host and port of "host:port" or "[host]:port". Raises AddressError for anything else."""
    host, colon, digits = address.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if bracketed:
        host = host[1:-1]
    if not colon or not host or (":" in host) is not bracketed:
        raise AddressError(f"{address!r} is not of the form host:port or [host]:port")
    if not _is_host(host, bracketed):
        raise AddressError(f"{address!r} names no possible host")
    if not (_PORT.fullmatch(digits) and 0 < int(digits) <= PORT_MAX):
        raise AddressError(f"the port in {address!r} is not a number from 1 to {PORT_MAX}")
    return host, int(digits)


def join_address(host: str, port: int) -> str:
    """The address that `split_address` takes apart."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def local_addresses() -> list[str]:
    """Addresses of this machine, without ports, that others may dial; loopback last.

    Never raises and sends nothing, but may ask the name system for the machine's own name,
    which can take seconds where that is set up badly.
    """
    found = [*_outgoing_addresses(), *_named_addresses()]
    unique = list(dict.fromkeys(host for host in found if not _is_local_only(host)))
    return [*unique, "127.0.0.1"]


def _is_host(host: str, bracketed: bool) -> bool:
    if len(host) > _HOST_CHARACTERS_MAX or not host.isprintable():
        return False
    if any(character.isspace() or character in _NOT_IN_A_HOST for character in host):
        return False
    if bracketed:
        try:
            ipaddress.IPv6Address(host)
        except ValueError:
            return False
    return True


def _outgoing_addresses() -> list[str]:
    """Addresses that the system would send from. Connecting a UDP socket sends no packet."""
    addresses = []
    for family, far_away in _FAR_AWAY:
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect((far_away, _ANY_PORT))
                addresses.append(str(probe.getsockname()[0]))
        except OSError:
            continue  # no such family here, or no route out
    return addresses


def _named_addresses() -> list[str]:
    """Addresses that this machine's own name stands for."""
    try:
        found = socket.getaddrinfo(socket.gethostname(), None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return [str(entry[4][0]) for entry in found]


def _is_local_only(host: str) -> bool:
    """Loopback, unspecified, and link-local (which needs a zone that only this machine knows)."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return True
    return address.is_loopback or address.is_unspecified or address.is_link_local
