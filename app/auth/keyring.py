"""Keys by algorithm and key id; and the keys that the settings name."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence

from jwt import PyJWK

from app.auth.keys import ASYMMETRIC, SYMMETRIC, pem_keys, secret_keys, with_aliases
from app.settings import Settings, SettingsError

# A token without a key id is tried with this many keys: with a large set, a forged token would be costly.
MAX_TRIES = 8


class KeyRing:
    """Keys by algorithm and key id."""

    def __init__(self, keys: Iterable[PyJWK]) -> None:
        self._by_algorithm: dict[str, list[PyJWK]] = defaultdict(list)
        self._by_kid: dict[tuple[str, str | None], list[PyJWK]] = defaultdict(list)
        for key in keys:
            self._by_algorithm[key.algorithm_name].append(key)
            self._by_kid[key.algorithm_name, key.key_id].append(key)

    def has(self, algorithm: str, kid: str | None) -> bool:
        """Whether there is a key with this id. None is the id of no key."""
        return kid is not None and (algorithm, kid) in self._by_kid

    def find(self, algorithm: str, kid: str | None) -> Sequence[PyJWK]:
        """The keys with this id, then those without an id; for None the first keys, whatever their id."""
        if kid is None:
            return self._by_algorithm.get(algorithm, [])[:MAX_TRIES]
        return [*self._by_kid.get((algorithm, kid), []), *self._by_kid.get((algorithm, None), [])][:MAX_TRIES]


def own_keys(settings: Settings) -> Sequence[PyJWK]:
    """The keys of JWT_SECRET, JWT_SECRETS and JWT_PUBLIC_KEY.

    Raises:
        SettingsError: one is unusable, JWT_ALGORITHM or JWT_JWKS_URL is wrong, or an algorithm has no key.
    """
    keys: list[PyJWK] = []
    errors: list[str] = []
    allowed = with_aliases(settings.jwt_algorithm)
    if not allowed or not {*SYMMETRIC, *ASYMMETRIC}.issuperset(allowed):
        known = ", ".join(SYMMETRIC + ASYMMETRIC)
        errors.append(f"JWT_ALGORITHM must name some of {known}, and nothing else")
    secrets: list[tuple[str | None, str]] = [(None, settings.jwt_secret)] if settings.jwt_secret else []
    for kid, secret in [*secrets, *(settings.jwt_secrets or {}).items()]:
        try:
            keys += secret_keys(secret, kid, allowed, development=settings.development)
        except ValueError as error:
            errors.append(f"JWT_SECRET {error}" if kid is None else f"JWT_SECRETS, {kid}: {error}")
    if settings.jwt_public_key:
        try:
            keys += pem_keys(settings.jwt_public_key, allowed)
        except ValueError as error:
            errors.append(f"JWT_PUBLIC_KEY {error}")
    if settings.jwt_jwks_url:
        if not re.match(r"https?://[^/]", settings.jwt_jwks_url):
            errors.append("JWT_JWKS_URL must be a URL like https://issuer.example/.well-known/jwks.json")
        if not {*ASYMMETRIC}.intersection(allowed):
            errors.append(f"JWT_JWKS_URL is of use where JWT_ALGORITHM names some of {', '.join(ASYMMETRIC)}")
    served = {key.algorithm_name for key in keys}.union(ASYMMETRIC if settings.jwt_jwks_url else ())
    if not errors and not served.issuperset(allowed):
        missing = ", ".join(name for name in settings.jwt_algorithm if name not in served)
        variables = "JWT_SECRET, JWT_SECRETS, JWT_PUBLIC_KEY or JWT_JWKS_URL"
        errors.append(f"{variables} must be set: JWT_ALGORITHM names {missing}, for which there is no key")
    if errors:
        raise SettingsError("\n".join(errors))
    return keys
