"""/passes: tokens of one's own, each shown once, limited, listed and revoked."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from starlette.testclient import TestClient

from app.auth.passes import MAX_REMEMBERED, digest_of, new_pass
from app.main import create_app
from app.settings import Settings
from tests.client import SECRET, Client, make_token

UNKNOWN = "018f4e2a-6c1b-4d3e-9f00-2a5b8c7d6e1f"


def times(**delta):
    """A time from now, as RFC 3339."""
    return (datetime.now(UTC) + timedelta(**delta)).isoformat()


@pytest.fixture
def with_pass(http, client):
    """``with_pass(alice, scope="tasks:write")``: HTTP with a new pass of alice's."""

    def make(user, **fields):
        created = client(user).post("/passes", {"label": "A script"} | fields)
        assert created.status_code == 201, created.text
        made = Client(http, created.json()["token"])
        made.id = created.json()["id"]
        return made

    return make


@pytest.fixture
def forgetful(monkeypatch):
    """Makes the service look a pass up each time, as it does after 30 seconds."""
    monkeypatch.setattr("app.auth.authenticator.MAX_REMEMBERED", 0.0)


def test_a_new_pass_is_answered_with_its_token_once(client, alice):
    created = client(alice).post("/passes", {"label": "  Backup  "})
    assert created.status_code == 201
    made = created.json()
    assert [*made] == ["id", "label", "scope", "created_at", "expires_at", "last_used_on", "token"]
    assert (made["label"], made["scope"], made["last_used_on"]) == ("Backup", "tasks:read", None)
    assert re.fullmatch(r"duly_[0-9A-Za-z]{43}", made["token"])
    assert (created.headers["cache-control"], created.headers["vary"]) == (
        "no-store",
        "Authorization, Origin",
    )
    listed = client(alice).get("/passes")
    token = made.pop("token")
    assert listed.json() == {"items": [made]}
    assert token not in listed.text


def test_the_answer_is_compact_and_keeps_every_letter(client, alice):
    created = client(alice).post("/passes", {"label": '日本 "x"'})
    assert created.text.startswith(
        f'{{"id":"{created.json()["id"]}","label":"日本 \\"x\\"","scope":"tasks:read",'
    )


def test_a_pass_lasts_90_days_unless_it_says_otherwise(client, alice):
    made = client(alice).post("/passes", {"label": "x", "scope": None, "expires_at": None}).json()
    created, expires = (datetime.fromisoformat(made[name]) for name in ("created_at", "expires_at"))
    assert expires - created == timedelta(days=90)
    chosen = client(alice).post("/passes", {"label": "x", "expires_at": times(days=365)}).json()
    assert datetime.fromisoformat(chosen["expires_at"]) > expires


def test_passes_are_listed_newest_first(client, alice):
    labels = ["one", "two", "three"]
    for label in labels:
        client(alice).post("/passes", {"label": label})
    assert [each["label"] for each in client(alice).get("/passes").json()["items"]] == labels[::-1]


def test_a_pass_with_tasks_read_only_reads(client, with_pass, alice):
    task = client(alice).create(title="Hers")
    reader = with_pass(alice)
    assert reader.get(f"/tasks/{task['id']}").json() == task
    assert reader.page()["total"] == 1
    for refused in (
        reader.post("/tasks", {"title": "Another"}),
        reader.patch(f"/tasks/{task['id']}", {"title": "Changed"}),
        reader.post(f"/tasks/{task['id']}/toggle"),
        reader.delete(f"/tasks/{task['id']}"),
    ):
        assert (refused.status_code, refused.json()["type"]) == (403, "/problems/insufficient-scope")
        assert 'error="insufficient_scope"' in refused.headers["www-authenticate"]
    assert client(alice).page()["items"] == [task]


def test_a_pass_with_tasks_write_does_all_that_is_done_with_tasks(with_pass, alice):
    writer = with_pass(alice, scope="tasks:write")
    task = writer.create(title="By a script")
    assert task["user_id"] == alice
    assert writer.post(f"/tasks/{task['id']}/toggle").json()["task"]["completed"]
    assert writer.delete(f"/tasks/{task['id']}").status_code == 204


@pytest.mark.parametrize("scope", ["tasks:read", "tasks:write"])
def test_a_pass_manages_no_passes(client, with_pass, alice, scope):
    script = with_pass(alice, scope=scope)
    for refused in (
        script.post("/passes", {"label": "Another"}),
        script.get("/passes"),
        script.delete(f"/passes/{script.id}"),
    ):
        assert (refused.status_code, refused.json()["type"]) == (403, "/problems/insufficient-scope")
        assert refused.json()["detail"] == "A pass can't manage passes; use a token of your issuer"
        assert refused.headers["www-authenticate"] == 'Bearer realm="duly", error="insufficient_scope"'
    assert len(client(alice).get("/passes").json()["items"]) == 1


def test_a_token_for_reading_makes_no_pass_for_writing(server, database, alice):
    settings = Settings(database_url=server.service_url(database), jwt_secret=SECRET, jwt_require_scope=True)
    with TestClient(create_app(settings)) as http:
        reader = Client(http, make_token(alice, scope="tasks:read"))
        writer = Client(http, make_token(alice, scope="tasks:write"))
        made = writer.post("/passes", {"label": "x"}).json()
        for refused in (
            reader.post("/passes", {"label": "x", "scope": "tasks:write"}),
            reader.delete(f"/passes/{made['id']}"),
        ):
            assert (refused.status_code, refused.json()["type"]) == (403, "/problems/insufficient-scope")
        assert len(reader.get("/passes").json()["items"]) == 1
        # A pass has its scope by itself.
        assert Client(http, made["token"]).get("/tasks").status_code == 200


def test_a_revoked_pass_stops_when_it_is_no_longer_remembered(client, with_pass, alice, forgetful):
    script = with_pass(alice)
    assert script.get("/tasks").status_code == 200
    revoked = client(alice).delete(f"/passes/{script.id}")
    assert (revoked.status_code, revoked.content) == (204, b"")
    assert client(alice).get("/passes").json() == {"items": []}
    assert MAX_REMEMBERED == 30
    refused = script.get("/tasks")
    assert (refused.status_code, refused.json()["detail"]) == (401, "The pass is unknown, revoked or expired")
    assert client(alice).delete(f"/passes/{script.id}").status_code == 404


def test_an_expired_pass_is_refused(with_pass, alice, as_superuser, forgetful):
    script = with_pass(alice)
    assert script.get("/tasks").status_code == 200
    expire(as_superuser, alice)
    assert script.get("/tasks").status_code == 401


def expire(as_superuser, user):
    as_superuser.execute(
        "update app.passes set created_at = now() - interval '2 days', expires_at = now() - interval '1 day'"
        f" where user_id = '{user}'"
    )


def test_an_unknown_pass_is_refused(http, alice):
    refused = Client(http, new_pass()).get("/tasks")
    assert (refused.status_code, refused.json()["type"]) == (401, "/problems/unauthorized")


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_passes_need_a_token(http, method):
    assert http.request(method, "/passes").status_code == 401
    assert http.delete(f"/passes/{UNKNOWN}").status_code == 401


def test_deleting_an_unknown_pass_is_404_and_a_bad_id_400(client, alice):
    assert client(alice).delete(f"/passes/{UNKNOWN}").status_code == 404
    assert client(alice).delete("/passes/nonsense").status_code == 400


def test_a_pass_is_neither_read_nor_changed(client, alice):
    for method in ("GET", "PUT", "PATCH", "POST"):
        response = client(alice).request(method, f"/passes/{UNKNOWN}", json={"label": "x"})
        assert (response.status_code, response.headers["allow"]) == (405, "DELETE, OPTIONS")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, {"label": "missing"}),
        ({"label": None}, {"label": "missing"}),
        ({"label": "  "}, {"label": "string_length"}),
        ({"label": "x" * 101}, {"label": "string_length"}),
        ({"label": 7}, {"label": "string_type"}),
        ({"label": "x", "scope": "tasks:admin"}, {"scope": "enum"}),
        ({"label": "x", "scope": ["tasks:read"]}, {"scope": "string_type"}),
        ({"label": "x", "scope": ""}, {"scope": "enum"}),
        ({"label": "x", "expires_at": "soon"}, {"expires_at": "datetime_format"}),
        ({"label": "x", "expires_at": 1800000000}, {"expires_at": "string_type"}),
        ({"label": "x", "expires_at": "2020-01-01T00:00:00Z"}, {"expires_at": "time_range"}),
        ({"label": "x", "expires_at": "9999-12-31T23:59:59Z"}, {"expires_at": "time_range"}),
        ({"label": "x", "token": "duly_mine"}, {"token": "unknown_field"}),
        ({"label": "x", "digest": "00"}, {"digest": "unknown_field"}),
        ({"label": "x", "user_id": "bob"}, {"user_id": "unknown_field"}),
        (
            {"label": "", "scope": "x", "expires_at": "x", "more": 1},
            {
                "label": "string_length",
                "scope": "enum",
                "expires_at": "datetime_format",
                "more": "unknown_field",
            },
        ),
    ],
)
def test_all_errors_of_a_body_are_told_at_once(client, alice, body, expected):
    response = client(alice).post("/passes", body)
    assert response.status_code == 400
    assert {error["loc"][1]: error["type"] for error in response.json()["errors"]} == expected
    assert client(alice).get("/passes").json() == {"items": []}


def test_a_body_of_thousands_of_fields_is_one_error(client, alice):
    response = client(alice).post("/passes", {"label": "x"} | {f"f{number}": 1 for number in range(4000)})
    assert [error["type"] for error in response.json()["errors"]] == ["object_length"]
    few = client(alice).post("/passes", {f"f{number}": 1 for number in range(90)}).json()["errors"]
    assert len(few) == 20
    assert few[0]["type"] == "missing"


@pytest.mark.parametrize("content", [b"[]", b"null", b'"x"', b"{", b"nonsense"])
def test_a_body_that_is_no_object_is_refused(client, alice, content):
    headers = {"Content-Type": "application/json"}
    assert client(alice).request("POST", "/passes", content=content, headers=headers).status_code == 400


def test_a_pass_lasts_366_days_at_most(client, alice):
    assert client(alice).post("/passes", {"label": "x", "expires_at": times(days=365.9)}).status_code == 201
    assert client(alice).post("/passes", {"label": "x", "expires_at": times(days=366.1)}).status_code == 400


def test_unknown_fields_are_ignored_where_the_client_prefers_that(client, alice):
    lenient = {"Prefer": "handling=lenient"}
    assert client(alice).post("/passes", {"label": "x", "color": "red"}, headers=lenient).status_code == 201


def test_a_user_has_20_passes_at_most(client, alice, bob, as_superuser):
    for number in range(20):
        assert client(alice).post("/passes", {"label": str(number)}).status_code == 201
    refused = client(alice).post("/passes", {"label": "One too many"})
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/too-many")
    listed = client(alice).get("/passes").json()["items"]
    assert len(listed) == 20
    # Of another user there are none.
    assert client(bob).post("/passes", {"label": "His"}).status_code == 201
    client(alice).delete(f"/passes/{listed[0]['id']}")
    assert client(alice).post("/passes", {"label": "In its place"}).status_code == 201
    # Expired ones make room.
    expire(as_superuser, alice)
    assert client(alice).post("/passes", {"label": "After a year"}).status_code == 201
    assert [each["label"] for each in client(alice).get("/passes").json()["items"]] == ["After a year"]
    assert len(client(bob).get("/passes").json()["items"]) == 1


def test_of_many_requests_at_once_only_20_make_a_pass(client, alice):
    with ThreadPoolExecutor(8) as threads:
        answers = [
            *threads.map(lambda _: client(alice).post("/passes", {"label": "x"}).status_code, range(40))
        ]
    assert (answers.count(201), answers.count(409)) == (20, 20)
    assert len(client(alice).get("/passes").json()["items"]) == 20


def test_the_day_of_the_last_use_is_noted_once_a_day(client, with_pass, alice, as_superuser, forgetful):
    script = with_pass(alice)
    today = datetime.now(UTC).date().isoformat()
    versions = []
    for _ in range(3):
        assert script.get("/tasks").status_code == 200
        row = as_superuser.rows(f"select last_used_on, xmin::text from app.passes where user_id = '{alice}'")[
            0
        ]
        versions.append(row["xmin"])
        assert client(alice).get("/passes").json()["items"][0]["last_used_on"] in (
            today,
            str(row["last_used_on"]),
        )
    assert len(set(versions)) == 1
    as_superuser.execute(f"update app.passes set last_used_on = '2020-01-01' where user_id = '{alice}'")
    assert script.get("/tasks").status_code == 200
    assert client(alice).get("/passes").json()["items"][0]["last_used_on"] >= today


def test_a_pass_that_only_reads_still_has_its_last_use_noted(client, with_pass, alice):
    with_pass(alice, scope="tasks:read").get("/tasks")
    assert client(alice).get("/passes").json()["items"][0]["last_used_on"]


def test_the_database_gets_no_token(client, alice, as_superuser):
    token = client(alice).post("/passes", {"label": "x"}).json()["token"]
    row = as_superuser.rows(f"select passes, digest from app.passes where user_id = '{alice}'")[0]
    assert row["digest"] == digest_of(token.encode())
    assert token not in str(row)


def test_a_pass_is_counted_as_its_user_by_the_rate_limit(server, database, alice):
    settings = Settings(database_url=server.service_url(database), jwt_secret=SECRET, rate_limit=(4, 3600))
    with TestClient(create_app(settings)) as http:
        own = Client(http, make_token(alice))
        script = Client(http, own.post("/passes", {"label": "x"}).json()["token"])
        assert [each.get("/tasks").status_code for each in (script, own, script, own, script)] == [
            200, 200, 200, 429, 429,
        ]  # fmt: skip


def test_passes_can_be_switched_off(server, database, client, alice):
    token = client(alice).post("/passes", {"label": "x"}).json()["token"]
    settings = Settings(database_url=server.service_url(database), jwt_secret=SECRET, passes=False)
    with TestClient(create_app(settings)) as http:
        own = Client(http, make_token(alice))
        assert own.get("/tasks").status_code == 200
        for gone in (
            own.get("/passes"),
            own.post("/passes", {"label": "x"}),
            own.delete(f"/passes/{UNKNOWN}"),
        ):
            assert gone.status_code == 404
        assert Client(http, token).get("/tasks").status_code == 401
        assert not [path for path in http.get("/openapi.json").json()["paths"] if "passes" in path]


def test_without_a_database_a_pass_is_503():
    settings = Settings(database_url="postgresql://task_api@127.0.0.1:1/none", jwt_secret=SECRET)
    with TestClient(create_app(settings), raise_server_exceptions=False) as http:
        refused = Client(http, new_pass()).get("/tasks")
        assert (refused.status_code, refused.json()["type"]) == (503, "/problems/unavailable")


def test_without_a_database_a_pass_is_503_with_a_rate_limit_too():
    settings = Settings(
        database_url="postgresql://task_api@127.0.0.1:1/none", jwt_secret=SECRET, rate_limit=(5, 60)
    )
    with TestClient(create_app(settings), raise_server_exceptions=False) as http:
        assert Client(http, new_pass()).get("/tasks").status_code == 503
