"""The description and the service, held against each other both ways."""

import json
import re

import openapi_spec_validator
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


def test_every_route_is_described_and_every_description_has_a_route(settings, document):
    routes = {
        (method, route.path)
        for route in create_app(settings).routes
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


WRITABLE = {
    "title", "description", "completed", "priority", "tags", "due_date", "reminder_at", "is_recurring",
    "recurrence_rule", "timezone",
}  # fmt: skip


def test_bodies_have_the_fields_that_the_database_stores_and_no_others(document):
    schemas = document["components"]["schemas"]
    assert set(schemas["NewTask"]["properties"]) == set(schemas["TaskChange"]["properties"]) == WRITABLE


def test_fields_that_are_ignored_in_a_body_are_named(client, alice, document):
    schemas = document["components"]["schemas"]
    ignored = set(client(alice).create()) - WRITABLE
    assert ignored == {"id", "user_id", "created_at", "updated_at"}
    for name in ignored:
        assert f"`{name}`" in schemas["NewTask"]["description"]
        assert f"`{name}`" in schemas["TaskChange"]["description"]


def test_types_lengths_enums_and_defaults_are_those_of_the_database(document):
    schemas = document["components"]["schemas"]
    new = schemas["NewTask"]["properties"]
    assert schemas["NewTask"]["required"] == ["title"]
    assert (new["title"]["type"], new["title"]["minLength"], new["title"]["maxLength"]) == ("string", 1, 200)
    assert (new["description"]["type"], new["description"]["maxLength"]) == (["string", "null"], 2000)
    assert new["priority"]["$ref"] == "#/components/schemas/Priority"
    assert "`Medium` if it is left out" in new["priority"]["description"]
    assert schemas["Priority"]["enum"] == ["High", "Medium", "Low"]
    assert schemas["Priority"]["type"] == "string"
    assert (new["tags"]["maxItems"], new["tags"]["items"]["maxLength"]) == (50, 50)
    for tag, is_valid in (("home", True), (" a b ", True), ("a,b", False), (" ", False), ("", False)):
        assert bool(re.search(new["tags"]["items"]["pattern"], tag)) == is_valid, tag
    assert (new["completed"]["type"], new["recurrence_rule"]["maxLength"]) == ("boolean", 500)
    assert [branch.get("format") for branch in new["due_date"]["anyOf"]] == ["date-time", "date", None]
    assert schemas["Task"]["properties"]["id"]["format"] == "uuid"


def schemas_within(part):
    """All schemas of a part of the document."""
    if isinstance(part, dict):
        if {"type", "anyOf", "oneOf", "allOf", "const", "enum", "$ref", "pattern", "format"} & set(part):
            yield part
        for key, value in part.items():
            if key not in ("example", "examples"):
                yield from schemas_within(value)
    elif isinstance(part, list):
        for value in part:
            yield from schemas_within(value)


def test_every_schema_and_every_branch_of_one_has_a_type(document):
    for schema in schemas_within(document["components"]["schemas"]):
        if "properties" not in schema.get("type", {}):
            assert {"type", "anyOf", "$ref"} & set(schema), schema


BODIES = ("NewTask", "TaskChange", "Toggle", "OccurrencesPreview", "NewPass", "NewWebhook", "Batch")


def test_request_schemas_have_no_defaults_and_answers_may_gain_fields(document):
    schemas = document["components"]["schemas"]
    requests = {*BODIES, "CreateOperation", "UpdateOperation", "ToggleOperation", "DeleteOperation"}
    requests |= {"WebhookChange", "Replay"}
    for name, schema in schemas.items():
        for each in schemas_within(schema):
            assert "default" not in each, (name, each)
            assert not each.get("readOnly"), (name, each)
        assert schema.get("additionalProperties") == (False if name in requests else None), name


def test_a_body_has_one_media_type(document):
    for _, path, operation in operations(document):
        if "requestBody" in operation:
            assert [*operation["requestBody"]["content"]] == ["application/json"], path


def test_unknown_fields_may_come_where_the_setting_lets_them():
    settings = Settings(
        database_url="postgresql://nowhere/x",
        jwt_secret="s" * 32,
        webhook_key=("k" * 32,),
        unknown_fields="ignore",
    )
    schemas = describe(settings, {"fields": _SERIES, "parameters": [], "faults": []})["components"]["schemas"]
    for name in BODIES:
        assert schemas[name]["additionalProperties"] is True


# Fixed for ever: programs call these names. A new operation adds a line.
OPERATION_IDS = {
    ("GET", "/tasks"): "list_tasks",
    ("POST", "/tasks"): "create_task",
    ("POST", "/tasks/batch"): "change_tasks",
    ("GET", "/tasks/{id}"): "get_task",
    ("PUT", "/tasks/{id}"): "put_task",
    ("PATCH", "/tasks/{id}"): "update_task",
    ("DELETE", "/tasks/{id}"): "delete_task",
    ("POST", "/tasks/{id}/toggle"): "toggle_task",
    ("GET", "/changes"): "list_changes",
    ("GET", "/events"): "watch_changes",
    ("GET", "/tasks/{id}/occurrences"): "list_occurrences",
    ("POST", "/occurrences"): "preview_occurrences",
    ("GET", "/passes"): "list_passes",
    ("POST", "/passes"): "create_pass",
    ("DELETE", "/passes/{id}"): "delete_pass",
    ("GET", "/webhooks"): "list_webhooks",
    ("POST", "/webhooks"): "create_webhook",
    ("GET", "/webhooks/{id}"): "get_webhook",
    ("PATCH", "/webhooks/{id}"): "update_webhook",
    ("PUT", "/webhooks/{id}"): "put_webhook",
    ("DELETE", "/webhooks/{id}"): "delete_webhook",
    ("POST", "/webhooks/{id}/secret"): "rotate_secret",
    ("POST", "/webhooks/{id}/test"): "test_webhook",
    ("GET", "/webhooks/{id}/deliveries"): "list_deliveries",
    ("POST", "/webhooks/{id}/deliveries/{delivery}/retry"): "retry_delivery",
    ("POST", "/webhooks/{id}/replay"): "retry_deliveries",
    ("GET", "/"): "get_index",
    ("GET", "/health"): "get_health",
    ("GET", "/health/ready"): "check_readiness",
    ("GET", "/problems/{name}"): "get_problem_type",
    ("GET", "/openapi.json"): "get_openapi",
    ("GET", "/docs"): "get_docs",
}
# Those that are no function of the database: what is not asked of it, and what it does only a part of.
WITHOUT_A_FUNCTION = {
    "put_task",
    "put_webhook",
    # A part of retry_deliveries.
    "retry_delivery",
    "list_occurrences",
    "preview_occurrences",
    "get_index",
    "get_health",
    "get_problem_type",
    "get_openapi",
    "get_docs",
}


def test_the_names_of_operations_do_not_change(document):
    names = {(method, path): operation["operationId"] for method, path, operation in operations(document)}
    assert names == OPERATION_IDS


def test_operations_are_named_after_the_functions_of_the_database(document, as_superuser):
    functions = as_superuser.value(
        "select array_agg(proname::text) from pg_proc where pronamespace = 'api'::regnamespace"
    )
    names = {operation["operationId"] for _, _, operation in operations(document)}
    assert names - set(functions) == WITHOUT_A_FUNCTION


def test_the_document_is_valid(document):
    openapi_spec_validator.validate(document)


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


def test_the_parameters_of_a_list_are_described_by_the_database(document, as_superuser):
    described = json.loads(as_superuser.value("select api.describe_tasks()"))["parameters"]
    listed = [each for each in document["paths"]["/tasks"]["get"]["parameters"] if each.get("in") == "query"]
    assert [(each["name"], each["description"]) for each in listed] == [
        (each["name"], each["description"]) for each in described
    ]
    schemas = {each["name"]: each["schema"] for each in listed}
    assert schemas["status"]["enum"] == ["complete", "incomplete"]
    assert schemas["priority"]["items"] == {"$ref": "#/components/schemas/Priority"}
    assert (schemas["limit"]["default"], schemas["offset"]["default"]) == (50, 0)


def test_optional_parameters_have_no_examples_that_a_page_would_send(document):
    used = [*document["components"]["parameters"].values()]
    for _, _, operation in operations(document):
        used += [each for each in operation.get("parameters", []) if "$ref" not in each]
    for parameter in used:
        given = {"example", "examples"} & (set(parameter) | set(parameter["schema"]))
        assert not given or parameter.get("required"), parameter["name"]


def test_every_reference_leads_somewhere(document):
    for reference in set(re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(document))):
        found = document
        for step in reference.split("/"):
            found = found[step]


def test_every_problem_and_every_header_that_a_page_may_read_is_described(document):
    used = [
        ref.rpartition("/")[2]
        for ref in re.findall(r"#/components/responses/\w+", json.dumps(document["paths"]))
    ]
    assert set(used) == set(document["components"]["responses"])
    described = json.dumps(document["components"]["responses"])
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
        assert operation["description"].endswith("."), (method, path)
        assert {"400", "406", "431", "500"} <= set(operation["responses"])
        assert ("401" in operation["responses"]) == bool(operation["security"])
        for status, found in operation["responses"].items():
            name = found.get("$ref", "").rpartition("/")[2]
            response = document["components"]["responses"][name] if name else found
            assert "X-Request-ID" in response["headers"]
            for content in response.get("content", {}).values():
                assert int(status) < 400 or content["examples"]


def test_if_match_is_required_where_the_server_demands_it():
    settings = Settings(database_url="postgresql://nowhere/x", jwt_secret="s" * 32, require_if_match=True)
    document = describe(settings, {"fields": _SERIES, "parameters": [], "faults": []})
    for path, method in (("/tasks/{id}", "patch"), ("/tasks/{id}", "delete"), ("/tasks/{id}/toggle", "post")):
        (if_match,) = [
            each for each in document["paths"][path][method]["parameters"] if each.get("name") == "If-Match"
        ]
        assert if_match["required"] is True
    # PUT may create, and then needs none.
    (if_match,) = [
        each
        for each in document["paths"]["/tasks/{id}"]["put"]["parameters"]
        if each.get("name") == "If-Match"
    ]
    assert "required" not in if_match
    assert "Required, unless you send `If-None-Match: *`" in if_match["description"]


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
