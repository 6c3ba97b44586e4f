"""The Authorization header: RFC 9110, section 11.4, and RFC 6750, sections 2.1 and 3."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.auth.authenticator import MAX_TOKEN
from app.web.problems import Unauthorized
from tests.app.auth.signing import SECRET, Signer, authenticator

TOKEN = Signer("HS256").token().encode()
NO_CREDENTIALS = 'Bearer realm="duly"'
INVALID_TOKEN = 'Bearer realm="duly", error="invalid_token", error_description="'


def ask(*values: bytes, name: bytes = b"authorization") -> str:
    headers = [(b"host", b"localhost"), *((name, value) for value in values)]
    return asyncio.run(authenticator().authenticate(headers)).user_id


def challenge(*values: bytes, name: bytes = b"authorization") -> str:
    """The WWW-Authenticate header of the 401."""
    with pytest.raises(Unauthorized) as refusal:
        ask(*values, name=name)
    return refusal.value.headers["www-authenticate"]


@pytest.mark.parametrize("scheme", [b"Bearer", b"bearer", b"BEARER", b"bEaReR"])
def test_the_scheme_may_be_in_any_letter_case(scheme: bytes) -> None:
    assert ask(scheme + b" " + TOKEN) == "alice"


@pytest.mark.parametrize(
    "value", [b"Bearer    " + TOKEN, b"Bearer " + TOKEN + b"  ", b" \tBearer " + TOKEN + b"\t"]
)
def test_extra_blanks_do_no_harm(value: bytes) -> None:
    assert ask(value) == "alice"


def test_without_a_header_the_challenge_has_no_error_code() -> None:
    assert challenge() == NO_CREDENTIALS


@pytest.mark.parametrize(
    "value", [b"Basic YWxpY2U6c2VjcmV0", b"", b"Token " + TOKEN, TOKEN, b"Digest a=b", b"\xff\xfe"]
)
def test_another_scheme_is_as_good_as_no_credentials(value: bytes) -> None:
    assert challenge(value) == NO_CREDENTIALS


@pytest.mark.parametrize("second", [b"Bearer " + TOKEN, b"Basic YWxpY2U6c2VjcmV0", b""])
def test_two_headers_are_refused(second: bytes) -> None:
    assert challenge(b"Bearer " + TOKEN, second).startswith(INVALID_TOKEN)
    assert challenge(second, b"Bearer " + TOKEN).startswith(INVALID_TOKEN)


@pytest.mark.parametrize(
    "value",
    [
        b"Bearer",
        b"Bearer ",
        b"Bearer\t" + TOKEN,
        b"Bearer" + TOKEN,
        b"Bearer: " + TOKEN,
        b"Bearer " + TOKEN + b" more",
        b"Bearer " + TOKEN + b", Bearer " + TOKEN,
        b'Bearer "' + TOKEN + b'"',
        b"Bearer \xff" + TOKEN,
        b"Bearer " + TOKEN.replace(b".", b"\0"),
        "Bearer t\u00f6ken".encode(),
    ],
)
def test_what_is_no_bearer_token_is_an_invalid_token(value: bytes) -> None:
    assert challenge(value).startswith(INVALID_TOKEN)


def test_a_token_may_have_8_kib_and_not_a_byte_more() -> None:
    def padded(length: int) -> bytes:
        claims = b'{"sub":"alice","exp":9999999999'
        token = b""
        while len(token) < length:
            claims += b" "
            token = Signer("HS256").sign(b'{"alg":"HS256"}', claims + b"}").encode()
        return token

    largest = padded(MAX_TOKEN)
    assert len(largest) == MAX_TOKEN == 8192
    assert ask(b"Bearer " + largest) == "alice"
    assert "8 KiB" in challenge(b"Bearer " + padded(MAX_TOKEN + 1))


def test_a_token_anywhere_else_is_not_read() -> None:
    assert challenge(b"Bearer " + TOKEN, name=b"x-authorization") == NO_CREDENTIALS
    assert challenge(b"access_token=" + TOKEN, name=b"cookie") == NO_CREDENTIALS
    assert challenge(b"Bearer " + TOKEN, name=b"proxy-authorization") == NO_CREDENTIALS


@given(st.binary(max_size=200))
@settings(deadline=None)
def test_no_bytes_are_more_than_unauthorized(value: bytes) -> None:
    assert challenge(value)
    assert challenge(b"Bearer " + value).startswith('Bearer realm="duly"')


@given(st.text("abcXYZ019-_.~+/=", max_size=300))
@settings(deadline=None)
def test_no_token_characters_are_more_than_unauthorized(text: str) -> None:
    assert challenge(b"Bearer " + text.encode()).isascii()


def test_the_challenge_says_nothing_of_the_token_or_the_secret() -> None:
    said = challenge(b"Bearer " + TOKEN[:-4] + b"AAAA")
    assert said == INVALID_TOKEN + 'The token is malformed or not signed by a key of this service"'
    assert SECRET not in said
