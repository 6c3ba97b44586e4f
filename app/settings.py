"""The settings of the service, read from environment variables and checked once, at the start."""

import dataclasses
import hashlib
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

from app.variables import (
    choice,
    flag,
    headers,
    integer,
    names,
    networks,
    path,
    postgres_url,
    proxy,
    rate,
    secrets,
    webhook_keys,
)


class SettingsError(Exception):
    """What is wrong with the environment: one line for each fault, each naming its variable."""


def _setting(about: str, default: Any = dataclasses.MISSING, parse: Any = str) -> Any:
    return field(default=default, metadata={"about": about, "parse": parse})


def variable_of(setting: dataclasses.Field[Any]) -> str:
    """The environment variable of a field: its name in capitals."""
    return setting.name.upper()


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """Each field is one environment variable; ``.env.example`` lists them all."""

    database_url: str = _setting(
        "PostgreSQL, as the role task_api: postgresql://task_api:…@host/database",
        parse=postgres_url,
    )
    jwt_secret: str = _setting("the secret of HS256, HS384, HS512 tokens; at least 32 bytes", "")
    jwt_secrets: Mapping[str, str] = _setting(
        """several secrets by key id, to rotate them: '{"kid": "secret"}'""", None, secrets
    )
    jwt_public_key: str = _setting("a PEM public key, for RS, PS, ES and EdDSA tokens", "")
    jwt_jwks_url: str = _setting("where the issuer publishes its keys", "")
    jwt_jwks_max_age: float = _setting(
        "seconds after which the issuer's keys are fetched anew", 300, integer(1, 86_400)
    )
    jwt_jwks_interval: float = _setting(
        "seconds between two fetches, at least, when a key is not known",
        10,
        integer(1, 3600),
    )
    jwt_jwks_timeout: float = _setting("seconds that the issuer may take to answer", 5, integer(1, 60))
    jwt_algorithm: tuple[str, ...] = _setting("the algorithms that are accepted", ("HS256",), names)
    jwt_audience: tuple[str, ...] = _setting("accepted aud claims; unset: not looked at", (), names)
    jwt_issuer: tuple[str, ...] = _setting("accepted iss claims; unset: not looked at", (), names)
    jwt_user_claim: tuple[str, ...] = _setting(
        "the claims that may name the user; the first one present does",
        ("sub", "user_id"),
        names,
    )
    jwt_leeway: int = _setting("seconds by which clocks may differ", 10, integer(0, 300))
    jwt_require_scope: bool = _setting("whether tokens need the scope tasks:read or tasks:write", False, flag)
    jwt_scope_claim: tuple[str, ...] = _setting(
        "the claims that may name the scopes; the first one present does",
        ("scope", "scp", "permissions"),
        names,
    )
    passes: bool = _setting(
        "whether users may create passes, tokens of their own for scripts, and use them", True, flag
    )
    webhook_key: tuple[str, ...] = _setting(
        "the key that the secrets of webhooks are derived from, at least 32 bytes; unset: no webhooks, no "
        "reminders",
        (),
        webhook_keys,
    )
    webhook_allow: tuple[str, ...] = _setting(
        "networks beside the public ones that webhooks may reach, by http as well, with commas", (), networks
    )
    webhook_proxy: str = _setting(
        "an HTTP proxy that the worker sends through; it must refuse private addresses itself", "", proxy
    )
    worker_port: int = _setting(
        "where duly worker answers GET /metrics, on HOST; 0: nowhere", 0, integer(0, 65535)
    )
    jwt_cache_size: int = _setting(
        "how many verified tokens are remembered; 0: none", 10_000, integer(0, 1_000_000)
    )

    host: str = _setting("the address to listen on", "127.0.0.1")
    port: int = _setting("the port to listen on", 8000, integer(0, 65535))
    root_path: str = _setting("the path below which a proxy shows the service, for example /duly", "", path)
    workers: int = _setting("how many processes serve", 1, integer(1, 256))
    pool_size: int = _setting("database connections of each worker", 10, integer(1, 1000))
    pool_queue: int = _setting(
        "requests of each worker that may wait for a connection; beyond: 503",
        2000,
        integer(0, 100_000),
    )
    database_timeout: int = _setting(
        "seconds that a request waits for the database; then: 503", 6, integer(1, 300)
    )

    client_timeout: int = _setting(
        "seconds that a client may pause while it sends a request or takes its answer",
        10,
        integer(1, 300),
    )
    keep_alive: int = _setting(
        "seconds that an idle connection is kept open; more than the proxy before the service keeps it",
        75,
        integer(1, 3600),
    )
    shutdown_timeout: int = _setting(
        "seconds that running requests have to end after SIGTERM", 10, integer(1, 300)
    )
    events_limit: int = _setting(
        "streams of GET /events that each worker may have; 0: there is no such path",
        1000,
        integer(0, 100_000),
    )
    events_interval: int = _setting(
        "seconds between two looks for changes that other workers have made", 1, integer(1, 60)
    )
    rate_limit: tuple[int, int] | None = _setting(
        "requests/seconds that each user may send, for example 100/60; unset: any number",
        None,
        rate,
    )

    log_level: Literal["debug", "info", "warning", "error"] = _setting(
        "debug, info, warning or error; from info on, a line for each request",
        "warning", choice("debug", "info", "warning", "error"),
    )  # fmt: skip
    log_format: Literal["text", "json"] = _setting(
        "text or json, one object a line", "text", choice("text", "json")
    )
    metrics: bool = _setting("whether GET /metrics answers, for Prometheus", False, flag)
    tracing: bool = _setting(
        "whether to send traces to OpenTelemetry, as its own OTEL_… variables say", False, flag
    )

    cors_origins: tuple[str, ...] = _setting(
        "origins of web front ends, with commas", ("http://localhost:3000",), names
    )
    cors_headers: tuple[str, ...] = _setting(
        "request headers that web front ends may send beside the usual ones, with commas", (), headers
    )
    unknown_fields: Literal["refuse", "ignore"] = _setting(
        "refuse or ignore fields of a body that are not known",
        "refuse",
        choice("refuse", "ignore"),
    )
    require_if_match: bool = _setting("whether changes of a task need If-Match; without it: 428", False, flag)
    health_details: bool = _setting(
        "whether GET /health/ready says why it is not ready; the reasons name tables and roles", False, flag
    )
    development: bool = _setting(
        "set by `make run`, for itself only: short secrets, and /docs hands out tokens", False, flag
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
            variable = variable_of(setting)
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
        settings = cls(**values)
        if settings.development and not settings._is_local():
            return dataclasses.replace(settings, development=False)
        return settings

    def _is_local(self) -> bool:
        """Whether only this machine reaches the service, and its database is behind a Unix socket."""
        parts = urlsplit(self.database_url)
        socket = parse_qs(parts.query).get("host", [""])[-1].startswith("/")
        return is_loopback(self.host) and not parts.hostname and socket


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def read_database_url(environment: Mapping[str, str], variable: str) -> str | None:
    """The URL of a database in a variable; None where it is not set. Raises SettingsError."""
    given = environment.get(variable, "").strip()
    try:
        return postgres_url(given) if given else None
    except ValueError as error:
        raise SettingsError(f"{variable} {error}") from None


def wants_development(environment: Mapping[str, str]) -> bool:
    """Whether DEVELOPMENT is asked for, also where it can't hold."""
    return flag(environment.get("DEVELOPMENT", "").strip() or "false")
