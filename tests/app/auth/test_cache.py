"""The tokens that are remembered once they were verified."""

import asyncio

import pytest

from app.web.problems import Unauthorized
from tests.app.auth.signing import Signer, authenticator, bearer, identify

ALICE = Signer("HS256")


def test_a_token_is_verified_once(monkeypatch: pytest.MonkeyPatch) -> None:
    known, token = authenticator(), ALICE.token()
    first = identify(known, token)
    monkeypatch.setattr("jwt.decode", None)
    assert identify(known, token) is first
    assert (known.cache_hits, known.cache_misses) == (1, 1)


def test_a_refused_token_is_not_remembered() -> None:
    known = authenticator()
    for _ in range(3):
        with pytest.raises(Unauthorized):
            identify(known, ALICE.token(aud=7, exp=1))
    assert (known.cache_hits, known.cache_misses) == (0, 3)


def test_a_token_is_forgotten_when_it_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    known, token = authenticator(jwt_leeway=300), ALICE.token(exp=9_000_000_000)
    assert identify(known, token).user_id == "alice"
    monkeypatch.setattr("app.auth.authenticator.time", lambda: 8_999_999_999.9)
    assert identify(known, token).user_id == "alice"
    monkeypatch.setattr("app.auth.authenticator.time", lambda: 9_000_000_000)
    with pytest.raises(Unauthorized, match="expired"):
        identify(known, token)
    assert (known.cache_hits, known.cache_misses) == (1, 2)


def test_the_oldest_token_makes_room() -> None:
    known = authenticator(jwt_cache_size=2)
    tokens = [ALICE.token(sub=f"user {number}") for number in range(3)]
    for token in (*tokens, tokens[2], tokens[1]):
        identify(known, token)
    assert (known.cache_hits, known.cache_misses) == (2, 3)
    assert identify(known, tokens[0]).user_id == "user 0"
    assert (known.cache_hits, known.cache_misses) == (2, 4)


def test_a_size_of_0_remembers_nothing() -> None:
    known, token = authenticator(jwt_cache_size=0), ALICE.token()
    assert identify(known, token) == identify(known, token)
    assert (known.cache_hits, known.cache_misses) == (0, 2)


def test_a_token_that_differs_in_one_character_is_another_one() -> None:
    known, token = authenticator(), ALICE.token()
    identify(known, token)
    for position in (0, len(token) // 2, len(token) - 1):
        other = "A" if token[position] != "A" else "B"
        with pytest.raises(Unauthorized):
            identify(known, token[:position] + other + token[position + 1 :])


def test_tokens_are_kept_as_digests_only() -> None:
    known, token = authenticator(), ALICE.token()
    identify(known, token)
    assert token not in repr(vars(known))
    assert token.encode() not in repr(vars(known)).encode()


def test_users_are_not_mixed_up_when_they_ask_at_the_same_time() -> None:
    async def ask_all() -> None:
        known = authenticator(jwt_cache_size=10)
        users = [f"user {number % 20}" for number in range(200)]
        tokens = {user: ALICE.token(sub=user) for user in users}
        found = await asyncio.gather(*(known.authenticate(bearer(tokens[user])) for user in users))
        assert [identity.user_id for identity in found] == users

    asyncio.run(ask_all())
