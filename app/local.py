"""What ``make`` calls: the service with a PostgreSQL of its own, or with the one that DATABASE_URL names."""

import argparse
import asyncio
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg
import jwt

from app import postgres

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / ".postgres"
_DATABASE = "duly"


@contextmanager
def database() -> Iterator[str]:
    """The URL of the database's owner: DATABASE_OWNER_URL or DATABASE_URL, or else that of the embedded server."""
    given = os.environ.get("DATABASE_OWNER_URL") or os.environ.get("DATABASE_URL")
    if given:
        yield given
        return
    with postgres.postgres(FOLDER) as sockets:
        postgres.create_database(sockets, _DATABASE)
        yield postgres.url(sockets, postgres.OWNER, _DATABASE)


def migrate(owner: str, *command: str) -> None:
    """Run dbmate as the owner, by default ``up``; db/schema.sql is written only by ``make schema``."""
    dbmate = Path(sys.executable).parent / "dbmate"
    subprocess.run(
        [
            dbmate,
            "--url",
            _dbmate_url(owner),
            "--migrations-dir",
            ROOT / "db" / "migrations",
            "--no-dump-schema",
            *(command or ("up",)),
        ],
        check=True,
        stdout=None if command else subprocess.DEVNULL,
    )


def service_url(owner: str) -> str:
    """The URL of task_api on the owner's server, with a new password where the server is not ours."""
    parts = urlsplit(owner)
    if parts.username == "task_api":
        return owner
    if not parts.hostname:
        return urlunsplit(parts._replace(netloc="task_api@"))
    password = secrets.token_urlsafe(24)
    asyncio.run(_set_password(owner, password))
    return urlunsplit(parts._replace(netloc=f"task_api:{password}@{parts.netloc.rpartition('@')[2]}"))


def secret() -> str:
    """JWT_SECRET, or one that is made once and kept beside the embedded server's data."""
    given = os.environ.get("JWT_SECRET")
    if given:
        return given
    path = FOLDER / "jwt_secret"
    if not path.exists():
        FOLDER.mkdir(exist_ok=True)
        path.touch(0o600)
        path.write_text(secrets.token_urlsafe(48))
    return path.read_text()


def token(user: str) -> str:
    """A token of the user, for a day."""
    return jwt.encode({"sub": user, "exp": int(time.time()) + 86_400}, secret(), "HS256")


def run() -> int:
    """Serve until Ctrl-C; the exit code is the service's."""
    port = os.environ.get("PORT") or "8000"
    with database() as owner:
        if urlsplit(owner).username != "task_api":
            migrate(owner)
        environment = {
            "JWT_SECRET": secret(), "DEVELOPMENT": "true", **os.environ, "DATABASE_URL": service_url(owner), "PORT": port,
        }  # fmt: skip
        service = subprocess.Popen([sys.executable, "-m", "app"], cwd=ROOT, env=environment, start_new_session=True)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: service.send_signal(signal.SIGTERM))
        print(_GREETING.format(address=f"http://localhost:{port}", token=token("alice")), flush=True)
        return max(0, service.wait())


_GREETING = """
Duly serves at {address}, its documentation at {address}/docs. Ctrl-C ends it.

  curl {address}/tasks -H 'Content-Type: application/json' \\
    -H 'Authorization: Bearer {token}' \\
    -d '{{"title": "Buy milk", "tags": ["home"]}}'
"""


def main() -> int:
    """The commands of the Makefile."""
    parser = argparse.ArgumentParser(prog="python -m app.local")
    parser.add_argument("command", choices=["run", "token", "migrate", "rollback", "status", "psql"])
    parser.add_argument("rest", nargs="*")
    arguments = parser.parse_args()
    match arguments.command:
        case "run":
            return run()
        case "token":
            print(token(arguments.rest[0] if arguments.rest else "alice"))
        case "psql":
            with database() as owner:
                signal.signal(signal.SIGINT, signal.SIG_IGN)
                return subprocess.run([postgres.BINARIES / "psql", owner, *arguments.rest]).returncode
        case command:
            with database() as owner:
                migrate(owner, {"migrate": "up"}.get(command, command))
    return 0


def _dbmate_url(owner: str) -> str:
    # Its PostgreSQL driver wants TLS unless told otherwise; a Unix socket has none.
    return owner if urlsplit(owner).hostname else owner + "&sslmode=disable"


async def _set_password(owner: str, password: str) -> None:
    connection = await asyncpg.connect(owner)
    try:
        await connection.execute(f"alter role task_api password '{quote(password)}'")
    finally:
        await connection.close()


if __name__ == "__main__":
    sys.exit(main())
