"""``make run``: the service on PORT, with a database that is up to date, until Ctrl-C."""

import hmac
import os
import signal
import socket
import subprocess
import sys
import time
from urllib.parse import urlsplit
from urllib.request import urlopen

from app.admin.migrate import migrate
from app.dev.database import database, is_embedded, service_url, worker_url
from app.dev.project import ROOT
from app.dev.tokens import secret, token
from app.settings import is_loopback

_GREETING = """
Duly serves at {address}, its documentation at {address}/docs. Ctrl-C ends it.

  curl {address}/tasks -H 'Content-Type: application/json' \\
    -H 'Authorization: Bearer {token}' \\
    -d '{{"title": "Buy milk", "tags": ["home"]}}'
"""

# The ports that web front ends are developed on: Next.js and others; Vite.
_FRONT_ENDS = "http://localhost:3000,http://localhost:5173"

_NO_DEVELOPMENT = (
    "DEVELOPMENT is off: /docs hands out tokens, and secrets may be short, only on a loopback address "
    "and with the embedded database, that is with HOST and DATABASE_URL unset."
)


def run() -> int:
    """Serve until Ctrl-C; returns the exit code: not 0 where the service ended by itself."""
    host = os.environ.get("HOST") or "127.0.0.1"
    port = _free_port(host, os.environ.get("PORT") or "8000")
    with database() as owner:
        if urlsplit(owner).username != "task_api":
            applied = migrate(owner)
            if applied:
                print(f"Applied {len(applied)} migrations", file=sys.stderr, flush=True)
        # A session of its own: Ctrl-C reaches this process, which passes it on, and then stops the database.
        service = subprocess.Popen(
            [sys.executable, "-m", "app"],
            cwd=ROOT,
            env=_environment(owner, host, port),
            start_new_session=True,
        )
        worker = _start_worker(owner, host)
        asked: list[int] = []

        def end(number: int, _: object) -> None:
            asked.append(number)
            service.terminate()
            if worker:
                worker.terminate()

        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, end)
        address = f"http://{_reachable(host)}:{port}"
        if _answers(address, service):
            print(_GREETING.format(address=address, token=token("alice")), flush=True)
        try:
            return _exit_code(service.wait(), bool(asked))
        finally:
            _end_worker(worker)


def _start_worker(owner: str, host: str) -> subprocess.Popen[bytes] | None:
    """Start the process that sends reminders and events; returns None unless this is for development."""
    url = worker_url(owner) if _is_development(host) else None
    if url is None:
        return None
    return subprocess.Popen(
        [sys.executable, "-m", "app", "worker"],
        cwd=ROOT,
        env=_environment(owner, host, 0) | {"DATABASE_URL": url},
        start_new_session=True,
    )


def _end_worker(worker: subprocess.Popen[bytes] | None) -> None:
    """What it was sending is sent again after the next start."""
    if worker is None:
        return
    worker.terminate()
    try:
        worker.wait(3)
    except subprocess.TimeoutExpired:
        worker.kill()
        worker.wait()


def _is_development(host: str) -> bool:
    return is_embedded() and is_loopback(host)


def _environment(owner: str, host: str, port: int) -> dict[str, str]:
    """The variables of the service: those given, and what is made for it here."""
    defaults = {"JWT_SECRET": secret(), "DEVELOPMENT": "true", "CORS_ORIGINS": _FRONT_ENDS}
    if _is_development(host):
        # Receivers on this machine may be reached, which the worker refuses elsewhere.
        key = hmac.digest(secret().encode(), b"webhooks", "sha256").hex()
        defaults |= {"WEBHOOK_KEY": key, "WEBHOOK_ALLOW": "127.0.0.0/8,::1/128"}
    given = {name: value for name, value in os.environ.items() if value or name not in defaults}
    if not _is_development(host):
        defaults["DEVELOPMENT"] = given["DEVELOPMENT"] = "false"
        print(_NO_DEVELOPMENT, file=sys.stderr, flush=True)
    own = {
        "DATABASE_URL": service_url(owner),
        "PORT": str(port),
        # It ends when this process does.
        "DULY_PARENT": str(os.getpid()),
    }
    return {**defaults, **given, **own}


def _exit_code(code: int, was_asked: bool) -> int:
    """The exit code as a shell has it: 128 + the number of a signal. Prints an unexpected end."""
    if was_asked:
        return max(0, code)
    reason = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
    print(f"The service has ended by itself: {reason}", file=sys.stderr, flush=True)
    return 128 - code if code < 0 else code or 1


def _free_port(host: str, port: str) -> int:
    """The port, or a free one for 0. Ends the program where it is taken, before a database is started."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.create_server((host, int(port)), family=family) as listener:
            return int(listener.getsockname()[1])
    except (OSError, ValueError, OverflowError) as error:
        sys.exit(f"Can't listen on port {port}: {error}. Choose another: make run PORT=8001")


def _reachable(host: str) -> str:
    """The host by which this machine reaches the service, for a URL."""
    if host in ("0.0.0.0", "::", "127.0.0.1"):  # noqa: S104
        return "localhost"
    return f"[{host}]" if ":" in host else host


def _answers(address: str, service: subprocess.Popen[bytes]) -> bool:
    """Wait until the service answers; False where it has ended instead."""
    while service.poll() is None:
        try:
            urlopen(f"{address}/health", timeout=1).close()  # noqa: S310
            return service.poll() is None
        except OSError:
            time.sleep(0.05)
    return False
