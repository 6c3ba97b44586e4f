"""PostgreSQL's log, with the settings of db/README.md: a line for a refused request, nothing of it."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.dev.project import DATA
from app.main import create_app
from app.settings import Settings
from tests.client import SECRET, WEBHOOK_KEY, Client, make_token
from tests.servers import Server

LOG = DATA / "tests" / "log"

# Each has the word Kiwi in it, which is then looked for in the log.
BODIES = (
    b'{"title": Kiwi}', b'{"title": "Kiwi', b"Kiwi", b'"Kiwi"', b'["Kiwi"]', b'{"title": "Kiwi\xff"}',
    rb'{"title": "Kiwi\u0000"}', rb'{"title": "Kiwi\ud800"}', b'{"title": "Kiwi", "Kiwi": 1}',
    b'{"title": "Kiwi", "priority": "Kiwi"}', b'{"title": "Kiwi", "due_date": "Kiwi"}',
    b'{"title": "Kiwi", "due_date": "294277-01-01", "reminder_at": "Kiwi"}', b'{"title": {"Kiwi": 1}}',
    b'{"title": "%s"}' % (b"Kiwi" * 100), b'{"title": "Kiwi", "tags": ["%s"]}' % (b"Kiwi" * 20),
    b'{"title": "Kiwi", "completed": "Kiwi"}', b'{"title": "Kiwi", "timezone": "Kiwi/Kiwi"}',
    b'{"title": "Kiwi", "is_recurring": true, "recurrence_rule": "FREQ=Kiwi"}',
    b'{"title": "Kiwi", "due_date": "2026-01-01T00:00:00Z", "reminder_at": "2026-01-02T00:00:00Z"}',
    b'{"title": "Kiwi", "priority": 1e400000}',
)  # fmt: skip
BATCHES = (
    b'{"operations": Kiwi}', b'{"operations": "Kiwi"}', b'"Kiwi"', b'{"operations": [{"op": "Kiwi"}]}',
    b'{"operations": [{"op": "create", "Kiwi": 1}]}', b'{"operations": [{"op": "update", "id": "Kiwi"}]}',
    b'{"operations": [{"op": "create", "body": {"title": "Kiwi", "Kiwi": 1, "due_date": "Kiwi"}}]}',
)  # fmt: skip
PASSES = (b'{"Kiwi": 1}', b"{Kiwi", b'{"label": "Kiwi", "scope": "Kiwi", "expires_at": "Kiwi"}')
WEBHOOKS = (
    b'{"Kiwi": 1}', b"{Kiwi", b'{"url": "Kiwi"}', b'{"url": "https://kiwi.example", "events": ["Kiwi"]}',
)  # fmt: skip
LISTS = (
    {"q": "Kiwi" * 600}, {"sort_by": "Kiwi"}, {"cursor": "Kiwi"}, {"limit": "Kiwi"}, {"Kiwi": "1"},
    {"tags": "Kiwi" * 30}, {"due_date_from": "Kiwi"},
)  # fmt: skip


@contextmanager
def service(server: Server, database: str) -> Iterator[Callable[..., tuple[int, list[str]]]]:
    """``ask(method, path, …)``: the status of a request as alice, and the lines that it left in the log."""
    if "@/" not in server.url:
        pytest.skip("the log of another server can't be read")
    settings = Settings(
        database_url=server.service_url(database), jwt_secret=SECRET, webhook_key=(WEBHOOK_KEY,)
    )
    with TestClient(create_app(settings), raise_server_exceptions=False) as http, LOG.open() as log:
        alice = Client(http, make_token("alice", SECRET))

        def ask(method: str, path: str, **keywords: Any) -> tuple[int, list[str]]:
            log.seek(0, 2)
            headers = {"content-type": "application/json"} | keywords.pop("headers", {})
            response = alice.request(method, path, headers=headers, **keywords)
            # Others write to this log too, with other process ids.
            pids = server.execute(
                f"select array_agg(pid) from pg_stat_activity where datname = '{database}'"
                " and usename = 'task_api'"
            )
            return response.status_code, [line for line in log if any(f"[{pid}]" in line for pid in pids)]

        yield ask


@pytest.fixture
def ask(server, new_database) -> Iterator[Callable[..., tuple[int, list[str]]]]:
    """A service with the settings that db/README.md advises."""
    database = new_database()
    for setting in ("log_error_verbosity = terse", "log_min_error_statement = panic"):
        server.execute(f"alter role task_api in database {database} set {setting}")
    with service(server, database) as ask:
        yield ask


def requests(task: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Requests that are refused: method, path and what comes with it."""
    for body in BODIES:
        yield "POST", "/tasks", {"content": body}
        yield "PATCH", f"/tasks/{task}", {"content": body}
        yield "PUT", f"/tasks/{uuid.uuid4()}", {"content": body, "headers": {"if-none-match": "*"}}
    for body in BATCHES:
        yield "POST", "/tasks/batch", {"content": body}
    for body in PASSES:
        yield "POST", "/passes", {"content": body}
    for body in WEBHOOKS:
        yield "POST", "/webhooks", {"content": body}
    for parameters in LISTS:
        yield "GET", "/tasks", {"params": parameters}
    for path in ("/tasks/Kiwi", f"/tasks/{uuid.uuid4()}", "/changes?since=Kiwi", "/changes?limit=Kiwi"):
        yield "GET", path, {}
    for body in (b'{"completed": "Kiwi"}', b"{Kiwi", b'"Kiwi"'):
        yield "POST", f"/tasks/{task}/toggle", {"content": body}
    for body in (b'{"recurrence_rule": "FREQ=Kiwi"}', b"{Kiwi", b'"Kiwi"'):
        yield "POST", "/occurrences", {"content": body}
    yield "PATCH", f"/tasks/{task}", {"content": b'{"title": "Kiwi"}', "headers": {"if-match": '"Kiwi"'}}
    yield "PUT", f"/tasks/{task}", {"content": b'{"title": "Kiwi"}', "headers": {"if-none-match": "*"}}
    yield "DELETE", f"/tasks/{task}", {"headers": {"if-match": '"Kiwi"'}}


def test_a_refused_request_is_one_line_at_most_and_no_piece_of_it(ask):
    task = str(uuid.uuid4())
    headers = {"if-none-match": "*"}
    assert ask("PUT", f"/tasks/{task}", json={"title": "Kiwi"}, headers=headers) == (201, [])
    lines = 0
    for method, path, keywords in requests(task):
        status, told = ask(method, path, **keywords)
        assert 400 <= status < 500, (method, path, keywords, status)
        assert len(told) <= 1, (method, path, keywords, told)
        assert "kiwi" not in "".join(told).lower(), told
        lines += len(told)
    # The log was the right one.
    assert lines > 50


def test_a_key_that_is_used_again_is_one_line(ask):
    headers = {"idempotency-key": "Kiwi"}
    assert ask("POST", "/tasks", json={"title": "one"}, headers=headers)[0] == 201
    status, told = ask("POST", "/tasks", json={"title": "Kiwi"}, headers=headers)
    assert (status, len(told)) == (422, 1)
    assert "kiwi" not in told[0].lower()


def test_without_these_settings_the_log_has_several_lines_and_broken_json(server, new_database):
    """As db/README.md says of a server on which nobody may set them."""
    database = new_database()
    # A superuser who migrates another database of the server sets them for the roles, which are the server's.
    for setting in ("log_error_verbosity = 'default'", "log_min_error_statement = error"):
        server.execute(f"alter role task_api in database {database} set {setting}")
    with service(server, database) as ask:
        for body in (b'{"title": "Kiwi", "priority": "Kiwi"}', b'{"title": "%s"}' % (b"Kiwi" * 100)):
            _, told = ask("POST", "/tasks", content=body)
            assert len(told) > 1
            assert "kiwi" not in "".join(told).lower()
        assert "Kiwi" in "".join(ask("POST", "/tasks", content=b'{"title": Kiwi}')[1])
