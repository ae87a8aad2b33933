"""Who a peer is: an Ed25519 key pair. Whoever holds the private key is that peer, everywhere.

Keep the file, and the player is recognised after a crash, on another port, from another network.
Without a file an identity lasts as long as the process.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import attrs
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from ..core.errors import IdentityError
from ..core.values import PeerId, peer_id

_PRIVATE_BYTES = 32


def _public_bytes(identity: Identity) -> bytes:
    return identity._key.public_key().public_bytes_raw()


@attrs.frozen(repr=False)
class Identity:
    """A key pair. Two are equal if their public keys are."""

    _key: Ed25519PrivateKey = attrs.field(eq=False)
    public: bytes = attrs.field(init=False, default=attrs.Factory(_public_bytes, takes_self=True))
    """The public key, 32 bytes."""

    def __repr__(self) -> str:
        return f"<Identity of {self.peer_id}>"  # never the key

    @property
    def peer_id(self) -> PeerId:
        """The short hash by which others know this peer."""
        return peer_id(self.public)

    def sign(self, statement: bytes) -> bytes:
        """The signature of this peer over these bytes; 64 bytes."""
        return self._key.sign(statement)

    def verify(self, key: bytes, statement: bytes, signature: bytes) -> bool:
        """Whether the holder of the public `key` signed these bytes. Never raises."""
        try:
            Ed25519PublicKey.from_public_bytes(key).verify(signature, statement)
        except (ValueError, InvalidSignature):
            return False
        return True

    @classmethod
    def generate(cls) -> Identity:
        """A new identity, from the randomness of the operating system."""
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def from_private_bytes(cls, private: bytes) -> Identity:
        """The identity of a private key of 32 bytes. Raises IdentityError for another length."""
        if len(private) != _PRIVATE_BYTES:
            raise IdentityError(f"a private key has {_PRIVATE_BYTES} bytes, not {len(private)}")
        return cls(Ed25519PrivateKey.from_private_bytes(private))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Identity:
        """Read what `save` wrote.

        Raises IdentityError if the file holds no identity, OSError if it can't be read.
        """
        data = Path(path).read_bytes()
        try:
            key = serialization.load_pem_private_key(data, password=None)
        except (ValueError, TypeError) as error:  # TypeError: it is encrypted
            raise IdentityError(
                f"{os.fspath(path)} is damaged, or not an identity of p2pnet: restore it from a "
                "copy, or move it away to begin as a new player"
            ) from error
        if not isinstance(key, Ed25519PrivateKey):
            raise IdentityError(f"{os.fspath(path)} holds a key of another kind than Ed25519")
        return cls(key)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the key to a file that only its owner can read.

        The old file stays whole until the new one is complete. Raises OSError.
        """
        target = Path(path)
        draft = target.with_name(f".{target.name}.{os.getpid()}.new")
        with contextlib.suppress(FileNotFoundError):
            draft.unlink()  # of an earlier try that did not end well
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
            with os.fdopen(os.open(draft, flags, 0o600), "wb") as file:
                file.write(self._pem())
                file.flush()
                os.fsync(file.fileno())
            draft.replace(target)
        except BaseException:
            with contextlib.suppress(OSError):
                draft.unlink()
            raise

    @classmethod
    def load_or_create(cls, path: str | os.PathLike[str]) -> Identity:
        """The identity in this file; if there is no such file, a new one that is saved there."""
        try:
            return cls.load(path)
        except FileNotFoundError:
            identity = cls.generate()
            identity.save(path)
            return identity

    def _pem(self) -> bytes:
        return self._key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
