"""The algorithm belongs to the key, never to the token: RFC 8725, sections 2.1, 3.1 and 3.2."""

import json
from collections.abc import Sequence
from itertools import permutations
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa, x25519
from hypothesis import given, settings
from hypothesis import strategies as st
from jwt.utils import base64url_encode

from app.auth.keys import ALGORITHMS, ASYMMETRIC, ED25519, SYMMETRIC, public_keys
from app.web.problems import Unauthorized
from tests.app.auth.issuer import Issuer
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


OTHERS = [pair for pair in permutations(ALL, 2) if {*pair} != {*ED25519}]


@pytest.mark.parametrize(("algorithm", "named"), OTHERS)
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


@pytest.mark.parametrize("named", ED25519)
@pytest.mark.parametrize("signed", ED25519)
@pytest.mark.parametrize("published", [*ED25519, None])
def test_eddsa_and_ed25519_are_names_of_one_algorithm(named: str, signed: str, published: str | None) -> None:
    alice = signer(signed, "one")
    own = authenticator(jwt_algorithm=(named,), **keys_of(alice))
    assert identify(own, alice.token()).user_id == "alice"
    with Issuer() as issuer:
        issuer.publish(alice.jwk(alg=published))
        theirs = authenticator(jwt_algorithm=(named,), jwt_jwks_url=issuer.url)
        assert identify(theirs, alice.token()).user_id == "alice"
        assert refused(alice.token()[:-6] + "AAAAAA", jwt_algorithm=(named,), jwt_jwks_url=issuer.url)


def test_neither_name_of_eddsa_is_allowed_unless_one_is_named() -> None:
    for named in ED25519:
        alice = signer(named)
        secret = {"jwt_secret": SECRET, "jwt_algorithm": ("HS256",)}
        assert refused(alice.token(), **secret)
        assert reason(alice.jwk(), ("ES256",)) == "JWT_ALGORITHM does not name EdDSA or Ed25519"


KEY_USES = {
    "RS256": ("RS256", "PS256"), "ES256": ("ES256",), "ES384": ("ES384",), "ES512": ("ES512",),
    "EdDSA": ED25519,
}  # fmt: skip


def uses(jwk: Any, allowed: Sequence[str] = ALL) -> list[str]:
    """The algorithms that the JWK verifies; none where it is passed over."""
    try:
        return [key.algorithm_name for key in public_keys(jwk, allowed)]
    except ValueError:
        return []


def reason(jwk: Any, allowed: Sequence[str] = ALL) -> str:
    """Why the JWK is passed over."""
    with pytest.raises(ValueError, match=r".") as caught:
        public_keys(jwk, allowed)
    return str(caught.value)


@pytest.mark.parametrize(("algorithm", "all_uses"), list(KEY_USES.items()))
def test_a_jwk_without_alg_has_the_algorithms_of_its_type_and_curve(
    algorithm: str, all_uses: tuple[str, ...]
) -> None:
    jwk = signer(algorithm).jwk(alg=None, use=None)
    assert uses(jwk) == list(all_uses)
    last = [*all_uses] if all_uses == ED25519 else [all_uses[-1]]
    assert uses(jwk | {"alg": all_uses[-1]}) == last
    assert uses(jwk | {"key_ops": ["verify"]}) == list(all_uses)
    assert not uses(jwk, SYMMETRIC)


@pytest.mark.parametrize(
    "members",
    [{"use": "enc"}, {"use": ["sig"]}, {"key_ops": ["sign"]}, {"key_ops": "verify"}, {"key_ops": []},
    {"key_ops": {}},
     {"alg": "HS256"}, {"alg": "RS256"}, {"alg": "none"}, {"alg": ["ES256"]}, {"kid": 7}, {"kid": ["a"]},
     {"kty": "oct"}, {"kty": "RSA"}, {"kty": ["EC"]}, {"d": "A" * 43},
     {"crv": "P-384"}, {"crv": "secp256k1"}, {"crv": None}, {"crv": ["P-256"]},
     {"x": None}, {"x": 7}, {"x": "AAAA"}, {"y": "\u00fc"}, {"y": "\ud800"}, {"x": "A" * 43, "y": "A" * 43}],
)  # fmt: skip
def test_a_jwk_that_is_not_for_verifying_tokens_is_passed_over(members: dict[str, Any]) -> None:
    assert uses(signer("ES256").jwk())
    assert not uses(signer("ES256").jwk(**members))


def test_symmetric_private_weak_and_unknown_jwks_are_passed_over() -> None:
    assert not uses(Signer("HS256").jwk())
    weak = Signer("RS256", "weak", rsa.generate_private_key(65537, 1024))
    assert not uses(weak.jwk())
    private = jwt.algorithms.OKPAlgorithm.to_jwk(signer("EdDSA").key, as_dict=True)
    assert not uses(private)
    assert not uses({"kty": "OKP", "crv": "X25519", "x": base64url_encode(x25519_public()).decode()})
    assert not uses(Signer("EdDSA", "448", ed448.Ed448PrivateKey.generate()).jwk())
    assert not uses(Signer("ES256K", "k1", ec.generate_private_key(ec.SECP256K1())).jwk())
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
        assert not uses(jwk)


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"kid": 7}, "its kid is not a string"),
        ({"d": "c2VjcmV0"}, "it is a private key or a secret, which must not be published"),
        ({"kty": "oct", "k": "c2VjcmV0"}, "it is a private key or a secret, which must not be published"),
        ({"use": "enc"}, 'its use is "enc", not sig'),
        ({"use": "e" * 200}, f'its use is "{"e" * 76}..., not sig'),
        ({"key_ops": ["sign"]}, "its key_ops do not contain verify"),
        ({"kty": "AKP", "crv": None}, 'its kty and crv, "AKP", are not supported'),
        ({"crv": "secp256k1"}, 'its kty and crv, "EC secp256k1", are not supported'),
        ({"alg": "ECDH-ES"}, 'its alg is "ECDH-ES", which is not supported for "EC P-256"'),
        ({"x": "c2VjcmV0"}, "its numbers do not make a key"),
    ],
)
def test_the_reason_for_passing_over_a_jwk_is_said(members: dict[str, Any], said: str) -> None:
    assert reason(signer("ES256").jwk(**members)) == said


def test_the_reasons_that_depend_on_more_than_a_member_are_said() -> None:
    assert reason([]) == "it is not a JSON object"
    assert reason(signer("ES256").jwk(), ["ES384"]) == "JWT_ALGORITHM does not name ES256"
    assert reason(signer("RS256").jwk(alg=None), ["ES384"]) == "JWT_ALGORITHM does not name RS256 or PS256"
    weak = Signer("RS256", "weak", rsa.generate_private_key(65537, 1024))
    assert reason(weak.jwk()).startswith("The RSA key is 1024 bits long")


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
    assert {*uses(jwk)} <= {*ASYMMETRIC}
    if not uses(jwk):
        assert reason(jwk).isascii()
