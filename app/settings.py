"""The settings of the service, read from environment variables and checked once, at the start."""

import dataclasses
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit


class SettingsError(Exception):
    """What is wrong with the environment: one line for each fault, each naming its variable."""


def _flag(text: str) -> bool:
    if text.lower() not in ("true", "false", "1", "0", "yes", "no", "on", "off"):
        raise ValueError("must be true or false")
    return text.lower() in ("true", "1", "yes", "on")


def _integer(low: int, high: int) -> Any:
    def parse(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
            raise ValueError(f"must be a whole number from {low} to {high}")
        return int(text)

    return parse


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for part in text.split(",") if (name := part.strip()))


def _choice(*choices: str) -> Any:
    def parse(text: str) -> str:
        if text not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}")
        return text

    return parse


def _secrets(text: str) -> dict[str, str]:
    try:
        secrets = json.loads(text)
    except ValueError:
        secrets = None
    if not isinstance(secrets, dict) or not all(isinstance(secret, str) for secret in secrets.values()):
        raise ValueError('must be a JSON object of key ids and secrets, for example {"2026-11": "…"}')
    return secrets


def _database_url(text: str) -> str:
    if urlsplit(text).scheme not in ("postgres", "postgresql"):
        raise ValueError("must be a URL like postgresql://user:password@host:5432/database")
    return text


def _rate(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"([0-9]{1,7})/([0-9]{1,5})", text)
    if match is None or not int(match[1]) or not int(match[2]):
        raise ValueError("must be requests/seconds, for example 100/60")
    return int(match[1]), int(match[2])


def _setting(variable: str, about: str, default: Any = dataclasses.MISSING, parse: Any = str) -> Any:
    return field(default=default, metadata={"variable": variable, "about": about, "parse": parse})


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """Each field is one environment variable; ``.env.example`` lists them all."""

    database_url: str = _setting(
        "DATABASE_URL",
        "PostgreSQL, as the role task_api: postgresql://task_api:…@host/database",
        parse=_database_url,
    )
    jwt_secret: str = _setting(
        "JWT_SECRET", "the secret of HS256, HS384, HS512 tokens; at least 32 bytes", ""
    )
    jwt_secrets: Mapping[str, str] = _setting(
        "JWT_SECRETS", 'several secrets by key id, to rotate them: {"kid": "secret"}', None, _secrets
    )
    jwt_public_key: str = _setting("JWT_PUBLIC_KEY", "a PEM public key, for RS, PS, ES and EdDSA tokens", "")
    jwt_jwks_url: str = _setting("JWT_JWKS_URL", "where the issuer publishes its keys", "")
    jwt_jwks_max_age: float = _setting(
        "JWT_JWKS_MAX_AGE", "seconds after which the issuer's keys are fetched anew", 300, _integer(1, 86_400)
    )
    jwt_jwks_interval: float = _setting(
        "JWT_JWKS_INTERVAL",
        "seconds between two fetches, at least, when a key is not known",
        10,
        _integer(1, 3600),
    )
    jwt_jwks_timeout: float = _setting(
        "JWT_JWKS_TIMEOUT", "seconds that the issuer may take to answer", 5, _integer(1, 60)
    )
    jwt_algorithm: tuple[str, ...] = _setting(
        "JWT_ALGORITHM", "the algorithms that are accepted", ("HS256",), _names
    )
    jwt_audience: tuple[str, ...] = _setting(
        "JWT_AUDIENCE", "accepted aud claims; unset: not looked at", (), _names
    )
    jwt_issuer: tuple[str, ...] = _setting(
        "JWT_ISSUER", "accepted iss claims; unset: not looked at", (), _names
    )
    jwt_user_claim: tuple[str, ...] = _setting(
        "JWT_USER_CLAIM",
        "the claims that may name the user; the first one present does",
        ("sub", "user_id"),
        _names,
    )
    jwt_leeway: int = _setting("JWT_LEEWAY", "seconds by which clocks may differ", 10, _integer(0, 300))
    jwt_require_scope: bool = _setting(
        "JWT_REQUIRE_SCOPE", "whether tokens need the scope tasks:read or tasks:write", False, _flag
    )
    jwt_scope_claim: tuple[str, ...] = _setting(
        "JWT_SCOPE_CLAIM",
        "the claims that may name the scopes; the first one present does",
        ("scope", "scp", "permissions"),
        _names,
    )
    jwt_cache_size: int = _setting(
        "JWT_CACHE_SIZE", "how many verified tokens are remembered; 0: none", 10_000, _integer(0, 1_000_000)
    )

    host: str = _setting("HOST", "the address to listen on", "127.0.0.1")
    port: int = _setting("PORT", "the port to listen on", 8000, _integer(0, 65535))
    workers: int = _setting("WORKERS", "how many processes serve", 1, _integer(1, 256))
    pool_size: int = _setting("POOL_SIZE", "database connections of each worker", 10, _integer(1, 1000))
    pool_queue: int = _setting(
        "POOL_QUEUE",
        "requests of each worker that may wait for a connection; beyond: 503",
        2000,
        _integer(0, 100_000),
    )
    database_timeout: int = _setting(
        "DATABASE_TIMEOUT", "seconds that a request waits for the database; then: 503", 6, _integer(1, 300)
    )

    client_timeout: int = _setting(
        "CLIENT_TIMEOUT",
        "seconds that a client may take to send a request or to take its answer",
        10,
        _integer(1, 300),
    )
    shutdown_timeout: int = _setting(
        "SHUTDOWN_TIMEOUT", "seconds that running requests have to end after SIGTERM", 10, _integer(1, 300)
    )
    rate_limit: tuple[int, int] | None = _setting(
        "RATE_LIMIT",
        "requests/seconds that each user may send, for example 100/60; unset: any number",
        None,
        _rate,
    )

    log_level: Literal["debug", "info", "warning", "error"] = _setting(
        "LOG_LEVEL", "debug, info, warning or error; from info on, a line for each request",
        "warning", _choice("debug", "info", "warning", "error"),
    )  # fmt: skip
    log_format: Literal["text", "json"] = _setting(
        "LOG_FORMAT", "text or json, one object a line", "text", _choice("text", "json")
    )
    metrics: bool = _setting("METRICS", "whether GET /metrics answers, for Prometheus", False, _flag)
    tracing: bool = _setting(
        "TRACING", "whether to send traces to OpenTelemetry, as its own OTEL_… variables say", False, _flag
    )

    cors_origins: tuple[str, ...] = _setting(
        "CORS_ORIGINS", "origins of web front ends, with commas", ("http://localhost:3000",), _names
    )
    unknown_fields: Literal["refuse", "ignore"] = _setting(
        "UNKNOWN_FIELDS",
        "refuse or ignore fields of a body that are not known",
        "refuse",
        _choice("refuse", "ignore"),
    )
    require_if_match: bool = _setting(
        "REQUIRE_IF_MATCH", "whether changes of a task need If-Match; without it: 428", False, _flag
    )
    development: bool = _setting(
        "DEVELOPMENT", "set by `make run`: short secrets, and /docs hands out tokens", False, _flag
    )

    @property
    def cursor_key(self) -> str:
        """What cursors are signed with."""
        return self.derive_key("cursor").hex()

    def derive_key(self, purpose: str) -> bytes:
        """A key for one purpose, from which nothing can be learned about the secrets."""
        secret = "\n".join(
            (self.jwt_secret, *(self.jwt_secrets or {}).values(), self.jwt_public_key, self.database_url)
        )
        return hashlib.sha256(f"duly {purpose}\n{secret}".encode()).digest()

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Read all settings.

        Raises:
            SettingsError: where variables are missing or wrong; all of them are named.
        """
        values: dict[str, Any] = {}
        faults: list[str] = []
        for setting in dataclasses.fields(cls):
            variable = setting.metadata["variable"]
            text = environment.get(variable, "").strip()
            if not text:
                if setting.default is dataclasses.MISSING:
                    faults.append(f"{variable} is not set: {setting.metadata['about']}")
                continue
            try:
                values[setting.name] = setting.metadata["parse"](text)
            except ValueError as fault:
                faults.append(f"{variable} {fault}")
        if faults:
            raise SettingsError("\n".join(faults))
        return cls(**values)
