"""The head of an answer, which proxies and clients bound: nginx and Node take 4 KiB and 16 KiB."""

import dataclasses

import pytest
from starlette.testclient import TestClient

from app.main import create_app
from tests.client import Client, make_token

ORIGIN = "http://localhost:3000"
MAX_ID = "x" * 128


def size_of(response) -> int:
    status = f"HTTP/1.1 {response.status_code} {response.reason_phrase}\r\n"
    fields = (f"{name}: {value}\r\n" for name, value in response.headers.multi_items())
    return len(status.encode() + "".join(fields).encode("latin-1")) + 2


@pytest.fixture(scope="module")
def longest(settings):
    """The application with all that lengthens the heads of its answers."""
    changed = dataclasses.replace(
        settings,
        rate_limit=(9_999_999, 99_999),
        cors_headers=tuple(f"x-{number:06}" for number in range(100)),
        metrics=True,
    )
    with TestClient(create_app(changed), raise_server_exceptions=False, follow_redirects=False) as http:
        yield lambda user: Client(http, make_token(user, changed.jwt_secret))


@pytest.mark.parametrize(
    "query",
    [
        {"q": "x" * 2000}, {"q": "字" * 2000}, {"q": "🎉" * 2000},
        {"tags": [f"{number}" + "é" * 40 for number in range(50)]}, {"q": "task " * 300, "limit": 1},
        {"q": "task " * 300, "limit": 1, "offset": 1}, {"q": "tsak", "limit": 1}, {"q": "x" * 2001},
        {"x" * 60_000: "1"}, {"cursor": "x" * 60_000}, [(f"p{number}", "") for number in range(100)], {},
    ],
    ids=range(12),
)  # fmt: skip
def test_the_head_of_a_list_stays_under_4_kib(longest, alice, query):
    for number in range(3):
        longest(alice).create(title=f"Task {number}")
    headers = {"Origin": ORIGIN, "X-Request-ID": MAX_ID}
    response = longest(alice).get("/tasks", params=query, headers=headers)
    assert response.headers["x-request-id"] == MAX_ID
    sizes = [size_of(response)]
    cursor = response.json().get("next_cursor")
    if cursor:
        parameters = dict(query) | {"cursor": cursor}
        parameters.pop("offset", None)
        further = longest(alice).get("/tasks", params=parameters, headers=headers)
        assert further.status_code == 200
        sizes.append(size_of(further))
    assert max(sizes) < 4096


def test_all_pages_of_a_long_query_are_reached_without_link(client, alice):
    for number in range(3):
        client(alice).create(title=f"Task {number}")
    query = {"q": "task " * 390, "limit": 1}
    response = client(alice).get("/tasks", params=query)
    assert ("link" in response.headers, response.json()["total"]) == (False, 3)
    titles = [task["title"] for task in response.json()["items"]]
    while cursor := response.json()["next_cursor"]:
        response = client(alice).get("/tasks", params={"cursor": cursor})
        titles += [task["title"] for task in response.json()["items"]]
    assert sorted(titles) == ["Task 0", "Task 1", "Task 2"]


def test_a_query_of_usual_length_has_its_links(client, alice):
    for number in range(3):
        client(alice).create(title=f"Task {number}", tags=["home"])
    query = {"q": "task", "tags": "home", "sort_by": "title", "status": "incomplete", "limit": 1}
    cursor = client(alice).get("/tasks", params=query).json()["next_cursor"]
    response = client(alice).get("/tasks", params=query | {"cursor": cursor})
    assert set(response.links) == {"next", "prev", "first"}


def test_a_suggestion_that_is_too_long_for_a_header_is_not_made(client, alice):
    client(alice).create(title="字" * 199)
    client(alice).create(title="ж" * 180)
    response = client(alice).get("/tasks", params={"q": "ж" * 179 + " " + "字" * 198 + "x"})
    assert size_of(response) < 4096


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE"])
@pytest.mark.parametrize(
    "path",
    ["/", "/tasks", "/tasks/{id}", "/tasks/{id}/toggle", "/tasks/{id}/occurrences", "/occurrences", "/health",
     "/health/ready", "/problems/not-found", "/openapi.json", "/docs", "/metrics", "/nothing",
     "/" + "x" * 30_000],
)  # fmt: skip
def test_every_head_stays_under_4_kib(longest, alice, method, path):
    made = longest(alice).create()
    headers = {"Origin": ORIGIN, "X-Request-ID": MAX_ID, "Idempotency-Key": "k" * 255}
    response = longest(alice).request(method, path.format(**made), headers=headers, json={"title": "x"})
    assert size_of(response) < 4096
    preflight = {
        **headers,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "prefer",
    }
    assert size_of(longest(alice).request("OPTIONS", path.format(**made), headers=preflight)) < 4096


def test_a_long_origin_is_not_repeated_where_any_is_allowed(settings):
    app = create_app(dataclasses.replace(settings, cors_origins=("*",)))
    with TestClient(app) as http:
        for origin, repeated in (("https://a.example", True), ("https://" + "a" * 9000, False)):
            response = http.get("/health", headers={"Origin": origin})
            assert (response.headers.get("access-control-allow-origin") == origin) is repeated
            assert size_of(response) < 4096
