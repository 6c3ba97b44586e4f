"""SQL, and what else an interpreter might take for its own, in every place of a request."""

import uuid
from urllib.parse import quote

import pytest

from tests.app.attack.discretion import internals_in, internals_of

PAYLOADS = [
    "' or true --",
    "'; drop table app.tasks; --",
    '"; delete from app.tasks; --',
    "') union select user_id, title from app.tasks --",
    "'||pg_sleep(9)||'",
    "$1",
    "$$; select pg_sleep(9); $$",
    "%s%s%n%I%L%1$I",
    "%27%20or%20true--",
    "' & !'x' | ( : * <-> 'y':ABCD",
    "a'b:*",
    "'\\''",
    "*/ or true /*",
    "set app.user_id = 'bob'",
    "(select string_agg(title, ',') from app.tasks)",
    "created_at desc nulls first, (select 1/0)",
    "ｕｎｉｏｎ ＇ or 1=1",
    "\u02bc or 1=1 --",
    "don\u02bct \u0149 \u02bc\u02bc",
    "${jndi:ldap://127.0.0.1/x}",
    "<script>alert(1)</script>",
    "../../../../etc/passwd",
    "x\r\nX-Injected: 1",
    "[[[[[{{{{{",
    "9" * 400,
    "1e400",
    "NaN",
    "infinity",
    "null",
]

PARAMETERS = [
    "q", "status", "priority", "tags", "tags_match", "due_date_from", "due_date_to", "sort_by", "sort_order",
    "limit", "offset", "cursor",
]  # fmt: skip

FIELDS = [
    "title",
    "description",
    "priority",
    "tags",
    "due_date",
    "reminder_at",
    "recurrence_rule",
    "timezone",
]

HEADERS = [
    "If-Match",
    "If-None-Match",
    "Idempotency-Key",
    "Prefer",
    "X-Request-ID",
    "Accept",
    "Accept-Encoding",
    "Origin",
    "User-Agent",
]


@pytest.fixture
def unharmed(victim, as_superuser):
    """Whatever is sent: Bob's tasks and the schema stay as they are."""

    def look():
        tables = (
            "select string_agg(oid::regclass::text, ',' order by oid) from pg_class "
            "where relnamespace = 'app'::regnamespace"
        )
        return victim.state(), as_superuser.value(tables)

    before = look()
    yield
    assert look() == before


def check(response, payload):
    """An answer that says nothing it should not, with a status of its kind."""
    assert response.status_code in (200, 201, 204, 304, 400, 401, 404, 405, 406, 412, 415, 422), (
        payload,
        response.text,
    )
    assert internals_in(response) <= internals_of(payload), (payload, response.text)
    assert "x-injected" not in response.headers


@pytest.mark.parametrize("payload", PAYLOADS)
def test_in_a_body(client, alice, unharmed, payload):
    her = client(alice)
    kept = her.create()
    for field in FIELDS:
        body = {"title": "x", field: [payload[:50].replace(",", " ")] if field == "tags" else payload}
        for method, path in (
            ("POST", "/tasks"),
            ("PATCH", f"/tasks/{kept['id']}"),
            ("PUT", f"/tasks/{kept['id']}"),
        ):
            response = her.request(method, path, json=body)
            check(response, payload)
            if field == "description":
                assert response.json()[field] == payload
            if field == "title" and len(payload) <= 200:
                assert response.json()[field] == payload.strip()
    for field in (payload, f"title{payload}", 'title", "user_id'):
        for headers in ({}, {"Prefer": "handling=lenient"}):
            check(her.post("/tasks", {"title": "x", field: 1}, headers=headers), payload)
            check(her.post(f"/tasks/{kept['id']}/toggle", {field: True}, headers=headers), payload)
    for body in ({"completed": payload}, {"catch_up": payload}):
        check(her.post(f"/tasks/{kept['id']}/toggle", body), payload)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_in_a_pass(client, alice, unharmed, payload):
    her = client(alice)
    for field in ("label", "scope", "expires_at", payload):
        for headers in ({}, {"Prefer": "handling=lenient"}):
            response = her.post("/passes", {"label": "x", field: payload}, headers=headers)
            check(response, payload)
            if field == "label" and len(payload) <= 100:
                assert response.json()["label"] == payload.strip()
    for token in (f"duly_{payload}", f"duly_{'a' * 42}{payload[:1]}"):
        authorization = {"Authorization": f"Bearer {token}".encode()}
        refused = her.request("GET", "/tasks", headers=authorization)
        check(refused, payload)
        assert refused.status_code in (400, 401)
    check(her.get("/passes"), "\n".join(PAYLOADS))


@pytest.mark.parametrize("payload", PAYLOADS)
def test_in_a_query(client, alice, unharmed, payload):
    her = client(alice)
    ids = {
        her.create(title=f"Title {payload}"[:200], tags=[payload[:50].replace(",", " ")])["id"]
        for _ in range(3)
    }
    for name in PARAMETERS:
        for parameters in (
            {name: payload},
            {name: payload, "q": "title"},
            {name: [payload, payload]},
            {name: f"title {payload}"},
        ):
            response = her.get("/tasks", params=parameters)
            check(response, payload)
            if response.status_code == 200:
                assert {task["id"] for task in response.json()["items"]} <= ids
                assert response.json()["total"] <= len(ids)
    check(her.get("/tasks", params={payload: "x"}), payload)
    check(her.get("/tasks", params={f"q[{payload}]": payload}), payload)
    # What was written can be found.
    assert her.page(tags=payload[:50].replace(",", " "))["total"] == 3


@pytest.mark.parametrize("payload", PAYLOADS)
def test_in_a_header(client, alice, unharmed, payload):
    her = client(alice)
    value = payload.encode("ascii", "replace").decode()
    task = f"/tasks/{her.create()['id']}"
    for name in HEADERS:
        for method, path, body in (
            ("GET", "/tasks", None),
            ("GET", task, None),
            ("PATCH", task, {"title": "x"}),
            ("POST", "/tasks", {"title": "x"}),
        ):
            check(her.request(method, path, json=body, headers={name: value}), payload)
    for name in HEADERS[:4]:
        for text in (f'"{value}"', f"*, {value}"):
            check(her.patch(task, {"title": "x"}, headers={name: text}), payload)
    response = her.request("POST", "/tasks", content="{}", headers={"Content-Type": value})
    check(response, payload)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_in_a_path(client, alice, unharmed, payload):
    her = client(alice)
    for path in (
        "/tasks/{}",
        "/tasks/{}/toggle",
        "/problems/{}",
        "/{}",
        "/tasks/" + str(uuid.uuid4()) + "{}",
    ):
        for method in ("GET", "POST", "PATCH", "DELETE"):
            check(
                her.request(
                    method,
                    path.format(quote(payload, safe="")),
                    json={} if method in ("POST", "PATCH") else None,
                ),
                payload,
            )


@pytest.mark.parametrize(
    "header", ["If-Match", "If-None-Match", "Idempotency-Key", "Prefer", "Authorization"]
)
@pytest.mark.parametrize("value", [b"\xff\xfe", b"\x7f", b'"' * 9, b"," * 5000, b"x" * 9000, "é🎉".encode()])
def test_octets_that_are_no_text_in_a_header(http, client, alice, header, value):
    """U+0000 is not among them: the server refuses it."""
    her = client(alice)
    task = f"/tasks/{her.create()['id']}"
    authorization = her._headers["Authorization"].encode()
    for method, path in (
        ("GET", "/tasks"),
        ("GET", task),
        ("PATCH", task),
        ("POST", "/tasks"),
        ("POST", f"{task}/toggle"),
    ):
        headers = [(b"Authorization", authorization)] if header != "Authorization" else []
        response = http.request(
            method,
            path,
            headers=[*headers, (header.encode(), value)],
            content=b'{"title":"x"}' if path != f"{task}/toggle" else b"",
        )
        assert response.status_code in (200, 201, 400, 401, 412, 422), (method, path, response.text)
        assert not internals_in(response)
