from __future__ import annotations

from p2pnet.testing.notary import NotaryCredentials, StolenName

ANA, BO = NotaryCredentials(b"a" * 32), NotaryCredentials(b"b" * 32)


def test_what_one_signed_is_believed_of_that_one_only() -> None:
    signature = ANA.sign(b"words")
    assert BO.verify(ANA.public, b"words", signature)
    assert not BO.verify(BO.public, b"words", signature)
    assert not BO.verify(ANA.public, b"other words", signature)


def test_any_bytes_may_come_as_a_signature_or_a_key() -> None:
    for junk in (b"", b"x", b"\xff" * 100):
        assert not ANA.verify(ANA.public, b"words", junk)
        assert not ANA.verify(junk[:64], b"words", ANA.sign(b"words"))


def test_who_stole_a_name_can_check_signatures_but_not_make_them() -> None:
    thief = StolenName(ANA.public)
    assert thief.verify(ANA.public, b"word", ANA.sign(b"word"))
    assert not ANA.verify(ANA.public, b"word", thief.sign(b"word"))
