"""The rate limit: shared, exact, and nothing at all where it is off."""

import pytest
from starlette.testclient import TestClient

from app.main import create_app
from app.settings import Settings
from tests.client import Client, make_token
from tests.conftest import SECRET


@pytest.fixture
def limited(server, database):
    """``limited(alice)``: HTTP as alice, through two services that allow 5 requests an hour between them."""
    settings = Settings(database_url=server.service_url(database), jwt_secret=SECRET, rate_limit=(5, 3600))
    with TestClient(create_app(settings)) as first, TestClient(create_app(settings)) as second:
        yield lambda user: [Client(http, make_token(user, SECRET)) for http in (first, second)]


def test_off_there_are_no_headers(client, alice):
    response = client(alice).get("/tasks")
    assert "ratelimit" not in response.headers
    assert "ratelimit-policy" not in response.headers


def test_the_limit_is_shared_and_told(limited, alice):
    first, second = limited(alice)
    for number, http in enumerate([first, second, first, second, first]):
        response = http.get("/tasks")
        assert response.status_code == 200
        assert response.headers["ratelimit-policy"] == '"user";q=5;w=3600'
        assert response.headers["ratelimit"].startswith(f'"user";r={4 - number};t=')
    for http in (first, second, first):
        refused = http.post("/tasks", {"title": "One too many"})
        assert refused.status_code == 429
        assert refused.json()["type"] == "/problems/too-many-requests"
        assert 0 < int(refused.headers["retry-after"]) <= 720
        assert refused.headers["ratelimit"] == f'"user";r=0;t={refused.headers["retry-after"]}'
        assert refused.headers["ratelimit-policy"] == '"user";q=5;w=3600'


def test_what_fails_counts_too(limited, alice):
    first, _ = limited(alice)
    statuses = [first.get("/tasks/018f4e2a-6c1b-4d3e-9f00-2a5b8c7d6e1f").status_code for _ in range(6)]
    assert statuses == [404] * 5 + [429]


def test_each_user_has_a_bucket(limited, alice, bob):
    for _ in range(5):
        limited(alice)[0].get("/tasks")
    assert limited(alice)[0].get("/tasks").status_code == 429
    assert limited(bob)[0].get("/tasks").status_code == 200


def test_without_a_token_nothing_is_counted(limited, alice):
    http = limited(alice)[0]
    for _ in range(10):
        assert http.get("/health", headers={"Authorization": ""}).status_code == 200
        assert http.get("/tasks", headers={"Authorization": ""}).status_code == 401


def test_the_bucket_fills_again(as_user, as_superuser, alice):
    session = as_user(alice)
    take = "select (api.take_token(requests => 3, seconds => 60, cost => 1) ->> 'remaining')::int"
    assert [session.value(take) for _ in range(5)] == [2, 1, 0, -1, -1]
    # 20 seconds later there is one more.
    as_superuser.execute(
        "update app.token_buckets set full_at = full_at - 20000000 where user_id = $1", alice
    )
    assert [session.value(take) for _ in range(2)] == [0, -1]
    as_superuser.execute(
        "update app.token_buckets set full_at = full_at - 86400000000 where user_id = $1", alice
    )
    assert session.value(take) == 2
