"""``db/schema.sql`` and ``db/audit/baseline.sql``: the database after all migrations."""

import os
import secrets
from pathlib import Path

from app.admin.migrate import dbmate, migrate
from app.dev import postgres
from app.dev.baseline import write_baseline
from app.dev.project import DATA, ROOT

_SCHEMA = ROOT / "db" / "schema.sql"
_BASELINE = ROOT / "db" / "audit" / "baseline.sql"


def write_schema(path: Path = _SCHEMA, baseline: Path = _BASELINE) -> None:
    """Write the schema and the baseline after all migrations, from a temporary database."""
    name = f"duly_schema_{secrets.token_hex(4)}"
    with postgres.postgres(DATA) as sockets:
        postgres.create_database(sockets, name)
        try:
            owner = postgres.url(sockets, postgres.OWNER, name)
            migrate(owner)
            os.environ["PATH"] = f"{postgres.BINARIES}{os.pathsep}{os.environ['PATH']}"
            dbmate(owner, "--schema-file", path, "dump", quiet=True)
            write_baseline(owner, baseline)
        finally:
            postgres.drop_database(sockets, name)
