"""The migrations: up and down, on an empty database and on one with data, safe while the service runs;
backup and restore.
"""

import json
import re
import secrets
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from app.admin.migrate import migrate
from app.dev import postgres
from app.dev.audit import audit
from app.dev.project import ROOT
from app.dev.schema import write_schema
from tests.db.catalog import catalog
from tests.servers import Server
from tests.sql import Session

MIGRATIONS = sorted((ROOT / "db" / "migrations").glob("*.sql"))
VERSIONS = [path.name.partition("_")[0] for path in MIGRATIONS]


@pytest.fixture
def empty(server: Server, template):
    """The owner's URL of a database without a migration."""
    name = f"duly_empty_{secrets.token_hex(6)}"
    server.create_database(name)
    yield server.owner_url(name)
    server.execute(f"drop database {name} with (force)")


def fill(server, name, user):
    """A task of each kind, over SQL."""
    session = Session(server.service_url(name))
    session.value("select set_config('app.user_id', $1, false)", user)
    for number in range(20):
        session.value(
            "select response from api.create_task(jsonb_build_object('title', $1::text), null, false, "
            "null, null)",
            f"Task {number}",
        )
    session.close()


def next_token(url, user, since):
    """The token of the user's changes since another one."""
    session = Session(url)
    try:
        session.value("select set_config('app.user_id', $1, false)", user)
        answer = session.value("select response from api.list_changes($1, 500, null)", since)
        return json.loads(answer)["next"]
    finally:
        session.close()


def test_versions_are_numbers_and_each_has_a_true_way_back():
    assert len(set(VERSIONS)) == len(VERSIONS)
    for path in MIGRATIONS:
        text = path.read_text()
        assert re.fullmatch(r"[0-9]{4}_[a-z_]+\.sql", path.name)
        assert text.startswith("-- migrate:up\n")
        down = text.partition("-- migrate:down\n")[2]
        assert re.search(r"^\w", down, re.MULTILINE), f"{path.name} has no way back"


def test_up_down_and_up_again_on_an_empty_database(server, empty):
    url = server.superuser_url(urlsplit(empty).path[1:])
    nothing = catalog(url)
    migrate(empty)
    whole = catalog(url)
    for _ in MIGRATIONS:
        migrate(empty, "rollback")
    assert catalog(url) == nothing
    migrate(empty)
    assert catalog(url) == whole


def test_each_migration_goes_down_and_up_where_there_are_data(server, new_database):
    name = new_database()
    url = server.superuser_url(name)
    fill(server, name, "migrations")
    whole = catalog(url)
    count = "select count(*) from app.tasks"
    tables = VERSIONS.index(
        next(path.name for path in MIGRATIONS if "create table app.tasks (" in path.read_text())[:4]
    )
    for _ in MIGRATIONS[tables + 1 :]:
        migrate(server.owner_url(name), "rollback")
    assert server.execute(count, name) == 20
    migrate(server.owner_url(name))
    assert server.execute(count, name) == 20
    assert catalog(url) == whole


def test_several_that_migrate_at_once_do_it_once(server, empty):
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda _: migrate(empty), range(3)))
    session = Session(empty)
    assert session.column("select version from public.schema_migrations order by version") == VERSIONS
    session.close()


def test_a_migration_does_not_wait_long_for_a_lock(server, new_database):
    """Else all requests would queue up behind it."""
    name = new_database()
    holder = Session(server.superuser_url(name))
    holder.execute("begin")
    holder.execute("lock table public.schema_migrations in access exclusive mode")
    with pytest.raises(subprocess.CalledProcessError):
        migrate(server.owner_url(name), "rollback")
    holder.close()


def test_db_schema_sql_is_what_the_migrations_add_up_to(tmp_path):
    write_schema(tmp_path / "schema.sql", audit=tmp_path)
    assert (ROOT / "db" / "schema.sql").read_text() == (tmp_path / "schema.sql").read_text(), (
        "run make schema"
    )


def test_squawk_finds_nothing_that_is_not_explained(tmp_path):
    """In what goes up; that going down drops what the users have is what it is for."""
    for path in MIGRATIONS:
        (tmp_path / path.name).write_text(path.read_text().partition("-- migrate:down\n")[0])
    command = [
        Path(sys.executable).parent / "squawk",
        "--config",
        ROOT / ".squawk.toml",
        *tmp_path.glob("*.sql"),
    ]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stdout


def test_a_backup_keeps_policies_forced_security_and_grants(server, new_database, folder):
    """Restored into a fresh server, which is PostgreSQL 18 whatever it comes from.

    The roles belong to the server and come from pg_dumpall, the new version's: one before 16 writes who
    granted what, which
    since 16 only somebody with the admin option could have done.
    """
    name = new_database()
    fill(server, name, "backup")
    token = next_token(server.service_url(name), "backup", None)
    source, backup, roles = server.superuser_url(name), folder / "backup", folder / "roles"
    backup.write_bytes(server.dump(name))
    run("pg_dumpall", "--roles-only", f"--file={roles}", f"--dbname={source}")
    # Since 16 whoever makes a role administers it. Before, CREATEROLE was enough, so nothing of it is in the
    # backup.
    administers = server.execute("show server_version_num") >= "160000"
    with postgres.postgres(folder / "fresh") as sockets:
        fresh = Server(postgres.url(sockets, "postgres", "postgres"))
        # That postgres exists already is the only fault it may find.
        faults = run("psql", "--no-psqlrc", "--quiet", f"--file={roles}", fresh.url)
        assert set(re.findall("ERROR: .*", faults)) <= {'ERROR:  role "postgres" already exists'}
        fresh.execute(f"create database restored owner {postgres.OWNER} template template0")
        run("pg_restore", "--exit-on-error", f"--dbname={fresh.superuser_url('restored')}", backup)
        # What is granted on the database itself is not in the backup of one that another name is given to.
        fresh.execute("revoke all on database restored from public")
        fresh.execute("grant connect on database restored to task_api, task_worker, task_auditor")
        if not administers:
            fresh.execute(
                f"grant task_owner, task_finder, task_keeper, task_porter, task_auditor to {postgres.OWNER} "
                "with admin true"
            )
            fresh.execute(
                f"grant task_api, task_worker to {postgres.OWNER} with admin true, inherit false, set false"
            )

        assert catalog(fresh.superuser_url("restored")) == catalog(source)
        assert fresh.execute("select count(*) from app.tasks where user_id = 'backup'", "restored") == 20
        session = Session(fresh.service_url("restored"))
        assert session.value("select count(*) from app.tasks") == 0
        session.value("select set_config('app.user_id', 'backup', false)")
        assert session.value("select count(*) from app.tasks") == 20
        session.close()
        with pytest.raises(asyncpg.PostgresError) as refused:
            next_token(fresh.service_url("restored"), "backup", token)
        assert refused.value.sqlstate == "DT410"
        migrate(fresh.owner_url("restored"))
        assert audit(postgres.url(sockets, postgres.OWNER, "restored")) == 0


def run(program, *arguments):
    """A program of the fresh server; returns what it complains of."""
    command = [postgres.BINARIES / program, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stderr
