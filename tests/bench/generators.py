"""The generators of load: wrk for HTTP, pgbench for the statements alone. Each run gives one Sample."""

import json
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from shutil import which

from app.dev import postgres
from tests.bench.operations import Operation

_SCRIPT = Path(__file__).with_name("wrk.lua")


@dataclass(frozen=True)
class Sample:
    """What a run of a few seconds showed; times in milliseconds."""

    per_second: float
    p50: float
    p99: float
    requests: int
    errors: int
    bytes: int = 0


def find_wrk() -> str:
    """The path of wrk. Ends the program where there is none."""
    found = which("wrk")
    if found is None:
        raise SystemExit("wrk is not installed: apt install wrk, or brew install wrk")
    return found


def run_wrk(url: str, requests: Path, connections: int, seconds: int, first: int, count: int) -> Sample:
    """Send requests of the file, from the line after ``first`` on, as fast as they are answered."""
    result = subprocess.run(
        [find_wrk(), "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "-s", _SCRIPT, url,
         "--", requests, str(first), str(count)],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    figures = json.loads(result.stdout.splitlines()[-1])
    return Sample(
        figures["requests"] / figures["seconds"],
        figures["p50"],
        figures["p99"],
        figures["requests"],
        figures["refused"] + figures["failed"],
        figures["bytes"],
    )


def run_pgbench(
    sockets: str, database: str, operation: Operation, tasks: int, clients: int, seconds: int, first: int
) -> Sample:
    """Run the statements of the operation as task_api, prepared once on each connection, as the service
    does.
    """
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "script.sql"
        script.write_text(operation.script)
        variables = {"tasks": tasks, "first": first, "turn": 0, "clients": clients}
        result = subprocess.run(
            [postgres.BINARIES / "pgbench", "-h", sockets, "-U", "task_api", "-n", "-M", "prepared", "-c",
            str(clients), "-j", "1",
             "-T", str(seconds), "-f", script, "-l", "--log-prefix", Path(folder) / "log",
             *(f"-D{name}={value}" for name, value in variables.items()), database],
            capture_output=True, text=True,
        )  # fmt: skip
        if result.returncode:
            raise RuntimeError(result.stderr[-2000:])
        times = sorted(
            int(line.split()[2]) / 1e3
            for log in Path(folder).glob("log.*")
            for line in log.read_text().splitlines()
        )
    per_second = next(float(line.split()[2]) for line in result.stdout.splitlines() if line.startswith("tps"))
    return Sample(per_second, times[len(times) // 2], times[len(times) * 99 // 100], len(times), 0)
