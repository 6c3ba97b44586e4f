"""The description and the service, held against each other both ways."""

import json
import re

import pytest
from starlette.routing import Route
from starlette.testclient import TestClient

from app.docs.components import HEADERS
from app.docs.openapi import describe
from app.main import create_app
from app.settings import Settings
from app.web.cors import EXPOSED
from app.web.problem_types import PROBLEM_TYPES


@pytest.fixture(scope="module")
def document(http):
    response = http.get("/openapi.json")
    assert (response.status_code, response.headers["content-type"]) == (200, "application/json")
    return response.json()


def operations(document):
    """Each as (method, path, operation)."""
    return [
        (method.upper(), path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def test_every_route_is_described_and_every_description_has_a_route(http, document):
    routes = {
        (method, route.path)
        for route in http.app.routes
        if isinstance(route, Route) and route.include_in_schema
        for method in route.endpoint.handlers
    }
    # HEAD is GET, everywhere; the document says so once.
    assert {(method, path) for method, path in routes if method != "HEAD"} == {
        (method, path) for method, path, _ in operations(document)
    }


def test_every_field_of_a_task_is_described_and_no_other(client, alice, document):
    schema = document["components"]["schemas"]["Task"]
    assert set(schema["properties"]) == set(schema["required"]) == set(client(alice).create())


def test_what_may_be_written_is_what_the_database_takes(document, as_superuser):
    assert set(document["components"]["schemas"]["NewTask"]["properties"]) == set(
        as_superuser.value("select app.task_fields()")
    )
    written = {
        name
        for name, schema in document["components"]["schemas"]["NewTask"]["properties"].items()
        if not schema.get("readOnly")
    }
    assert written == {
        "title", "description", "completed", "priority", "tags", "due_date", "reminder_at", "is_recurring", "recurrence_rule", "timezone",
    }  # fmt: skip


def test_types_lengths_enums_and_defaults_are_those_of_the_database(document):
    schemas = document["components"]["schemas"]
    new = schemas["NewTask"]["properties"]
    assert schemas["NewTask"]["required"] == ["title"]
    assert (new["title"]["type"], new["title"]["minLength"], new["title"]["maxLength"]) == ("string", 1, 200)
    assert (new["description"]["type"], new["description"]["maxLength"]) == (["string", "null"], 2000)
    assert (new["priority"]["default"], new["priority"]["anyOf"][0]) == (
        "Medium",
        {"enum": ["High", "Medium", "Low"]},
    )
    assert (new["tags"]["maxItems"], new["tags"]["default"], new["tags"]["items"]["maxLength"]) == (
        50,
        [],
        50,
    )
    assert new["tags"]["items"]["pattern"] == "^[^,]*$"
    assert (new["completed"]["default"], new["recurrence_rule"]["maxLength"]) == (False, 500)
    assert (
        new["due_date"]["format"],
        new["id"]["readOnly"],
        schemas["Task"]["properties"]["id"]["format"],
    ) == (
        "date-time",
        True,
        "uuid",
    )


def test_a_changed_constraint_changes_the_description(new_database, server):
    name = new_database()
    server.execute("alter table app.tasks drop constraint tasks_title_length", name)
    server.execute(
        "alter table app.tasks add constraint tasks_title_length check (char_length(title) between 2 and 77)",
        name,
    )
    server.execute("comment on column app.tasks.title is 'What to do.'", name)
    found = json.loads(server.execute("select api.describe_tasks()", name))
    title = next(field["schema"] for field in found["fields"] if field["name"] == "title")
    assert title == {"type": "string", "minLength": 2, "maxLength": 77, "description": "What to do."}


def test_the_parameters_of_a_list_are_those_that_the_database_reads(client, alice, document):
    message = client(alice).get("/tasks", params={"nonsense": 1}).json()["errors"][0]["msg"]
    read = re.split(r", | and ", message.partition("parameters are ")[2])
    assert [
        parameter["name"]
        for parameter in document["paths"]["/tasks"]["get"]["parameters"]
        if parameter.get("in") == "query"
    ] == read


def test_every_reference_leads_somewhere(document):
    for reference in set(re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(document))):
        found = document
        for step in reference.split("/"):
            found = found[step]


def test_every_problem_and_every_header_that_a_page_may_read_is_described(document):
    described = json.dumps(document["paths"])
    assert [
        name
        for name in PROBLEM_TYPES
        if f"/problems/{name}" not in described and name != "method-not-allowed"
    ] == []
    assert set(EXPOSED) - {"Allow"} <= set(HEADERS)


def test_every_operation_says_what_it_is_answers_what_and_needs_which_token(document):
    names = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(set(names)) == len(names)
    for method, path, operation in operations(document):
        assert operation["summary"], (method, path)
        assert {"400", "406", "431", "500"} <= set(operation["responses"])
        assert ("401" in operation["responses"]) == bool(operation["security"])
        for status, response in operation["responses"].items():
            assert "X-Request-ID" in response["headers"]
            for content in response.get("content", {}).values():
                assert int(status) < 400 or content["examples"]


def test_if_match_is_required_where_the_server_demands_it():
    settings = Settings(database_url="postgresql://nowhere/x", jwt_secret="s" * 32, require_if_match=True)
    document = describe(settings, {"fields": _SERIES, "faults": []})
    for path, method in (("/tasks/{id}", "patch"), ("/tasks/{id}", "delete"), ("/tasks/{id}/toggle", "post")):
        (if_match,) = [
            each for each in document["paths"][path][method]["parameters"] if each.get("name") == "If-Match"
        ]
        assert if_match["required"] is True


_SERIES = [
    {
        "name": name,
        "writable": True,
        "required": False,
        "schema": {"type": ["string", "null"], "description": "."},
    }
    for name in ("due_date", "recurrence_rule", "timezone")
]


def test_without_a_database_the_description_is_503():
    settings = Settings(database_url="postgresql://task_api@127.0.0.1:1/none", jwt_secret="s" * 32)
    with TestClient(create_app(settings), raise_server_exceptions=False) as http:
        assert http.get("/openapi.json").status_code == 503
        assert http.get("/docs").status_code == 200
