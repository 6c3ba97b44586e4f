"""The edges of HTTP: negotiation, caching, CORS, preconditions, parameters, limits."""

import dataclasses
import gzip
import uuid

import brotli
import pytest
from starlette.routing import Route
from starlette.testclient import TestClient

from app.main import create_app
from app.web.negotiation import choose_coding, choose_media_type
from app.web.resource import Resource
from tests.client import Client, make_token

ORIGIN = "http://localhost:3000"


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ("*/*", "application/json"), ("text/html, */*;q=0.1", "text/html"),
        ("application/*", "application/json"),
        ("text/html;q=0.5, application/json;q=0.6", "application/json"),
        ("application/json;q=0, */*", "text/html"),
        ("image/png", None), ("", None), ("application/json;q=nonsense", None), ("TEXT/HTML", "text/html"),
        ("application/json;charset=utf-8", "application/json"),
    ],
)  # fmt: skip
def test_the_media_type_that_accept_likes_best_is_chosen(accept, chosen):
    assert choose_media_type(accept, ("application/json", "text/html")) == chosen


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ("gzip", "gzip"), ("gzip, deflate, br, zstd", "br"), ("br;q=0.5, gzip", "gzip"),
        ("br;q=0, gzip;q=0", None), ("", None),
        ("*", "br"), ("*;q=0", None), ("identity, gzip;q=0.5", None), ("identity;q=0.1, gzip;q=0.5", "gzip"),
        ("deflate", None),
    ],
)  # fmt: skip
def test_the_coding_that_accept_encoding_likes_best_is_chosen(accept, chosen):
    assert choose_coding(accept, ("br", "gzip")) == chosen


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/tasks"), ("POST", "/tasks"), ("GET", "/health"), ("GET", "/docs"), ("GET", "/openapi.json")],
)
def test_what_can_not_be_served_is_406(client, alice, method, path):
    response = client(alice).request(method, path, headers={"Accept": "image/png"})
    assert (response.status_code, response.json()["type"]) == (406, "/problems/not-acceptable")
    assert client(alice).page()["total"] == 0


def test_lists_over_1_kib_are_encoded_and_one_etag_stands_for_every_coding(client, alice):
    for number in range(10):
        client(alice).create(title=f"Task {number}", description="x" * 50)
    plain = client(alice).get("/tasks", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    for coding in ("gzip", "br"):
        encoded = client(alice).get("/tasks", headers={"Accept-Encoding": coding})
        assert (encoded.headers["content-encoding"], encoded.content) == (coding, plain.content)
        assert int(encoded.headers["content-length"]) < len(plain.content)
        assert encoded.headers["etag"] == plain.headers["etag"]
        assert encoded.headers["etag"].startswith('W/"')
    assert "Accept-Encoding" in plain.headers["vary"]
    same = client(alice).get(
        "/tasks", headers={"If-None-Match": plain.headers["etag"], "Accept-Encoding": "br"}
    )
    assert (same.status_code, same.content, same.headers["vary"]) == (304, b"", plain.headers["vary"])


def test_short_answers_and_single_tasks_are_not_encoded(client, alice):
    path = client(alice).post("/tasks", {"title": "x", "description": "y" * 2000}).headers["location"]
    task = client(alice).get(path, headers={"Accept-Encoding": "gzip, br"})
    assert "content-encoding" not in task.headers
    assert not task.headers["etag"].startswith("W/")
    assert (
        "content-encoding"
        not in client(alice).get("/tasks?q=nothing", headers={"Accept-Encoding": "gzip"}).headers
    )


def test_an_unchanged_list_is_304_and_costs_one_cheap_lookup(client, alice, as_user):
    client(alice).create()
    first = client(alice).get("/tasks?status=incomplete")
    # A proxy may have dropped the W/, or put one before a strong tag.
    for tag in (
        first.headers["etag"],
        first.headers["etag"].removeprefix("W/"),
        f'"other", {first.headers["etag"]}',
        "*",
    ):
        assert (
            client(alice).get("/tasks?status=incomplete", headers={"If-None-Match": tag}).status_code == 304
        )
    session = as_user(alice)
    session.execute("begin")
    status = session.value(
        """select status from api.list_tasks('{"status": ["incomplete"]}', '/tasks?', 'key', $1)""",
        first.headers["etag"],
    )
    read = session.column(
        "select relname from pg_stat_xact_user_tables where schemaname = 'app' and seq_scan + idx_scan > 0"
    )
    session.execute("rollback")
    assert (status, read) == (304, ["task_counts"])


def test_a_list_is_no_longer_304_once_anything_in_it_has_changed(client, alice):
    path = f"/tasks/{client(alice).create()['id']}"
    for change in (
        lambda: client(alice).create(), lambda: client(alice).patch(path, {"tags": ["x"]}),
        lambda: client(alice).post(f"{path}/toggle"), lambda: client(alice).delete(path),
    ):  # fmt: skip
        tag = client(alice).get("/tasks").headers["etag"]
        change()
        assert client(alice).get("/tasks", headers={"If-None-Match": tag}).status_code == 200


def test_the_same_list_of_two_users_has_two_etags(client, alice, bob):
    assert client(alice).get("/tasks").headers["etag"] != client(bob).get("/tasks").headers["etag"]


def test_a_task_that_has_not_changed_is_304(client, alice):
    made = client(alice).post("/tasks", {"title": "x"})
    path, tag = made.headers["location"], made.headers["etag"]
    for condition in (tag, f"W/{tag}", f'"a" , {tag}', "*"):
        response = client(alice).get(path, headers={"If-None-Match": condition})
        assert (response.status_code, response.content, response.headers["etag"]) == (304, b"", tag)
    assert client(alice).get(path, headers={"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "POST"])
def test_if_match_is_heeded_by_every_write(client, http, settings, alice, method):
    made = client(alice).post("/tasks", {"title": "x"})
    path = made.headers["location"] + ("/toggle" if method == "POST" else "")
    body = None if method in ("DELETE", "POST") else {"title": "y"}
    for condition in ('"1"', f"W/{made.headers['etag']}", "", "nonsense"):
        refused = client(alice).request(method, path, json=body, headers={"If-Match": condition})
        assert (refused.status_code, refused.json()["type"]) == (412, "/problems/precondition-failed")
    assert client(alice).get(made.headers["location"]).content == made.content
    token = ("Authorization", f"Bearer {make_token(alice, settings.jwt_secret)}")
    done = http.request(
        method, path, json=body, headers=[token, ("If-Match", '"1"'), ("If-Match", made.headers["etag"])]
    )
    assert done.status_code < 300


def test_if_match_star_is_met_by_any_task_and_by_none_that_is_missing(client, alice):
    path = client(alice).post("/tasks", {"title": "x"}).headers["location"]
    assert client(alice).patch(path, {"title": "y"}, headers={"If-Match": "*"}).status_code == 200
    assert (
        client(alice).patch(f"/tasks/{uuid.uuid4()}", {"title": "y"}, headers={"If-Match": "*"}).status_code
        == 404
    )


def test_a_server_that_demands_if_match_answers_428(settings, alice):
    with TestClient(
        create_app(dataclasses.replace(settings, require_if_match=True)), raise_server_exceptions=False
    ) as http:
        client = Client(http, make_token(alice, settings.jwt_secret))
        made = client.post("/tasks", {"title": "x"})
        path = made.headers["location"]
        for method, below in (("PUT", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/toggle")):
            refused = client.request(method, path + below)
            assert (refused.status_code, refused.json()["type"]) == (428, "/problems/precondition-required")
        assert client.delete(path, headers={"If-Match": made.headers["etag"]}).status_code == 204
        assert (
            client.put(f"/tasks/{uuid.uuid4()}", {"title": "x"}, headers={"If-None-Match": "*"}).status_code
            == 201
        )


def test_an_offline_client_chooses_the_id(client, alice, bob):
    path = f"/tasks/{uuid.uuid4()}"
    made = client(alice).put(path, {"title": "hers"}, headers={"If-None-Match": "*"})
    assert (made.status_code, made.headers["location"], made.json()["user_id"]) == (201, path, alice)
    assert client(alice).put(path, {"title": "again"}, headers={"If-None-Match": "*"}).status_code == 412
    # An id in use by another user is as good as a free one.
    assert client(bob).put(path, {"title": "his"}, headers={"If-None-Match": "*"}).status_code == 201
    assert (client(alice).get(path).json()["title"], client(bob).get(path).json()["title"]) == ("hers", "his")
    both = {"If-None-Match": "*", "If-Match": made.headers["etag"]}
    assert client(alice).put(path, {"title": "x"}, headers=both).status_code == 412
    assert (
        client(alice)
        .put("/tasks/00000000-0000-0000-0000-000000000000", {"title": "x"}, headers={"If-None-Match": "*"})
        .status_code
        == 400
    )


def test_options_names_the_methods(client, alice):
    response = client(alice).request("OPTIONS", "/tasks")
    assert (response.status_code, response.headers["allow"]) == (204, "GET, HEAD, OPTIONS, POST")


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_a_web_page_of_an_allowed_origin_passes_the_preflight(http, method):
    response = http.options(
        "/tasks", headers={"Origin": ORIGIN, "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization,content-type,if-match,if-none-match,"
        "idempotency-key,prefer,x-request-id"},
    )  # fmt: skip
    assert response.status_code == 200
    assert response.headers["access-control-allow-origin"] == ORIGIN
    assert response.headers["access-control-allow-credentials"] == "true"
    assert method in response.headers["access-control-allow-methods"]
    assert response.headers["access-control-max-age"] == "7200"
    assert "Origin" in response.headers["vary"]


def test_another_origin_does_not(http):
    response = http.options(
        "/tasks", headers={"Origin": "http://evil.example", "Access-Control-Request-Method": "GET"}
    )
    assert (response.status_code, response.json()["type"]) == (400, "/problems/validation-error")
    assert "access-control-allow-origin" not in response.headers
    assert (
        "access-control-allow-origin"
        not in http.get("/health", headers={"Origin": "http://evil.example"}).headers
    )


@pytest.mark.parametrize("path", ["/tasks", "/tasks/1", "/nothing", "/health"])
def test_a_web_page_can_read_every_answer_errors_included(http, path):
    response = http.get(path, headers={"Origin": ORIGIN})
    assert response.headers["access-control-allow-origin"] == ORIGIN
    exposed = response.headers["access-control-expose-headers"]
    assert all(
        name in exposed
        for name in ("ETag", "Link", "Location", "X-Request-ID", "Retry-After", "Idempotency-Replayed")
    )


def test_even_a_fault_of_ours_can_be_read(settings):
    async def fail(request):
        raise RuntimeError("select secret from app.tasks")

    app = create_app(settings)
    app.router.routes.append(Route("/fail", Resource(GET=fail)))
    with TestClient(app, raise_server_exceptions=False) as http:
        response = http.get("/fail", headers={"Origin": ORIGIN})
    assert (response.status_code, response.headers["access-control-allow-origin"]) == (500, ORIGIN)
    assert response.json()["request_id"] == response.headers["x-request-id"]
    assert "secret" not in response.text


def test_vary_names_all_that_the_answer_depends_on(client, alice):
    for headers in ({}, {"Origin": ORIGIN}, {"Accept-Encoding": "br"}):
        vary = client(alice).get("/tasks", headers=headers).headers["vary"].split(", ")
        assert set(vary) == {"Accept-Encoding", "Authorization", "Origin"}


def test_answers_are_private_and_errors_are_not_kept(client, alice):
    task = client(alice).create()
    for path in ("/tasks", f"/tasks/{task['id']}", f"/tasks/{task['id']}/occurrences"):
        assert client(alice).get(path).headers["cache-control"] == "private, no-cache"
    for path in ("/tasks/1", f"/tasks/{uuid.uuid4()}", "/nothing"):
        assert client(alice).get(path).headers["cache-control"] == "no-store"


@pytest.mark.parametrize("accept", ["*/*", "text/html"])
@pytest.mark.parametrize(
    "path", ["/", "/tasks", "/nothing", "/health", "/docs", "/problems/not-found", "/problems/nothing"]
)
def test_every_answer_has_the_security_headers(http, path, accept):
    headers = http.get(path, headers={"Accept": accept}, follow_redirects=False).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["strict-transport-security"].startswith("max-age=63072000")
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "server" not in headers


@pytest.mark.parametrize(
    ("sent", "kept"),
    [("abc-123", True), ("a" * 128, True), ("a" * 129, False), ("a b", False), ("<x>", False), ("", False)],
)
def test_a_sound_request_id_is_kept(http, sent, kept):
    assert (http.get("/health", headers={"X-Request-ID": sent}).headers["x-request-id"] == sent) == kept


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=caf%C3%A9", 1), ("q=caf%c3%a9+bar", 1), ("q=", 2), ("", 2), ("q=&status=&limit=", 2),
        ("tags=a%2Cb", 1), ("tags=a&tags=b", 1),
        ("t%61gs=a", 1), ("&&q=bar&", 1), ("limit=%31", 1),
    ],
)  # fmt: skip
def test_parameters_may_be_percent_encoded_repeated_or_empty(client, alice, query, found):
    client(alice).create(title="Café Bar", tags=["a", "b"])
    client(alice).create(title="Other")
    response = client(alice).get(f"/tasks?{query}")
    assert (response.status_code, len(response.json()["items"])) == (200, found)


@pytest.mark.parametrize(
    "query",
    [
        "q=%FF",
        "q=%00",
        "%00=1",
        "limit=1&limit=2",
        "status=true&status=false",
        "limit=%D9%A5",
        "Q=x",
        "=x",
        "foo",
    ],
)
def test_bad_parameters_are_400(client, alice, query):
    response = client(alice).get(f"/tasks?{query}")
    assert (response.status_code, response.json()["errors"][0]["loc"][0]) == (400, "query")


def test_a_body_with_a_content_coding_is_415(client, alice):
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    response = client(alice).request(
        "POST", "/tasks", content=gzip.compress(b'{"title":"x"}'), headers=headers
    )
    assert (response.status_code, response.headers["accept-encoding"]) == (415, "identity")


@pytest.mark.parametrize("kind", ["not-found", "validation-error", "idempotency-key-reused"])
def test_each_kind_of_problem_has_a_page_for_programs_and_for_people(http, kind):
    page = http.get(f"/problems/{kind}")
    assert (page.json()["type"], page.headers["content-type"]) == (f"/problems/{kind}", "application/json")
    html = http.get(f"/problems/{kind}", headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert (html.headers["content-type"], page.json()["title"] in html.text) == (
        "text/html; charset=utf-8",
        True,
    )
    assert http.get("/problems/nonsense").status_code == 404


def test_brotli_is_read_back(client, alice):
    for _ in range(5):
        client(alice).create(description="y" * 300)
    with_br = client(alice).get("/tasks", headers={"Accept-Encoding": "br"})
    assert with_br.headers["content-encoding"] == "br"
    assert len(brotli.compress(with_br.content)) < len(with_br.content)
