"""Idempotency keys: an answer is kept for its user and its request, for a day."""

import pytest


@pytest.mark.parametrize("what", ["tasks", "toggle"])
def test_a_key_with_another_request_is_422(client, alice, what):
    task = client(alice).create()
    path = "/tasks" if what == "tasks" else f"/tasks/{task['id']}/toggle"
    headers = {"Idempotency-Key": "k"}
    first = client(alice).post(path, {"title": "x"} if what == "tasks" else {}, headers=headers)
    assert first.status_code < 300
    other = client(alice).post(
        path, {"title": "y"} if what == "tasks" else {"completed": True}, headers=headers
    )
    assert (other.status_code, other.json()["type"]) == (422, "/problems/idempotency-key-reused")


def test_a_key_is_each_users_own(client, alice, bob):
    tasks = [
        client(user).post("/tasks", {"title": "x"}, headers={"Idempotency-Key": "k"}) for user in (alice, bob)
    ]
    assert [task.json()["user_id"] for task in tasks] == [alice, bob]


def test_a_refused_request_leaves_its_key_free(client, alice):
    headers = {"Idempotency-Key": "k"}
    assert client(alice).post("/tasks", {"title": ""}, headers=headers).status_code == 400
    assert client(alice).post("/tasks", {"title": "x"}, headers=headers).status_code == 201


def test_a_key_in_use_is_409_with_retry_after(client, alice, as_user):
    session = as_user(alice)
    session.execute("begin")
    session.value("select app.recall_answer('k', '')")
    response = client(alice).post("/tasks", {"title": "x"}, headers={"Idempotency-Key": "k"})
    assert (response.status_code, response.headers["retry-after"]) == (409, "1")
    session.execute("rollback")


def test_expired_answers_are_removed_whoever_they_belong_to(client, alice, bob, as_superuser):
    for user in (alice, bob):
        assert (
            client(user).post("/tasks", {"title": "x"}, headers={"Idempotency-Key": "old"}).status_code == 201
        )
    as_superuser.execute(
        "update app.idempotency_keys set created_at = now() - interval '25 hours' where user_id = any($1)",
        [alice, bob],
    )
    again = client(alice).post("/tasks", {"title": "y"}, headers={"Idempotency-Key": "old"})
    assert (again.status_code, again.headers.get("idempotency-replayed")) == (201, None)
    kept = as_superuser.rows(
        "select user_id, created_at > now() - interval '1 hour' from app.idempotency_keys "
        "where user_id = any($1)",
        [alice, bob],
    )
    assert [tuple(row) for row in kept] == [(alice, True)]


def test_nobody_else_sees_or_removes_an_answer_that_still_holds(client, alice, bob, as_user, as_superuser):
    client(alice).post("/tasks", {"title": "x"}, headers={"Idempotency-Key": "k"})
    assert as_user(bob).value("select count(*) from app.idempotency_keys") == 0
    client(bob).post("/tasks", {"title": "y"}, headers={"Idempotency-Key": "k"})
    assert as_superuser.value("select count(*) from app.idempotency_keys where user_id = $1", alice) == 1


@pytest.mark.parametrize("key", ["", '""', "a b", "é", "x" * 256])
def test_a_bad_key_is_400(client, alice, key):
    response = client(alice).post("/tasks", {"title": "x"}, headers={"Idempotency-Key": key.encode()})
    assert (response.status_code, response.json()["errors"][0]["loc"]) == (400, ["header", "Idempotency-Key"])
