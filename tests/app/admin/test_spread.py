"""What of a migration is sent to all machines: tables, and not functions."""

import re

import pytest

from app.admin.spread import rebalance, statements
from app.files import MIGRATIONS
from app.settings import SettingsError

MIGRATION = """
set local role task_owner;
-- A colour; users' own.
alter table app.tasks add column colour text default 'a;b';
drop function app.old(text);
-- drop db/functions/tasks/gone.sql
drop function app.gone;
drop view audit.gone;
comment on column app.tasks.colour is $$It's; a colour$$;

-- begin db/functions/tasks/new.sql
create function app.new() returns text return ';';
grant execute on function app.new to task_api;
-- end db/functions/tasks/new.sql

reset role
"""


def test_statements_are_divided_and_functions_stay_on_one_machine():
    found = [(" ".join(text.split()), is_local) for text, is_local in statements(MIGRATION)]
    copy = "-- begin db/functions/tasks/new.sql create function app.new() returns text return ';';"
    copy += " grant execute on function app.new to task_api; -- end db/functions/tasks/new.sql"
    column = "alter table app.tasks add column colour text default 'a;b';"
    assert found == [
        ("set local role task_owner;", False),
        (f"-- A colour; users' own. {column}", False),
        ("drop function app.old(text);", True),
        ("-- drop db/functions/tasks/gone.sql drop function app.gone;", True),
        ("drop view audit.gone;", True),
        ("comment on column app.tasks.colour is $$It's; a colour$$;", False),
        (copy, True),
        ("reset role", False),
    ]


def without_comments(text):
    return re.sub(r"--[^\n]*", "", text).split()


@pytest.mark.parametrize("path", sorted(MIGRATIONS.glob("*.sql")), ids=lambda path: path.stem)
def test_nothing_of_a_migration_is_left_out(path):
    up, _, down = path.read_text().partition("-- migrate:down")
    for text in (up, down):
        parts = "".join(statement for statement, _ in statements(text))
        assert without_comments(parts) == without_comments(text)


@pytest.mark.parametrize("drain", ["worker", "worker:", ":5432x", "worker:port"])
def test_a_machine_to_drain_is_host_and_port(drain):
    with pytest.raises(SettingsError, match="host:port"):
        rebalance("postgresql:///", drain)
