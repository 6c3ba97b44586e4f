"""psql, on the database of ``make``."""

import os
import re
import signal
import subprocess
import sys

from app.dev.database import service_url
from app.dev.postgres import BINARIES

_AS_OWNER = (
    "As the owner: row-level security shows it no task, unless it is a superuser. "
    "A user's tasks: make psql user=alice"
)


def psql(owner: str, user: str, *arguments: str) -> int:
    """Run psql as the owner; or with a user, as the service, which sees that user's tasks only."""
    variables = dict(os.environ)
    if user:
        owner = service_url(owner)
        value = re.sub(r"([\\\s])", r"\\\1", user)
        variables["PGOPTIONS"] = f"{variables.get('PGOPTIONS', '')} -c app.user_id={value}".strip()
        print(f"As {user}: select id, title, completed from app.tasks;", file=sys.stderr, flush=True)
    else:
        print(_AS_OWNER, file=sys.stderr, flush=True)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return subprocess.run([BINARIES / "psql", owner, *arguments], env=variables).returncode
