"""The table as a DBA meets it, in SQL."""

import pytest


def make(session, user):
    return session.value("insert into app.tasks (user_id, title) values ($1, 'x') returning id", user)


def test_updated_at_and_version_move_with_direct_sql_too(as_superuser, alice):
    task = make(as_superuser, alice)
    read = "select version, updated_at, created_at from app.tasks where id = $1"
    before = as_superuser.rows(read, task)[0]
    as_superuser.execute("update app.tasks set title = 'y' where id = $1", task)
    after = as_superuser.rows(read, task)[0]
    assert after["version"] > before["version"]
    assert after["updated_at"] > before["updated_at"]
    assert after["created_at"] == before["created_at"]


def test_an_update_that_changes_nothing_moves_nothing(as_superuser, alice):
    task = make(as_superuser, alice)
    read = "select version, updated_at, xmin from app.tasks where id = $1"
    before = as_superuser.rows(read, task)[0][:2]
    as_superuser.execute("update app.tasks set title = title where id = $1", task)
    assert as_superuser.rows(read, task)[0][:2] == before


def test_a_task_made_again_under_an_old_id_has_a_version_of_its_own(client, alice):
    task = client(alice).create()
    etags = {client(alice).get(f"/tasks/{task['id']}").headers["etag"]}
    for _ in range(3):
        assert client(alice).delete(f"/tasks/{task['id']}").status_code == 204
        made = client(alice).put(f"/tasks/{task['id']}", {"title": "again"}, headers={"If-None-Match": "*"})
        assert made.status_code == 201
        etags.add(made.headers["etag"])
    assert len(etags) == 4


def test_a_new_task_of_the_functions_has_the_defaults_of_the_table(as_superuser, alice):
    columns = "completed, priority, tags, is_recurring, series_index"
    as_superuser.execute("insert into app.tasks (user_id, title) values ($1, 'x')", alice)
    table = as_superuser.rows(f"select {columns} from app.tasks where user_id = $1", alice)
    assert as_superuser.rows(f"select {columns} from app.empty_task()") == table


def test_the_fields_of_a_body_are_columns_of_the_table(as_superuser):
    fields = as_superuser.value("select app.task_fields()")
    columns = as_superuser.column(
        "select attname from pg_attribute where attrelid = 'app.tasks'::regclass and attnum > 0"
    )
    assert set(fields) < set(columns)


@pytest.mark.parametrize(
    ("text", "query", "found"),
    [
        ("Buy groceries", "groc", True), ("Buy groceries", "grocery", True), ("Running late", "runni", True),
        ("Running late", "run", True),
        ("Ran late", "run", False), ("Café", "cafe", True), ("cafe", "Café", True),
        ("naïve—dash", "dash", True), ("To do", "to do", True),
        ("The who", "the who", True), ("don't", "don't", True), ("don’t", "dont", True),
        ("e-mail bob", "e-mail", True), ("e-mail bob", "mail e", True),
        ("e-mail", "e-mai", True), ("mail e", "e-mail", False), ("買い物に行く", "物に行", True),
        ("買い物", "物買", False),
        ("ซื้อของชำ", "ของ", True),
        ("C++ & C#", "c++", True), ("1e5 units", "1e5", True), ("v2.10.3", "10.3", True),
        ("x" * 200, "x" * 200, True), ("ж" * 200, "ж" * 100, True),
        ("Straße", "strasse", True), ("ŒUVRE", "oeuvre", True), ("a_b", "b", True), ("tag#1", "1", True),
        ("one two", '"two one"', False),
        ("one two", "one or three", True), ("one two", "-two", False), ("one two", "two -three", True),
        ("or", "or", True), ("not and", "and", True),
    ],
)  # fmt: skip
def test_what_a_search_finds(as_superuser, alice, text, query, found):
    for title, description in ((text, None), ("-", text)):
        sql = "select app.search_vector($1, $2, $3, '{}') @@ app.search_query($1, $4)"
        assert as_superuser.value(sql, alice, title, description, query) is found
        assert not as_superuser.value(
            sql.replace("app.search_query($1", "app.search_query($1 || ' '"), alice, title, description, query
        )
