"""The settings of the service, read from environment variables and checked once, at the start."""

import dataclasses
import hashlib
import ipaddress
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit


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


def _headers(text: str) -> tuple[str, ...]:
    # The head of an answer has to stay below 4 KiB.
    if len(text) > 1000 or not all(
        re.fullmatch(r"[\w!#$%&'*+.^`|~-]+", name, re.ASCII) for name in _names(text)
    ):
        raise ValueError("must be names of header fields, with commas, in at most 1,000 characters")
    return _names(text)


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
        raise ValueError("""must be a JSON object of key ids and secrets; in a shell: '{"2026-11": "…"}'""")
    return secrets


def parse_database_url(text: str) -> str:
    """The text. Raises ValueError if it is no URL of PostgreSQL, without the text: it may be a secret."""
    try:
        parts = urlsplit(text)
    except ValueError:
        raise ValueError(f"must be a URL like {_URL}; {_ENCODED}") from None
    hosts = parts.netloc.rpartition("@")[2].split(",")
    modes = parse_qs(parts.query).get("sslmode", ["prefer"])
    if parts.scheme not in ("postgres", "postgresql") or not text.partition(":")[2].startswith("//"):
        raise ValueError(f"must be a URL like {_URL}")
    if parts.fragment or not all(_HOST.fullmatch(host) for host in hosts):
        raise ValueError(f"must be a URL like {_URL}; {_ENCODED}")
    if modes[-1] not in _SSL_MODES:
        raise ValueError(f"must have one of these as sslmode: {', '.join(_SSL_MODES)}")
    return text


_URL = "postgresql://user:password@host:5432/database"
_ENCODED = "in a password, @ : / ? # % [ ] are percent-encoded"
_HOST = re.compile(r"(\[[0-9A-Fa-f:.%]+\]|[^:\[\]\s]*)(:[0-9]{1,5})?")
_SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")


def _rate(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"([0-9]{1,7})/([0-9]{1,5})", text)
    if match is None or not int(match[1]) or not int(match[2]):
        raise ValueError("must be requests/seconds, for example 100/60")
    return int(match[1]), int(match[2])


def _webhook_keys(text: str) -> tuple[str, ...]:
    keys = _names(text)
    if not 1 <= len(keys) <= 2 or not all(len(key.encode()) >= 32 for key in keys):
        raise ValueError(
            "must be one key of at least 32 bytes, or two with a comma: the new one, then the old one"
        )
    return keys


def _networks(text: str) -> tuple[str, ...]:
    try:
        return tuple(str(ipaddress.ip_network(name)) for name in _names(text))
    except ValueError:
        raise ValueError("must be networks with commas, for example 192.168.0.0/16,10.1.2.3/32") from None


def _proxy(text: str) -> str:
    if not re.fullmatch(r"http://[^/@#?\s]+/?", text):
        raise ValueError("must be a URL like http://proxy:4750")
    return text


def _path(text: str) -> str:
    # It goes into Location and Link, and the head of an answer has to stay below 4 KiB.
    if len(text) > 100 or not re.fullmatch(r"(/[A-Za-z0-9._~-]+)+/?", text):
        raise ValueError("must be a path like /duly")
    return text.rstrip("/")


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
        parse=parse_database_url,
    )
    jwt_secret: str = _setting("the secret of HS256, HS384, HS512 tokens; at least 32 bytes", "")
    jwt_secrets: Mapping[str, str] = _setting(
        """several secrets by key id, to rotate them: '{"kid": "secret"}'""", None, _secrets
    )
    jwt_public_key: str = _setting("a PEM public key, for RS, PS, ES and EdDSA tokens", "")
    jwt_jwks_url: str = _setting("where the issuer publishes its keys", "")
    jwt_jwks_max_age: float = _setting(
        "seconds after which the issuer's keys are fetched anew", 300, _integer(1, 86_400)
    )
    jwt_jwks_interval: float = _setting(
        "seconds between two fetches, at least, when a key is not known",
        10,
        _integer(1, 3600),
    )
    jwt_jwks_timeout: float = _setting("seconds that the issuer may take to answer", 5, _integer(1, 60))
    jwt_algorithm: tuple[str, ...] = _setting("the algorithms that are accepted", ("HS256",), _names)
    jwt_audience: tuple[str, ...] = _setting("accepted aud claims; unset: not looked at", (), _names)
    jwt_issuer: tuple[str, ...] = _setting("accepted iss claims; unset: not looked at", (), _names)
    jwt_user_claim: tuple[str, ...] = _setting(
        "the claims that may name the user; the first one present does",
        ("sub", "user_id"),
        _names,
    )
    jwt_leeway: int = _setting("seconds by which clocks may differ", 10, _integer(0, 300))
    jwt_require_scope: bool = _setting(
        "whether tokens need the scope tasks:read or tasks:write", False, _flag
    )
    jwt_scope_claim: tuple[str, ...] = _setting(
        "the claims that may name the scopes; the first one present does",
        ("scope", "scp", "permissions"),
        _names,
    )
    passes: bool = _setting(
        "whether users may create passes, tokens of their own for scripts, and use them", True, _flag
    )
    webhook_key: tuple[str, ...] = _setting(
        "the key that the secrets of webhooks are derived from, at least 32 bytes; unset: no webhooks, no "
        "reminders",
        (),
        _webhook_keys,
    )
    webhook_allow: tuple[str, ...] = _setting(
        "networks beside the public ones that webhooks may reach, by http as well, with commas", (), _networks
    )
    webhook_proxy: str = _setting(
        "an HTTP proxy that the worker sends through, and that then decides what it may reach", "", _proxy
    )
    worker_port: int = _setting(
        "where duly worker answers GET /metrics, on HOST; 0: nowhere", 0, _integer(0, 65535)
    )
    jwt_cache_size: int = _setting(
        "how many verified tokens are remembered; 0: none", 10_000, _integer(0, 1_000_000)
    )

    host: str = _setting("the address to listen on", "127.0.0.1")
    port: int = _setting("the port to listen on", 8000, _integer(0, 65535))
    root_path: str = _setting("the path below which a proxy shows the service, for example /duly", "", _path)
    workers: int = _setting("how many processes serve", 1, _integer(1, 256))
    pool_size: int = _setting("database connections of each worker", 10, _integer(1, 1000))
    pool_queue: int = _setting(
        "requests of each worker that may wait for a connection; beyond: 503",
        2000,
        _integer(0, 100_000),
    )
    database_timeout: int = _setting(
        "seconds that a request waits for the database; then: 503", 6, _integer(1, 300)
    )

    client_timeout: int = _setting(
        "seconds that a client may pause while it sends a request or takes its answer",
        10,
        _integer(1, 300),
    )
    keep_alive: int = _setting(
        "seconds that an idle connection is kept open; more than the proxy before the service keeps it",
        75,
        _integer(1, 3600),
    )
    shutdown_timeout: int = _setting(
        "seconds that running requests have to end after SIGTERM", 10, _integer(1, 300)
    )
    events_limit: int = _setting(
        "streams of GET /events that each worker may have; 0: there is no such path",
        1000,
        _integer(0, 100_000),
    )
    events_interval: int = _setting(
        "seconds between two looks for changes that other workers have made", 1, _integer(1, 60)
    )
    rate_limit: tuple[int, int] | None = _setting(
        "requests/seconds that each user may send, for example 100/60; unset: any number",
        None,
        _rate,
    )

    log_level: Literal["debug", "info", "warning", "error"] = _setting(
        "debug, info, warning or error; from info on, a line for each request",
        "warning", _choice("debug", "info", "warning", "error"),
    )  # fmt: skip
    log_format: Literal["text", "json"] = _setting(
        "text or json, one object a line", "text", _choice("text", "json")
    )
    metrics: bool = _setting("whether GET /metrics answers, for Prometheus", False, _flag)
    tracing: bool = _setting(
        "whether to send traces to OpenTelemetry, as its own OTEL_… variables say", False, _flag
    )

    cors_origins: tuple[str, ...] = _setting(
        "origins of web front ends, with commas", ("http://localhost:3000",), _names
    )
    cors_headers: tuple[str, ...] = _setting(
        "request headers that web front ends may send beside the usual ones, with commas", (), _headers
    )
    unknown_fields: Literal["refuse", "ignore"] = _setting(
        "refuse or ignore fields of a body that are not known",
        "refuse",
        _choice("refuse", "ignore"),
    )
    require_if_match: bool = _setting(
        "whether changes of a task need If-Match; without it: 428", False, _flag
    )
    health_details: bool = _setting(
        "whether GET /health/ready says why it is not ready; the reasons name tables and roles", False, _flag
    )
    development: bool = _setting(
        "set by `make run`, for itself only: short secrets, and /docs hands out tokens", False, _flag
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


def wants_development(environment: Mapping[str, str]) -> bool:
    """Whether DEVELOPMENT is asked for, also where it can't hold."""
    return _flag(environment.get("DEVELOPMENT", "").strip() or "false")
