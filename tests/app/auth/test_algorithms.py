"""The algorithm belongs to the key, never to the token: RFC 8725, sections 2.1, 3.1 and 3.2."""

import json
from itertools import permutations
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa, x25519
from hypothesis import given, settings
from hypothesis import strategies as st
from jwt.utils import base64url_encode

from app.auth.keyring import ALGORITHMS, ASYMMETRIC, SYMMETRIC, public_keys
from app.web.problems import Unauthorized
from tests.app.auth.signing import SECRET, Signer, authenticator, identify, signer

ALL = (*SYMMETRIC, *ASYMMETRIC)
CLAIMS = b'{"sub":"alice","exp":9999999999}'


def keys_of(signer: Signer) -> dict[str, Any]:
    """The settings that make the signer's key the only one."""
    return {"jwt_secret": signer.key} if signer.algorithm in SYMMETRIC else {"jwt_public_key": signer.pem()}


def refused(token: str, **keys: Any) -> bool:
    with pytest.raises(Unauthorized):
        identify(authenticator(**keys), token)
    return True


@pytest.mark.parametrize("algorithm", ALL)
def test_each_algorithm_verifies_its_own_tokens_and_no_others(algorithm: str) -> None:
    alice, mallory = signer(algorithm), Signer(algorithm, None, SECRET[::-1])
    known = authenticator(jwt_algorithm=(algorithm,), **keys_of(alice))
    assert identify(known, alice.token()).user_id == "alice"
    assert refused(alice.token()[:-6] + "AAAAAA", jwt_algorithm=(algorithm,), **keys_of(alice))
    if algorithm in SYMMETRIC:
        assert refused(mallory.token(), jwt_algorithm=(algorithm,), **keys_of(alice))
    elif algorithm not in ALGORITHMS["RSA"]:
        assert refused(signer(algorithm).token(), jwt_algorithm=(algorithm,), **keys_of(alice))


@pytest.mark.parametrize(("algorithm", "named"), list(permutations(ALL, 2)))
def test_a_token_cannot_choose_its_algorithm(algorithm: str, named: str) -> None:
    alice = signer(algorithm)
    token = alice.sign(json.dumps({"alg": named}).encode(), CLAIMS)
    assert refused(token, jwt_algorithm=(algorithm,), **keys_of(alice))


@pytest.mark.parametrize(
    "named", ["none", "None", "NONE", "nOnE", "", "hs256", "HS256 ", "RS384", "ES512", "ES256K", "dir"]
)
def test_none_and_what_is_not_known_are_refused(named: str) -> None:
    header = json.dumps({"alg": named}).encode()
    assert refused(Signer("HS256").sign(header, CLAIMS))
    assert refused((base64url_encode(header) + b"." + base64url_encode(CLAIMS) + b".").decode())


@pytest.mark.parametrize(
    "header",
    ["", "null", "[]", "{}", '{"alg":null}', '{"alg":7}', '{"alg":["HS256"]}', '{"alg":{}}', '{"alg":true}',
     '{"alg":"HS256","kid":7}', '{"alg":"HS256","kid":["a"]}', "[" * 5000, '{"a":' * 900],
)  # fmt: skip
def test_headers_that_make_no_sense_are_refused(header: str) -> None:
    assert refused(Signer("HS256").sign(header.encode(), CLAIMS))


@pytest.mark.parametrize("algorithm", ASYMMETRIC)
@pytest.mark.parametrize("named", SYMMETRIC)
def test_a_public_key_is_never_a_secret(algorithm: str, named: str) -> None:
    alice = signer(algorithm)
    forger = jwt.algorithms.HMACAlgorithm(getattr(jwt.algorithms.HMACAlgorithm, named.replace("HS", "SHA")))
    content = base64url_encode(json.dumps({"alg": named}).encode()) + b"." + base64url_encode(CLAIMS)
    forged = content + b"." + base64url_encode(forger.sign(content, alice.pem().encode()))
    assert refused(forged.decode(), jwt_algorithm=(algorithm,), **keys_of(alice))
    both = {"jwt_secret": SECRET, "jwt_public_key": alice.pem(), "jwt_algorithm": (algorithm, named)}
    assert refused(forged.decode(), **both)


def test_secrets_and_public_keys_work_side_by_side_each_with_its_own_algorithm() -> None:
    alice = signer("ES256")
    both = {"jwt_secret": SECRET, "jwt_public_key": alice.pem(), "jwt_algorithm": ("HS256", "ES256")}
    assert identify(authenticator(**both), alice.token()).user_id == "alice"
    assert identify(authenticator(**both), Signer("HS256").token(sub="bob")).user_id == "bob"
    assert refused(Signer("HS512").token(), **both)


def test_an_rsa_key_verifies_only_what_the_settings_allow() -> None:
    pss = signer("PS256")
    assert refused(pss.token(), jwt_algorithm=("RS256",), **keys_of(pss))
    both = authenticator(jwt_algorithm=("RS256", "PS256"), **keys_of(pss))
    assert identify(both, pss.token()).user_id == identify(both, signer("RS256").token()).user_id == "alice"


@pytest.mark.parametrize("crit", [["exp"], ["b64"], [], "exp", None, [7], ["http://example.com/UNDEFINED"]])
def test_critical_extensions_are_refused(crit: Any) -> None:
    header = json.dumps({"alg": "HS256", "crit": crit, "exp": 1, "b64": True}).encode()
    assert refused(Signer("HS256").sign(header, CLAIMS))


def test_keys_and_addresses_in_the_header_are_not_followed() -> None:
    mallory = signer("EdDSA", "mallory")
    headers = {
        "jwk": mallory.jwk(),
        "jku": "http://127.0.0.1:1/jwks.json",
        "x5u": "http://127.0.0.1:1/",
        "x5c": ["AAAA"],
    }
    assert refused(mallory.token(header=headers), jwt_algorithm=("EdDSA",), **keys_of(signer("EdDSA")))
    # They do no harm beside a signature that is right.
    assert identify(authenticator(), Signer("HS256").token(header=headers)).user_id == "alice"


def test_encrypted_and_unencoded_tokens_are_refused() -> None:
    assert refused(
        "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ.OKOawDo13gRp.48V1_ALb6US04U3b.5eym8TW_c8SuK0ltJ3r.XFBoMYUZodet"
    )
    assert refused(Signer("HS256").sign(b'{"alg":"HS256","b64":false}', CLAIMS))


@pytest.mark.parametrize("kid", [None, "2025", "2026"])
def test_secrets_are_rotated_by_kid(kid: str | None) -> None:
    old, new = SECRET + "2025", SECRET + "2026"
    both = authenticator(jwt_secrets={"2025": old, "2026": new})
    for secret, name in ((old, "2025"), (new, "2026")):
        token = Signer("HS256", kid, secret).token()
        if kid in (None, name):
            assert identify(both, token).user_id == "alice"
        else:
            assert refused(token, jwt_secrets={"2025": old, "2026": new})
    assert refused(Signer("HS256", kid, old).token(), jwt_secrets={"2026": new})
    assert refused(Signer("HS256", "2027", new).token(), jwt_secrets={"2025": old, "2026": new})


def test_a_key_without_an_id_is_tried_for_every_id() -> None:
    assert identify(authenticator(), Signer("HS256", "whatever").token()).user_id == "alice"
    old = SECRET + "2025"
    both = authenticator(jwt_secret=SECRET, jwt_secrets={"2025": old})
    assert identify(both, Signer("HS256", "2025", old).token()).user_id == "alice"
    assert identify(both, Signer("HS256", "2025", SECRET).token()).user_id == "alice"


PROBLEM_TYPES = {"RS256": ("RS256", "PS256"), "ES256": ("ES256",), "ES384": ("ES384",), "EdDSA": ("EdDSA",)}


@pytest.mark.parametrize(("algorithm", "uses"), list(PROBLEM_TYPES.items()))
def test_a_jwk_without_alg_has_the_algorithms_of_its_type_and_curve(
    algorithm: str, uses: tuple[str, ...]
) -> None:
    jwk = signer(algorithm).jwk(alg=None, use=None)
    assert [key.algorithm_name for key in public_keys(jwk, ALL)] == list(uses)
    assert [key.algorithm_name for key in public_keys(jwk | {"alg": uses[-1]}, ALL)] == [uses[-1]]
    assert [key.algorithm_name for key in public_keys(jwk | {"key_ops": ["verify"]}, ALL)] == list(uses)
    assert not public_keys(jwk, SYMMETRIC)


@pytest.mark.parametrize(
    "members",
    [{"use": "enc"}, {"use": ["sig"]}, {"key_ops": ["sign"]}, {"key_ops": "verify"}, {"key_ops": []}, {"key_ops": {}},
     {"alg": "HS256"}, {"alg": "RS256"}, {"alg": "none"}, {"alg": ["ES256"]}, {"kid": 7}, {"kid": ["a"]},
     {"kty": "oct"}, {"kty": "RSA"}, {"kty": ["EC"]}, {"d": "A" * 43},
     {"crv": "P-384"}, {"crv": "secp256k1"}, {"crv": None}, {"crv": ["P-256"]},
     {"x": None}, {"x": 7}, {"x": "AAAA"}, {"y": "\u00fc"}, {"y": "\ud800"}, {"x": "A" * 43, "y": "A" * 43}],
)  # fmt: skip
def test_a_jwk_that_is_not_for_verifying_tokens_is_passed_over(members: dict[str, Any]) -> None:
    assert public_keys(signer("ES256").jwk(), ALL)
    assert not public_keys(signer("ES256").jwk(**members), ALL)


def test_symmetric_private_weak_and_unknown_jwks_are_passed_over() -> None:
    assert not public_keys(Signer("HS256").jwk(), ALL)
    weak = Signer("RS256", "weak", rsa.generate_private_key(65537, 1024))
    assert not public_keys(weak.jwk(), ALL)
    private = jwt.algorithms.OKPAlgorithm.to_jwk(signer("EdDSA").key, as_dict=True)
    assert not public_keys(private, ALL)
    assert not public_keys(
        {"kty": "OKP", "crv": "X25519", "x": base64url_encode(x25519_public()).decode()}, ALL
    )
    assert not public_keys(Signer("EdDSA", "448", ed448.Ed448PrivateKey.generate()).jwk(), ALL)
    assert not public_keys(Signer("ES512", "521", ec.generate_private_key(ec.SECP521R1())).jwk(), ALL)
    for jwk in (
        None,
        [],
        "EC",
        7,
        {},
        {"kty": "RSA"},
        {"kty": "RSA", "n": "", "e": ""},
        {"kty": "RSA", "n": "AQAB", "e": "AQAB"},
    ):
        assert not public_keys(jwk, ALL)


def x25519_public() -> bytes:
    return x25519.X25519PrivateKey.generate().public_key().public_bytes_raw()


MEMBERS = st.sampled_from(["kty", "crv", "alg", "use", "key_ops", "kid", "x", "y", "n", "e", "d", "k"])
WORDS = [
    "RSA",
    "EC",
    "OKP",
    "oct",
    "P-256",
    "P-384",
    "Ed25519",
    "sig",
    "AQAB",
    "A" * 43,
    "A" * 64,
    "A" * 342,
    "!",
    "\u00fc",
    "\ud800",
]
VALUES = st.sampled_from(WORDS) | st.none() | st.integers() | st.lists(st.sampled_from(WORDS), max_size=2)


@given(st.dictionaries(MEMBERS, VALUES))
@settings(deadline=None)
def test_no_jwk_is_more_than_passed_over(jwk: dict[str, Any]) -> None:
    for key in public_keys(jwk, ALL):
        assert key.algorithm_name in ASYMMETRIC
