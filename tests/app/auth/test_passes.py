"""Passes as the Authenticator sees them: their form, their look-up, and how long they are remembered."""

import asyncio
import re

import pytest

from app.auth.authenticator import Authenticator
from app.auth.passes import MAX_REMEMBERED, digest_of, is_pass, new_pass
from app.identity import Identity, Pass
from app.settings import Settings
from app.web.problems import Unauthorized, Unavailable
from tests.app.auth.signing import SECRET, Signer, bearer, identify

NOW = 1_800_000_000.0
AN_HOUR = 3600.0
ALICE = Identity("alice", read_only=True, by_pass=True)


class Directory:
    """The passes by digest, and how often one was looked up."""

    def __init__(self) -> None:
        self.passes: dict[bytes, Pass] = {}
        self.lookups = 0

    def add(self, identity: Identity = ALICE, expires_at: float = NOW + AN_HOUR) -> str:
        """The token of a new pass."""
        token = new_pass()
        self.passes[digest_of(token.encode())] = Pass(identity, expires_at)
        return token

    async def open(self, digest: bytes) -> Pass | None:
        self.lookups += 1
        return self.passes.get(digest)


@pytest.fixture
def directory() -> Directory:
    return Directory()


def authenticator(directory: Directory, cache_size: int = 10) -> Authenticator:
    settings = Settings(
        database_url="postgresql://task_api@localhost/duly", jwt_secret=SECRET, jwt_cache_size=cache_size
    )
    return Authenticator(settings, directory.open)


@pytest.fixture
def set_clock(monkeypatch: pytest.MonkeyPatch):
    def set_clock(now: float) -> None:
        monkeypatch.setattr("app.auth.authenticator.time", lambda: now)

    set_clock(NOW)
    return set_clock


def test_a_pass_is_duly_and_256_bits_in_base_62() -> None:
    passes = {new_pass() for _ in range(1000)}
    assert len(passes) == 1000
    assert all(re.fullmatch(r"duly_[0-9A-Za-z]{43}", each) for each in passes)
    assert 62**43 > 2**256 > 62**42
    # Each digit but the first takes each value.
    assert {each[-1] for each in passes} == set(
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    )


def test_a_pass_is_never_taken_for_a_jwt_nor_a_jwt_for_a_pass() -> None:
    assert is_pass(new_pass().encode())
    assert not is_pass(Signer("HS256").token().encode())
    for token in (
        "duly_",
        "duly_" + "a" * 42,
        "duly_" + "a" * 44,
        "DULY_" + "a" * 43,
        "duly_" + "a" * 42 + "-",
    ):
        assert not is_pass(token.encode())


def test_a_pass_identifies_its_user_and_its_limits(directory: Directory, set_clock) -> None:
    known = authenticator(directory)
    writer = Identity("bob", read_only=False, by_pass=True)
    assert identify(known, directory.add()) == ALICE
    assert identify(known, directory.add(writer)) == writer
    # A JWT is no pass.
    assert not identify(known, Signer("HS256").token(exp=NOW + 60)).by_pass


def test_a_pass_is_looked_up_by_its_digest_once_in_30_seconds(directory: Directory, set_clock) -> None:
    known, token = authenticator(directory), directory.add()
    for seconds in (0.0, 1.0, MAX_REMEMBERED - 0.1):
        set_clock(NOW + seconds)
        assert identify(known, token) == ALICE
        assert directory.lookups == 1
    set_clock(NOW + MAX_REMEMBERED)
    assert identify(known, token) == ALICE
    assert directory.lookups == 2
    assert (known.cache_hits, known.cache_misses) == (2, 2)


def test_a_revoked_pass_works_for_30_seconds_at_most(directory: Directory, set_clock) -> None:
    known, token = authenticator(directory), directory.add()
    identify(known, token)
    directory.passes.clear()
    set_clock(NOW + MAX_REMEMBERED - 0.1)
    assert identify(known, token) == ALICE
    set_clock(NOW + MAX_REMEMBERED)
    with pytest.raises(Unauthorized, match="unknown, revoked or expired"):
        identify(known, token)


def test_the_30_seconds_begin_before_the_pass_is_looked_up(directory: Directory, set_clock) -> None:
    token = directory.add()

    async def open_slowly(digest: bytes) -> Pass | None:
        found = await directory.open(digest)
        set_clock(NOW + 5)
        return found

    settings = Settings(database_url="postgresql://task_api@localhost/duly", jwt_secret=SECRET)
    known = Authenticator(settings, open_slowly)
    identify(known, token)
    directory.passes.clear()
    set_clock(NOW + MAX_REMEMBERED)
    with pytest.raises(Unauthorized, match="unknown, revoked or expired"):
        identify(known, token)


def test_a_pass_is_not_remembered_past_its_end(directory: Directory, set_clock) -> None:
    known, token = authenticator(directory), directory.add(expires_at=NOW + 5)
    identify(known, token)
    directory.passes.clear()
    set_clock(NOW + 5)
    with pytest.raises(Unauthorized, match="unknown, revoked or expired"):
        identify(known, token)


def test_an_unknown_pass_is_refused_and_not_remembered(directory: Directory, set_clock) -> None:
    known, token = authenticator(directory), new_pass()
    for _ in range(3):
        with pytest.raises(Unauthorized, match="unknown, revoked or expired") as caught:
            identify(known, token)
    assert directory.lookups == 3
    assert 'error="invalid_token"' in caught.value.headers["www-authenticate"]
    assert token not in str(caught.value)


def test_what_only_looks_like_a_pass_is_not_looked_up(directory: Directory) -> None:
    known = authenticator(directory)
    for token in ("duly_", "duly_" + "a" * 42, "duly_" + "a" * 44, "duly_" + "a" * 40 + "..."):
        with pytest.raises(Unauthorized):
            identify(known, token)
    assert directory.lookups == 0


def test_remembered_passes_and_tokens_share_one_bounded_cache(directory: Directory, set_clock) -> None:
    known = authenticator(directory, cache_size=3)
    for _ in range(20):
        identify(known, directory.add())
        identify(known, Signer("HS256").token(exp=NOW + 60))
        assert len(known._verified) <= 3


def test_a_pass_is_kept_as_a_digest_only(directory: Directory, set_clock) -> None:
    known, token = authenticator(directory), directory.add()
    identify(known, token)
    assert token not in repr(vars(known))
    assert token.encode() not in repr([*known._verified.items()]).encode()
    assert digest_of(token.encode()) not in known._verified


def test_passes_are_refused_where_they_are_off() -> None:
    settings = Settings(database_url="postgresql://task_api@localhost/duly", jwt_secret=SECRET)
    with pytest.raises(Unauthorized, match="unknown, revoked or expired"):
        identify(Authenticator(settings), new_pass())


def test_a_database_that_is_away_is_503_and_keeps_no_jwt_out(set_clock) -> None:
    async def open_none(digest: bytes) -> Pass | None:
        raise Unavailable

    settings = Settings(database_url="postgresql://task_api@localhost/duly", jwt_secret=SECRET)
    known = Authenticator(settings, open_none)
    with pytest.raises(Unavailable):
        identify(known, new_pass())
    assert identify(known, Signer("HS256").token(exp=NOW + 60)).user_id == "alice"


def test_passes_of_users_are_not_mixed_up_at_the_same_time(directory: Directory, set_clock) -> None:
    async def ask_all() -> None:
        known = authenticator(directory, cache_size=5)
        users = [f"user {number % 20}" for number in range(200)]
        tokens = {user: directory.add(Identity(user, read_only=False, by_pass=True)) for user in users}
        found = await asyncio.gather(*(known.authenticate(bearer(tokens[user])) for user in users))
        assert [identity.user_id for identity in found] == users

    asyncio.run(ask_all())
