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
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import jwt

from tests.bench import store, worst
from tests.bench.comparison import BARE, COMPARED, DULY, PGBENCH, TWO, USUAL, Comparison
from tests.bench.generators import find_wrk, run_pgbench, run_wrk
from tests.bench.operations import OPERATIONS, Operation, population, request_lines
from tests.bench.rows import RECURRING, Population, progress, user_name
from tests.bench.services import POOL_SIZE, SECRET, Service, cpu_seconds, exchanges, serve, settle

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

_METHOD = """One million rows, 1,000 users, one of whom has 50,000 tasks, and tokens of all of them;
row-level security, validation, tokens and all features on; each service is one uvicorn process with uvloop,
httptools and {pool} connections to PostgreSQL. Medians of {rounds} rounds of {seconds} s for each figure,
the contenders taking turns, after both databases were read and written for a while: no contender pays for
what the first change of a page after a checkpoint costs. *pgbench* runs the same statements over the same
socket; *bare Starlette* answers a constant; *the usual* is `tests/bench/peer`: FastAPI, SQLAlchemy and
asyncpg. Again: `make bench`.
"""


@dataclass
class Bench:
    """What is needed for one run after the other."""

    store: store.Store
    databases: Mapping[str, str]
    services: Mapping[str, Service]
    people: Population
    files: Mapping[str, Path]
    comparison: Comparison
    used: dict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))

    def run(self, contender: str, operation: Operation, connections: int) -> None:
        """One run, whose Sample joins the others of its kind."""
        series = self.comparison.of(contender, operation.name, connections)
        database = self.databases.get(contender, "")
        # A recurring task is completed once; every run has others.
        first = self.used[database, operation.name] if operation.once else 0
        count = 20_000 if operation.once else LINES
        seconds = (
            2 * SECONDS
            if connections == MANY
            else SECONDS
            if connections == COMPARED
            else max(1, SECONDS // 2)
        )
        settle(self.services.values())
        backends = self.postgres_cpu()
        if contender == PGBENCH:
            tasks = self.people.tiers[1].tasks
            sample = run_pgbench(self.store.sockets, database, operation, tasks, connections, seconds, first)
        else:
            service = self.services[contender]
            before = service.cpu_seconds()
            sample = run_wrk(service.url, self.files[operation.name], connections, seconds, first, count)
            series.service_cpu.append(service.cpu_seconds() - before)
            memory = self.comparison.memory
            memory[contender, connections] = max(memory.get((contender, connections), 0), service.memory())
        series.postgres_cpu.append(self.postgres_cpu() - backends)
        series.samples.append(sample)
        if operation.once:
            self.used[database, operation.name] = first + sample.requests + 1000
        progress(
            f"{operation.name}, {connections} connections, {contender}: {sample.per_second:,.0f}/s, "
            f"{sample.errors} errors"
        )

    def warm_up(self) -> None:
        """Use both databases as they will be used, longer than any run, without counting it."""
        for operation in chosen():
            for contender in (DULY, USUAL):
                if not operation.once:
                    url, requests = self.services[contender].url, self.files[operation.name]
                    run_wrk(url, requests, COMPARED, 2 * SECONDS, 0, LINES)
                    progress(f"{operation.name}, {contender}: warm")

    def postgres_cpu(self) -> float:
        """What the backends have used until now; those of pgbench are gone before it can be read."""
        return sum(cpu_seconds(process) for process in self.store.postmaster.children())

    def round(self, number: int) -> None:
        """Every operation by every contender, in an order that differs from round to round."""
        for operation in chosen():
            contenders = [DULY, TWO, PGBENCH, USUAL, *([BARE] if operation.name == "get" else [])]
            for contender in _turned(contenders, number):
                self.run(contender, operation, COMPARED)
            for connections in (1, 32, 64, MANY):
                for contender in _turned(SWEPT.get(operation.name, ()), number):
                    # A connection to PostgreSQL for each of 1,000 clients is what nobody has.
                    if contender != PGBENCH or connections < MANY:
                        self.run(contender, operation, connections)


def chosen() -> list[Operation]:
    return [operation for operation in OPERATIONS if CHOSEN == [""] or operation.name in CHOSEN]


def main() -> None:
    """Fill, start, measure, report."""
    find_wrk()
    people = population(ROWS)
    tokens = [
        jwt.encode({"sub": user_name(user), "exp": int(time.time()) + 86_400}, SECRET, "HS256")
        for user in range(1000)
    ]
    with store.start() as kept, ExitStack() as stack:
        duly, peer = kept.filled(people), kept.filled_peer(people)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        files = {}
        for operation in chosen():
            count = people.tiers[1].tasks // RECURRING * 999 if operation.once else LINES
            files[operation.name] = folder / operation.name.replace(" ", "-")
            files[operation.name].write_text(request_lines(operation, people, tokens, count))
        duly_url = {"DATABASE_URL": kept.server.service_url(duly)}
        peer_url = {"DATABASE_URL": f"postgresql://peer@/{peer}?host={kept.sockets}"}
        services = {
            DULY: stack.enter_context(serve(DULY, None, duly_url)),
            TWO: stack.enter_context(serve(TWO, None, duly_url, workers=2)),
            BARE: stack.enter_context(serve(BARE, "tests.bench.bare:app", {})),
            USUAL: stack.enter_context(serve(USUAL, "tests.bench.peer.main:app", peer_url)),
        }
        comparison = Comparison(starts={each.name: each.seconds_to_start for each in services.values()})
        bench = Bench(
            kept, {DULY: duly, TWO: duly, PGBENCH: duly, USUAL: peer}, services, people, files, comparison
        )
        bench.warm_up()
        for number in range(ROUNDS):
            bench.round(number)
        progress("")
        requests = {
            operation.name: next(operation.requests(people, random.Random(0))) for operation in chosen()
        }
        comparison.exchanges = exchanges(duly_url["DATABASE_URL"], requests, tokens)
        comparison.worst = worst.measure(services[DULY].url, tokens[0])
        version = kept.version
    comparison.write("Load", version, _METHOD.format(rounds=ROUNDS, seconds=SECONDS, pool=POOL_SIZE))


def _turned(contenders: Sequence[str], number: int) -> list[str]:
    place = number % len(contenders) if contenders else 0
    return [*contenders[place:], *contenders[:place]]


if __name__ == "__main__":
    main()
