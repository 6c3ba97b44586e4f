"""Where the tests' PostgreSQL comes from: a URL that is given, Testcontainers or the embedded server."""

import asyncio
import contextlib
import fcntl
import gc
import hashlib
import os
import socket
import subprocess
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from app.admin.migrate import migrate
from app.dev import postgres
from app.dev.project import DATA, ROOT
from app.dev.spread import spread
from tests.processes import wait_until

# Another version's, for the server that TEST_DATABASE_URL names and for the faults.
BINARIES = Path(os.environ.get("TEST_PGBIN", postgres.BINARIES))
_PASSWORD = "only-for-tests"
_FOLDER = DATA / "tests"
# Nothing here has to outlive a crash of the machine.
_SETTINGS = (
    "-c fsync=off", "-c synchronous_commit=off", "-c full_page_writes=off", "-c max_connections=200",
)  # fmt: skip
# Of a later release, for what the tests of an upgrade run again.
MIGRATIONS = Path(os.environ.get("TEST_MIGRATIONS", ROOT / "db" / "migrations"))


@dataclass(frozen=True)
class Server:
    """A server, by the URL of a superuser of it."""

    url: str
    container: str | None = None
    """The id of Docker's container, where it runs in one."""

    @property
    def place(self) -> str:
        """host:port"""
        return urlsplit(self.url).netloc.rpartition("@")[2]

    def superuser_url(self, database: str) -> str:
        return urlunsplit(urlsplit(self.url)._replace(path=f"/{database}"))

    def owner_url(self, database: str) -> str:
        """The URL of an ordinary role that owns the database."""
        return self._url_of(postgres.OWNER, database)

    def service_url(self, database: str) -> str:
        """The URL of task_api."""
        return self._url_of("task_api", database)

    def home_of(self, user: str, database: str) -> "Server":
        """The server that has the rows of a user."""
        return self

    def worker_url(self, database: str) -> str:
        """The URL of task_worker."""
        return self._url_of("task_worker", database)

    def execute(self, sql: str, database: str = "postgres") -> Any:
        """Run one statement as the superuser, and return its first value."""

        async def run() -> Any:
            connection = await asyncpg.connect(self.superuser_url(database))
            try:
                return await connection.fetchval(sql)
            finally:
                await connection.close()

        return asyncio.run(run())

    def dump(self, database: str) -> bytes:
        """What ``pg_dump`` of the server's own release writes.

        Another's won't do, even if it is newer: 15.20 keeps an option of its own on each column,
        ``pg_attver``. Its own pg_dump leaves it out; that of 18.6 writes it down, and no other server reads
        it.
        """
        if self.container:
            import docker

            command = ["pg_dump", "--format=custom", "--username=postgres", database]
            with contextlib.closing(docker.from_env()) as client:
                status, output = client.containers.get(self.container).exec_run(command, demux=True)
            assert status == 0, output[1]
            return output[0]
        program = BINARIES / "pg_dump"
        release = subprocess.run([program, "--version"], check=True, capture_output=True, text=True).stdout
        if self.execute("show server_version").split()[0] != release.split()[2]:
            pytest.skip("the server's own pg_dump is needed: TEST_PGBIN names its folder")
        command = [program, "--format=custom", f"--dbname={self.superuser_url(database)}"]
        return subprocess.run(command, check=True, capture_output=True, timeout=60).stdout

    def answers(self) -> bool:
        """Whether one can log in."""
        try:
            return bool(self.execute("select true"))
        except (OSError, asyncpg.PostgresError):
            return False

    def has_database(self, name: str) -> bool:
        return bool(self.execute(f"select 1 from pg_database where datname = '{name}'"))

    def create_database(self, name: str, template: str = "template0") -> None:
        """Create a database that the owner owns, with what is granted on it, which is not cloned."""
        utf8 = "encoding 'UTF8' locale 'C.UTF-8'" if template == "template0" and "@/" not in self.url else ""
        self.execute(f"create database {name} owner {postgres.OWNER} template {template} {utf8}")
        if template != "template0":
            self.execute(f"revoke all on database {name} from public")
            self.execute(f"grant connect on database {name} to task_api, task_worker, task_auditor")

    def drop_database(self, name: str) -> None:
        self.execute(f"drop database {name} with (force)")

    def create_template(self) -> str:
        """Create the database that others are cloned from, unless it is there; returns its name.

        Of several processes one does it, and the others wait: it also makes the roles, which are the whole
        server's.
        """
        files = sorted(MIGRATIONS.glob("*.sql"))
        digest = hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()
        name = f"duly_template_{digest[:16]}"
        with one_at_a_time("template"):
            if not self.has_database(name):
                if not self.execute(f"select 1 from pg_roles where rolname = '{postgres.OWNER}'"):
                    role = f"{postgres.OWNER} login createdb createrole password '{_PASSWORD}'"
                    self.execute(f"create role {role}")
                self.execute(f"drop database if exists {name}_new with (force)")
                self.create_database(f"{name}_new")
                migrate(self.owner_url(f"{name}_new"), migrations=MIGRATIONS)
                for role in ("task_api", "task_worker"):
                    self.execute(f"alter role {role} password '{_PASSWORD}'")
                self.execute(f"alter database {name}_new rename to {name}")
        return name

    def _url_of(self, role: str, database: str) -> str:
        parts = urlsplit(self.url)
        place = parts.netloc.rpartition("@")[2]
        return urlunsplit(parts._replace(netloc=f"{role}:{_PASSWORD}@{place}", path=f"/{database}"))


class CitusCluster(Server):
    """A coordinator, by the URL of a superuser and of a database that knows the workers."""

    def create_template(self) -> str:
        """None: a database of Citus can't be cloned."""
        with one_at_a_time("template"):
            if not self.execute(f"select 1 from pg_roles where rolname = '{postgres.OWNER}'"):
                self.execute(f"create role {postgres.OWNER} login createdb createrole")
        return "template0"

    def create_database(self, name: str, template: str = "template0", rows: str = "select 1") -> None:
        """Create, migrate and spread a database, as db/README.md says; ``rows`` makes some before that."""
        with one_at_a_time("cluster"):
            self._create_database(name, rows)

    def _create_database(self, name: str, rows: str) -> None:
        machines = self.machines()
        for machine in machines:
            machine.execute(f"create database {name} encoding 'UTF8' locale 'C.UTF-8' template template0")
        self.execute(f"alter database {name} owner to {postgres.OWNER}")
        migrate(self.owner_url(name), migrations=MIGRATIONS)
        self.execute(rows, name)
        for machine in machines:
            machine.execute("create extension citus", name)
        self.introduce(machines, name)
        spread(self.superuser_url(name))

    def introduce(self, machines: Sequence[Server], database: str) -> None:
        """Make the machines known to each other: the coordinator, which comes first, and the workers."""
        for place, machine in enumerate(machines):
            parts = urlsplit(machine.url)
            function = "citus_add_node" if place else "citus_set_coordinator_host"
            self.execute(f"select {function}('{parts.hostname}', {parts.port})", database)

    def home_of(self, user: str, database: str) -> Server:
        """The worker that has the rows of a user: there a session with app.user_id works as anywhere."""
        name = user.replace("'", "''")
        place = self.execute(
            f"select concat(node.nodename, ':', node.nodeport) from pg_dist_placement as placement "
            "inner join pg_dist_node as node using (groupid) "
            f"where placement.shardid = get_shard_id_for_distribution_column('app.tasks', '{name}'::text)",
            database,
        )
        return self._machine(place)

    def drop_database(self, name: str) -> None:
        for machine in self.machines():
            machine.execute(f"drop database {name} with (force)")

    def machines(self) -> list[Server]:
        """The coordinator and the workers."""
        parts = urlsplit(self.url)
        places = self.execute(
            "select array_agg(concat(nodename, ':', nodeport) order by groupid) from pg_dist_node",
            parts.path.removeprefix("/"),
        )
        return [self._machine(place) for place in places]

    def _machine(self, place: str) -> Server:
        parts = urlsplit(self.url)
        user = parts.netloc.rpartition("@")[0]
        return Server(urlunsplit(parts._replace(netloc=f"{user}@{place}")))


@contextmanager
def one_at_a_time(name: str) -> Iterator[None]:
    """Keep the other processes of this checkout's tests waiting, until the context ends."""
    _FOLDER.mkdir(parents=True, exist_ok=True)
    with (_FOLDER / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def start_server() -> Iterator[Server]:
    """The server for a run of the tests: see tests/README.md."""
    if given := os.environ.get("TEST_CITUS_URL"):
        yield CitusCluster(given)
    elif image := os.environ.get("TEST_CITUS_IMAGE"):
        with start_cluster(image) as cluster:
            yield cluster
    elif uses_container():
        with start_container(os.environ.get("TEST_POSTGRES_IMAGE", "postgres:18")) as server:
            yield server
    elif given := os.environ.get("TEST_DATABASE_URL"):
        yield Server(given)
    else:
        with postgres.postgres(_FOLDER, *_SETTINGS) as sockets:
            yield Server(postgres.url(sockets, "postgres", "postgres"))


def uses_container() -> bool:
    """Whether the server is one in a container of its own, or several are."""
    backend = os.environ.get("TEST_BACKEND")
    if os.environ.get("TEST_CITUS_URL"):
        return False
    if os.environ.get("TEST_CITUS_IMAGE"):
        return True
    if os.environ.get("TEST_DATABASE_URL") or backend == "embedded":
        return False
    return backend == "testcontainers" or has_docker()


@contextmanager
def start_container(image: str) -> Iterator[Server]:
    """A server of its own in a container, by its address where the host reaches that, else on loopback."""
    os.environ.setdefault("TESTCONTAINERS_HOST_OVERRIDE", "localhost")
    from testcontainers.community.postgres import PostgresContainer

    container = PostgresContainer(
        image, username="postgres", password=_PASSWORD, dbname="postgres", driver=None
    )
    # As the embedded server does: what proves a password takes more of both sides than most statements.
    container.with_env("POSTGRES_HOST_AUTH_METHOD", "trust")
    with container.with_command(" ".join(("postgres", *_SETTINGS))) as running:
        wrapped = running.get_wrapped_container()
        place = f"localhost:{running.get_exposed_port(5432)}"
        if _is_reached(address := _address(wrapped)):
            place = f"{address}:5432"
        yield Server(f"postgresql://postgres:{_PASSWORD}@{place}/postgres?sslmode=disable", wrapped.id)


def _address(container: Any) -> str:
    """The address of a container in its network; empty where the engine gives it none."""
    container.reload()
    (network,) = container.attrs["NetworkSettings"]["Networks"].values()
    return str(network["IPAddress"])


def _is_reached(address: str) -> bool:
    """Whether the host reaches a container by its address, as on Linux, past Docker's own proxy."""
    if not address:
        return False
    try:
        socket.create_connection((address, 5432), timeout=2).close()
    except OSError:
        return False
    return True


@contextmanager
def start_cluster(image: str) -> Iterator[CitusCluster]:
    """A coordinator and two workers of Citus in containers, on a network of their own.

    They know each other by their addresses there, by which a host with Linux reaches them as well. One worker
    would have all rows, and hide what is wrong on the way to another.
    """
    from testcontainers.core.container import DockerContainer
    from testcontainers.core.network import Network

    # Each database has a worker process of Citus on each of them.
    command = "postgres -c wal_level=logical -c fsync=off -c max_connections=300 -c max_worker_processes=50"
    with Network() as network, contextlib.ExitStack() as stack:
        machines = []
        for _ in range(3):
            container = DockerContainer(image).with_network(network).with_command(command)
            container.with_env("POSTGRES_HOST_AUTH_METHOD", "trust").with_env("POSTGRES_DB", "citus")
            running = stack.enter_context(container).get_wrapped_container()
            address = _address(running)
            url = f"postgresql://postgres@{address}:5432/citus?sslmode=disable"
            machines.append(CitusCluster(url, running.id))
        for machine in machines:
            wait_until(machine.answers)
        machines[0].introduce(machines, "citus")
        yield machines[0]


@cache
def has_docker() -> bool:
    """Whether a Docker engine answers."""
    import docker

    # Where no engine listens, docker forgets to close its socket; pytest would blame the test that runs when
    # it is collected.
    with warnings.catch_warnings(action="ignore", category=ResourceWarning):
        try:
            client = docker.from_env(timeout=3)
        except docker.errors.DockerException:
            client = None
        gc.collect()
    if client is None:
        return False
    try:
        return bool(client.ping())
    except (docker.errors.DockerException, OSError):
        return False
    finally:
        client.close()
