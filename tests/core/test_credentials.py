from __future__ import annotations

import itertools

from p2pnet.core.credentials import Says, challenge, process_nonce, statement
from p2pnet.core.values import SessionId


def test_a_statement_is_bound_to_its_session_its_kind_and_all_that_it_says() -> None:
    said = [
        statement(SessionId(session), kind, fields)
        for session, kind, fields in itertools.product("ab", Says, [(), (1,), (1, 2), (b"1", 2)])
    ]
    assert len(set(said)) == len(said)


def test_a_challenge_never_comes_again() -> None:
    seen = {challenge(entropy, link) for entropy in (b"one", b"other") for link in range(100)}
    assert len(seen) == 200 and {len(one) for one in seen} == {16}


def test_processes_have_different_numbers_that_fit_in_a_frame() -> None:
    numbers = {process_nonce(bytes([seed])) for seed in range(200)}
    assert len(numbers) == 200 and all(0 <= number < 1 << 63 for number in numbers)
    assert process_nonce(b"x") == process_nonce(b"x")
