"""What is refused, and how: the right status, a helpful body, never a 5xx."""

import pytest


def faults(response):
    """The faults of a 400, as {field: type}; everything that the contract promises of a problem is checked
    on the way.
    """
    problem = response.json()
    assert response.status_code == 400, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert problem["type"] == "/problems/validation-error"
    assert (problem["error"], problem["message"]) == (problem["title"], problem["detail"])
    assert problem["request_id"] == response.headers["x-request-id"]
    assert all(fault["msg"] and fault["type"] for fault in problem["errors"])
    return {".".join(fault["loc"][1:]): fault["type"] for fault in problem["errors"]}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, {"title": "missing"}),
        ({"title": None}, {"title": "missing"}),
        ({"title": ""}, {"title": "string_length"}),
        ({"title": " \t\u3000"}, {"title": "string_length"}),
        ({"title": "x" * 201}, {"title": "string_length"}),
        ({"title": 5}, {"title": "string_type"}),
        ({"title": ["x"]}, {"title": "string_type"}),
        ({"title": "x", "description": "x" * 2001}, {"description": "string_length"}),
        ({"title": "x", "description": {}}, {"description": "string_type"}),
        ({"title": "x", "completed": "true"}, {"completed": "boolean_type"}),
        ({"title": "x", "completed": 1}, {"completed": "boolean_type"}),
        ({"title": "x", "completed": None}, {"completed": "boolean_type"}),
        ({"title": "x", "priority": "urgent"}, {"priority": "enum"}),
        ({"title": "x", "priority": None}, {"priority": "not_null"}),
        ({"title": "x", "priority": 1}, {"priority": "string_type"}),
        ({"title": "x", "tags": "home"}, {"tags": "array_type"}),
        ({"title": "x", "tags": [1]}, {"tags": "string_type"}),
        ({"title": "x", "tags": [""]}, {"tags": "tag_length"}),
        ({"title": "x", "tags": ["y" * 51]}, {"tags": "tag_length"}),
        ({"title": "x", "tags": ["a,b"]}, {"tags": "tag_comma"}),
        ({"title": "x", "tags": [str(n) for n in range(51)]}, {"tags": "array_length"}),
        ({"title": "x", "due_date": 5}, {"due_date": "string_type"}),
        ({"title": "x", "due_date": "soon"}, {"due_date": "datetime_format"}),
        ({"title": "x", "due_date": "2026-01-01", "reminder_at": "2026-01-02"},
        {"reminder_at": "reminder_after_due"}),
        ({"title": "x", "is_recurring": True}, {"recurrence_rule": "recurrence_rule_missing"}),
        ({"title": "x", "is_recurring": "yes"}, {"is_recurring": "boolean_type"}),
        ({"title": "x", "recurrence_rule": 5}, {"recurrence_rule": "string_type"}),
        ({"title": "x", "timezone": "Mars/Olympus"}, {"timezone": "timezone_unknown"}),
        ({"title": "x", "timezone": 5}, {"timezone": "string_type"}),
        ({"title": "x", "du_date": "2026-01-01"}, {"du_date": "unknown_field"}),
        (
            {"title": "", "priority": "x", "tags": 5, "reminder_at": "y", "recurrence_rule": "FREQ=NEVER",
            "foo": 1},
            {
                "title": "string_length", "priority": "enum", "tags": "array_type",
                "reminder_at": "datetime_format",
                "recurrence_rule": "recurrence_rule_value", "foo": "unknown_field",
            },
        ),
    ],
)  # fmt: skip
def test_all_faults_of_a_body_are_told_at_once(client, alice, body, expected):
    assert faults(client(alice).post("/tasks", body)) == expected
    task = client(alice).create(title="was")
    if "title" in body:
        expected = {field: "missing" if kind == "missing" else kind for field, kind in expected.items()}
        assert faults(client(alice).patch(f"/tasks/{task['id']}", body)) == expected
        assert client(alice).get(f"/tasks/{task['id']}").json() == task


def test_lengths_are_counted_in_code_points(client, alice):
    assert (
        client(alice).create(title="x" * 200, description="🎉" * 2000, tags=["日" * 50])["description"]
        == "🎉" * 2000
    )


def test_an_unknown_field_names_the_one_that_was_probably_meant(client, alice):
    response = client(alice).post("/tasks", {"title": "x", "due_dat": None})
    assert response.json()["errors"][0]["msg"] == "is not a field here; did you mean due_date?"


def test_unknown_fields_are_ignored_where_the_client_prefers_that(client, alice):
    response = client(alice).post(
        "/tasks", {"title": "x", "color": "red"}, headers={"Prefer": "handling=lenient"}
    )
    assert response.status_code == 201


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"nonsense", b'{"title": "a\\u0000b"}', b'{"title": "\\ud800"}', b'{"title": "\xff\xfe"}',
    b"[" * 60000,
     b'{"title":' * 6000 + b"1" + b"}" * 6000, b'{"title": NaN}', b'{"title": 1e999999}', b"'title'",
     b'{"title": "x",}'],
)  # fmt: skip
def test_what_is_not_json_is_refused(client, alice, content):
    response = client(alice).request(
        "POST", "/tasks", content=content, headers={"Content-Type": "application/json"}
    )
    expected = {"title": "missing"} if content == b"" else {"": "json_invalid"}
    assert faults(response) in (expected, {"title": "string_type"})


@pytest.mark.parametrize("content", ["[]", '"title"', "null", "5", "true"])
def test_json_that_is_not_an_object_is_refused(client, alice, content):
    for method, path in (("POST", "/tasks"), ("PATCH", f"/tasks/{client(alice).create()['id']}")):
        response = client(alice).request(
            method, path, content=content, headers={"Content-Type": "application/json"}
        )
        assert faults(response) == {"": "object_type"}


@pytest.mark.parametrize("size", [65_537, 1_000_000])
def test_a_body_of_more_than_64_kib_is_413(client, alice, size):
    response = client(alice).post("/tasks", {"title": "x", "description": "y" * size})
    assert response.status_code == 413
    assert response.json()["type"] == "/problems/content-too-large"


def test_a_chunked_body_of_more_than_64_kib_is_413(client, alice):
    response = client(alice).request(
        "POST", "/tasks", content=iter([b"x" * 40_000] * 2), headers={"Content-Type": "application/json"}
    )
    assert response.status_code == 413


def test_another_media_type_is_415_and_told_what_is_read(client, alice):
    task = client(alice).create()
    response = client(alice).request(
        "PATCH", f"/tasks/{task['id']}", content="title=x", headers={"Content-Type": "text/plain"}
    )
    assert response.status_code == 415
    assert response.headers["accept-patch"] == "application/json, application/merge-patch+json"


@pytest.mark.parametrize(
    "identifier", ["1", "not-a-uuid", "'%20or%20true--", "00000000-0000-0000-0000-00000000000g", "%00", "é"]
)
def test_an_id_that_is_no_uuid_is_400(client, alice, identifier):
    assert faults(client(alice).get(f"/tasks/{identifier}")) == {"id": "uuid_format"}


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("DELETE", "/tasks", "GET, HEAD, OPTIONS, POST"),
        ("POST", "/tasks/1", "DELETE, GET, HEAD, OPTIONS, PATCH, PUT"),
        ("GET", "/tasks/1/toggle", "OPTIONS, POST"),
        ("POST", "/health", "GET, HEAD, OPTIONS"),
    ],
)
def test_a_wrong_method_is_405_with_allow(client, alice, method, path, allow):
    response = client(alice).request(method, path)
    assert (response.status_code, response.headers["allow"]) == (405, allow)
    assert response.json()["type"] == "/problems/method-not-allowed"
    assert client(alice).request("OPTIONS", path).headers["allow"] == allow


def test_an_unknown_path_is_a_404_problem(client, alice):
    response = client(alice).get("/nothing/here")
    assert (response.status_code, response.headers["content-type"]) == (404, "application/problem+json")
    assert response.json()["type"] == "/problems/not-found"
