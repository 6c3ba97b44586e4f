"""``make bench-audit``: the time of the audit, beside no row and beside a million.

BENCH_ROWS and BENCH_SAMPLES make it shorter or longer. The data stay for the next run.
"""

import json
import os
import subprocess
import time
from collections.abc import Callable
from statistics import median

from app.admin.migrate import migrate
from app.database.baseline import expected_functions
from app.dev import postgres
from app.dev.project import ROOT
from tests.bench import store
from tests.bench.report import machine, table, write
from tests.bench.rows import Population, Tier
from tests.sql import Session

ROWS = int(os.environ.get("BENCH_ROWS", "1000000"))
SAMPLES = int(os.environ.get("BENCH_SAMPLES", "9"))

_METHOD = """The scripts of `db/audit` as a DBA runs them, a psql for each run, over a Unix socket; readiness
as the one statement that `GET /health/ready` sends, on a warm connection. Median of {samples} runs, and the
slowest. The audit reads the catalog, and the matrix rows of its own: the number of tasks makes little
difference. Again: `make bench-audit`.
"""


def main() -> None:
    """Measure on two databases, and write the page."""
    with store.start() as server:
        # One user has a twentieth of all.
        big = ROWS // 20
        many = Population((Tier(1, big), Tier(950, (ROWS - big) // 950)))
        filled = server.filled(many, keep=False)
        empty = "duly_audit_empty"
        server.drop(empty)
        postgres.create_database(server.sockets, empty)
        migrate(server.server.owner_url(empty))
        rows = []
        for database, count in ((empty, 0), (filled, many.rows)):
            owner = server.server.owner_url(database)
            for name, run in (
                ("report.sql", lambda url=owner: run_script(url, "report")),
                ("report.sql, with full=1", lambda url=owner: run_script(url, "report", "full=1")),
                ("matrix.sql", lambda url=owner: run_script(url, "matrix")),
            ):
                rows.append((name, f"{count:,}", *measure(run)))
            session = Session(server.server.service_url(database))
            session.execute("set timezone = 'UTC'")
            rows.append(("readiness", f"{count:,}", *measure(lambda session=session: ask(session))))
            session.close()
        server.drop(empty)
        page = f"# The audit's time\n\n{machine(server.version)}\n{_METHOD.format(samples=SAMPLES)}\n"
        page += table(["", "tasks", "median, s", "slowest, s"], rows)
    write("audit.md", page)


def run_script(url: str, part: str, *variables: str) -> None:
    """Run a script of db/audit to its end. Raises CalledProcessError where anything is off."""
    options = [argument for variable in variables for argument in ("-v", variable)]
    subprocess.run(
        [postgres.BINARIES / "psql", url, "-X", "-q", *options, "-f", f"db/audit/{part}.sql"],
        cwd=ROOT, stdout=subprocess.DEVNULL, check=True,
    )  # fmt: skip


def ask(session: Session) -> None:
    """Call what GET /health/ready calls. Raises RuntimeError where the service is not ready."""
    reasons = session.value(
        "select api.check_readiness(migrations => '[]', functions => $1)", json.dumps(expected_functions())
    )
    if reasons != "[]":
        raise RuntimeError(reasons)


def measure(run: Callable[[], None]) -> tuple[str, str]:
    """The median and the slowest of the runs, after one that warms up."""
    run()
    times = []
    for _ in range(SAMPLES):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return f"{median(times):.3f}", f"{max(times):.3f}"


if __name__ == "__main__":
    main()
