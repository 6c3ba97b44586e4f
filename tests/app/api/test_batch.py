"""``POST /tasks/batch``: all or nothing, or each operation by itself."""

import json
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from app.main import create_app
from app.settings import Settings
from tests.client import Client, make_token
from tests.conftest import SECRET

LENIENT = {"Prefer": "handling=lenient"}
MINIMAL = {"Prefer": "return=minimal"}
DAILY = {"is_recurring": True, "recurrence_rule": "FREQ=DAILY", "due_date": "2026-01-10T17:00:00Z"}
NOBODYS = "018f4e2a-6c1b-4d3e-9f00-2a5b8c7d6e1f"


def create(id=None, **fields):
    return {"op": "create", **({"id": id} if id else {}), "body": {"title": "A task"} | fields}


def update(id, **fields):
    return {"op": "update", "id": id, "body": fields}


def toggle(id, **fields):
    return {"op": "toggle", "id": id, "body": fields}


def delete(id, **members):
    return {"op": "delete", "id": id} | members


@pytest.fixture
def batch(client, alice):
    """``batch(operation, …)``: the answer to a batch of alice's."""
    hers = client(alice)
    return lambda *operations, **keywords: hers.post("/tasks/batch", {"operations": operations}, **keywords)


def errors_of(response):
    return [(error["loc"][2:], error["type"]) for error in response.json()["errors"]]


def test_each_operation_has_its_result_in_order(client, alice, batch):
    hers = client(alice)
    old, gone = hers.create(), hers.create()
    id = str(uuid.uuid4())
    response = batch(create(id), update(old["id"], priority="low"), toggle(old["id"]), delete(gone["id"]))
    assert response.status_code == 200, response.text
    created, updated, toggled, deleted = response.json()["results"]
    assert (created["status"], created["location"]) == (201, f"/tasks/{id}")
    assert created["body"] == hers.get(f"/tasks/{id}").json()
    assert created["etag"] == hers.get(f"/tasks/{id}").headers["etag"]
    assert (updated["status"], updated["body"]["priority"]) == (200, "Low")
    assert (toggled["status"], toggled["body"]["new_task"]) == (200, None)
    assert toggled["body"]["task"] == hers.get(f"/tasks/{old['id']}").json()
    assert deleted == {"status": 204}
    assert hers.get(f"/tasks/{gone['id']}").status_code == 404


def test_one_failure_undoes_all_and_every_error_has_its_place(client, alice, batch):
    hers = client(alice)
    task = hers.create()
    response = batch(
        create(title=""),
        update(task["id"], priority="urgent", nonsense=1),
        update(task["id"], recurrence_rule="FREQ=SOMETIMES"),
        delete(NOBODYS),
        {"op": "remove", "id": 5},
        create(title="Fine"),
        {"op": "delete", "id": task["id"], "if_match": '"1"', "extra": 1},
        7,
    )
    assert response.status_code == 400
    assert sorted(errors_of(response), key=str) == sorted([
        ([0, "title"], "string_length"), ([1, "priority"], "enum"), ([1, "nonsense"], "unknown_field"),
        ([2, "recurrence_rule"], "recurrence_rule_value"), ([3], "not_found"),
        ([4, "op"], "operation_unknown"), ([4, "id"], "uuid_format"), ([6, "extra"], "unknown_field"),
        ([7], "object_type"),
    ], key=str)  # fmt: skip
    assert {tuple(error["loc"][:2]) for error in response.json()["errors"]} == {("body", "operations")}
    assert hers.page()["items"] == [task]


@pytest.mark.parametrize(
    ("failing", "status", "type"),
    [
        (delete(NOBODYS), 404, "not_found"),
        (create(NOBODYS), 412, "precondition_failed"),
        (update(NOBODYS, title=""), 404, "not_found"),
    ],
)
def test_the_first_failure_gives_the_status(client, alice, batch, failing, status, type):
    if status == 412:
        batch(create(NOBODYS))
    before = client(alice).page()
    response = batch(create(), failing, create(title=""))
    assert response.status_code == status
    assert errors_of(response) == [([1], type), ([2, "title"], "string_length")]
    assert client(alice).page() == before


def test_what_follows_from_a_failure_is_not_told(batch):
    id = str(uuid.uuid4())
    response = batch(create(id, title=""), update(id, priority="Low"), toggle(id), delete(id.upper()))
    assert errors_of(response) == [([0, "title"], "string_length")]


def test_if_match_is_for_each_operation(client, alice, batch):
    hers = client(alice)
    task = hers.create()
    etag = hers.get(f"/tasks/{task['id']}").headers["etag"]
    right, wrong = (update(task["id"], priority="Low") | {"if_match": tag} for tag in (etag, '"1"'))
    assert batch(wrong).status_code == 412
    # The second one sees what the first has done.
    assert batch(right, right | {"body": {"priority": "High"}}).status_code == 412
    assert batch(right).json()["results"][0]["body"]["priority"] == "Low"


@pytest.mark.parametrize("name", ["If-Match", "If-None-Match"])
def test_a_condition_in_a_header_is_400(batch, name):
    response = batch(create(), headers={name: "*"})
    assert response.status_code == 400
    assert response.json()["errors"][0]["loc"] == ["header", name]


def test_lenient_does_what_can_be_done_and_tells_the_rest(client, alice, batch):
    hers = client(alice)
    task = hers.create()
    response = batch(
        create(), create(title="", priority="urgent"), delete(NOBODYS),
        update(task["id"], title="New", nonsense=1), update(task["id"], recurrence_rule="FREQ=SOMETIMES"),
        create(task["id"]), delete(task["id"], if_match='"1"'), 7,
        toggle(task["id"], completed="yes"), headers=LENIENT,
    )  # fmt: skip
    assert response.status_code == 200
    assert response.headers["preference-applied"] == "handling=lenient"
    results = response.json()["results"]
    assert [result["status"] for result in results] == [201, 400, 404, 200, 400, 412, 412, 400, 400]
    alone = hers.post("/tasks", {"title": "", "priority": "urgent"}).json()
    told = results[1]["problem"]
    assert told["errors"] == [
        error | {"loc": ["body", "operations", 1, *error["loc"][1:]]} for error in alone["errors"]
    ]
    assert told["detail"] == alone["detail"]
    assert told.keys() == alone.keys()
    assert results[2]["problem"]["type"] == "/problems/not-found"
    assert results[5]["problem"]["detail"] == "You already have a task with this id"
    assert hers.get(f"/tasks/{task['id']}").json()["title"] == "New"
    assert hers.page()["total"] == 2


def test_refusals_in_a_batch_are_compact_json(client, alice, batch):
    operations = [create(title=""), create(title="x", tags=[1]), delete(NOBODYS), create(id="x", title="x")]
    response = batch(*operations, headers={"Prefer": "handling=lenient"})
    assert [result["status"] for result in response.json()["results"]] == [400, 400, 404, 400]
    assert response.text == json.dumps(response.json(), ensure_ascii=False, separators=(",", ":"))


def test_minimal_leaves_the_bodies_out(client, alice, batch):
    response = batch(create(), headers={"Prefer": "return=minimal, handling=lenient"})
    assert response.headers["preference-applied"] == "return=minimal, handling=lenient"
    (result,) = response.json()["results"]
    assert result.keys() == {"status", "etag", "location"}
    assert client(alice).get(result["location"]).headers["etag"] == result["etag"]


@pytest.mark.parametrize("headers", [{}, LENIENT])
def test_recurring_tasks_are_completed_even_where_the_batch_made_them(client, alice, batch, headers):
    hers = client(alice)
    id, other = str(uuid.uuid4()), hers.create(**DAILY)["id"]
    response = batch(
        create(id, **DAILY), update(id, due_date="2026-03-01T17:00:00Z"), toggle(id), toggle(other),
        update(id, completed=False), update(id, timezone="Europe/Berlin", due_date="2026-05-01"),
        update(id, due_date="2026-06-01T09:00", completed=True), headers=headers,
    )  # fmt: skip
    results = response.json()["results"]
    assert [result["status"] for result in results] == [201, 200, 200, 200, 200, 200, 200], response.text
    assert results[2]["body"]["new_task"]["due_date"] == "2026-03-02T17:00:00Z"
    assert results[3]["body"]["new_task"]["due_date"] == "2026-01-11T17:00:00Z"
    assert results[6]["body"]["due_date"] == "2026-06-01T07:00:00Z"
    due = sorted(task["due_date"] for task in hers.page(status="incomplete")["items"])
    assert due == ["2026-01-11T17:00:00Z", "2026-06-02T07:00:00Z"]


@pytest.mark.parametrize(
    ("body", "loc", "type"),
    [
        ({}, ["body", "operations"], "missing"),
        ({"operations": []}, ["body", "operations"], "batch_size"),
        ({"operations": [create()] * 101}, ["body", "operations"], "batch_size"),
        ({"operations": {}}, ["body", "operations"], "array_type"),
        ({"operations": [create()], "more": 1}, ["body", "more"], "unknown_field"),
        ([create()], ["body"], "object_type"),
        ({"operations": [create(description="x" * 70_000)]}, ["body", "operations", 0], "body_too_long"),
        ({"operations": [update(NOBODYS) | {"body": None}]}, ["body", "operations", 0, "body"], "missing"),
        ({"operations": [delete(NOBODYS, body={})]}, ["body", "operations", 0, "body"], "not_allowed"),
        (
            {"operations": [create() | {"if_match": "*"}]},
            ["body", "operations", 0, "if_match"],
            "not_allowed",
        ),
        ({"operations": [delete(NOBODYS, if_match=1)]}, ["body", "operations", 0, "if_match"], "string_type"),
        ({"operations": [{"op": "delete"}]}, ["body", "operations", 0, "id"], "missing"),
        ({"operations": [{"op": {}}]}, ["body", "operations", 0, "op"], "operation_unknown"),
    ],
)
def test_a_wrong_form_is_400_with_its_place(client, alice, body, loc, type):
    response = client(alice).post("/tasks/batch", body)
    assert response.status_code == 400
    assert [(error["loc"], error["type"]) for error in response.json()["errors"]] == [(loc, type)]
    assert client(alice).page()["total"] == 0


@pytest.mark.parametrize("text", ["", "[" * 3000, '{"operations":[', '{"operations":[NaN]}', "\ufeff{}"])
def test_what_is_no_json_is_400(client, alice, text):
    response = client(alice).request(
        "POST", "/tasks/batch", content=text, headers={"Content-Type": "application/json"}
    )
    assert response.status_code == 400


def test_a_body_may_have_a_mebibyte(client, alice):
    def send(size):
        body = json.dumps({"operations": [create()]})
        headers = {"Content-Type": "application/json"}
        return client(alice).request("POST", "/tasks/batch", content=body.ljust(size), headers=headers)

    assert send(1_048_576).status_code == 200
    refused = send(1_048_577)
    assert refused.status_code == 413
    assert "1,048,576" in refused.json()["detail"]


def test_at_most_twenty_errors_are_told(batch):
    response = batch(*[create(title="", priority="x")] * 100)
    assert len(response.json()["errors"]) == 20


def test_a_number_of_many_digits_costs_nothing(client, alice):
    """Written out as text, these would have gigabytes."""
    times = ",".join(["1e131071"] * 900)
    operation = f'{{"op":"update","id":"{NOBODYS}","body":{{"due_date":[{times}]}}}}'
    body = f'{{"operations":[{",".join([operation] * 100)}]}}'
    response = client(alice).request(
        "POST", "/tasks/batch", content=body, headers={"Content-Type": "application/json"}
    )
    assert response.status_code == 404


def test_a_key_is_for_the_whole(client, alice, batch):
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    first = batch(create(), create(), headers=headers)
    again = batch(create(), create(), headers=headers)
    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert client(alice).page()["total"] == 2
    assert batch(create(), headers=headers).status_code == 422


def test_a_long_answer_is_not_kept(client, alice, batch):
    headers = {"Idempotency-Key": "a"}
    many = [create()] * 51
    long = [create(description="\u0001" * 2000)] * 50
    for operations in (many, long):
        response = batch(*operations, headers=headers)
        assert response.status_code == 400
        assert response.json()["errors"][0]["loc"] == ["header", "Idempotency-Key"]
        assert client(alice).page()["total"] == 0
    for operations in (many, long):
        headers = MINIMAL | {"Idempotency-Key": str(uuid.uuid4())}
        assert batch(*operations, headers=headers).status_code == 200


def test_without_if_match_it_is_428_where_that_is_demanded(server, database, alice):
    settings = Settings(database_url=server.service_url(database), jwt_secret=SECRET, require_if_match=True)
    with TestClient(create_app(settings)) as http:
        hers = Client(http, make_token(alice, SECRET))
        made = hers.create()
        for operation in (update(made["id"], title="x"), toggle(made["id"]), delete(made["id"])):
            response = hers.post("/tasks/batch", {"operations": [create(), operation]})
            assert response.status_code == 428
            assert errors_of(response) == [([1], "precondition_required")]
            answer = hers.post("/tasks/batch", {"operations": [operation]}, headers=LENIENT).json()
            assert answer["results"][0]["problem"]["status"] == 428
        operations = [create(), delete(made["id"], if_match="*")]
        assert hers.post("/tasks/batch", {"operations": operations}).status_code == 200


def test_the_rate_limit_counts_operations(server, database, alice):
    limited = Settings(database_url=server.service_url(database), jwt_secret=SECRET, rate_limit=(10, 3600))
    with TestClient(create_app(limited)) as http:
        hers = Client(http, make_token(alice, SECRET))

        def send(count):
            return hers.post("/tasks/batch", {"operations": [create()] * count})

        assert send(11).status_code == 400
        assert send(6).headers["ratelimit"].startswith('"user";r=3;t=')
        refused = send(4)
        assert refused.status_code == 429
        assert refused.headers["retry-after"] == refused.headers["ratelimit"].partition("t=")[2]
        # A smaller one still has its tokens.
        assert send(1).status_code == 200
        assert hers.get("/tasks").json()["total"] == 7


def test_reading_only_changes_nothing(http, client, alice):
    reader = Client(http, client(alice).post("/passes", {"label": "Reads only"}).json()["token"])
    for headers in ({}, LENIENT):
        assert reader.post("/tasks/batch", {"operations": [create()]}, headers=headers).status_code == 403


def test_fifty_at_once_over_the_same_tasks_do_not_deadlock(client, alice, as_superuser):
    hers = client(alice)
    ids = [hers.create()["id"] for _ in range(10)]

    def send(number):
        turned = ids[number % 10 :] + ids[: number % 10]
        operations = [toggle(id) if number % 2 else update(id, title=f"Title {number}") for id in turned]
        return hers.post("/tasks/batch", {"operations": [*operations, create(title="new")]}).status_code

    with ThreadPoolExecutor(10) as threads:
        assert list(threads.map(send, range(50))) == [200] * 50
    counts = as_superuser.rows("select * from app.task_counts where user_id = $1", alice)[0]
    assert counts["open_medium"] + counts["completed_medium"] == 60
    # Each was toggled 25 times.
    assert counts["completed_medium"] == 10
    assert len({hers.get(f"/tasks/{id}").json()["title"] for id in ids}) == 1


# Operations on three tasks, under ids that the client chose. Times are given, so that nothing depends on
# the moment.
IDS = [str(uuid.UUID(int=number, version=4)) for number in range(1, 4)]
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "title": st.sampled_from(["A title", " trimmed ", "", 5]),
        "priority": st.sampled_from(["high", "Low", "urgent"]),
        "completed": st.booleans(),
        "due_date": st.sampled_from(["2026-01-31", "2026-02-01T08:00:00Z", "2026-03-29T02:30", "2026-045"]),
        "reminder_at": st.sampled_from(["2026-01-30T08:00", None]),
        "is_recurring": st.booleans(),
        "recurrence_rule": st.sampled_from(["FREQ=DAILY", "rrule:freq=monthly", "FREQ=SOMETIMES", None]),
        "timezone": st.sampled_from(["europe/berlin", "UTC", "Nowhere", None]),
        "tags": st.sampled_from([["a", "a"], []]),
    },
)
RECURRING = FIELDS.map(lambda fields: {"title": "Daily", "timezone": "Asia/Tokyo"} | DAILY | fields)
OPERATIONS = st.lists(
    st.one_of(
        st.sampled_from(IDS).flatmap(lambda id: RECURRING.map(lambda fields: create(id, **fields))),
        st.sampled_from(IDS).flatmap(lambda id: FIELDS.map(lambda fields: update(id, **fields))),
        st.sampled_from(IDS).map(toggle),
        st.sampled_from(IDS).map(lambda id: toggle(id, completed=True)),
        st.sampled_from(IDS).map(delete),
    ),
    min_size=1,
    max_size=8,
)


def alone(client, operation):
    """The answer to an operation as a request of its own."""
    path, body = f"/tasks/{operation['id']}", operation.get("body")
    match operation["op"]:
        case "create":
            return client.put(path, body, headers={"If-None-Match": "*"})
        case "update":
            return client.patch(path, body)
        case "toggle":
            return client.post(f"{path}/toggle", body)
    return client.delete(path)


def told(value):
    """What is answered, without what is new each time: successors' ids, times, the request's id."""
    if isinstance(value, list):
        return [told(each) for each in value]
    if not isinstance(value, dict):
        return value
    passing = {"created_at", "updated_at", "user_id", "request_id"}
    if value.get("id") not in (*IDS, None):
        passing = passing | {"id"}
    return {name: told(each) for name, each in value.items() if name not in passing}


def state(client):
    page = client.page(limit=100)["items"]
    return sorted((told(task) for task in page), key=lambda task: json.dumps(task, sort_keys=True))


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(OPERATIONS)
def test_a_batch_equals_its_operations_one_by_one_or_nothing(client, operations):
    ones, strict, lenient = (client(f"batch {uuid.uuid4()}") for _ in range(3))
    for each in (ones, strict, lenient):
        each.create(title="There before")
    before = state(strict)
    answers = [alone(ones, operation) for operation in operations]
    done = lenient.post("/tasks/batch", {"operations": operations}, headers={"Prefer": "handling=lenient"})
    results = done.json()["results"]
    assert [result["status"] for result in results] == [answer.status_code for answer in answers]
    assert state(lenient) == state(ones)
    for place, (result, answer) in enumerate(zip(results, answers, strict=True)):
        if answer.status_code < 300:
            assert told(result.get("body")) == told(answer.json() if answer.content else None)
            continue
        problem, expected = result["problem"], answer.json()
        for error in problem.get("errors", []):
            assert error["loc"][:3] == ["body", "operations", place]
            error["loc"][1:3] = []
        assert told(problem) == told(expected)

    whole = strict.post("/tasks/batch", {"operations": operations})
    failed = [answer for answer in answers if answer.status_code >= 400]
    if failed:
        assert whole.status_code == failed[0].status_code
        assert state(strict) == before
    else:
        assert state(strict) == state(ones)
        assert [told(result.get("body")) for result in whole.json()["results"]] == [
            told(answer.json() if answer.content else None) for answer in answers
        ]
