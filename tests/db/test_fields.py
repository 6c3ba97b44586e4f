"""A field is stored by every way of writing it, and the recipe for adding one (db/README.md) is true."""

import json
import re
import shutil

import pytest

from app.dev import migrations
from tests.db.test_functions import edit
from tests.sql import Session

WRITABLE = """
  select attname::text from pg_attribute
  where attrelid = 'app.tasks'::regclass and attnum > 0 and not attisdropped
    and has_column_privilege('task_api', attrelid, attnum, $1)
"""
SOURCE = "select prosrc from pg_proc where oid = $1::regproc"


def test_every_writable_column_is_in_the_insert(as_superuser):
    source = as_superuser.value(SOURCE, "app.insert_task")
    columns, values = re.search(r"insert into app\.tasks \((.*?)\)\s+values \((.*)\);", source, re.S).groups()
    writable = set(as_superuser.column(WRITABLE, "insert"))
    assert set(re.findall(r"\w+", columns)) == set(re.findall(r"task\.(\w+)", values)) == writable


def test_every_writable_column_is_in_the_update(as_superuser):
    pairs = re.findall(r"(\w+) = new\.(\w+)", as_superuser.value(SOURCE, "app.update_task"))
    assert all(column == value for column, value in pairs)
    assert {column for column, _ in pairs} == set(as_superuser.column(WRITABLE, "update"))


def test_every_writable_field_is_merged(as_superuser):
    merged = re.findall(r"patch \? '(\w+)'", as_superuser.value(SOURCE, "app.merge_task"))
    described = json.loads(as_superuser.value("select api.describe_tasks()"))["fields"]
    assert merged == [field["name"] for field in described if field["writable"]]


TABLE = """
  set local role task_owner;
  alter table app.tasks add column note text
    constraint tasks_note_length check (char_length(note) <= 10);
  comment on column app.tasks.note is 'A note.';
  comment on constraint tasks_note_length on app.tasks is 'string_length: must have at most 10 characters';
  grant insert (note), update (note) on app.tasks to task_api;
  alter type app.task_document add attribute note text;
  reset role;
"""
RECIPE = [
    edit("tasks/writable_fields.sql", "'timezone'", "'timezone', 'note'"),
    edit(
        "tasks/merge_task.sql",
        "  return task;",
        "  if patch ? 'note' then\n    task.note := app.read_text(patch, 'note');\n  end if;\n  return task;",
    ),
    edit("tasks/insert_task.sql", "timezone,", "timezone, note,"),
    edit("tasks/insert_task.sql", "task.timezone, note,", "task.timezone, task.note,"),
    edit("tasks/update_task.sql", "timezone = new.timezone,", "timezone = new.timezone, note = new.note,"),
    edit(
        "tasks/render_task.sql",
        "app.render_time(task.updated_at)",
        "app.render_time(task.updated_at), task.note",
    ),
]


@pytest.fixture
def with_note(server, new_database, tmp_path):
    """A database to which the field ``note`` was added as db/README.md says."""
    shutil.copytree(migrations.ROOT / "db", tmp_path / "db")
    for step in RECIPE:
        step(tmp_path)
    name = new_database()
    owner = Session(server.owner_url(name))
    owner.execute(TABLE)
    owner.execute(migrations.everything(tmp_path))
    owner.close()
    session = Session(server.service_url(name))
    session.value("select set_config('app.user_id', 'alice', false)")
    yield session
    session.close()


def test_a_field_that_is_added_by_the_recipe_is_stored_and_described(with_note):
    create = (
        "select response from api.create_task("
        "body => $1, id => null, lenient => false, answer => null, idempotency_key => null)"
    )
    update = (
        "select response from api.update_task("
        "id => $1, body => $2, lenient => false, if_match => null, if_none_match => null, answer => null)"
    )
    task = json.loads(with_note.value(create, '{"title": "x", "note": "first"}'))
    assert task["note"] == with_note.value("select note from app.tasks") == "first"
    changed = json.loads(with_note.value(update, task["id"], '{"note": "second"}'))
    assert changed["note"] == with_note.value("select note from app.tasks") == "second"
    faults = json.loads(
        with_note.value(
            "select api.find_task_faults(body => $1, id => $2, lenient => false, answer => null)",
            '{"note": "much too long"}',
            task["id"],
        )
    )
    assert faults == [
        {"loc": ["body", "note"], "msg": "must have at most 10 characters", "type": "string_length"}
    ]
    fields = json.loads(with_note.value("select api.describe_tasks()"))["fields"]
    [note] = [field for field in fields if field["name"] == "note"]
    assert note["schema"] == {
        "type": ["string", "null"],
        "description": "A note.",
        "maxLength": 10,
        "default": None,
    }


def test_every_parameter_of_a_list_is_described_by_the_query_type(as_superuser):
    parameters = json.loads(as_superuser.value("select api.describe_tasks()"))["parameters"]
    assert all(parameter["description"].endswith(".") and parameter["schema"] for parameter in parameters)
    attributes = as_superuser.value(
        "select count(*) from pg_attribute where attrelid = 'app.task_query'::regclass and attnum > 0"
    )
    assert len({parameter["name"] for parameter in parameters}) == len(parameters) == attributes


def test_the_parameters_that_are_described_are_those_that_are_read(as_superuser):
    parameters = json.loads(as_superuser.value("select api.describe_tasks()"))["parameters"]
    known = re.search(
        r"c_known constant text\[\] := array\[(.*?)\]",
        as_superuser.value(SOURCE, "app.read_task_query"),
        re.S,
    )
    assert [parameter["name"] for parameter in parameters] == re.findall(r"'(\w+)'", known[1])
