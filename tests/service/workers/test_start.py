"""The start of the service in a few lines, and SIGHUP, which reloads it."""

import asyncio
import re
import signal
import subprocess
import sys

import httpx2 as httpx
import pytest

from app.dev.project import ROOT
from tests.processes import Service, environment, free_port, wait_until


class Terminal:
    """``python -m app`` with the lines that it writes to a terminal. A context manager."""

    def __init__(self, path, **variables):
        self.path = path
        self.variables = environment(**{"JWT_SECRET": "s" * 32, **variables})

    def __enter__(self):
        with self.path.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "app"], cwd=ROOT, env=self.variables, stdout=output,
                stderr=output
            )  # fmt: skip
        return self

    def __exit__(self, *exception):
        self.process.terminate()
        self.process.wait(30)

    def wait_for(self, pattern):
        """The first match of the pattern in the lines."""
        wait_until(lambda: re.search(pattern, self.path.read_text()))
        return re.search(pattern, self.path.read_text())


@pytest.mark.parametrize("workers", [1, 2])
def test_port_0_prints_the_address(settings, tmp_path, workers):
    url = settings.database_url
    with Terminal(tmp_path / "lines", DATABASE_URL=url, PORT=0, WORKERS=workers) as service:
        address = service.wait_for(r"Duly \S+ serves at (http://127\.0\.0\.1:[1-9][0-9]*)\n")[1]
        wait_until(lambda: answers(address))


def test_the_start_tells_server_version_database_and_migration(settings, tmp_path):
    with Terminal(tmp_path / "lines", DATABASE_URL=settings.database_url, PORT=free_port()) as service:
        service.wait_for(r"PostgreSQL [0-9.]+\S*.* at \S+, database \S+ as task_api, migration [0-9]{4,}\n")
    assert "Traceback" not in service.path.read_text()


def test_the_start_tells_why_the_database_is_not_reached(tmp_path):
    url = "postgresql://task_api:hunter2@127.0.0.1:1/duly"
    with Terminal(tmp_path / "lines", DATABASE_URL=url, PORT=free_port()) as service:
        service.wait_for(r"WARNING duly\.start: Database at 127\.0\.0\.1:1: no connection: .*nothing listens")
    assert "hunter2" not in service.path.read_text()
    assert "Traceback" not in service.path.read_text()


def test_the_start_tells_that_the_database_was_not_migrated(server, template, tmp_path):
    url = server.service_url("postgres")
    with Terminal(tmp_path / "lines", DATABASE_URL=url, PORT=free_port()) as service:
        service.wait_for(r"PostgreSQL .*, database postgres as task_api, no migration: run duly migrate")


@pytest.mark.parametrize("workers", [1, 2])
def test_sighup_reloads_and_no_request_is_refused(settings, workers):
    with Service(settings.database_url, WORKERS=workers) as service:
        before = service.workers()

        async def ask_meanwhile():
            loop = asyncio.get_running_loop()
            statuses = []
            done = asyncio.Event()

            async def ask():
                while not done.is_set():
                    # A connection of its own each time: one that is kept alive may end at any time.
                    async with httpx.AsyncClient(timeout=30) as client:
                        statuses.append((await client.get(f"{service.address}/health")).status_code)

            asking = [asyncio.create_task(ask()) for _ in range(3)]
            service.process.send_signal(signal.SIGHUP)
            try:
                await loop.run_in_executor(None, wait_until, lambda: restarted(service, before))
            finally:
                done.set()
            await asyncio.gather(*asking)
            return statuses

        statuses = asyncio.run(ask_meanwhile())
        assert set(statuses) == {200}
        assert service.process.poll() is None
        # And again.
        service.process.send_signal(signal.SIGHUP)
        wait_until(service.answers)
    assert service.process.returncode == 0


def restarted(service, before):
    """Whether all that served before has been replaced; a single process is by itself, with sockets that
    it was given.
    """
    if before:
        return not set(before) & set(service.workers()) and service.answers()
    with open(f"/proc/{service.process.pid}/environ", "rb") as variables:
        return b"DULY_SOCKETS" in variables.read() and service.answers()


def test_sighup_keeps_what_serves_where_the_program_would_not_start(settings, tmp_path):
    copy = tmp_path / "app"
    # The service reads the migrations and the baseline of the audit at its start.
    subprocess.run(["cp", "-r", ROOT / "app", ROOT / "db", tmp_path], check=True)
    port = free_port()
    variables = environment(
        DATABASE_URL=settings.database_url, JWT_SECRET="s" * 32, PORT=port, PYTHONDONTWRITEBYTECODE=1
    )
    with (tmp_path / "lines").open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "app"], cwd=tmp_path, env=variables, stdout=output, stderr=output
        )
    try:
        wait_until(lambda: answers(f"http://127.0.0.1:{port}"))
        (copy / "main.py").write_text("raise RuntimeError\n")
        process.send_signal(signal.SIGHUP)
        wait_until(lambda: "nothing is reloaded" in (tmp_path / "lines").read_text())
        assert answers(f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        process.wait(30)


def answers(address):
    try:
        return httpx.get(f"{address}/health", timeout=5).status_code == 200
    except httpx.TransportError:
        return False
