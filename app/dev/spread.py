"""The rows over several machines, with Citus: the commands of db/README.md, beyond one machine."""

import subprocess
from pathlib import Path

from app.dev import postgres
from app.dev.project import ROOT

FILE = ROOT / "db" / "citus" / "spread.sql"


def spread(superuser: str, *, plain: bool = False) -> None:
    """Apply db/citus/spread.sql to the database of the coordinator; it says what failed, and where.

    ``plain``: to a database without Citus, for the tests.

    Raises:
        subprocess.CalledProcessError: a statement failed.
    """
    command: list[str | Path] = [postgres.BINARIES / "psql", superuser, "-X", "-f", FILE]
    subprocess.run([*command, *(("-v", "plain=1") if plain else ())], check=True)
