"""What a call costs: one statement to one other machine, whatever the call does there."""

import asyncio
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.database.connection import Connection, Connector
from app.main import create_app
from tests.client import Client, make_token
from tests.sql import Session


@pytest.fixture(scope="module")
def sent(cluster, database, settings) -> Iterator[tuple[TestClient, list[str]]]:
    """The application, and the statements that are sent to other machines for it."""
    statements: list[str] = []
    connect = Connector._connect

    def note(_: Connection, message: Any) -> None:
        if found := re.match(r"issuing (.*)", message.message, re.S):
            statements.append(found[1])

    async def listen(connector: Connector, values: Any) -> Connection:
        connection = await connect(connector, values)
        connection.add_log_listener(note)
        return connection

    session = Session(cluster.superuser_url(database))
    session.execute(f"alter role task_api in database {database} set citus.log_remote_commands = on")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Connector, "_connect", listen)
        with TestClient(create_app(settings), raise_server_exceptions=False) as http:
            yield http, statements
    session.execute(f"alter role task_api in database {database} reset citus.log_remote_commands")
    session.close()


RECURRING = {"due_date": "2026-12-01", "is_recurring": True, "recurrence_rule": "FREQ=DAILY"}
FILTERS = {"tags": "a", "sort_by": "due_date", "status": "incomplete"}
WEBHOOK = {"url": "https://example.com/hook", "events": ["task.created"]}
BATCH = {"operations": [{"op": "create", "body": {"title": "x"}}] * 3}

# The functions that are called, and the request; {task} is the path of a task.
REQUESTS: dict[str, tuple[list[str], str, str, dict[str, Any]]] = {
    "create": (["create_task"], "POST", "/tasks", {"json": {"title": "x", "tags": ["a"]}}),
    "create, with a key": (
        ["create_task"], "POST", "/tasks", {"json": {"title": "x"}, "headers": {"Idempotency-Key": "a-key"}},
    ),
    "get": (["get_task"], "GET", "{task}", {}),
    "list": (["list_tasks"], "GET", "/tasks", {}),
    "list, filtered": (["list_tasks"], "GET", "/tasks", {"params": FILTERS}),
    "search": (["list_tasks"], "GET", "/tasks", {"params": {"q": "task", "sort_by": "relevance"}}),
    "update": (["update_task"], "PATCH", "{task}", {"json": {"title": "y"}}),
    "replace": (["update_task"], "PUT", "{task}", {"json": {"title": "y"}}),
    "toggle": (["toggle_task"] * 2, "POST", "{task}/toggle", {}),
    "delete": (["delete_task"], "DELETE", "{task}", {}),
    "occurrences": (["get_series"], "GET", "{task}/occurrences", {}),
    "changes": (["list_changes"], "GET", "/changes", {}),
    "batch": (["change_tasks"], "POST", "/tasks/batch", {"json": BATCH}),
    "create a pass": (["create_pass"], "POST", "/passes", {"json": {"label": "x", "scope": "tasks:read"}}),
    "list passes": (["list_passes"], "GET", "/passes", {}),
    "create a webhook": (["create_webhook"], "POST", "/webhooks", {"json": WEBHOOK}),
    "list webhooks": (["list_webhooks"], "GET", "/webhooks", {}),
}  # fmt: skip


@pytest.mark.parametrize("name", REQUESTS)
def test_a_call_is_one_statement_to_one_machine(sent, alice, name):
    functions, method, path, arguments = REQUESTS[name]
    http, statements = sent
    client = Client(http, make_token(alice))
    task = client.create(**RECURRING)["id"]
    statements.clear()
    answer = client.request(method, path.format(task=f"/tasks/{task}"), **arguments)
    assert answer.status_code < 300, answer.text
    assert [statement.partition("(")[0] for statement in statements] == [
        f"SELECT spread.{function}" for function in functions
    ]


def test_the_numbers_of_many_users_are_asked_for_once_a_shard(sent, cluster, database, coordinator):
    http, statements = sent
    users = [f"user {number}" for number in range(40)]
    for user in users:
        Client(http, make_token(user)).create()

    async def ask():
        connection = await Connector(cluster.service_url(database), 30).connect()
        statements.clear()
        try:
            return json.loads(await connection.fetchval("select porter.find_versions($1)", users))
        finally:
            await connection.close()

    assert set(asyncio.run(ask())) == set(users)
    shards = coordinator.value(
        "select count(distinct get_shard_id_for_distribution_column('app.task_counts', name)) "
        "from unnest($1::text[]) as watched (name)",
        users,
    )
    assert shards > 1
    assert len([statement for statement in statements if "task_counts" in statement]) == shards
