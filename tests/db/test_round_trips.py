"""What a request costs in statements and round trips, by counting what goes over the wire to PostgreSQL."""

import pytest
from starlette.testclient import TestClient

from app.main import create_app
from app.settings import Settings
from tests.client import Client, make_token
from tests.conftest import SECRET
from tests.wire import tap

WEEKLY = {
    "title": "x",
    "is_recurring": True,
    "recurrence_rule": "FREQ=WEEKLY",
    "due_date": "2026-01-10T17:00:00Z",
}


@pytest.fixture
def wire(server, database):
    with tap(server.service_url(database)) as wire:
        yield wire


@pytest.fixture
def counted(wire, alice):
    """``counted(call)``: the statements and round trips of the requests that ``call`` makes with alice's
    client.
    """
    # One connection, so that each statement is prepared by its first use.
    settings = Settings(database_url=wire.url, jwt_secret=SECRET, pool_size=1)
    with TestClient(create_app(settings)) as http:
        alices = Client(http, make_token(alice, SECRET))

        def count(call, *arguments):
            call(alices, *arguments)
            wire.reset()
            assert call(alices, *arguments).status_code < 400
            return wire.statements, wire.round_trips

        count.client = alices
        yield count


@pytest.mark.parametrize(
    "call",
    [
        lambda client, id: client.get(f"/tasks/{id}"),
        lambda client, id: client.get("/tasks"),
        lambda client, id: client.get("/tasks", params={"q": "task", "tags": "home", "sort_by": "title"}),
        lambda client, id: client.get("/tasks", params={"due_date_from": "2026-01-01", "limit": 1}),
        lambda client, id: client.get("/changes"),
        lambda client, id: client.get("/changes", params={"limit": 1}),
        lambda client, id: client.post("/tasks", {"title": "one more"}),
        lambda client, id: client.post("/tasks", WEEKLY),
        lambda client, id: client.post("/tasks", {**WEEKLY, "due_date": "2026-01-10T17:00:00.25Z"}),
        lambda client, id: client.post("/tasks", {**WEEKLY, "recurrence_rule": "rrule:freq=daily",
        "timezone": "utc"}),
        lambda client, id: client.put(f"/tasks/{id}", {**WEEKLY, "timezone": None}),
        lambda client, id: client.patch(f"/tasks/{id}", {"timezone": "europe/berlin"}),
        lambda client, id: client.put(f"/tasks/{id}", {"title": "another"}),
        lambda client, id: client.patch(f"/tasks/{id}", {"completed": True}),
        lambda client, id: client.post(f"/tasks/{id}/toggle"),
    ],
    ids=["get", "list", "search", "list by due date", "changes", "a page of changes", "create",
         "create a recurring one", "create with a fraction of a second", "create in other spellings",
         "update a series", "update a zone", "update", "complete", "toggle"],
)  # fmt: skip
def test_a_request_is_one_statement_and_one_round_trip(counted, call):
    assert counted(call, counted.client.create()["id"]) == (1, 1)


def test_deleting_is_one(counted):
    def make_and_delete(client):
        return client.delete(f"/tasks/{client.create()['id']}")

    assert counted(make_and_delete) == (2, 2)


def test_completing_a_recurring_task_is_two_the_question_and_its_answer(counted):
    def make_and_complete(client):
        made = client.post("/tasks", WEEKLY).json()
        return client.post(f"/tasks/{made['id']}/toggle")

    assert counted(make_and_complete) == (3, 3)


def batch(client, *operations):
    return client.post("/tasks/batch", {"operations": operations})


@pytest.mark.parametrize("fields", [{"title": "x"}, {**WEEKLY, "timezone": "europe/berlin"}])
def test_a_batch_is_one_statement(counted, fields):
    operations = [{"op": "create", "body": fields}] * 100
    assert counted(lambda client: batch(client, *operations)) == (1, 1)


def test_completing_a_hundred_recurring_tasks_in_a_batch_is_two(counted):
    made = []
    for _ in range(2):
        results = batch(counted.client, *[{"op": "create", "body": WEEKLY}] * 100).json()["results"]
        made.append([{"op": "toggle", "id": result["body"]["id"]} for result in results])
    toggles = iter(made)
    assert counted(lambda client: batch(client, *next(toggles))) == (2, 2)


def test_a_batch_that_is_refused_is_two(counted, wire):
    operations = [{"op": "create", "body": {"title": title}} for title in ("x", "", "y", 5)]
    batch(counted.client, *operations)
    wire.reset()
    assert batch(counted.client, *operations).status_code == 400
    assert wire.statements == 2


def test_a_rule_without_its_due_date_and_zone_takes_two_calls(counted):
    task = counted.client.create()["id"]
    rules = iter(["FREQ=DAILY", "FREQ=WEEKLY"])
    assert counted(lambda client: client.patch(f"/tasks/{task}", {"recurrence_rule": next(rules)})) == (2, 2)


def test_a_due_date_that_only_the_database_reads_takes_two_calls(counted):
    # An ordinal date.
    assert counted(lambda client: client.post("/tasks", {**WEEKLY, "due_date": "2026-010"})) == (2, 2)


def test_a_local_time_is_one_where_the_body_has_the_zone_or_there_is_none(counted):
    zone = {"timezone": "America/Los_Angeles"}
    local = {"due_date": "2026-03-01", "reminder_at": "2026-02-28T09:00"}
    task, other = (counted.client.create(**fields)["id"] for fields in ({}, zone))
    assert counted(lambda client: client.post("/tasks", {"title": "x", **zone, **local})) == (1, 1)
    assert counted(lambda client: client.patch(f"/tasks/{task}", local)) == (1, 1)
    assert counted(lambda client: client.patch(f"/tasks/{other}", {**zone, **local})) == (1, 1)
    # The stored zone is asked for.
    assert counted(lambda client: client.patch(f"/tasks/{other}", local)) == (2, 2)


def test_a_pass_costs_a_statement_each_30_seconds_and_another_once_a_day(counted, wire):
    made = counted.client.post("/passes", {"label": "x"}).json()
    script = Client(counted.client._http, made["token"])
    statements = []
    for _ in range(3):
        wire.reset()
        assert script.get("/tasks").status_code == 200
        statements.append(wire.statements)
    assert statements == [3, 1, 1]


def test_managing_passes_is_one(counted):
    assert counted(lambda client: client.post("/passes", {"label": "x"})) == (1, 1)
    assert counted(lambda client: client.get("/passes")) == (1, 1)
    ids = iter(each["id"] for each in counted.client.get("/passes").json()["items"])
    assert counted(lambda client: client.delete(f"/passes/{next(ids)}")) == (1, 1)


def test_what_has_not_the_form_of_a_pass_costs_no_statement(counted, wire):
    wire.reset()
    assert Client(counted.client._http, "duly_" + "a" * 42).get("/tasks").status_code == 401
    assert wire.statements == 0


def test_a_wrong_token_costs_no_statement(counted, wire):
    wire.reset()
    assert Client(counted.client._http, "not.a.token").get("/tasks").status_code == 401
    assert (wire.statements, wire.round_trips) == (0, 0)


def test_health_asks_the_database_nothing(counted, wire):
    wire.reset()
    assert counted.client.get("/health").status_code == 200
    assert (wire.statements, wire.round_trips) == (0, 0)
