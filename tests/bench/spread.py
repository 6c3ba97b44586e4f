"""``make bench-spread``: what a call costs on a cluster of Citus, beside plain PostgreSQL.

It needs a cluster (TEST_CITUS_URL or TEST_CITUS_IMAGE, see tests/README.md) whose processes run on this
machine. BENCH_ROUNDS and BENCH_SECONDS (of one measurement) make it shorter or longer.
"""

import asyncio
import json
import os
import random
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, ExitStack
from statistics import median

import psutil

from app.admin.migrate import migrate
from app.database.calls import Answer, Database
from app.dev.spread import spread
from app.identity import Identity
from app.settings import Settings
from tests.bench.report import figures, machine, table, write
from tests.bench.rows import progress, user_name, words
from tests.bench.services import SECRET, cpu_seconds
from tests.servers import CitusCluster, Server, start_server
from tests.sql import Session

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
SECONDS = float(os.environ.get("BENCH_SECONDS", "3"))
USERS, TASKS = 40, 500
CONNECTIONS = 4
FOUND = 6
"""Every so many-th task has the word that is searched."""
_BATCH = 100

PLAIN, TWINS, CITUS = "plain", "plain, with twins", "Citus"

_METHOD = """CPU of all PostgreSQL processes of all machines (user and system), in µs a call; median of
{rounds} rounds of {seconds:g} s, in which the databases take turns. {users} users with {tasks} tasks each,
{connections} connections, the statements of the service without HTTP. All machines are this one here, so the
network costs little.

- **plain**: a database of the coordinator's server without the extension, with nothing but the migrations.
- **plain, with twins**: another, with `db/citus/spread.sql` but for what only Citus can do.
- **Citus**: a coordinator and {workers} workers, called through the coordinator.

Again: `make bench-spread`.
"""

Call = Callable[[random.Random], Awaitable[Answer]]


def main() -> None:
    """Measure on three databases, and write the page."""
    if not (os.environ.get("TEST_CITUS_URL") or os.environ.get("TEST_CITUS_IMAGE")):
        sys.exit("A cluster of Citus is needed: TEST_CITUS_URL or TEST_CITUS_IMAGE, see tests/README.md")
    with start_server() as cluster, ExitStack() as stack:
        assert isinstance(cluster, CitusCluster)
        cluster.create_template()
        plain = Server(cluster.url, cluster.container)
        databases = {}
        for name, server in ((CITUS, cluster), (PLAIN, plain), (TWINS, plain)):
            database = databases[name] = f"duly_bench_{os.getpid()}_{len(databases)}"
            server.create_database(database)
            stack.callback(server.drop_database, database)
            if server is plain:
                migrate(plain.owner_url(database))
            if name == TWINS:
                spread(plain.superuser_url(database), plain=True)
        machines = cluster.machines()
        postmasters = [postmaster(each, databases[CITUS]) for each in machines]
        urls = {name: plain.service_url(databases[name]) for name in (PLAIN, TWINS, CITUS)}
        measured = asyncio.run(measure(urls, postmasters))
        release = "select split_part(citus_version(), ' on ', 1)"
        version = (
            f"{cluster.execute('show server_version')} with {cluster.execute(release, databases[CITUS])}"
        )
    method = _METHOD.format(
        rounds=ROUNDS, seconds=SECONDS, users=USERS, tasks=TASKS, connections=CONNECTIONS,
        workers=len(machines) - 1,
    )  # fmt: skip
    rows = [
        [operation, figures(costs[PLAIN]), *(against(costs[name], costs[PLAIN]) for name in (TWINS, CITUS))]
        for operation, costs in measured.items()
    ]  # fmt: skip
    page = f"# What Citus costs\n\n{machine(version)}\n{method}\n"
    write("spread.md", page + table(["", PLAIN, TWINS, CITUS], rows))


def against(cost: float, plain: float) -> str:
    return f"{figures(cost)} ({cost / plain:.2f} ×)"


def postmaster(server: Server, database: str) -> psutil.Process:
    """The parent of all processes of a server, which may be in a container.

    Raises RuntimeError where the server is on another machine.
    """
    session = Session(server.superuser_url(database))
    try:
        # A process of its own shows this port of the client in its title.
        port = session.value("select client_port from pg_stat_activity where pid = pg_backend_pid()")
        for process in psutil.process_iter(["cmdline"]):
            title = " ".join(process.info["cmdline"] or [])
            if title.startswith("postgres: ") and f"{database} " in title and f"({port})" in title:
                parent = process.parent()
                assert parent is not None
                return parent
    finally:
        session.close()
    raise RuntimeError("the cluster's processes are not on this machine")


def cpu(postmasters: list[psutil.Process]) -> float:
    """The seconds that the servers have used until now, those of ended processes included."""
    return sum(cpu_of(parent) for parent in postmasters)


def cpu_of(parent: psutil.Process) -> float:
    while True:
        children = parent.children(recursive=True)
        ended = parent.cpu_times()
        seconds = sum(cpu_seconds(process) for process in (parent, *children))
        # Who ended meanwhile may be counted twice, or not at all.
        if children == parent.children(recursive=True):
            return seconds + float(ended.children_user + ended.children_system)


async def measure(urls: dict[str, str], postmasters: list[psutil.Process]) -> dict[str, dict[str, float]]:
    """Microseconds of CPU of a call, by operation and database."""
    async with AsyncExitStack() as stack:
        calls: dict[str, dict[str, Call]] = {}
        for name, url in urls.items():
            settings = Settings(
                database_url=url, jwt_secret=SECRET, webhook_key=(SECRET,), pool_size=CONNECTIONS,
                database_timeout=60,
            )  # fmt: skip
            database = await stack.enter_async_context(Database(settings))
            ids = await fill(database)
            progress(f"{name}: {USERS * TASKS:,} tasks")
            calls[name] = operations(database, ids)
        medians: dict[str, dict[str, float]] = {}
        for operation in next(iter(calls.values())):
            taken: dict[str, list[float]] = {name: [] for name in urls}
            for name in urls:
                await run(calls[name][operation], SECONDS / 3)
            for _ in range(ROUNDS):
                for name in urls:
                    before = cpu(postmasters)
                    count = await run(calls[name][operation], SECONDS)
                    taken[name].append(1e6 * (cpu(postmasters) - before) / count)
            medians[operation] = {name: median(costs) for name, costs in taken.items()}
            progress(f"{operation}: {medians[operation]}")
    progress("")
    return medians


async def run(call: Call, seconds: float) -> int:
    """Call over all connections for so long; returns how often."""
    end = time.monotonic() + seconds
    chance = random.Random(1)

    async def one_after_the_other() -> int:
        count = 0
        while time.monotonic() < end:
            answer = await call(chance)
            assert answer.status in (200, 201), answer
            count += 1
        return count

    return sum(await asyncio.gather(*(one_after_the_other() for _ in range(CONNECTIONS))))


def user(number: int) -> Identity:
    return Identity(user_name(number), read_only=False)


def body(chance: random.Random, number: int) -> dict[str, object]:
    """A task; every sixth has the word that is searched."""
    known = words()
    found = "groceries" if number % FOUND == 0 else chance.choice(known)
    return {
        "title": f"{found} {chance.choice(known)} {number}",
        "description": " ".join(chance.choices(known, k=12)),
        "priority": chance.choice(["High", "Medium", "Low"]),
        "tags": ["home", "shop"],
        "due_date": "2026-12-01T10:00:00Z",
    }


async def fill(database: Database) -> list[list[str]]:
    """The tasks, by batches of the service; returns their ids by the number of the user."""
    chance = random.Random(2)

    async def make(number: int) -> list[str]:
        made: list[str] = []
        for begin in range(0, TASKS, _BATCH):
            operations = [{"op": "create", "body": body(chance, begin + each)} for each in range(_BATCH)]
            answer = await database.call(
                "change_tasks", user(number), body=json.dumps({"operations": operations}), answers="{}",
                separately=False, minimal=False, idempotency_key=None, lenient=False, careful=False,
                problems="{}",
            )  # fmt: skip
            made += [result["body"]["id"] for result in json.loads(answer.body or "")["results"]]
        return made

    ids: list[list[str]] = [[] for _ in range(USERS)]
    waiting = list(range(USERS))

    async def work() -> None:
        while waiting:
            number = waiting.pop()
            ids[number] = await make(number)

    await asyncio.gather(*(work() for _ in range(CONNECTIONS)))
    return ids


def operations(database: Database, ids: list[list[str]]) -> dict[str, Call]:
    """What is measured, by its name."""

    def listed(link: str, **parameters: str) -> Call:
        given = json.dumps({name: [value] for name, value in parameters.items()})
        return lambda chance: database.call(
            "list_tasks", user(chance.randrange(USERS)), parameters=given, link=link, cursor_key="key",
            if_none_match=None,
        )  # fmt: skip

    def get(chance: random.Random) -> Awaitable[Answer]:
        number = chance.randrange(USERS)
        return database.call("get_task", user(number), id=chance.choice(ids[number]), if_none_match=None)

    def create(chance: random.Random) -> Awaitable[Answer]:
        made = json.dumps(body(chance, 1))
        return database.call(
            "create_task", user(chance.randrange(USERS)), body=made, id=None, lenient=False, answer=None,
            idempotency_key=None,
        )  # fmt: skip

    def toggle(chance: random.Random) -> Awaitable[Answer]:
        number = chance.randrange(USERS)
        return database.call(
            "toggle_task", user(number), id=chance.choice(ids[number]), body="{}", lenient=False,
            if_match=None, answer=None, idempotency_key=None, if_none_match=None,
        )  # fmt: skip

    # Those that write come last, and the lists before the rows are more.
    return {
        "get": get,
        "list of 50": listed("/tasks?", limit="50"),
        "search, 84 found": listed("/tasks?q=groceries&", q="groceries", sort_by="relevance", limit="50"),
        "create": create,
        "toggle": toggle,
    }


if __name__ == "__main__":
    main()
