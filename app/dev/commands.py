"""What ``make`` calls: the service with a PostgreSQL of its own, or with the one that DATABASE_URL names.

DATABASE_OWNER_URL, where it is set, is used to migrate, and DATABASE_URL then only to serve.
"""

import argparse
import asyncio
import hmac
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from urllib.request import urlopen

import asyncpg
import jwt

from app.dev import postgres

ROOT = Path(__file__).parents[2]
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


def migrate(owner: str, command: str = "migrate", quiet: bool = True) -> None:
    """Run a command of dbmate. Of several that run at once one works, and the others wait.

    A migration that does not get a table within seconds fails, rather than have all requests queue up behind it.
    """
    dbmate(owner, "--no-dump-schema", "--migration-lock", command, quiet=quiet)


def dbmate(owner: str, *arguments: str | Path, quiet: bool = False) -> None:
    """Run dbmate, which lies beside this Python."""
    parts = urlsplit(owner)
    extra = "options=-clock_timeout%3D5s"
    if parts.hostname in (None, "localhost", "127.0.0.1", "::1") and "sslmode=" not in parts.query:
        extra += "&sslmode=disable"  # Its driver wants TLS unless told otherwise.
    url = urlunsplit(parts._replace(query="&".join(filter(None, [parts.query, extra]))))
    program = Path(sys.executable).parent / "dbmate"
    migrations = ROOT / "db" / "migrations"
    output = subprocess.DEVNULL if quiet else None
    subprocess.run(
        [program, "--url", url, "--migrations-dir", migrations, *arguments], check=True, stdout=output
    )


def write_schema(path: Path = ROOT / "db" / "schema.sql") -> None:
    """Write what the migrations add up to, from a database that is made for it and dropped again."""
    name = f"duly_schema_{secrets.token_hex(4)}"
    with postgres.postgres(FOLDER) as sockets:
        postgres.create_database(sockets, name)
        try:
            owner = postgres.url(sockets, postgres.OWNER, name)
            migrate(owner)
            os.environ["PATH"] = f"{postgres.BINARIES}{os.pathsep}{os.environ['PATH']}"
            dbmate(owner, "--schema-file", path, "dump", quiet=True)
        finally:
            postgres.drop_database(sockets, name)


def audit(owner: str) -> int:
    """Print the report of db/audit and the access matrix; 1 where anything is off in either, else 0.

    The owner is a member of task_auditor, as which the report is made, and for the matrix makes itself one of task_api.
    """
    psql: list[str | Path] = [postgres.BINARIES / "psql", owner, "--no-psqlrc", "-c"]
    # A script that is included, not given with -f, ends psql with 1.
    results = [
        subprocess.run([*psql, rf"\i db/audit/{part}.sql"], cwd=ROOT).returncode
        for part in ("report", "matrix")
    ]
    return int(any(results))


def service_url(owner: str) -> str:
    """The URL of task_api on the owner's server, with a password where the server is not ours."""
    given = os.environ.get("DATABASE_URL")
    parts = urlsplit(owner)
    if given and (given != owner or parts.username == "task_api"):
        return given
    if not parts.hostname:
        return urlunsplit(parts._replace(netloc="task_api@"))
    # Made from the owner's, so that it is the same each time and everywhere, and locks out nobody who had it before.
    password = hmac.digest((parts.password or secrets.token_urlsafe()).encode(), b"task_api", "sha256").hex()
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
        new = FOLDER / f"jwt_secret.{os.getpid()}"
        new.touch(0o600)
        new.write_text(secrets.token_urlsafe(48))
        # Whole or not at all, whatever else starts at the same time.
        new.rename(path)
    return path.read_text()


def token(user: str) -> str:
    """A token of the user, for a day."""
    return jwt.encode({"sub": user, "exp": int(time.time()) + 86_400}, secret(), "HS256")


def run() -> int:
    """Serve until Ctrl-C; the exit code is the service's."""
    port = os.environ.get("PORT") or "8000"
    _require_free(os.environ.get("HOST") or "127.0.0.1", port)
    with database() as owner:
        if urlsplit(owner).username != "task_api":
            migrate(owner)
        defaults = {"JWT_SECRET": secret(), "DEVELOPMENT": "true"}
        given = {name: value for name, value in os.environ.items() if value or name not in defaults}
        environment = {**defaults, **given, "DATABASE_URL": service_url(owner), "PORT": port}
        # A session of its own: Ctrl-C reaches this process, which passes it on, and then stops the database.
        service = subprocess.Popen(
            [sys.executable, "-m", "app"], cwd=ROOT, env=environment, start_new_session=True
        )
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: service.send_signal(signal.SIGTERM))
        if _answers(int(port), service):
            print(_GREETING.format(address=f"http://localhost:{port}", token=token("alice")), flush=True)
        return max(0, service.wait())


def _require_free(host: str, port: str) -> None:
    """End here where somebody listens on the port already, before a database is started."""
    try:
        socket.create_server((host, int(port))).close()
    except (OSError, ValueError, OverflowError) as error:
        sys.exit(f"Can't listen on port {port}: {error}. Choose another: make run PORT=8001")


def _answers(port: int, service: subprocess.Popen[bytes]) -> bool:
    """Wait until the service answers; False where it has ended instead."""
    while service.poll() is None:
        try:
            urlopen(f"http://localhost:{port}/health", timeout=1).close()
            return service.poll() is None
        except OSError:
            time.sleep(0.05)
    return False


_GREETING = """
Duly serves at {address}, its documentation at {address}/docs. Ctrl-C ends it.

  curl {address}/tasks -H 'Content-Type: application/json' \\
    -H 'Authorization: Bearer {token}' \\
    -d '{{"title": "Buy milk", "tags": ["home"]}}'
"""


def main() -> int:
    """The commands of the Makefile."""
    parser = argparse.ArgumentParser(prog="python -m app.dev.commands")
    parser.add_argument(
        "command", choices=["run", "token", "migrate", "rollback", "status", "schema", "psql", "audit"]
    )
    parser.add_argument("rest", nargs="*")
    arguments = parser.parse_args()
    match arguments.command:
        case "run":
            return run()
        case "token":
            print(token(arguments.rest[0] if arguments.rest else "alice"))
        case "schema":
            write_schema()
        case "psql":
            with database() as owner:
                signal.signal(signal.SIGINT, signal.SIG_IGN)
                return subprocess.run([postgres.BINARIES / "psql", owner, *arguments.rest]).returncode
        case "audit":
            with database() as owner:
                return audit(owner)
        case command:
            with database() as owner:
                migrate(owner, command, quiet=command == "migrate")
    return 0


async def _set_password(owner: str, password: str) -> None:
    connection = await asyncpg.connect(owner)
    try:
        await connection.execute(f"alter role task_api password '{password}'")
    finally:
        await connection.close()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
    except subprocess.CalledProcessError as error:
        # It has said itself what is wrong.
        sys.exit(error.returncode)
