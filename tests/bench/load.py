"""``make bench``: Duly beside the ceiling, the floor and the usual, in interleaved rounds on one machine.

BENCH_ROWS, BENCH_ROUNDS, BENCH_SECONDS (of one run) and BENCH_OPERATIONS (names, parted by semicolons) make
it shorter or longer.
"""

import os
import random
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import jwt
import psutil

from tests.bench import batch, graphql, store, walk, worst
from tests.bench.comparison import BARE, COMPARED, DULY, GRAPHQL, PGBENCH, TWO, USUAL, Comparison
from tests.bench.generators import find_wrk, run_pgbench, run_wrk
from tests.bench.operations import OPERATIONS, Operation, population, request_lines
from tests.bench.rows import RECURRING, Population, progress, user_name
from tests.bench.services import (
    DULY_COMMAND,
    POOL_SIZE,
    SECRET,
    Service,
    cpu_seconds,
    exchanges,
    serve,
    settle,
    uvicorn,
)

ROWS = int(os.environ.get("BENCH_ROWS", "1000000"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
SECONDS = int(os.environ.get("BENCH_SECONDS", "2"))
CHOSEN = os.environ.get("BENCH_OPERATIONS", "").split(";")
# More or fewer connections than 16: for all contenders, or for these two.
SWEPT = {"get": (DULY, TWO, PGBENCH, BARE, USUAL), "list of 50": (DULY, USUAL), "create": (DULY, USUAL)}
LINES = 5_000
"""Requests that a run has prepared; it begins again after the last."""
MANY = 1000
"""Connections that take a while to be made: such runs are longer."""
LONG = (3 * SECONDS + 1) // 2
"""Seconds of such a run, and of each part of the warm-up."""
SETTLING, BESIDE = 0.4, 30
"""Seconds: between two runs, and for all that is measured after the rounds."""

_METHOD = """{rows:,} tasks of 1,000 users; one of the users has {big:,}. Who is compared:

- **Duly**: this service, as in production, with all features on.
- **the usual**: the same API as it is commonly built: FastAPI, SQLAlchemy and asyncpg (`peer/`).
- **PostGraphile** {postgraphile}: GraphQL made from a table with row-level security and two indexes.
- **pgbench**: the statements of Duly without HTTP: the speed of the database alone.
- **bare Starlette**: a constant answer without a database: the speed of HTTP in Python.

Each service is one process with {pool} connections to PostgreSQL, and checks tokens. The contenders take
turns in {rounds} rounds of {seconds} s, after a warm-up of all databases. A figure is a median of the rounds.
Again: `make bench`.
"""


@dataclass
class Bench:
    """What is needed for one run after the other."""

    store: store.Store
    databases: Mapping[str, str]
    services: Mapping[str, Service]
    people: Population
    files: Mapping[tuple[str, str], Path]
    """The requests, by contender and operation; all but PostGraphile send those of Duly."""
    comparison: Comparison
    used: dict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))

    def run(self, contender: str, operation: Operation, connections: int) -> None:
        """One run, whose Sample joins the others of its kind."""
        series = self.comparison.of(contender, operation.name, connections)
        database = self.databases.get(contender, "")
        # A recurring task is completed once; every run has others.
        first = self.used[database, operation.name] if operation.once else 0
        count = 20_000 if operation.once else LINES
        seconds = duration(connections)
        settle(self.services.values())
        backends = self.backends(database)
        if contender == PGBENCH:
            tasks = self.people.tiers[1].tasks
            sample = run_pgbench(self.store.sockets, database, operation, tasks, connections, seconds, first)
        else:
            service = self.services[contender]
            before = service.cpu_seconds()
            sample = run_wrk(
                service.url, self.requests(contender, operation), connections, seconds, first, count
            )
            series.service_cpu.append(service.cpu_seconds() - before)
            memory = self.comparison.memory
            memory[contender, connections] = max(memory.get((contender, connections), 0), service.memory())
        series.postgres_cpu.append(self.used_since(backends, database))
        series.samples.append(sample)
        if operation.once:
            self.used[database, operation.name] = first + sample.requests + 1000
        progress(
            f"{operation.name}, {connections} connections, {contender}: {sample.per_second:,.0f}/s, "
            f"{sample.errors} errors"
        )

    def offers(self, contender: str, operation: Operation) -> bool:
        """Whether the contender has such an operation; PostGraphile may be missing altogether."""
        return contender != GRAPHQL or (GRAPHQL in self.services and operation.name in graphql.COMPARED)

    def requests(self, contender: str, operation: Operation) -> Path:
        return self.files.get((contender, operation.name)) or self.files[DULY, operation.name]

    def warm_up(self) -> None:
        """Use all databases as they will be used, as long as the longest run, without counting it."""
        for operation, contender in self.warmed():
            requests = self.requests(contender, operation)
            run_wrk(self.services[contender].url, requests, COMPARED, LONG, 0, LINES)
            progress(f"{operation.name}, {contender}: warm")

    def warmed(self) -> list[tuple[Operation, str]]:
        return [
            (operation, contender)
            for operation in chosen()
            for contender in (DULY, USUAL, GRAPHQL)
            if not operation.once and self.offers(contender, operation)
        ]

    def backends(self, database: str) -> dict[psutil.Process, float]:
        """The connections to the database, and the CPU seconds that each has used until now.

        Those of pgbench are gone before theirs can be read; vacuuming belongs to no request.
        """
        found = {}
        for process in self.store.postmaster.children():
            with suppress(psutil.NoSuchProcess):
                title = " ".join(process.cmdline())
                if f" {database} " in title and "autovacuum" not in title:
                    found[process] = cpu_seconds(process)
        return found

    def used_since(self, before: Mapping[psutil.Process, float], database: str) -> float:
        """The CPU seconds of the connections since then; a pool may have closed some and opened others."""
        return sum(used - before.get(each, 0.0) for each, used in self.backends(database).items())

    def round(self, number: int) -> None:
        """Every operation by every contender, in an order that differs from round to round."""
        for operation, contender, connections in self.runs(number):
            self.run(contender, operation, connections)

    def runs(self, number: int) -> list[tuple[Operation, str, int]]:
        """The runs of a round: operation, contender, connections."""
        found = []
        for operation in chosen():
            contenders = [DULY, TWO, PGBENCH, USUAL, GRAPHQL, *([BARE] if operation.name == "get" else [])]
            for contender in _turned(contenders, number):
                if self.offers(contender, operation):
                    found.append((operation, contender, COMPARED))
            for connections in (1, 32, MANY):
                for contender in _turned(SWEPT.get(operation.name, ()), number):
                    # A connection to PostgreSQL for each of 1,000 clients is what nobody has.
                    if contender != PGBENCH or connections < MANY:
                        found.append((operation, contender, connections))
        return found

    def plan(self) -> str:
        """The seconds that each part is going to take; a run waits for the one before to settle."""
        warm, runs = LONG * len(self.warmed()), self.runs(0)
        rounds = ROUNDS * sum(duration(connections) for *_, connections in runs)
        settling = SETTLING * ROUNDS * len(runs)
        return (
            f"plan: warm-up {warm} s; {ROUNDS} rounds of {len(runs)} runs {rounds} s, and about "
            f"{settling:.0f} s between them; walk, worst requests and batches about {BESIDE} s: "
            f"{(warm + rounds + settling + BESIDE) / 60:.1f} minutes"
        )


def duration(connections: int) -> int:
    """The seconds of a run."""
    if connections == MANY:
        return LONG
    return SECONDS if connections == COMPARED else max(1, SECONDS // 2)


def chosen() -> list[Operation]:
    return [operation for operation in OPERATIONS if CHOSEN == [""] or operation.name in CHOSEN]


def main() -> None:
    """Fill, start, measure, report."""
    begun = time.monotonic()
    find_wrk()
    people = population(ROWS)
    tokens = [
        jwt.encode({"sub": user_name(user), "exp": int(time.time()) + 86_400}, SECRET, "HS256")
        for user in range(1000)
    ]
    with store.start() as kept, ExitStack() as stack:
        duly, peer = kept.filled(people), kept.filled_table("peer", people)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        databases = {DULY: duly, TWO: duly, PGBENCH: duly, USUAL: peer}
        files = {}
        for operation in chosen():
            count = people.tiers[1].tasks // RECURRING * 999 if operation.once else LINES
            files[DULY, operation.name] = folder / operation.name.replace(" ", "-")
            files[DULY, operation.name].write_text(request_lines(operation, people, tokens, count))
        duly_url = {"DATABASE_URL": kept.server.service_url(duly)}
        peer_url = {"DATABASE_URL": f"postgresql://peer@/{peer}?host={kept.sockets}"}
        services = {
            DULY: stack.enter_context(serve(DULY, DULY_COMMAND, duly_url)),
            TWO: stack.enter_context(serve(TWO, DULY_COMMAND, duly_url, workers=2)),
            BARE: stack.enter_context(serve(BARE, uvicorn("tests.bench.bare:app"), {})),
            USUAL: stack.enter_context(serve(USUAL, uvicorn("tests.bench.peer.main:app"), peer_url)),
        }
        if program := graphql.install():
            databases[GRAPHQL] = kept.filled_table("postgraphile", people)
            url = f"postgresql://postgraphile@/{databases[GRAPHQL]}?host={kept.sockets}"
            environment = {"DATABASE_URL": url, "GRAPHILE_ENV": "production"}
            services[GRAPHQL] = stack.enter_context(
                serve(GRAPHQL, graphql.COMMAND, environment, folder=program)
            )
            for operation in chosen():
                if operation.name in graphql.COMPARED:
                    translated = replace(operation, requests=graphql.translate(operation))
                    files[GRAPHQL, operation.name] = folder / f"graphql-{operation.name.replace(' ', '-')}"
                    files[GRAPHQL, operation.name].write_text(
                        request_lines(translated, people, tokens, LINES)
                    )
                    first = next(translated.requests(people, random.Random(0)))
                    graphql.check(services[GRAPHQL].url, first, tokens[first.user])
        comparison = Comparison(starts={each.name: each.seconds_to_start for each in services.values()})
        bench = Bench(kept, databases, services, people, files, comparison)
        progress(f"filled and started in {time.monotonic() - begun:.0f} s")
        progress(bench.plan())
        bench.warm_up()
        for number in range(ROUNDS):
            bench.round(number)
        progress("")
        requests = {
            operation.name: next(operation.requests(people, random.Random(0))) for operation in chosen()
        }
        comparison.exchanges = exchanges(duly_url["DATABASE_URL"], requests, tokens)
        backends = bench.backends(duly)
        comparison.walk = walk.measure(
            services[DULY].url, tokens[0], lambda: bench.used_since(backends, duly)
        )
        comparison.worst = worst.measure(services[DULY].url, tokens[0])
        comparison.batch = batch.measure(services[DULY].url, tokens[1])
        version = kept.version
    progress(f"measured in {(time.monotonic() - begun) / 60:.1f} minutes")
    method = _METHOD.format(
        rows=people.rows,
        big=people.tiers[0].tasks,
        rounds=ROUNDS,
        seconds=SECONDS,
        pool=POOL_SIZE,
        postgraphile="5" if program else "(not measured: npm is missing)",
    )
    comparison.write("Load", version, method)


def _turned(contenders: Sequence[str], number: int) -> list[str]:
    place = number % len(contenders) if contenders else 0
    return [*contenders[place:], *contenders[:place]]


if __name__ == "__main__":
    main()
