"""A made-up 1.0.1, until there is a second release: what the tests of upgrades go to and come back from."""

import shutil
from pathlib import Path

from app import __version__
from app.dev import migrations
from app.dev.project import ROOT

VERSION = "1.0.1"

# What a release may do to a function that the last one calls: a parameter more, with a default; another body.
EDITS = {
    "api/get_task.sql": ("out status integer", "fields text[] default null, out status integer"),
    "keeper/remove_expired_answers.sql": ("limit 10", "limit 20"),
    "lists/page_tasks.sql": ("\nGROUPS\n", " -- changed\nGROUPS\n"),
    "tasks/render_time.sql": ("'T')", "'T')::text"),
}
NEW_FUNCTION = """\
-- Words of a title.
create or replace function app.count_words(title text) returns integer
language sql immutable parallel safe
return cardinality(regexp_split_to_array(app.trim_text(title), ' '));

comment on function app.count_words is 'How many words there are.';

grant execute on function app.count_words to task_api;
"""
UP = """
set local role task_owner;
alter table app.tasks add column colour text;
comment on column app.tasks.colour is 'A colour.';
grant insert (colour), update (colour) on app.tasks to task_api;
reset role;
"""
DOWN = """
set local role task_owner;
alter table app.tasks drop column colour;
reset role;
"""


def make_later(root: Path) -> Path:
    """A copy of the project, with one migration more; its baseline is still that of this release."""
    for room in ("app", "db"):
        shutil.copytree(ROOT / room, root / room, ignore=shutil.ignore_patterns("__pycache__"))
    version = root / "app" / "__init__.py"
    version.write_text(version.read_text().replace(__version__, VERSION))
    for path, (old, new) in EDITS.items():
        file = root / "db" / "functions" / path
        text = file.read_text()
        assert old in text, path
        file.write_text(text.replace(old, new))
    (root / "db" / "functions" / "tasks" / "count_words.sql").write_text(NEW_FUNCTION)
    path = migrations.new_migration("colour_tasks", root)
    up, _, down = path.read_text().partition("\n-- migrate:down\n")
    begin = "-- migrate:up\n"
    path.write_text(f"{begin}{UP}{up.removeprefix(begin)}\n-- migrate:down\n{down}{DOWN}")
    return root
