"""A real PgBouncer, in transaction mode, before the tests' server."""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit, urlunsplit

# Debian installs it where only root's PATH leads.
PROGRAM = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin:/usr/local/sbin")

POOLED = {"TEST_POOLER": "pgbouncer"}
"""The variable that puts it between service and server, in any test."""

# Its Unix socket has PostgreSQL's own name; it listens on no port.
_PORT = 5432

_CONFIGURATION = """\
[databases]
* = {server}

[pgbouncer]
pool_mode = transaction
listen_addr =
listen_port = {port}
unix_socket_dir = {folder}
auth_type = trust
auth_file = {folder}/users
max_client_conn = 1000
default_pool_size = {connections}
server_lifetime = 3600
log_connections = 0
log_disconnections = 0
"""


@contextmanager
def pgbouncer(url: str, connections: int) -> Iterator[str]:
    """Run it with at most so many connections to the server, and yield the URL that leads through it."""
    assert PROGRAM is not None, "PgBouncer is not installed: apt-get install pgbouncer"
    parts = urlsplit(url)
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    server = f"host={parts.hostname or query['host']} port={parts.port or query.get('port', 5432)}"
    # Short, because the path of a Unix socket has at most 107 bytes.
    with tempfile.TemporaryDirectory(prefix="duly-") as name:
        folder = Path(name)
        (folder / "users").write_text(f'"{parts.username}" "{parts.password}"\n')
        (folder / "ini").write_text(
            _CONFIGURATION.format(server=server, port=_PORT, folder=folder, connections=connections)
        )
        process = subprocess.Popen(
            [PROGRAM, "-q", folder / "ini"],
            user=_account(folder), cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            _wait(process, folder / f".s.PGSQL.{_PORT}")
            yield urlunsplit(
                parts._replace(
                    netloc=f"{parts.username}:{parts.password}@", query=f"host={quote(name, safe='/')}"
                )
            )
        finally:
            process.terminate()
            process.wait(20)


def _account(folder: Path) -> str | None:
    """It refuses to run as root: then it runs as nobody, as the tests' server does."""
    if os.geteuid() != 0:
        return None
    account = pwd.getpwnam("nobody")
    for path in (folder, *folder.iterdir()):
        os.chown(path, account.pw_uid, account.pw_gid)
    return account.pw_name


def _wait(process: subprocess.Popen[bytes], socket: Path) -> None:
    deadline = time.monotonic() + 20
    while not socket.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"PgBouncer did not start (exit code {process.poll()})")
        time.sleep(0.02)
