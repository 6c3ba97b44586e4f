"""What the service refuses to start with: each fault is a line that names its variable."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from app.settings import Settings, SettingsError
from tests.app.auth.signing import SECRET, Signer, authenticator, identify, signer

WEAK = Signer("RS256", None, rsa.generate_private_key(65537, 1024)).pem()
P521 = Signer("ES512", None, ec.generate_private_key(ec.SECP521R1())).pem()
DSA = Signer("none", None, dsa.generate_private_key(2048)).pem()
PRIVATE = signer("ES256").key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
NO_KEY = "JWT_SECRET, JWT_SECRETS, JWT_PUBLIC_KEY or JWT_JWKS_URL must be set: JWT_ALGORITHM names "
JWK = '{"kty":"oct","k":"c2VjcmV0IG9mIDMyIGJ5dGVzIGFuZCBtb3JlIG9mIHRoZW0"}'


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"jwt_secret": ""}, NO_KEY + "HS256"),
        ({"jwt_secret": "", "jwt_algorithm": ("RS256",)}, NO_KEY + "RS256"),
        ({"jwt_secret": SECRET, "jwt_algorithm": ("HS256", "RS256")}, NO_KEY + "RS256"),
        ({"jwt_secret": "s" * 31}, "JWT_SECRET has 31 bytes; it must have 32 or more"),
        ({"jwt_secrets": {"new": SECRET, "old": "short"}}, "JWT_SECRETS, old: has 5 bytes"),
        ({"jwt_secrets": {"empty": ""}}, "JWT_SECRETS, empty: has 0 bytes"),
        ({"jwt_secrets": {"empty": ""}, "development": True}, "JWT_SECRETS, empty: has 0 bytes"),
        ({"jwt_secret": signer("RS256").pem()}, "JWT_SECRET is a key in PEM or the like, not a secret"),
        ({"jwt_secret": JWK}, "JWT_SECRET is a key in PEM or the like, not a secret"),
        ({"jwt_secret": SECRET, "jwt_algorithm": ("ES256",)},
        "JWT_SECRET is not a key for ES256 (JWT_ALGORITHM)"),
        ({"jwt_public_key": signer("ES256").pem()}, "JWT_PUBLIC_KEY is not a key for HS256 (JWT_ALGORITHM)"),
        ({"jwt_public_key": signer("ES256").pem(), "jwt_algorithm": ("ES384",)},
        "JWT_PUBLIC_KEY is not a key for ES384"),
        ({"jwt_public_key": WEAK, "jwt_algorithm": ("RS256",)}, "JWT_PUBLIC_KEY is not a key for RS256"),
        ({"jwt_public_key": P521, "jwt_algorithm": ("ES256",)}, "JWT_PUBLIC_KEY is not a key for ES256"),
        ({"jwt_public_key": DSA, "jwt_algorithm": ("ES256",)}, "JWT_PUBLIC_KEY is not a key for ES256"),
        ({"jwt_public_key": "ssh-ed25519 AAAA", "jwt_algorithm": ("EdDSA",)},
        "JWT_PUBLIC_KEY must be a public key in PEM"),
        ({"jwt_public_key": PRIVATE, "jwt_algorithm": ("ES256",)},
        "JWT_PUBLIC_KEY must be a public key in PEM"),
        ({"jwt_jwks_url": "https://issuer.example/jwks"},
        "JWT_JWKS_URL is of use where JWT_ALGORITHM names some of"),
        ({"jwt_secret": SECRET, "jwt_algorithm": ("none",)}, "JWT_ALGORITHM must name some of HS256, HS384"),
        ({"jwt_secret": SECRET, "jwt_algorithm": ("HS256", "hs256")}, "JWT_ALGORITHM must name some of"),
        ({"jwt_secret": SECRET, "jwt_algorithm": ()}, "JWT_ALGORITHM must name some of"),
    ],
)  # fmt: skip
def test_it_does_not_start_with(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(SettingsError) as caught:
        authenticator(**settings)
    assert any(line.startswith(says) for line in str(caught.value).splitlines()), str(caught.value)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://issuer.example/jwks",
        "data:application/json,{}",
        "issuer.example/jwks",
        "https://",
        "//a",
    ],
)
def test_it_does_not_start_with_keys_from_an_address_like(url: str) -> None:
    with pytest.raises(SettingsError, match="JWT_JWKS_URL must be a URL like https://"):
        authenticator(jwt_jwks_url=url, jwt_algorithm=("RS256",))


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        authenticator(
            jwt_secret="short",
            jwt_secrets={"a": "b"},
            jwt_public_key="no",
            jwt_jwks_url="no",
            jwt_algorithm=("no",),
        )
    names = [line.split()[0].rstrip(",") for line in str(caught.value).splitlines()]
    assert {"JWT_SECRET", "JWT_SECRETS", "JWT_PUBLIC_KEY", "JWT_JWKS_URL", "JWT_ALGORITHM"} == set(names)


def test_in_development_a_short_secret_will_do_and_so_will_an_idle_one() -> None:
    short = Signer("HS256", None, "short").sign(b'{"alg":"HS256"}', b'{"sub":"alice","exp":9999999999}')
    assert identify(authenticator(jwt_secret="short", development=True), short).user_id == "alice"
    alice = signer("EdDSA")
    keys = {"jwt_public_key": alice.pem(), "jwt_algorithm": ("EdDSA",)}
    assert (
        identify(authenticator(jwt_secret="short", development=True, **keys), alice.token()).user_id
        == "alice"
    )


def test_32_bytes_are_enough_for_every_hs_algorithm() -> None:
    secret = "s" * 32
    for algorithm in ("HS256", "HS384", "HS512"):
        token = Signer(algorithm, None, secret).sign(
            f'{{"alg":"{algorithm}"}}'.encode(), b'{"sub":"alice","exp":9999999999}'
        )
        assert (
            identify(authenticator(jwt_secret=secret, jwt_algorithm=(algorithm,)), token).user_id == "alice"
        )


def test_a_pem_key_may_be_on_one_line() -> None:
    alice = signer("ES384")
    keys = {"jwt_public_key": alice.pem().replace("\n", "\\n"), "jwt_algorithm": ("ES384",)}
    assert identify(authenticator(**keys), alice.token()).user_id == "alice"


def test_the_settings_are_read_from_the_environment() -> None:
    settings = Settings.from_environment(
        {
            "DATABASE_URL": "postgresql://task_api@localhost/duly",
            "JWT_JWKS_URL": "https://issuer.example/jwks",
            "JWT_ALGORITHM": "EdDSA, ES256",
            "JWT_JWKS_MAX_AGE": "60",
            "JWT_JWKS_INTERVAL": "5",
            "JWT_JWKS_TIMEOUT": "2",
            "JWT_SECRETS": '{"2026": "a"}',
        }
    )
    assert settings.jwt_algorithm == ("EdDSA", "ES256")
    assert (settings.jwt_jwks_max_age, settings.jwt_jwks_interval, settings.jwt_jwks_timeout) == (60, 5, 2)
    assert settings.jwt_secrets == {"2026": "a"}
