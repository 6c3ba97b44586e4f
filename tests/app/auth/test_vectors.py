"""The published examples: RFC 7515 appendices A.1 to A.5 and E, RFC 7519, RFC 7797, RFC 8037 appendix A."""

from collections.abc import Callable
from datetime import datetime, tzinfo
from typing import Any

import jwt
import pytest
from jwt.utils import base64url_decode

from app.auth.authenticator import NOT_SIGNED, Authenticator
from app.auth.keys import ASYMMETRIC, SYMMETRIC, public_keys
from app.web.problems import Unauthorized
from tests.app.auth.issuer import Issuer
from tests.app.auth.signing import authenticator, identify

# {"iss":"joe", "exp":1300819380, "http://example.com/is_root":true}
CLAIMS = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
EXP = 1300819380

HS256_KEY = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"
HS256_TOKEN = f"eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.{CLAIMS}.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"

RS256_KEY = {
    "kty": "RSA",
    "n": "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJ"
    "PMEzP1Pt0Bm4d4QlL-yRT"
    "-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z"
    "5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdV"
    "MTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkM"
    "Ls91kzk2PAcDTW9gb54h4FRWyuXpoQ",
    "e": "AQAB",
}
RS256_TOKEN = (
    f"eyJhbGciOiJSUzI1NiJ9.{CLAIMS}."
    "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF"
    "5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4"
    "BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383"
    "LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqv"
    "hJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"
)

ES256_KEY = {
    "kty": "EC",
    "crv": "P-256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
}
ES256_TOKEN = (
    f"eyJhbGciOiJFUzI1NiJ9.{CLAIMS}."
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
)

UNSECURED = f"eyJhbGciOiJub25lIn0.{CLAIMS}."
CRITICAL = (
    "eyJhbGciOiJub25lIiwNCiAiY3JpdCI6WyJodHRwOi8vZXhhbXBsZS5jb20vVU5ERUZJTkVEIl0sDQog"
    "Imh0dHA6Ly9leGFtcGxlLmNvbS9VTkRFRklORUQiOnRydWUNCn0"
    ".RkFJTA."
)
UNENCODED = (
    "eyJhbGciOiJIUzI1NiIsImI2NCI6ZmFsc2UsImNyaXQiOlsiYjY0Il19..A5dxf2s96_n5FLueVuW1Z_vh161FwXZC4YLPff6dmDY"
)

ED25519_KEY = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
ED25519_TOKEN = (
    "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
    "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
)


@pytest.fixture
def set_clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Makes it another time, in seconds since 1970, for who verifies tokens."""

    def set_clock(now: int) -> None:
        class Clock(datetime):
            @classmethod
            def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
                return datetime.fromtimestamp(now, tz)

        monkeypatch.setattr("jwt.api_jwt.datetime", Clock)
        monkeypatch.setattr("app.auth.authenticator.time", lambda: now)

    return set_clock


def octets(text: str) -> str:
    """Bytes in base64url as an environment variable holds them."""
    return base64url_decode(text).decode("utf-8", "surrogateescape")


def verifier(key: str | dict[str, str], issuer: Issuer) -> Authenticator:
    """An Authenticator with the one key, for tokens that name the user in iss."""
    if isinstance(key, str):
        return authenticator(jwt_secret=octets(key), jwt_algorithm=SYMMETRIC, jwt_user_claim=("iss",))
    issuer.publish(key)
    return authenticator(jwt_jwks_url=issuer.url, jwt_algorithm=ASYMMETRIC, jwt_user_claim=("iss",))


@pytest.mark.parametrize(
    ("key", "token"),
    [
        pytest.param(HS256_KEY, HS256_TOKEN, id="RFC 7515 A.1 and RFC 7519 3.1, HS256"),
        pytest.param(RS256_KEY, RS256_TOKEN, id="RFC 7515 A.2, RS256"),
        pytest.param(ES256_KEY, ES256_TOKEN, id="RFC 7515 A.3, ES256"),
    ],
)
def test_a_published_token_is_taken_until_it_expires(
    key: Any, token: str, set_clock: Callable[[int], None]
) -> None:
    with Issuer() as issuer:
        set_clock(EXP - 1)
        assert identify(verifier(key, issuer), token).user_id == "joe"
        with pytest.raises(Unauthorized, match=NOT_SIGNED):
            identify(verifier(key, issuer), token.replace(CLAIMS[:8], CLAIMS[:7] + "K"))
        set_clock(EXP)
        with pytest.raises(Unauthorized, match="expired"):
            identify(verifier(key, issuer), token)


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(UNSECURED, id="RFC 7515 A.5 and RFC 7519 6.1, none"),
        pytest.param(CRITICAL, id="RFC 7515 E, an unknown critical extension"),
        pytest.param(UNENCODED, id="RFC 7797 4.2, an unencoded payload"),
    ],
)
def test_a_published_token_that_is_not_for_us_is_refused(
    token: str, set_clock: Callable[[int], None]
) -> None:
    set_clock(EXP - 1)
    with Issuer() as issuer, pytest.raises(Unauthorized, match=NOT_SIGNED):
        identify(verifier(HS256_KEY, issuer), token)


def test_the_ed25519_example_of_rfc_8037_a4_is_verified_as_in_a5() -> None:
    key = public_keys(ED25519_KEY, ASYMMETRIC)[0]
    assert jwt.PyJWS().decode(ED25519_TOKEN, key, algorithms=["EdDSA"]) == b"Example of Ed25519 signing"
    # It is signed, but is no JWT.
    with Issuer() as issuer, pytest.raises(Unauthorized, match="The claims are not valid"):
        identify(verifier(ED25519_KEY, issuer), ED25519_TOKEN)
    with Issuer() as issuer, pytest.raises(Unauthorized, match=NOT_SIGNED):
        identify(verifier(ED25519_KEY, issuer), ED25519_TOKEN.replace("RXhh", "RXhi"))
