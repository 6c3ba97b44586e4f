"""db/functions is the source of the functions, and ``make migration`` freezes what changed, with a way
back.
"""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from app.dev import migrations
from app.dev.migrations import MigrationError
from tests.db.catalog import definitions
from tests.later import NEW_FUNCTION as NEW
from tests.servers import Server
from tests.sql import Session

# What tables stand on: a default needs it, so it is made by a migration.
OF_THE_MIGRATIONS = {"app.user_id", "app.require_user_id"}

NAMES = """
  select pronamespace::regnamespace || '.' || proname from pg_proc
  where pronamespace::regnamespace::text in ('app', 'api', 'audit', 'finder', 'keeper', 'porter')
  union all
  select relnamespace::regnamespace || '.' || relname from pg_class
  where relkind = 'v'
    and relnamespace::regnamespace::text in ('app', 'api', 'audit', 'finder', 'keeper', 'porter')
"""


def run(server: Server, name: str, sql: str) -> None:
    """The SQL as whoever migrates, in one transaction."""
    session = Session(server.owner_url(name))
    try:
        session.execute(sql)
    finally:
        session.close()


def names(root: Path) -> set[str]:
    return {name for source in migrations.current(root).values() for name in source.objects}


def test_each_file_is_what_its_latest_copy_in_the_migrations_is():
    assert migrations.frozen() == migrations.current(), "run make functions"


def test_make_functions_would_change_nothing():
    if migrations.digests():
        pytest.skip("the migrations are frozen")
    for path, text in migrations.room_migrations().items():
        assert path.read_text() == text, "run make functions"


def test_db_functions_over_a_migrated_database_changes_nothing(server, new_database):
    name = new_database()
    before = definitions(server.superuser_url(name))
    run(server, name, migrations.everything())
    assert definitions(server.superuser_url(name)) == before


def test_each_function_and_view_has_a_file(as_superuser):
    assert set(as_superuser.column(NAMES)) - OF_THE_MIGRATIONS == names(migrations.ROOT)


def test_the_function_that_page_tasks_shows_is_the_one_that_it_makes(as_superuser):
    text = (migrations.ROOT / "db/functions/lists/page_tasks.sql").read_text()
    name, shown = re.search(r"^-- The body of app\.(\w+), whole:\n--\n((?:--.*\n)+)", text, re.M).groups()
    body = as_superuser.value("select prosrc from pg_proc where proname = $1", name)
    assert re.sub("^-- ?", "", shown, flags=re.M).strip() == body.strip()


def edit(path: str, old: str, new: str) -> Callable[[Path], None]:
    """A change of one file of db/functions."""

    def change(root: Path) -> None:
        file = root / "db" / "functions" / path
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))

    return change


def write(path: str, text: str) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        (root / "db" / "functions" / path).write_text(text)

    return change


def remove(path: str) -> Callable[[Path], None]:
    return lambda root: (root / "db" / "functions" / path).unlink()


def move(old: str, new: str) -> Callable[[Path], None]:
    folder = Path("db", "functions")
    return lambda root: (root / folder / old).rename(root / folder / new) and None


CHANGES = {
    "a body": edit("tasks/merge_task.sql", "begin\n", "begin\n  -- changed\n"),
    "a body that others are bound to": edit("tasks/render_time.sql", "'T')", "'t')"),
    "a new function": write("tasks/count_words.sql", NEW),
    "a removed function": remove("search/suggest_query.sql"),
    "a parameter's name": edit("requests/parse_time.sql", "value", "moment"),
    "a parameter's type, where others are bound to it": edit(
        "tasks/render_time.sql", "moment timestamptz", "moment timestamptz, digits integer default 0"
    ),
    "a new name": edit("lists/encode_uri_component.sql", "app.encode_uri_component", "app.encode_uri"),
    "an out parameter": edit("api/get_task.sql", "out response text", "out response text, out more text"),
    "a column in the middle of a view that others read": edit(
        "audit/services.sql", "  service.oid,\n", "  service.oid,\n  1 as one,\n"
    ),
    "a grant less": edit(
        "requests/trim_text.sql", "grant execute on function app.trim_text to task_api;\n", ""
    ),
    "a grant more": edit("requests/trim_text.sql", "to task_api", "to task_api, task_keeper"),
    "a comment": edit("finder/find_tasks.sql", "'Definer, ", "'Definer, changed, "),
    "a definer function": edit("keeper/remove_expired_answers.sql", "limit 10", "limit 11"),
    "a family": edit("lists/page_tasks.sql", "\nGROUPS\n", " -- changed\nGROUPS\n"),
    "one of a family less": edit("lists/page_tasks.sql", "('title_key', 'text',", "('title_key_2', 'text',"),
}


def change_family(root: Path) -> None:
    for old, new in (("(1, 'title_key'", "(1, 'title_key_2'"), ("by_title_key_", "by_title_key_2_")):
        edit("lists/page_tasks.sql", old, new)(root)
    CHANGES["one of a family less"](root)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A copy of db/ that may be changed."""
    shutil.copytree(migrations.ROOT / "db", tmp_path / "db")
    return tmp_path


def migrate_there_and_back(server: Server, name: str, root: Path) -> None:
    """The next migration up, and down again, with what must hold in between."""
    url = server.superuser_url(name)
    before = definitions(url)
    path = migrations.new_migration("change_functions", root)
    up, _, down = path.read_text().partition("\n-- migrate:down\n")
    run(server, name, up)
    after = definitions(url)
    session = Session(url)
    assert set(session.column(NAMES)) - OF_THE_MIGRATIONS == names(root)
    session.close()
    run(server, name, migrations.everything(root))
    assert definitions(url) == after
    assert migrations.frozen(root) == migrations.current(root)
    run(server, name, down)
    assert definitions(url) == before
    run(server, name, up)
    assert definitions(url) == after


@pytest.mark.parametrize("kind", CHANGES)
def test_a_migration_there_and_back_leaves_the_catalog_as_it_should(kind, server, new_database, root):
    (change_family if kind == "one of a family less" else CHANGES[kind])(root)
    migrate_there_and_back(server, new_database(), root)


def test_a_migration_of_all_of_that_at_once(server, new_database, root):
    for kind in (
        "a body",
        "a new function",
        "a removed function",
        "a parameter's name",
        "a grant less",
        "a comment",
    ):
        CHANGES[kind](root)
    CHANGES["a column in the middle of a view that others read"](root)
    move("lists/encode_uri_component.sql", "requests/encode_uri_component.sql")(root)
    migrate_there_and_back(server, new_database(), root)


def test_a_function_that_is_made_again_by_a_later_migration_has_one_copy(root):
    CHANGES["a body"](root)
    first = migrations.new_migration("change_body", root)
    edit("tasks/merge_task.sql", "-- changed\n", "-- changed again\n")(root)
    second = migrations.new_migration("change_body_again", root)
    last = max(int(path.name[:4]) for path in (migrations.ROOT / "db" / "migrations").glob("*.sql"))
    assert first.name == f"{last + 1:04}_change_body.sql"
    assert second.name == f"{last + 2:04}_change_body_again.sql"
    up, _, down = second.read_text().partition("\n-- migrate:down\n")
    assert "-- changed again\n" in up
    assert "-- changed\n" in down
    assert "begin db/functions/tasks/merge_task.sql" in up
    assert up.count("-- begin ") == down.count("-- begin ") == 1


def test_without_a_change_there_is_no_migration(root):
    with pytest.raises(MigrationError, match="nothing in db/functions differs"):
        migrations.new_migration("nothing", root)
    assert not list((root / "db" / "migrations").glob("*nothing*"))


MISPLACED = {
    "the rooms are": write("lemon.sql", NEW),
    "makes no function and no view": write("tasks/nothing.sql", "-- Nothing.\n"),
    "belongs into the schema keeper": move("tasks/render_time.sql", "keeper/render_time.sql"),
    "app.trim_text is in": write("tasks/trim_text.sql", NEW.replace("app.count_words", "app.trim_text")),
    "refer to each other": write(
        "tasks/count_words.sql",
        NEW.replace("app.trim_text(title)", "app.count_letters(title)::text"),
    ),
}


@pytest.mark.parametrize("message", MISPLACED)
def test_a_file_in_the_wrong_place_is_refused_with_the_reason(message, root):
    MISPLACED[message](root)
    if message == "refer to each other":
        letters = NEW.replace("count_words", "count_letters")
        write(
            "tasks/count_letters.sql", letters.replace("app.trim_text(title)", "app.count_words(title)::text")
        )(root)
    with pytest.raises(MigrationError, match=message):
        migrations.new_migration("misplaced", root)


def test_a_migrations_name_is_words(root):
    CHANGES["a body"](root)
    for name in ("", "Changed", "a b", "../up", "x_"):
        with pytest.raises(MigrationError, match="lower-case words"):
            migrations.new_migration(name, root)


def test_no_released_migration_was_changed():
    """The way on is a new one: make migration name=what_changes."""
    if not migrations.digests():
        pytest.skip("nothing is released: make freeze notes the digests")
    assert migrations.changed() == []


def test_a_migration_that_was_frozen_may_not_change(root):
    (root / migrations.FROZEN).unlink(missing_ok=True)
    files = sorted(path.name for path in (root / "db" / "migrations").glob("*.sql"))
    assert migrations.freeze(root) == files
    assert migrations.changed(root) == []
    CHANGES["a body"](root)
    with pytest.raises(MigrationError, match="make migration"):
        migrations.freeze(root)
    new = migrations.new_migration("change_body", root)
    assert migrations.changed(root) == []
    assert migrations.freeze(root) == [new.name]
    for name, text in ((files[0], "-- migrate:up\n"), (new.name, None)):
        path = root / "db" / "migrations" / name
        path.unlink() if text is None else path.write_text(text)
    assert migrations.changed(root) == [files[0], new.name]
    with pytest.raises(MigrationError, match=f"were changed: {files[0]}, {new.name}"):
        migrations.freeze(root)
