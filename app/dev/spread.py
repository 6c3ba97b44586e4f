"""``make spread`` and ``make rebalance``, with the embedded server's psql."""

from app.admin import spread as commands
from app.dev.postgres import BINARIES


def spread(superuser: str, *, plain: bool = False) -> None:
    """Apply db/citus/spread.sql; ``plain``: to a database without Citus, for the tests."""
    commands.spread(superuser, plain=plain, psql=BINARIES / "psql")
