from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa, x25519
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from p2pnet.core.errors import IdentityError, LocalError
from p2pnet.core.values import peer_id
from p2pnet.peer.identity import Identity

PRIVATE = bytes(range(32))


def pem_of(key: object, password: bytes | None = None) -> bytes:
    how = (
        serialization.BestAvailableEncryption(password)
        if password
        else serialization.NoEncryption()
    )
    return key.private_bytes(  # type: ignore[attr-defined,no-any-return]
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, how
    )


def test_the_public_key_has_32_bytes_and_gives_the_peer_id() -> None:
    identity = Identity.generate()
    assert len(identity.public) == 32
    assert identity.peer_id == peer_id(identity.public)


def test_two_generated_identities_differ() -> None:
    assert Identity.generate() != Identity.generate()


def test_equal_keys_make_equal_identities() -> None:
    first, second = (Identity.from_private_bytes(PRIVATE) for _ in range(2))
    assert first == second
    assert hash(first) == hash(second)


def test_an_identity_shows_its_peer_id_and_never_its_key() -> None:
    identity = Identity.from_private_bytes(PRIVATE)
    assert identity.peer_id in repr(identity)
    assert "rivate" not in repr(identity) and PRIVATE.hex() not in repr(identity)


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_private_key_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(IdentityError, match=str(length)):
        Identity.from_private_bytes(bytes(length))


def test_what_one_identity_signs_any_other_can_verify() -> None:
    ana, ben = Identity.generate(), Identity.generate()
    signature = ana.sign(b"statement")
    assert len(signature) == 64
    assert ben.verify(ana.public, b"statement", signature)


@pytest.mark.parametrize(
    ("key", "statement", "signature"),
    [
        (Identity.generate().public, b"statement", None),
        (None, b"another", None),
        (None, b"statement", bytes(64)),
        (None, b"statement", b""),
        (b"", b"statement", None),
        (b"short", b"statement", None),
        (bytes(32), b"statement", None),
        (b"\xff" * 32, b"statement", None),
    ],
)
def test_anything_else_is_not_verified_and_never_raises(
    key: bytes | None, statement: bytes, signature: bytes | None
) -> None:
    ana = Identity.from_private_bytes(PRIVATE)
    real = ana.sign(b"statement")
    chosen = real if signature is None else signature
    assert not ana.verify(ana.public if key is None else key, statement, chosen)


def test_a_saved_identity_comes_back(tmp_path: Path) -> None:
    identity = Identity.generate()
    identity.save(tmp_path / "key")
    assert Identity.load(tmp_path / "key") == identity


def is_for_its_owner_only(path: Path) -> bool:
    """Windows has no such modes: a file there has the rights of its folder."""
    return sys.platform == "win32" or stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_file_is_pkcs8_in_pem_and_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "key"
    Identity.from_private_bytes(PRIVATE).save(path)
    assert path.read_bytes() == pem_of(Ed25519PrivateKey.from_private_bytes(PRIVATE))
    assert is_for_its_owner_only(path)


def test_saving_again_replaces_the_file_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("something old")
    path.chmod(0o644)
    identity = Identity.generate()
    identity.save(path)
    assert Identity.load(path) == identity
    assert is_for_its_owner_only(path)
    assert os.listdir(tmp_path) == ["key"]


def test_a_save_that_fails_keeps_the_old_file_and_leaves_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "key"
    old = Identity.generate()
    old.save(path)

    def full_disk(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(OSError, match="No space"):
        Identity.generate().save(path)
    assert Identity.load(path) == old
    assert os.listdir(tmp_path) == ["key"]


def test_load_or_create_makes_one_and_finds_it_again(tmp_path: Path) -> None:
    first = Identity.load_or_create(tmp_path / "key")
    assert Identity.load_or_create(tmp_path / "key") == first


def test_a_missing_file_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Identity.load(tmp_path / "key")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\x00\xfe",
        b"-----BEGIN PRIVATE KEY-----\nMC4CAQ\n-----END PRIVATE KEY-----\n",
        pem_of(Ed25519PrivateKey.from_private_bytes(PRIVATE))[:-40],
        pem_of(Ed25519PrivateKey.from_private_bytes(PRIVATE), b"password"),
        pem_of(x25519.X25519PrivateKey.generate()),
        pem_of(rsa.generate_private_key(65537, 2048)),
    ],
    ids=["empty", "binary", "cut", "tail_lost", "encrypted", "x25519", "rsa"],
)
def test_a_damaged_file_is_told_by_name_and_never_overwritten(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "ana.key"
    path.write_bytes(content)
    with pytest.raises(IdentityError, match=r"ana\.key") as caught:
        Identity.load_or_create(path)
    assert isinstance(caught.value, LocalError) and isinstance(caught.value, ValueError)
    assert path.read_bytes() == content
