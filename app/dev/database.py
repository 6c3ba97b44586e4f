"""The database that ``make`` works with: the one of DATABASE_URL, else one of the embedded server.

DATABASE_OWNER_URL, where it is set, is used to migrate, and DATABASE_URL then only to serve.
"""

import hmac
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

from app.admin.migrate import set_passwords
from app.dev import postgres
from app.dev.project import DATA
from app.settings import read_database_url

_DATABASE = "duly"


@contextmanager
def database() -> Iterator[str]:
    """The URL of the database's owner: DATABASE_OWNER_URL or DATABASE_URL, else that of the embedded server.

    Raises:
        SettingsError: a variable is no URL of a database.
    """
    for variable in ("DATABASE_OWNER_URL", "DATABASE_URL"):
        if given := read_database_url(os.environ, variable):
            yield given
            return
    with postgres.postgres(DATA) as sockets:
        postgres.create_database(sockets, _DATABASE)
        yield postgres.url(sockets, postgres.OWNER, _DATABASE)


def is_embedded() -> bool:
    """Whether the database is the embedded one."""
    return not (os.environ.get("DATABASE_OWNER_URL") or os.environ.get("DATABASE_URL"))


def service_url(owner: str) -> str:
    """The URL of task_api on the owner's server, with a password where the server is not ours."""
    given = os.environ.get("DATABASE_URL")
    if given and (given != owner or urlsplit(owner).username == "task_api"):
        return given
    return _url_of("task_api", owner)


def worker_url(owner: str) -> str | None:
    """The URL of task_worker there; None where the roles of the server are somebody else's matter."""
    given = os.environ.get("DATABASE_URL")
    if given and (given != owner or urlsplit(owner).username == "task_api"):
        return None
    return _url_of("task_worker", owner)


def _url_of(role: str, owner: str) -> str:
    parts = urlsplit(owner)
    if not parts.hostname:
        return urlunsplit(parts._replace(netloc=f"{role}@"))
    # Derived from the owner's: the same each time and everywhere, so that it locks nobody out.
    password = hmac.digest(
        (parts.password or secrets.token_urlsafe()).encode(), role.encode(), "sha256"
    ).hex()
    set_passwords(owner, {f"{role.upper()}_PASSWORD": password})
    return urlunsplit(parts._replace(netloc=f"{role}:{password}@{parts.netloc.rpartition('@')[2]}"))
