"""Proofs of identity, behind one interface.

Every frame that could do harm in the wrong mouth is signed, and each signature is bound to the
session, to what kind of statement it is, and to all that the statement says. A greeting is bound to
a fresh challenge and to the keys of both ends, so it can't be replayed, and can't be passed on to a
third peer.

The core signs and checks through this protocol and never sees a private key. `p2pnet.Identity` is
the real thing, Ed25519. Simulations put a fast stand-in in its place.
"""

from __future__ import annotations

import enum
import hashlib
from typing import Protocol

import msgspec

from .values import SessionId


class Credentials(Protocol):
    """The key pair of this peer, and the means to check what others signed."""

    @property
    def public(self) -> bytes:
        """The public key, 32 bytes."""

    def sign(self, statement: bytes) -> bytes:
        """A signature over these bytes."""

    def verify(self, key: bytes, statement: bytes, signature: bytes) -> bool:
        """Whether the holder of `key` signed these bytes. Never raises, whatever the bytes."""


class Says(enum.StrEnum):
    """What kind of statement is signed. A signature for one kind is none for another."""

    GREETING = "greeting"  # challenge of the other end, key of the other end
    REJOIN = "rejoin"  # epoch, key of the host, attempt, nonce, old connection id
    CLAIM = "claim"  # number, epoch of the lost reign, position
    REIGN = "reign"  # epoch, parent
    ROSTER = "roster"  # epoch, digest of the roster
    HEADER = "header"  # epoch, position, last position of work, lineage
    YIELD = "yield"  # epoch given up, epoch obeyed
    OATH = "oath"  # epoch followed


def statement(session: SessionId, kind: Says, fields: tuple[object, ...]) -> bytes:
    """The bytes that are signed."""
    return msgspec.msgpack.encode(("p2pnet", session, kind, fields))


def challenge(entropy: bytes, link: int) -> bytes:
    """What the other end of a link has to sign: nobody can guess it, and it never comes again."""
    return hashlib.blake2b(
        link.to_bytes(8, "big", signed=True), key=entropy[:64], digest_size=16
    ).digest()


def process_nonce(entropy: bytes) -> int:
    """The number that tells this process from an earlier one with the same key; 63 bits."""
    digest = hashlib.blake2b(b"process", key=entropy[:64], digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1
