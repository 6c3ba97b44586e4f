"""Where the files of the database are: beside this package, or inside it where a wheel was installed."""

from pathlib import Path

_PACKAGE = Path(__file__).parent
# The wheel carries a copy of what it needs of db/.
_INSTALLED = _PACKAGE / "db"

DATABASE_FILES = _INSTALLED if _INSTALLED.is_dir() else _PACKAGE.parent / "db"
MIGRATIONS = DATABASE_FILES / "migrations"
BASELINE = DATABASE_FILES / "audit" / "baseline.sql"
SPREAD_BASELINE = DATABASE_FILES / "audit" / "spread.sql"
