"""The claims of a token: RFC 7519, section 4.1, and what a user id may be."""

import asyncio
import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.auth.authenticator import Authenticator
from app.identity import Identity
from app.web.problems import Problem, Unauthorized
from tests.app.auth.signing import Signer, authenticator, bearer, identify

ALICE = Signer("HS256")
HEADER = b'{"alg":"HS256"}'


def refusal(authenticator: Authenticator, token: str) -> str:
    """The error_description of the 401."""
    with pytest.raises(Unauthorized) as caught:
        identify(authenticator, token)
    assert 'error="invalid_token"' in caught.value.headers["www-authenticate"]
    assert f'error_description="{caught.value.detail}"' in caught.value.headers["www-authenticate"]
    return caught.value.detail


def raw(claims: str) -> str:
    """A token whose claims are this text."""
    return ALICE.sign(HEADER, claims.encode())


def test_the_user_is_the_sub() -> None:
    assert identify(authenticator(), ALICE.token(user_id="bob")) == Identity("alice", read_only=False)


def test_the_user_is_the_user_id_where_there_is_no_sub() -> None:
    assert identify(authenticator(), ALICE.token(sub=None, user_id="bob")).user_id == "bob"


@pytest.mark.parametrize("sub", ["null", '""', "7", "[]"])
def test_a_sub_that_names_nobody_is_not_replaced_by_the_user_id(sub: str) -> None:
    assert refusal(authenticator(), raw(f'{{"sub":{sub},"user_id":"bob","exp":9999999999}}'))


def test_the_claim_of_the_user_can_be_chosen() -> None:
    by_email = authenticator(jwt_user_claim=("email",))
    assert identify(by_email, ALICE.token(email="alice@example.com")).user_id == "alice@example.com"
    assert refusal(by_email, ALICE.token()) == "The token does not name a user"
    assert refusal(authenticator(jwt_user_claim=()), ALICE.token()) == "The token does not name a user"


@pytest.mark.parametrize(
    "user",
    [
        "a",
        "a" * 255,
        "\U0001f600" * 255,
        " ",
        "alice@example.com",
        "0190f2a4-7d6b-7c1e-9a55-3f2b8c1d4e6f",
        "\x7f'\"\\%",
    ],
)
def test_any_text_of_1_to_255_code_points_names_a_user(user: str) -> None:
    assert identify(authenticator(), ALICE.token(sub=user)).user_id == user


@pytest.mark.parametrize(
    "user", ["", "a" * 256, "\U0001f600" * 256, "al\0ice", "\ud800", "\udfff!", 7, 7.5, True, ["alice"], {}]
)
def test_what_cannot_be_a_user_id_is_refused(user: Any) -> None:
    claims = json.dumps({"sub": user, "exp": int(time.time()) + 60})
    assert refusal(authenticator(), raw(claims)) == "The token does not name a user"


def test_another_spelling_is_another_user() -> None:
    spellings = ["\u00c5sa", "A\u030asa", "\u212bsa", "\u00e5sa", " \u00c5sa"]
    known = authenticator()
    assert [identify(known, ALICE.token(sub=user)).user_id for user in spellings] == spellings


def test_a_token_must_have_exp() -> None:
    assert refusal(authenticator(), ALICE.token(exp=None)) == "The token must have the claim exp"


def test_a_token_is_refused_after_exp_without_leeway() -> None:
    generous = authenticator(jwt_leeway=300)
    assert refusal(generous, ALICE.token(exp=int(time.time()) - 1)) == "The token has expired"
    assert refusal(generous, ALICE.token(exp=int(time.time()) - 301)) == "The token has expired"


@pytest.mark.parametrize("claim", ["exp", "nbf", "iat"])
@pytest.mark.parametrize(
    "value",
    ["1e400", "-1e400", "NaN", "Infinity", "1" * 400, "9" * 5000, "1e300", "-1", "-1e9", '"9999999999"',
    '"soon"',
     "true", "false", "null", "[]", "{}", "[9999999999]", '{"$date":9999999999}', "9999999999999"],
)  # fmt: skip
def test_a_time_that_is_no_number_of_seconds_is_refused(claim: str, value: str) -> None:
    others = '"sub":"alice"' + ("" if claim == "exp" else ',"exp":9999999999')
    assert refusal(authenticator(), raw(f'{{{others},"{claim}":{value}}}'))


@pytest.mark.parametrize("exp", ["9999999999", "9999999999.5", "253402300799", "1e10"])
def test_a_time_may_be_any_number_of_seconds_until_the_year_9999(exp: str) -> None:
    assert identify(authenticator(), raw(f'{{"sub":"alice","exp":{exp}}}')).user_id == "alice"


@pytest.mark.parametrize("claim", ["nbf", "iat"])
def test_a_token_from_the_future_is_refused_beyond_the_leeway(claim: str) -> None:
    soon = ALICE.token(**{claim: int(time.time()) + 60})
    assert identify(authenticator(jwt_leeway=120), soon).user_id == "alice"
    assert refusal(authenticator(jwt_leeway=0), soon) == "The token is not valid yet"


def test_aud_is_looked_at_where_it_is_set() -> None:
    duly = authenticator(jwt_audience=("duly", "https://duly.example"))
    assert identify(duly, ALICE.token(aud="duly")).user_id == "alice"
    assert identify(duly, ALICE.token(aud=["other", "https://duly.example"])).user_id == "alice"
    assert refusal(duly, ALICE.token(aud="other")) == "The token is for another audience"
    assert refusal(duly, ALICE.token(aud=["other", "Duly"])) == "The token is for another audience"
    assert refusal(duly, ALICE.token()) == "The token must have the claim aud"
    assert identify(authenticator(), ALICE.token(aud="other")).user_id == "alice"


def test_iss_is_looked_at_where_it_is_set() -> None:
    ours = authenticator(jwt_issuer=("https://one.example", "https://two.example/"))
    assert identify(ours, ALICE.token(iss="https://two.example/")).user_id == "alice"
    assert refusal(ours, ALICE.token(iss="https://two.example")) == "The token is from another issuer"
    assert refusal(ours, ALICE.token()) == "The token must have the claim iss"
    assert refusal(ours, raw('{"sub":"alice","exp":9999999999,"iss":["https://one.example"]}'))
    assert identify(authenticator(), ALICE.token(iss="https://three.example")).user_id == "alice"


@pytest.mark.parametrize(
    ("scope", "read_only"),
    [
        ("tasks:read", True),
        ("tasks:write", False),
        ("tasks:read tasks:write", False),
        ("openid tasks:read email", True),
    ],
)
def test_tasks_read_without_tasks_write_is_for_reading_only(scope: str, read_only: bool) -> None:
    assert identify(authenticator(jwt_require_scope=True), ALICE.token(scope=scope)).read_only is read_only


@pytest.mark.parametrize("claim", ["scope", "scp", "permissions"])
@pytest.mark.parametrize(
    ("scopes", "read_only"),
    [
        (["tasks:read"], True),
        (["tasks:write"], False),
        (["openid", "tasks:read", "tasks:write"], False),
        (["openid", 7, None, "tasks:read"], True),
        ("openid tasks:read", True),
        ("tasks:write", False),
    ],
)
def test_scopes_are_a_string_or_an_array_in_any_of_three_claims(
    claim: str, scopes: Any, read_only: bool
) -> None:
    identity = identify(authenticator(jwt_require_scope=True), ALICE.token(**{claim: scopes}))
    assert identity.read_only is read_only


def test_the_first_claim_of_scopes_that_is_present_decides() -> None:
    strict = authenticator(jwt_require_scope=True)
    assert identify(strict, ALICE.token(scope="tasks:read", permissions=["tasks:write"])).read_only
    assert not identify(strict, ALICE.token(scp="tasks:write", permissions=["tasks:read"])).read_only
    for first in ('"openid"', "[]", "null", "{}"):
        claims = f'{{"sub":"alice","exp":9999999999,"scope":{first},"scp":"tasks:write"}}'
        with pytest.raises(Problem, match="neither the scope"):
            identify(strict, raw(claims))


def test_the_claims_of_scopes_can_be_chosen() -> None:
    claim = "https://duly.example/scopes"
    strict = authenticator(jwt_require_scope=True, jwt_scope_claim=(claim, "scp"))
    assert identify(strict, ALICE.token(**{claim: ["tasks:read"]}, scp="tasks:write")).read_only
    assert not identify(strict, ALICE.token(scp=["tasks:write"])).read_only
    with pytest.raises(Problem, match="neither the scope"):
        identify(strict, ALICE.token(scope="tasks:write"))


@pytest.mark.parametrize(
    "scope",
    [None, "", "openid", "tasks:reader", "TASKS:READ", [], ["tasks:reader"], [["tasks:read"]],
     ["openid tasks:read"], {"tasks:read": True}, True, 7],
)  # fmt: skip
def test_a_token_without_our_scopes_is_403_where_they_are_required(scope: Any) -> None:
    with pytest.raises(Problem, match="neither the scope") as caught:
        identify(authenticator(jwt_require_scope=True), ALICE.token(scope=scope))
    assert caught.value.name == "insufficient-scope"
    assert 'error="insufficient_scope"' in caught.value.headers["www-authenticate"]


def test_scopes_mean_nothing_unless_they_are_required() -> None:
    assert identify(authenticator(), ALICE.token(scope="tasks:read")) == Identity("alice", read_only=False)


@pytest.mark.parametrize(
    "claims", ["", "null", "[]", '"alice"', "7", "{", "\ud800".encode("utf-8", "surrogatepass"), "[" * 5000]
)
def test_claims_that_are_no_object_are_refused(claims: str | bytes) -> None:
    content = claims.encode() if isinstance(claims, str) else claims
    assert refusal(authenticator(), ALICE.sign(HEADER, content)) == "The claims are not valid"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
CLAIMS = st.dictionaries(
    st.sampled_from(
        ["sub", "user_id", "exp", "nbf", "iat", "aud", "iss", "jti", "scope", "scp", "permissions"]
    ),
    JSON,
)


@given(CLAIMS, st.booleans())
@settings(deadline=None)
def test_no_claims_are_more_than_a_problem(claims: dict[str, Any], soon: bool) -> None:
    if soon:
        claims["exp"] = 9999999999
    strict = authenticator(jwt_audience=("duly",), jwt_require_scope=True)
    for each in (strict, authenticator()):
        try:
            identity = asyncio.run(each.authenticate(bearer(raw(json.dumps(claims)))))
        except Problem:
            continue
        assert 0 < len(identity.user_id) <= 255
