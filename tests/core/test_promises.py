from __future__ import annotations

from msgspec.structs import replace

from p2pnet.core.messages import Claim, Reign
from p2pnet.core.promises import Promises
from p2pnet.core.values import Epoch, PeerId, Position

ANA, BO = PeerId("ana"), PeerId("bo")
EPOCH = Epoch(4, ANA, 1)
CLAIM = Claim(5, b"key", Reign(EPOCH, None, b"key", b""), Position(EPOCH, 9), b"")


def test_a_word_is_given_once_for_each_number() -> None:
    """S05."""
    promises = Promises()
    assert promises.is_free_for(ANA, 5)
    promises.give(ANA, CLAIM)
    assert promises.is_free_for(ANA, 5), "the same claim again"
    assert not promises.is_free_for(BO, 5) and not promises.is_free_for(BO, 4)
    assert promises.is_free_for(BO, 6)


def test_a_word_that_is_free_again_leaves_its_number_spent() -> None:
    promises = Promises()
    promises.give(ANA, CLAIM)
    promises.release()
    assert promises.to is None and not promises.is_free_for(BO, 5)
    assert promises.is_free_for(ANA, 5), "it is the same claimant that asks again"
    assert promises.next_number(EPOCH) == 6


def test_a_number_that_was_handed_over_is_nobodys() -> None:
    promises = Promises()
    promises.spend(5)
    assert not promises.is_free_for(ANA, 5)


def test_numbers_never_go_back() -> None:
    promises = Promises()
    promises.spend(9)
    promises.spend(3)
    assert promises.spent == 9 and promises.next_number(EPOCH) == 10


def test_a_number_is_one_above_what_is_proved_at_most() -> None:
    """S08."""
    promises = Promises()
    assert promises.justifies(5, EPOCH, None)
    assert not promises.justifies(6, EPOCH, None)
    assert promises.justifies(6, EPOCH, CLAIM) and not promises.justifies(7, EPOCH, CLAIM)
    promises.learn(replace(CLAIM, number=7))
    promises.learn(CLAIM)
    assert promises.justifies(8, EPOCH, None) and not promises.justifies(9, EPOCH, None)
