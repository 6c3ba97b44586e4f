"""What one request can cost is bounded before it is looked at, and no number that JSON can hold is a trap."""

import asyncpg
import pytest

from tests.app.api.test_refusals import faults

JSON = {"Content-Type": "application/json"}
BIG = ["1e4300", "1e131071", "-1e131071", "1e-16383", "9" * 5000, "1e400", "-0", "0.5", "1e2", "-1"]


def send(client, method, path, content, **headers):
    return client.request(method, path, content=content, headers=JSON | headers)


@pytest.fixture
def paths(client, alice):
    task = client(alice).create()
    return [
        ("POST", "/tasks"),
        ("PATCH", f"/tasks/{task['id']}"),
        ("PUT", f"/tasks/{task['id']}"),
        ("POST", f"/tasks/{task['id']}/toggle"),
        ("POST", "/occurrences"),
    ]


@pytest.mark.parametrize("count", [101, 6_000])
@pytest.mark.parametrize("prefer", ["handling=strict", "handling=lenient"])
def test_more_than_100_members_of_a_body_are_one_error(client, alice, paths, count, prefer):
    body = "{" + ",".join(f'"f{n}":1' for n in range(count)) + "}"
    for method, path in paths:
        response = send(client(alice), method, path, body, Prefer=prefer)
        assert faults(response) == {"": "object_length"}, path


def test_100_members_are_read_and_20_errors_told_those_of_known_fields_first(client, alice, paths):
    body = {"title": "", "recurrence_rule": 5} | {f"a{n}": 1 for n in range(98)}
    for method, path in paths:
        response = client(alice).request(method, path, json=body)
        errors = response.json()["errors"]
        assert response.status_code == 400
        if path.endswith("toggle"):
            continue
        assert len(errors) == 20
        first = {"recurrence_rule"} if path == "/occurrences" else {"title", "recurrence_rule"}
        assert {error["loc"][1] for error in errors[: len(first)]} == first
        assert response.json()["detail"].endswith(", …")


def nested(opening, value, closing, depth):
    return opening * (depth - 1) + value + closing * (depth - 1)


def alternating(pairs):
    return '[{"a":' * pairs + "1" + "}]" * pairs


DEEP = {
    "arrays": lambda depth: nested("[", "1", "]", depth),
    "objects": lambda depth: nested('{"a":', "1", "}", depth),
    "both": lambda depth: "[" * (depth % 2 == 0) + alternating((depth - 1) // 2) + "]" * (depth % 2 == 0),
    "beside strings": lambda depth: f'["]]","\\\\","\\"[",{nested("[", "1", "]", depth - 1)}]',
    "beside empty ones": lambda depth: "[[],{}," * (depth - 2) + "1" + "]" * (depth - 2),
}


@pytest.mark.parametrize("build", DEEP.values(), ids=DEEP)
def test_a_body_of_more_than_64_levels_is_refused_unread(client, alice, paths, build):
    lenient = {"Prefer": "handling=lenient"}
    for method, path in [*paths, ("POST", "/tasks/batch"), ("POST", "/passes")]:
        for depth in (65, 200, 5_000):
            deep = send(client(alice), method, path, f'{{"nonsense":{build(depth)}}}', **lenient)
            assert faults(deep) == {"": "json_invalid"}, (path, depth)
    (method, path), *_ = paths
    shallow = send(client(alice), method, path, f'{{"title":"x","nonsense":{build(64)}}}', **lenient)
    assert shallow.status_code == 201


@pytest.mark.parametrize(
    "value", [70 * "[]" + "]", "[" * 70, "]" * 70 + "[" * 70, '"' + "[" * 70, "{" * 35 + "]" * 70]
)
def test_brackets_that_do_not_match_are_no_json(client, alice, value):
    body = f'{{"title":"x","nonsense":{value}}}'
    assert faults(send(client(alice), "POST", "/tasks", body)) == {"": "json_invalid"}


def test_brackets_in_strings_and_beside_each_other_are_no_levels(client, alice):
    title = "[{" * 100
    assert client(alice).create(title=title)["title"] == title
    body = {"title": "x", "nonsense": [[{}]] * 1_000}
    assert client(alice).post("/tasks", body, headers={"Prefer": "handling=lenient"}).status_code == 201


@pytest.mark.parametrize("path", ["/tasks", "/tasks/018f4e2a-6c1b-4d3e-9f00-2a5b8c7d6e1f/occurrences"])
@pytest.mark.parametrize("count", [101, 9_000])
def test_more_than_100_parameters_are_one_error(client, alice, path, count):
    query = "&".join(f"a{n}" for n in range(count))
    errors = client(alice).get(f"{path}?{query}").json()["errors"]
    assert [(error["loc"], error["type"]) for error in errors] == [(["query"], "too_many_parameters")]


def test_100_parameters_are_read_and_20_errors_told(client, alice):
    response = client(alice).get("/tasks?" + "&".join(f"a{n}=" for n in range(100)))
    assert len(response.json()["errors"]) == 20
    assert response.json()["detail"].startswith("100 fields are not valid: ")
    repeated = client(alice).get("/tasks?" + "&".join(f"tags=t{n % 50}" for n in range(100)))
    assert repeated.status_code == 200


def test_the_database_holds_to_the_bounds_by_itself(as_user, alice):
    session = as_user(alice)
    for call in (
        "api.list_tasks((select jsonb_object_agg('a' || n, '[\"x\"]'::jsonb) "
        "from generate_series(1, 12000) as n), '', '', null)",
        "api.create_task((select jsonb_object_agg('a' || n, 1) from generate_series(1, 8000) "
        "as n), null, true, null, null)",
        "app.read_tags((select jsonb_build_object('tags', jsonb_agg('x'::text)) "
        "from generate_series(1, 10000)), 'tags')",
    ):
        with pytest.raises(asyncpg.PostgresError) as refused:
            session.value(f"select {call}")
        assert refused.value.sqlstate == "DT400"


def test_200_elements_of_tags_are_read_of_which_50_may_be_different(client, alice):
    tags = [f"t{n % 50}" for n in range(200)]
    assert client(alice).create(tags=tags)["tags"] == tags[:50]
    for elements in ([*tags, "t0"], ["t"] * 10_000, [str(n) for n in range(51)]):
        assert faults(client(alice).post("/tasks", {"title": "x", "tags": elements})) == {
            "tags": "array_length"
        }


@pytest.mark.parametrize("number", ["1", "1.0", "1e0", "100", "1.00e2", "10000e-2"])
def test_a_limit_is_a_whole_number_however_it_is_written(client, alice, number):
    body = f'{{"recurrence_rule":"FREQ=DAILY","limit":{number}}}'
    coming = send(client(alice), "POST", "/occurrences", body).json()["occurrences"]
    assert len(coming) == float(number)


@pytest.mark.parametrize("number", [*BIG[:-2], "-1", "101", "0", "true", "false", '"5"', "[]", "{}", "1.5"])
def test_any_other_limit_is_a_400(client, alice, number):
    body = f'{{"recurrence_rule":"FREQ=DAILY","limit":{number}}}'
    assert faults(send(client(alice), "POST", "/occurrences", body)) == {"limit": "number_range"}


@pytest.mark.parametrize("number", BIG)
def test_a_number_where_none_belongs_is_a_400(client, alice, paths, number):
    (_, create), (_, task), _, (_, toggle), (_, trial) = paths
    for field in ("title", "completed", "tags", "due_date", "timezone", "recurrence_rule", "nonsense"):
        for method, path in (("POST", create), ("PATCH", task)):
            body = f'{{"timezone":"Europe/Berlin","title":"x","{field}":{number}}}'
            assert set(faults(send(client(alice), method, path, body))) == {field}
    for field in ("completed", "catch_up"):
        assert set(faults(send(client(alice), "POST", toggle, f'{{"{field}":{number}}}'))) == {field}
    for field in ("recurrence_rule", "timezone", "due_date"):
        body = f'{{"recurrence_rule":"FREQ=DAILY","{field}":{number}}}'
        assert set(faults(send(client(alice), "POST", trial, body))) == {field}


def test_numbers_with_great_exponents_are_not_written_out(client, alice, paths):
    """A body of 64 KiB, written out as text, would have 900 megabytes here."""
    numbers = "[" + ",".join(["1e131071"] * 7_000) + "]"
    for method, path in paths:
        body = f'{{"nonsense":{numbers}}}'
        headers = {"Idempotency-Key": "numbers", "Prefer": "handling=lenient"}
        response = send(client(alice), method, path, body, **headers)
        assert response.status_code in (200, 400), response.text


def test_a_key_tells_another_body_whatever_its_numbers(client, alice):
    def create(number):
        body = f'{{"title":"x","nonsense":[{number}, "y"]}}'
        return send(
            client(alice), "POST", "/tasks", body, Prefer="handling=lenient", **{"Idempotency-Key": "k"}
        )

    assert create("1e131071").status_code == 201
    assert create("10e131070").headers["Idempotency-Replayed"] == "true"
    assert create("1e131070").status_code == 422
