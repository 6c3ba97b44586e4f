"""``db/schema.sql`` and the baselines of ``db/audit``: the database after all migrations."""

import os
import secrets
from pathlib import Path

from app.admin.migrate import dbmate, migrate
from app.dev import postgres
from app.dev.baseline import write_baseline, write_spread_baseline
from app.dev.project import DATA, ROOT
from app.dev.spread import spread

_SCHEMA = ROOT / "db" / "schema.sql"
_AUDIT = ROOT / "db" / "audit"


def write_schema(path: Path = _SCHEMA, audit: Path = _AUDIT) -> None:
    """Write the schema and, in ``audit``, the baselines after all migrations, from a temporary database."""
    name = f"duly_schema_{secrets.token_hex(4)}"
    with postgres.postgres(DATA) as sockets:
        postgres.create_database(sockets, name)
        try:
            owner = postgres.url(sockets, postgres.OWNER, name)
            migrate(owner)
            os.environ["PATH"] = f"{postgres.BINARIES}{os.pathsep}{os.environ['PATH']}"
            dbmate(owner, "--schema-file", path, "dump", quiet=True)
            write_baseline(owner, audit / "baseline.sql")
            spread(postgres.url(sockets, "postgres", name), plain=True)
            write_spread_baseline(owner, audit / "spread.sql", audit / "baseline.sql")
        finally:
            postgres.drop_database(sockets, name)
