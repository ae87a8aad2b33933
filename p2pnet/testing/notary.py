"""A stand-in for Ed25519 that simulations can afford.

A key is public, its secret is a hash of it with the notary's own seal. A signature is a hash under
the secret, so nobody who goes through the interface can sign for another peer, and checking one
costs a microsecond instead of a hundred. Outside a simulation it proves nothing.
"""

from __future__ import annotations

import functools
import hashlib
from typing import Final

import attrs

_SEAL: Final = b"the seal of the notary in a simulation"


@attrs.frozen
class NotaryCredentials:
    """The credentials of one simulated peer."""

    public: bytes

    def sign(self, statement: bytes) -> bytes:
        return _signature(self.public, statement)

    def verify(self, key: bytes, statement: bytes, signature: bytes) -> bool:
        return signature == _signature(key, statement)


@attrs.frozen
class StolenName:
    """The credentials of somebody who knows a public key, and not the secret to it."""

    public: bytes

    def sign(self, statement: bytes) -> bytes:
        return bytes(16)

    def verify(self, key: bytes, statement: bytes, signature: bytes) -> bool:
        return NotaryCredentials(self.public).verify(key, statement, signature)


def _signature(key: bytes, statement: bytes) -> bytes:
    return hashlib.blake2b(statement, key=_secret(key), digest_size=16).digest()


@functools.lru_cache(maxsize=256)
def _secret(key: bytes) -> bytes:
    return hashlib.blake2b(key, key=_SEAL, digest_size=16).digest()
