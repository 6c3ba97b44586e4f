"""PostgreSQL's log with the settings of db/README.md: a line for each refused request, nothing of a body."""

import json

import asyncpg
import pytest

from app.dev import commands
from tests.sql import Session

LOG = commands.FOLDER / "tests" / "log"
REFUSED = (
    {"title": "", "Kiwi": 1},
    {"title": "Kiwi", "priority": "Kiwi"},
    {"title": "Kiwi", "due_date": "Kiwi"},
    {"title": "Kiwi" * 100},
    {"title": "Kiwi", "tags": ["Kiwi" * 20]},
)
SETTINGS = "set log_error_verbosity = terse; set log_min_error_statement = panic;"


def test_a_refused_request_is_one_line_in_the_log_and_no_piece_of_it(server, database, alice):
    if "@/" not in server.url:
        pytest.skip("the log of another server can't be read")
    begin = LOG.stat().st_size
    session = Session(server.superuser_url(database))
    # Whoever else writes to this log has another process id.
    session.execute(SETTINGS)
    mine = f"[{session.value('select pg_backend_pid()')}]"
    session.execute("set session authorization task_api")
    session.value("select set_config('app.user_id', $1, false)", alice)
    for body in REFUSED:
        with pytest.raises(asyncpg.PostgresError):
            session.value("select api.create_task($1, null, false, null, null)", json.dumps(body))
    session.close()
    with LOG.open() as log:
        log.seek(begin)
        lines = [line for line in log if mine in line]
    assert len(lines) == len(REFUSED), lines
    assert all("ERROR: " in line and "kiwi" not in line.lower() for line in lines), lines
