"""What ``make`` calls: the service with a PostgreSQL of its own, or with the one that DATABASE_URL names.

DATABASE_OWNER_URL, where it is set, is used to migrate, and DATABASE_URL then only to serve.
"""

import argparse
import asyncio
import hmac
import json
import os
import re
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from app.admin import forgetting
from app.admin.audit import audit as run_audit
from app.admin.audit import run_script
from app.admin.migrate import dbmate, migrate
from app.database.outages import Outages
from app.dev import postgres
from app.dev.baseline import write_baseline
from app.settings import SettingsError
from app.variables import postgres_url

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".postgres"
AUDIT = ROOT / "db" / "audit"
_DATABASE = "duly"
_AS_OWNER = (
    "As the owner: row-level security shows it no task, unless it is a superuser. "
    "A user's tasks: make psql user=alice"
)


@contextmanager
def database() -> Iterator[str]:
    """The URL of the database's owner: DATABASE_OWNER_URL or DATABASE_URL, else that of the embedded server.

    Raises:
        SettingsError: a variable is no URL of a database.
    """
    for variable in ("DATABASE_OWNER_URL", "DATABASE_URL"):
        if given := os.environ.get(variable, "").strip():
            try:
                yield postgres_url(given)
            except ValueError as error:
                raise SettingsError(f"{variable} {error}") from None
            return
    with postgres.postgres(FOLDER) as sockets:
        postgres.create_database(sockets, _DATABASE)
        yield postgres.url(sockets, postgres.OWNER, _DATABASE)


def is_embedded() -> bool:
    """Whether the database is the embedded one."""
    return not (os.environ.get("DATABASE_OWNER_URL") or os.environ.get("DATABASE_URL"))


def psql(owner: str, user: str, *arguments: str) -> int:
    """Run psql as the owner; or with a user, as the service, which sees that user's tasks only."""
    variables = dict(os.environ)
    if user:
        owner = service_url(owner)
        value = re.sub(r"([\\\s])", r"\\\1", user)
        variables["PGOPTIONS"] = f"{variables.get('PGOPTIONS', '')} -c app.user_id={value}".strip()
        print(f"As {user}: select id, title, completed from app.tasks;", file=sys.stderr, flush=True)
    else:
        print(_AS_OWNER, file=sys.stderr, flush=True)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return subprocess.run([postgres.BINARIES / "psql", owner, *arguments], env=variables).returncode


def write_schema(path: Path = ROOT / "db" / "schema.sql", baseline: Path = AUDIT / "baseline.sql") -> None:
    """Write the schema and the baseline after all migrations, from a temporary database."""
    name = f"duly_schema_{secrets.token_hex(4)}"
    with postgres.postgres(FOLDER) as sockets:
        postgres.create_database(sockets, name)
        try:
            owner = postgres.url(sockets, postgres.OWNER, name)
            migrate(owner)
            os.environ["PATH"] = f"{postgres.BINARIES}{os.pathsep}{os.environ['PATH']}"
            dbmate(owner, "--schema-file", path, "dump", quiet=True)
            write_baseline(owner, baseline)
        finally:
            postgres.drop_database(sockets, name)


def audit(owner: str, full: bool = False, page: Path = FOLDER / "audit.html") -> int:
    """Print the report of db/audit and the access matrix, and write both as a page and as JSON beside it.

    Returns 1 if anything is off in either, else 0.
    """
    return run_audit(owner, full, page, program=postgres.BINARIES / "psql", folder=ROOT)


def accept(owner: str, id: str, reason: str, name: str, path: Path = AUDIT / "accepted.sql") -> str:
    """Accept a finding of the audit, with the reason and the name of a person; returns its sentence.

    Raises:
        SettingsError: a part is missing, or the audit does not find it.
    """
    if not (id and reason and name):
        raise SettingsError('make audit-accept id=… reason="why it is meant" name="who says so"')
    program = postgres.BINARIES / "psql"
    _, report = run_script(owner, "report", "json", program=program, folder=ROOT)
    found = next((found for found in report["findings"] if found["id"] == id), None) if report else None
    if found is None:
        raise SettingsError(f"the audit finds nothing with the id {id}: make audit shows them")
    if found["accepted_by"] is not None:
        raise SettingsError(f"{id} is accepted already, by {found['accepted_by']}: {path}")
    head, entries, tail = path.read_text().split("$accepted$")
    entry = {"id": id, "reason": reason, "name": name, "fault": found["fault"]}
    lines = [json.dumps(each, ensure_ascii=False) for each in [*json.loads(entries), entry]]
    path.write_text("$accepted$".join((head, "[\n" + ",\n".join(lines) + "\n]", tail)))
    return str(found["fault"])


def forget_user(owner: str, user: str) -> list[str]:
    """Delete every trace of a user, in one transaction; returns how many rows of each table.

    Row-level security must not hold the role: the embedded server's superuser is taken, else that of the URL.
    """
    if not user:
        raise SettingsError('make forget-user user="…": the sub of its tokens')
    parts = urlsplit(owner)
    url = urlunsplit(parts._replace(netloc="postgres@")) if is_embedded() and not parts.hostname else owner
    return forgetting.forget_user(url, user)


def check_dump(owner: str, dump: str) -> list[str]:
    """Compare a dump of pg_dump with its database; returns the rows of each table in the dump.

    Raises:
        SettingsError: there is no such file, or the dump holds no task although the database does.
    """
    if not Path(dump).is_file():
        raise SettingsError("make check-dump dump=FILE: what pg_dump --format=custom wrote")
    program = postgres.BINARIES / "pg_restore"
    command: list[str | Path] = [program, "--data-only", "--schema=app", "--file=-", dump]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        rows = _count_rows(process.stdout)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, "pg_restore")
    # Planned, not counted: the owner, under forced row-level security, sees no row.
    estimate = "select greatest(reltuples, 0)::bigint from pg_class where oid = 'app.tasks'::regclass"
    if not rows.get("app.tasks") and asyncio.run(_fetch(owner, estimate)):
        raise SettingsError(
            f"{dump} holds no task, though the database does. Row-level security held the role that made it: "
            "dump as a superuser, or as a role with BYPASSRLS, and without --enable-row-security"
        )
    return [f"{count:8} {table}" for table, count in sorted(rows.items())]


def _count_rows(lines: Iterable[str]) -> dict[str, int]:
    """The rows of each COPY in a dump as text."""
    rows: dict[str, int] = {}
    table = ""
    for line in lines:
        if table:
            if line == "\\.\n":
                table = ""
            else:
                rows[table] += 1
        elif copied := re.match(r"COPY (\S+) ", line):
            table = copied[1]
            rows[table] = 0
    return rows


async def _fetch(url: str, query: str, *arguments: str) -> Any:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query, *arguments)
    finally:
        await connection.close()


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
    asyncio.run(_set_password(owner, role, password))
    return urlunsplit(parts._replace(netloc=f"{role}:{password}@{parts.netloc.rpartition('@')[2]}"))


def main() -> int:
    """The commands of the Makefile."""
    parser = argparse.ArgumentParser(prog="python -m app.dev.commands")
    parser.add_argument(
        "command",
        choices=[
            *("run", "token", "pass", "remind-me", "migrate", "rollback", "status", "schema", "psql"),
            *("audit", "audit-accept", "forget-user", "check-dump"),
        ],
    )
    parser.add_argument("rest", nargs="*")
    arguments = parser.parse_args()
    match arguments.command:
        case "run":
            from app.dev.service import run

            return run()
        case "token":
            from app.dev.tokens import token

            print(token(next(iter(arguments.rest), "") or "alice"))
        case "pass":
            from app.dev.passes import create_pass

            user, scope, label = [*arguments.rest, "", "", ""][:3]
            print(create_pass(user or "alice", scope or "tasks:read", label or "make pass"))
        case "remind-me":
            from app.dev.reminder import remind

            return remind(next(iter(arguments.rest), "") or "alice")
        case "schema":
            write_schema()
        case "psql":
            with database() as owner:
                return psql(owner, *(arguments.rest or [""]))
        case "audit":
            with database() as owner:
                return audit(owner, full=any(arguments.rest))
        case "audit-accept":
            with database() as owner:
                print(f"Accepted: {accept(owner, *arguments.rest)}")
        case "forget-user":
            with database() as owner:
                print("\n".join(forget_user(owner, *arguments.rest)))
        case "check-dump":
            with database() as owner:
                print("\n".join(check_dump(owner, *arguments.rest)))
        case command:
            with database() as owner:
                applied = migrate(owner, command, quiet=False)
            if command == "migrate":
                print(f"{len(applied) or 'No'} migrations applied: the database is up to date")
    return 0


async def _set_password(owner: str, role: str, password: str) -> None:
    connection = await asyncpg.connect(owner)
    try:
        await connection.execute(f"alter role {role} password '{password}'")
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
    except (SettingsError, RuntimeError) as error:
        sys.exit(str(error))
    except (OSError, asyncpg.PostgresError) as error:
        # Of the owner's connection.
        sys.exit(f"The database can't be used: {Outages('').reason_of(error) or error}")
