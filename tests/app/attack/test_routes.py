"""Every route, method and parameter, with the names of somebody else's things in it: nothing of theirs, not
even that it exists.

Two attackers send the same requests. One names what is Bob's, the other what is nobody's: each answer must be
the same for both.
"""

import itertools

import pytest

from app.main import create_app
from app.settings import Settings
from tests.app.attack.discretion import everything_in, internals_in
from tests.app.attack.victim import NOBODYS, without_names
from tests.client import WEBHOOK_KEY, Client, make_token
from tests.conftest import SECRET
from tests.sql import Session

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"]

# The parameters that each route reads from the query. A route that is not here fails the first test.
ROUTES = {
    "/": [""],
    "/tasks": [
        "", "q={word}", "q=%22title+{word}%22", "q=-{word}", "q=title+or+{word}", "tags={tag}",
        "tags={tag}&tags_match=all",
        "q={word}&tags={tag}&sort_by=relevance", "cursor={cursor}", "cursor={cursor}&limit=5",
        "q={word}&cursor={cursor}",
        "due_date_from=2031-05-05&due_date_to=2031-05-05", "status=complete", "priority=High", "limit=1",
        "offset=1", "offset=9",
        "sort_by=title&sort_order=desc", "user_id={user}", "id={id}", "sub={user}", "limit={id}",
        "sort_by={word}",
    ],
    "/tasks/batch": ["", "user_id={user}", "id={id}"],
    "/tasks/{id}": ["", "user_id={user}"],
    "/tasks/{id}/toggle": ["", "user_id={user}"],
    "/tasks/{id}/occurrences": ["", "limit=3", "user_id={user}"],
    "/occurrences": ["", "id={id}", "user_id={user}"],
    "/changes": ["", "limit=1", "since={id}", "since={etag}", "user_id={user}", "id={id}"],
    "/events": ["", "since={id}", "user_id={user}"],
    "/passes": ["", "id={id}", "user_id={user}"],
    "/passes/{id}": ["", "user_id={user}"],
    "/webhooks": ["", "id={id}", "user_id={user}"],
    "/webhooks/{id}": ["", "user_id={user}"],
    "/webhooks/{id}/secret": ["", "user_id={user}"],
    "/webhooks/{id}/test": ["", "user_id={user}"],
    "/webhooks/{id}/replay": ["", "user_id={user}"],
    "/webhooks/{id}/deliveries": ["", "cursor={cursor}", "state={word}", "limit=1", "user_id={user}"],
    "/webhooks/{id}/deliveries/{delivery}/retry": ["", "user_id={user}"],
    "/problems/{name}": [""],
    "/health": [""],
    "/health/ready": [""],
    "/openapi.json": [""],
    "/docs": [""],
    "/docs/{name}": [""],
    "/metrics": [""],
}  # fmt: skip

HEADERS = [
    {},
    {"If-Match": "{etag}"},
    {"If-Match": "*"},
    {"If-None-Match": "{etag}"},
    {"If-None-Match": "{list_etag}"},
    {"If-None-Match": "*"},
    {"Idempotency-Key": "{key}"},
    {"Prefer": "handling=lenient", "X-User-ID": "{user}", "X-Forwarded-User": "{user}"},
    {"X-HTTP-Method-Override": "DELETE", "Cookie": "user_id={user}", "Origin": "http://localhost:3000"},
]

BODIES = [
    None,
    {"completed": True},
    {"title": "Mine"},
    {"title": "Mine", "id": "{id}", "user_id": "{user}"},
    {"user_id": "{user}"},
    {"title": ""},
    {"title": "Mine", "{id}": 1},
    {"title": "Mine", "predecessor_id": "{id}", "version": 1, "series_start": "2031-05-05"},
    {"title": "Mine", "due_date": "2031-05-05", "is_recurring": True, "recurrence_rule": "FREQ=DAILY"},
    {"recurrence_rule": "FREQ=SOMETIMES"},
    {"operations": [{"op": "update", "id": "{id}", "if_match": "{etag}", "body": {"title": "Mine"}}]},
    {"operations": [{"op": "create", "id": "{id}", "body": {"title": "Mine", "user_id": "{user}"}}]},
    {"operations": [{"op": op, "id": "{id}"} for op in ("delete", "toggle")] + [{"op": "{word}"}]},
    {"label": "{word}", "scope": "tasks:write", "user_id": "{user}", "id": "{id}"},
    {"url": "https://localhost/{word}", "label": "{word}", "user_id": "{user}", "id": "{id}"},
    {"since": "2020-01-01"},
]


def routes_of_the_app():
    """The methods of each path."""
    app = create_app(
        Settings(database_url="postgresql://nowhere/nothing", jwt_secret=SECRET, webhook_key=(WEBHOOK_KEY,))
    )
    return {route.path: {*route.endpoint.handlers, "OPTIONS"} for route in app.routes}


OFFERED = routes_of_the_app()


def fill(template, names):
    """A template with the names in it, through all of its depth."""
    if isinstance(template, dict):
        return {fill(key, names): fill(value, names) for key, value in template.items()}
    if isinstance(template, list):
        return [fill(each, names) for each in template]
    if not isinstance(template, str):
        return template
    for field, name in names._asdict().items():
        template = template.replace("{" + field + "}", name)
    return template.replace("{name}", names.id).replace("{delivery}", names.id)


def requests(path, method, names):
    """The requests of one method to one route that name these names: each query; and each header with each
    body. Where the route does not have the method, it reads neither: then each comes once, or little more.
    """
    if path == "/events" and method == "GET":
        return  # It does not end: see tests/service/clients/test_events.py. HEAD asks for the same.
    bodies = BODIES if method in ("POST", "PUT", "PATCH") else [None]
    if method in OFFERED[path]:
        pairs = itertools.product(HEADERS, bodies)
    else:
        numbers = range(max(len(HEADERS), len(bodies)))
        pairs = [(HEADERS[n % len(HEADERS)], bodies[n % len(bodies)]) for n in numbers]
    queries = ROUTES.get(path, [""])
    for query, (headers, body) in [
        *itertools.product(queries, [(HEADERS[0], bodies[0])]),
        *itertools.product([""], pairs),
    ]:
        url = fill(path, names) + (
            "?" + fill(query, names).replace(" ", "+").replace('"', "%22") if query else ""
        )
        yield method, url, {"headers": fill(headers, names), "json": fill(body, names)}


def test_every_route_of_the_application_is_attacked():
    missing = set(OFFERED) - set(ROUTES)
    assert not missing, f"say in ROUTES which parameters these read: {missing}"


@pytest.mark.parametrize("path", sorted(OFFERED))
def test_what_is_bobs_and_what_is_nobodys_is_answered_alike(http, victim, alice, path):
    before = victim.state()
    mallory, trudy = (Client(http, make_token(f"{alice} as {name}", SECRET)) for name in ("mallory", "trudy"))
    attacks, twins = (
        [request for method in METHODS for request in requests(path, method, names)]
        for names in (victim.names, NOBODYS)
    )
    for attack, twin in zip(attacks, twins, strict=True):
        answer, expected = (
            mallory.request(attack[0], attack[1], **attack[2]),
            trudy.request(twin[0], twin[1], **twin[2]),
        )
        assert answer.status_code == expected.status_code, (attack, answer.text)
        assert answer.status_code not in (403, 500), (attack, answer.text)
        assert attack[0] in OFFERED[path] or answer.status_code == 405, (attack, answer.text)
        text = without_names(everything_in(answer), victim.names, f"{alice} as mallory")
        assert text == without_names(everything_in(expected), NOBODYS, f"{alice} as trudy"), attack
        unnamed = [secret for secret in victim.secrets() if secret not in str(attack)]
        assert [secret for secret in unnamed if secret in everything_in(answer)] == [], attack
        assert not internals_in(answer), (attack, answer.text)
    assert victim.state() == before


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/tasks/{id}", None),
        ("HEAD", "/tasks/{id}", None),
        ("PUT", "/tasks/{id}", {"title": "Mine"}),
        ("PATCH", "/tasks/{id}", {"title": "Mine"}),
        ("PATCH", "/tasks/{id}", {"title": ""}),
        ("PATCH", "/tasks/{id}", {"nonsense": 1}),
        ("DELETE", "/tasks/{id}", None),
        ("POST", "/tasks/{id}/toggle", {}),
        ("POST", "/tasks/{id}/toggle", {"completed": False}),
    ],
)
def test_anothers_task_is_404(client, victim, alice, method, path, body):
    for headers in HEADERS:
        if method == "PUT" and headers.get("If-None-Match") == "*":
            continue
        headers = fill(headers, victim.names)
        for identifier in victim.ids:
            response = client(alice).request(
                method, path.replace("{id}", identifier), headers=headers, json=body
            )
            assert response.status_code == 404
            if method != "HEAD":
                assert response.json()["type"] == "/problems/not-found"


def test_an_id_that_another_user_has_is_free(client, victim, alice):
    before = victim.state()
    her, path = client(alice), f"/tasks/{victim.names.id}"
    made = her.put(path, {"title": "Mine"}, headers={"If-None-Match": "*"})
    assert (made.status_code, made.json()["title"], made.json()["user_id"]) == (201, "Mine", alice)
    assert her.put(path, {"title": "Again"}, headers={"If-None-Match": "*"}).status_code == 412
    assert her.page()["total"] == 1
    assert her.patch(path, {"title": "Still mine"}).status_code == 200
    assert victim.state() == before
    assert her.post(f"{path}/toggle").json()["task"]["completed"] is True
    assert her.delete(path).status_code == 204
    assert victim.state() == before
    assert victim.client.delete(path).status_code == 204
    assert her.get(path).status_code == 404


def test_bobs_etag_is_no_condition_that_alices_task_fulfils(client, victim, alice):
    her = client(alice)
    path = f"/tasks/{her.create()['id']}"
    assert her.patch(path, {"title": "x"}, headers={"If-Match": victim.names.etag}).status_code == 412
    assert her.get(path, headers={"If-None-Match": victim.names.etag}).status_code == 200
    assert her.get("/tasks", headers={"If-None-Match": victim.names.list_etag}).status_code == 200


def test_the_same_idempotency_key_of_two_users_is_two_keys(client, victim, alice):
    before = victim.state()
    bobs = {"title": f"Title {victim.names.word}"}
    headers = {"Idempotency-Key": victim.names.key}
    made = client(alice).post("/tasks", bobs, headers=headers)
    assert (made.status_code, made.json()["user_id"]) == (201, alice)
    assert "idempotency-replayed" not in made.headers
    assert made.json()["id"] not in victim.ids
    again = client(alice).post("/tasks", bobs, headers=headers)
    assert (again.json(), again.headers["idempotency-replayed"]) == (made.json(), "true")
    assert victim.client.post("/tasks", {"title": "Another"}, headers=headers).status_code == 422
    assert victim.state() == before


def test_an_idempotency_key_is_not_in_use_while_another_user_uses_it(client, server, database, alice, bob):
    bobs = Session(server.home_of(bob, database).service_url(database))
    try:
        bobs.execute("begin")
        bobs.value("select set_config('app.user_id', $1, true)", bob)
        bobs.rows("select * from app.recall_answer('the-key', 'a request')")
        assert (
            client(alice).post("/tasks", {"title": "x"}, headers={"Idempotency-Key": "the-key"}).status_code
            == 201
        )
        assert (
            client(bob).post("/tasks", {"title": "x"}, headers={"Idempotency-Key": "the-key"}).status_code
            == 409
        )
    finally:
        bobs.execute("rollback")
        bobs.close()
