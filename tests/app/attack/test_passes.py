"""A pass of alice never opens bob; of his passes she learns nothing, in the service or in SQL."""

import asyncpg
import pytest

from app.auth.passes import digest_of, new_pass
from tests.client import Client


@pytest.fixture
def bobs(client, bob):
    """Bob's pass: id, label and token."""
    return client(bob).post("/passes", {"label": "Bob's own", "scope": "tasks:write"}).json()


@pytest.mark.parametrize("scope", ["tasks:read", "tasks:write"])
def test_alices_pass_never_opens_bob(http, client, victim, alice, scope):
    before = victim.state()
    token = client(alice).post("/passes", {"label": "Hers", "scope": scope}).json()["token"]
    script = Client(http, token)
    assert script.page()["total"] == 0
    for id in victim.ids:
        assert script.get(f"/tasks/{id}").status_code == 404
        headers = {"X-User-ID": victim.names.user, "X-Forwarded-User": victim.names.user}
        assert script.get(f"/tasks/{id}?user_id={victim.names.user}", headers=headers).status_code == 404
        if scope == "tasks:write":
            assert script.patch(f"/tasks/{id}", {"title": "Mine"}).status_code == 404
            assert script.delete(f"/tasks/{id}").status_code == 404
    assert victim.state() == before


def test_bobs_pass_is_in_nobody_elses_list_and_is_not_revoked_by_others(http, client, alice, bobs):
    assert client(alice).get("/passes").json() == {"items": []}
    assert client(alice).delete(f"/passes/{bobs['id']}").status_code == 404
    assert Client(http, bobs["token"]).get("/tasks").status_code == 200


def test_no_body_makes_a_pass_of_somebody_else(client, alice, bob):
    lenient = {"Prefer": "handling=lenient"}
    body = {"label": "x", "user_id": bob, "id": "018f4e2a-6c1b-4d3e-9f00-2a5b8c7d6e1f", "token": new_pass()}
    made = client(alice).post("/passes", body, headers=lenient).json()
    assert made["id"] != body["id"]
    assert made["token"] != body["token"]
    assert client(bob).get("/passes").json() == {"items": []}


def test_one_letter_less_or_another_opens_nothing(http, bobs):
    token = bobs["token"]
    for position in (5, 20, len(token) - 1):
        other = "A" if token[position] != "A" else "B"
        for wrong in (
            token[:position] + other + token[position + 1 :],
            token[:position] + token[position + 1 :],
        ):
            assert Client(http, wrong).get("/tasks").status_code == 401
    for wrong in (
        token.upper(),
        token.lower(),
        token + "A",
        token[5:],
        bobs["id"],
        digest_of(token.encode()).hex(),
    ):
        assert Client(http, wrong).get("/tasks").status_code == 401


def test_a_pass_of_the_same_digest_of_another_user_is_not_told_of(as_user, alice, bobs):
    # A unique digest would answer here with a violation.
    digest = digest_of(bobs["token"].encode())
    assert as_user(alice).execute(
        "insert into app.passes (label, scope, digest, expires_at)"
        " values ('x', 'tasks:read', $1, now() + interval '1 hour')",
        digest,
    )


@pytest.mark.usefixtures("one_machine")
def test_the_service_reads_no_digest_and_no_pass_of_others(as_user, alice, bob, bobs):
    session = as_user(alice)
    assert session.value("select count(*) from app.passes") == 0
    assert as_user(bob).value("select count(*) from app.passes") == 1
    for statement in (
        "select digest from app.passes",
        "select * from app.passes",
        "select passes from app.passes",
        "select count(*) from app.passes where digest is not null",
        "select count(*) from app.passes group by digest",
        "delete from app.passes returning digest",
        "update app.passes set last_used_on = null where digest is not null",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            session.execute(statement)
    assert session.execute("update app.passes set last_used_on = '2020-01-01'") == "UPDATE 0"
    assert session.execute("delete from app.passes") == "DELETE 0"


def test_only_who_knows_a_token_learns_whose_it_is(as_user, alice, bob, bobs):
    for user in (None, alice):
        session = as_user(user)
        for digest in (None, b"", b"\0" * 32, digest_of(b"duly_"), bobs["token"].encode()):
            assert session.rows("select * from porter.open_pass($1)", digest)[0]["user_id"] is None
            assert session.value("select api.open_pass($1)", digest) == "null"
        found = session.rows("select * from porter.open_pass($1)", digest_of(bobs["token"].encode()))
        assert [(row["user_id"], str(row["id"]), row["scope"]) for row in found] == [
            (bob, bobs["id"], "tasks:write")
        ]


@pytest.mark.usefixtures("one_machine")
def test_the_use_of_bobs_pass_is_noted_by_bob_only(as_user, alice, bob, bobs):
    assert as_user(alice).value("select api.use_pass($1)", bobs["id"]) == "false"
    assert as_user(bob).value("select last_used_on from app.passes") is None
    assert as_user(bob).value("select api.use_pass($1)", bobs["id"]) == "true"
    assert as_user(bob).value("select api.use_pass($1)", bobs["id"]) == "false"
