"""The porter: whose a pass is, found by its digest, and nothing besides."""

import asyncpg
import pytest

from app.auth.passes import digest_of

COLUMNS = {"user_id", "id", "scope", "digest", "expires_at", "last_used_on"}


@pytest.fixture
def token(client, alice):
    return client(alice).post("/passes", {"label": "Hers"}).json()["token"]


@pytest.fixture
def as_porter(as_superuser):
    as_superuser.execute("begin; set local role task_porter; set local app.user_id = ''")
    yield as_superuser
    as_superuser.execute("rollback")


def test_the_porter_reads_what_it_answers_and_nothing_else_of_a_pass(as_superuser):
    columns = as_superuser.column(
        "select attname from pg_attribute where attrelid = 'app.passes'::regclass and attnum > 0"
    )
    readable = {
        column
        for column in columns
        if as_superuser.value(
            "select has_column_privilege('task_porter', 'app.passes', $1, 'select')", column
        )
    }
    assert readable == COLUMNS
    assert {"label", "created_at"} == {*columns} - readable


def test_the_porter_reads_passes_of_everybody_and_writes_none(as_porter, token, alice):
    assert alice in as_porter.column("select user_id from app.passes")
    for statement in (
        "select label from app.passes",
        "select * from app.passes",
        "select count(*) from app.tasks",
        "update app.passes set last_used_on = null",
        "delete from app.passes",
        "insert into app.passes (label, scope, digest, expires_at) values ('', '', '', now())",
        "select api.list_passes()",
    ):
        as_porter.execute("savepoint attempt")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            as_porter.execute(statement)
        as_porter.execute("rollback to savepoint attempt")


def test_an_expired_pass_is_not_opened(as_user, as_superuser, token, alice):
    digest = digest_of(token.encode())
    session = as_user(None)
    assert session.rows("select * from porter.open_pass($1)", digest)[0]["user_id"] == alice
    as_superuser.execute(
        "update app.passes set created_at = now() - interval '2 days', expires_at = now()"
        f" where user_id = '{alice}'"
    )
    assert session.rows("select * from porter.open_pass($1)", digest)[0]["user_id"] is None


def test_a_pass_is_found_by_the_index_on_its_digest(as_superuser, token):
    as_superuser.execute("begin; set local enable_seqscan = off; set local role task_porter")
    plan = "\n".join(
        as_superuser.column(
            "explain select user_id, id, scope, expires_at, last_used_on from app.passes"
            " where digest = sha256('') and expires_at > now() limit 1"
        )
    )
    as_superuser.execute("rollback")
    assert "passes_by_digest" in plan
    assert "Index Cond: (digest = " in plan


@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [
        ("label", "''", "passes_label_length"),
        ("label", "repeat('x', 101)", "passes_label_length"),
        ("scope", "'tasks:admin'", "passes_scope_known"),
        ("digest", "'short'", "passes_digest_length"),
        ("expires_at", "now() - interval '1 second'", "passes_expires_at_range"),
        ("expires_at", "now() + interval '8785 hours'", "passes_expires_at_range"),
        ("expires_at", "'infinity'", "passes_expires_at_range"),
    ],
)
def test_the_rules_of_a_pass_are_constraints(as_user, alice, column, value, rule):
    values = {
        "label": "'x'",
        "scope": "'tasks:read'",
        "digest": "sha256('')",
        "expires_at": "now() + interval '1 hour'",
        column: value,
    }
    with pytest.raises(asyncpg.CheckViolationError) as violation:
        as_user(alice).execute(
            f"insert into app.passes ({', '.join(values)}) values ({', '.join(values.values())})"
        )
    assert violation.value.constraint_name == rule
