"""Errors, whatever is sent: problem details, never a 5xx, and nothing of what is inside."""

import dataclasses
import json
import re
import uuid
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from app.main import create_app
from app.web.problem_types import PROBLEM_TYPES
from tests.client import make_token
from tests.thorough import examples

# SQL, names of tables and constraints, SQLSTATEs, Python, paths: what no client may see.
SECRETS = re.compile(
    r"(?i)select |insert into|update app|delete from|pg_|plpgsql|postgres|sqlstate|constraint|relation "
    r"|violates|app\.\w|"
    r"tasks_\w|_check|_pkey|DT4\d\d|Traceback|asyncpg|starlette|File "
    r"\"|/work|site-packages|\.py\b|0x[0-9a-f]{6}"
)
MARK = "the-secret-of-bob"

texts = st.text(max_size=40) | st.sampled_from(
    ["'; drop table app.tasks; --", "\"'\\", "\x00", "%s %1$s", "💥" * 300, "null", "{}", "FREQ=DAILY"]
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
fields = st.sampled_from(
    [
        "title",
        "description",
        "completed",
        "priority",
        "tags",
        "due_date",
        "reminder_at",
        "is_recurring",
        "recurrence_rule",
        "timezone",
        "id",
        "limit",
    ]
)
bodies = (
    st.dictionaries(fields | texts, values, max_size=6).map(json.dumps).map(str.encode)
    | values.map(json.dumps).map(str.encode)
    | st.binary(max_size=60)
)
parameters = st.lists(
    st.tuples(
        st.sampled_from(
            ["q", "status", "priority", "tags", "due_date_from", "sort_by", "limit", "offset", "cursor", "x"]
        ),
        texts,
    ),
    max_size=4,
)
names = st.sampled_from(
    [
        "If-Match",
        "If-None-Match",
        "Idempotency-Key",
        "Prefer",
        "Accept",
        "Accept-Encoding",
        "Content-Type",
        "Authorization",
        "X-Request-ID",
    ]
)
headers = st.dictionaries(
    names,
    st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=30).map(
        str.strip
    ),
    max_size=3,
)
paths = st.sampled_from(
    [
        "/tasks",
        "/tasks/{id}",
        "/tasks/{id}/toggle",
        "/tasks/{id}/occurrences",
        "/occurrences",
        "/health",
        "/problems/x",
        "/nothing",
    ]
)


@pytest.mark.thorough
@hypothesis_settings(
    max_examples=examples(200, 2_000),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]), path=paths,
    of=st.sampled_from(["alice", "bob"]) | texts,
    body=bodies, query=parameters, extra=headers,
)  # fmt: skip
def test_no_error_tells_what_is_inside(http, client, settings, method, path, of, body, query, extra):
    bobs = client("bob").create(title=MARK) if of == "bob" else None
    identifier = {"alice": uuid.uuid4().hex, "bob": bobs and bobs["id"]}.get(of, of)
    token = make_token("alice", settings.jwt_secret)
    sent = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", **extra}
    url = f"{path.format(id=quote(identifier, safe=''))}?{urlencode(query)}"
    response = http.request(
        method, url, content=body, headers=[(name, value.encode("latin-1")) for name, value in sent.items()]
    )
    if response.status_code >= 400:
        check_problem(response)
    assert MARK not in response.text


def check_problem(response):
    assert response.status_code < 500, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert set(problem) - {"errors"} == {
        "type",
        "title",
        "status",
        "detail",
        "error",
        "message",
        "request_id",
    }
    assert (
        PROBLEM_TYPES[problem["type"].removeprefix("/problems/")].status
        == problem["status"]
        == response.status_code
    )
    assert (problem["error"], problem["message"]) == (problem["title"], problem["detail"])
    told = [problem["detail"]] + [f"{fault['msg']} {fault['type']}" for fault in problem.get("errors", [])]
    # The names of unknown fields and parameters are the client's own words.
    own = [str(name) for fault in problem.get("errors", []) for name in fault["loc"][1:]]
    for text in told:
        for name in own:
            text = text.replace(name, "")
        assert not SECRETS.search(text), text


@pytest.mark.parametrize(
    ("typo", "meant"),
    [
        ("due_dat", "due_date"),
        ("dueDate", "due_date"),
        ("reminder", "reminder_at"),
        ("recurrence", "recurrence_rule"),
        ("Title", "title"),
        ("tag", "tags"),
    ],
)
def test_a_near_miss_names_the_field_that_was_meant(client, alice, typo, meant):
    (fault,) = client(alice).post("/tasks", {"title": "x", typo: None}).json()["errors"]
    assert fault["msg"].endswith(f"did you mean {meant}?")


def test_faults_of_the_database_itself_are_503_or_500_and_tell_nothing(settings, alice, new_database, server):
    name = new_database()
    with TestClient(
        create_app(dataclasses.replace(settings, database_url=server.service_url(name))),
        raise_server_exceptions=False,
    ) as http:
        headers = {"Authorization": f"Bearer {make_token(alice, settings.jwt_secret)}"}
        assert http.get("/tasks", headers=headers).status_code == 200
        server.execute("alter table app.tasks rename to elsewhere", name)
        response = http.get(f"/tasks/{uuid.uuid4()}", headers=headers)
        made = http.post("/tasks", json={"title": "x"}, headers=headers)
    assert {response.status_code, made.status_code} <= {404, 500}
    for answer in (response, made):
        assert not SECRETS.search(answer.json()["detail"])
        assert set(answer.json()) == {"type", "title", "status", "detail", "error", "message", "request_id"}
