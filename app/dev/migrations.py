"""Frozen copies of db/functions in db/migrations.

``db/functions/<room>/<name>.sql`` is the source of a function or view, or of one family. dbmate runs
migrations only, so each migration holds a copy of the files that changed, between two marker lines. The
latest copy of a file is the one in the database. A file's header may name the functions that a ``do`` block
in it creates: ``-- Makes: app.one, app.two.``
"""

import argparse
import hashlib
import re
import sys
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from app.dev.project import ROOT

# In the order of their migrations: what is bound when it is made refers to its own room or to one before it.
ROOMS = (
    *("requests", "tasks", "search", "finder", "keeper", "porter", "lists", "passes", "webhooks", "audit"),
    "api",
)
_SCHEMAS = {room: room for room in ("api", "audit", "finder", "keeper", "porter")}  # The others are in app.
_OWNERS = {
    "finder": "task_finder",
    "keeper": "task_keeper",
    "porter": "task_porter",
}  # The others belong to task_owner.

FROZEN = Path("db", "migrations", "released.sha256")
"""The digests of the released migrations, as ``sha256sum`` prints them; missing before the first release."""

_UP, _DOWN = "-- migrate:up\n", "\n-- migrate:down\n"
_COPY = re.compile(
    r"^-- begin (db/functions/\S+)\n(.*?)^-- end \1\n|^-- drop (db/functions/\S+)\n", re.M | re.S
)


class MigrationError(Exception):
    """The files of db/functions can't be frozen; says which, and what to do."""


@dataclass(frozen=True)
class Source:
    """A file of db/functions, present or frozen; ``path`` is relative to the project's folder."""

    path: str
    text: str

    @property
    def room(self) -> str:
        return self.path.split("/")[2]

    @property
    def owner(self) -> str:
        return _OWNERS.get(self.room, "task_owner")

    @cached_property
    def _made(self) -> tuple[str, ...]:
        """The names in the header's ``-- Makes: …``."""
        found = re.search(r"^-- Makes: ((?:[^\n]*,\n--)*[^\n]*)\.\n", self.text, re.M)
        return tuple(re.findall(r"\w+\.\w+", found[1])) if found else ()

    @cached_property
    def _code(self) -> str:
        """The text without comments, strings and the bodies that PostgreSQL reads only when they run."""
        return "".join(_code(self.text))

    @cached_property
    def objects(self) -> dict[str, str]:
        """Each name that the file makes, in order, with its kind: function or view."""
        found = re.findall(r"^create or replace (function|view) ([\w.]+)", self._code, re.M)
        return {name: kind for kind, name in found} | dict.fromkeys(self._made, "function")

    @cached_property
    def names(self) -> frozenset[str]:
        """Each qualified name that must be there when this is made."""
        return frozenset(re.findall(r"\b\w+\.\w+\b", self._code)) - self.objects.keys()

    @cached_property
    def form(self) -> object:
        """The parts that ``create or replace`` can't change; of a view or a ``do`` block, the whole text."""
        if self._made or "view" in self.objects.values():
            return self.text
        headers = re.findall(r"^create or replace function (.*?)\blanguage\b", self._code, re.M | re.S)
        return [" ".join(header.split()) for header in headers]

    @cached_property
    def grants(self) -> frozenset[str]:
        return frozenset(" ".join(grant.split()) for grant in re.findall(r"^grant [^;]+;", self._code, re.M))


def _code(text: str) -> Iterator[str]:
    """The parts of ``Source._code``. A body in SQL is read and bound when the function is created."""
    statement = ""
    for token in re.finditer(r"--[^\n]*|'(?:[^']|'')*'|\$(\w*)\$.*?\$\1\$|;|[^-'$;]+|.", text, re.S):
        part = token[0]
        if part == ";":
            statement = ""
        if (part.startswith("--") and len(part) > 2) or part.startswith("'"):
            continue
        if part.startswith("$") and len(part) > 1:
            if re.search(r"\blanguage sql\b", statement):
                yield from _code(part.strip("$").removeprefix(token[1]).removesuffix(token[1]))
            continue
        statement += part
        yield part


def current(root: Path = ROOT) -> dict[str, Source]:
    """The files of db/functions by path; raises MigrationError where one is in the wrong place."""
    sources = {}
    made: dict[str, str] = {}
    for file in sorted((root / "db" / "functions").rglob("*.sql")):
        source = Source(file.relative_to(root).as_posix(), file.read_text())
        if source.room not in ROOMS:
            raise MigrationError(f"{source.path}: the rooms are {', '.join(ROOMS)}")
        if not source.objects:
            raise MigrationError(f"{source.path}: makes no function and no view")
        schema = _SCHEMAS.get(source.room, "app")
        for name in source.objects:
            if not name.startswith(f"{schema}."):
                raise MigrationError(
                    f"{source.path}: {name} belongs into the schema {schema}, as all of its room"
                )
            if name in made:
                raise MigrationError(f"{source.path}: {name} is in {made[name]} already")
            made[name] = source.path
        sources[source.path] = source
    return sources


def frozen(root: Path = ROOT) -> dict[str, Source]:
    """The latest copy of each file in the migrations, by path."""
    sources: dict[str, Source] = {}
    for migration in sorted((root / "db" / "migrations").glob("*.sql")):
        up = migration.read_text().partition(_DOWN)[0]
        for path, text, dropped in _COPY.findall(up):
            if dropped:
                sources.pop(dropped, None)
            else:
                sources[path] = Source(path, text)
    return sources


def ordered(sources: Mapping[str, Source]) -> list[Source]:
    """The files, each after those that it refers to, else by room and name."""
    makers = {name: path for path, source in sources.items() for name in source.objects}
    missing = {
        path: {makers[name] for name in source.names if name in makers} for path, source in sources.items()
    }
    waiting = sorted(sources.values(), key=lambda source: (ROOMS.index(source.room), source.path))
    result: list[Source] = []
    placed: set[str] = set()
    while waiting:
        ready = next((source for source in waiting if missing[source.path] <= placed), None)
        if ready is None:
            raise MigrationError(f"these refer to each other: {', '.join(source.path for source in waiting)}")
        waiting.remove(ready)
        placed.add(ready.path)
        result.append(ready)
    return result


def transition(before: Mapping[str, Source], after: Mapping[str, Source]) -> str:
    """The SQL that turns the functions of ``before`` into those of ``after``; empty if they are the same."""
    changed = {
        path for path, source in after.items() if path not in before or before[path].text != source.text
    }
    dropped = {path for path, old in before.items() if path not in after or _must_drop(old, after[path])}
    # What is bound to a function can't stay while that is dropped, and is made again.
    while bound := _bound_to(dropped, before):
        dropped |= bound
    parts = [
        (source.owner, _drop(source, after)) for source in reversed(ordered(before)) if source.path in dropped
    ]
    parts += [(source.owner, _copy(source)) for source in ordered(after) if source.path in changed | dropped]
    return _as_owners(parts)


def _must_drop(old: Source, new: Source) -> bool:
    return old.form != new.form or not old.grants <= new.grants or old.objects != new.objects


def _bound_to(paths: Collection[str], sources: Mapping[str, Source]) -> set[str]:
    names = {name for path in paths for name in sources[path].objects}
    return {path for path, source in sources.items() if path not in paths and source.names & names}


def _copy(source: Source) -> str:
    return f"-- begin {source.path}\n{source.text}-- end {source.path}\n"


def _drop(source: Source, after: Mapping[str, Source]) -> str:
    drops = "".join(f"drop {kind} {name};\n" for name, kind in reversed(source.objects.items()))
    return drops if source.path in after else f"-- drop {source.path}\n{drops}"


def _as_owners(parts: list[tuple[str, str]]) -> str:
    """The parts, each as the role that owns what it makes."""
    text, role = "", None
    for owner, part in parts:
        if owner != role:
            text += ("reset role;\n\n" if role else "") + f"set local role {owner};\n\n"
        text += f"{part}\n"
        role = owner
    return f"{text}reset role;\n" if role else ""


def everything(root: Path = ROOT) -> str:
    """All of db/functions as SQL; over a migrated database it changes nothing."""
    return transition({}, current(root))


def new_migration(name: str, root: Path = ROOT) -> Path:
    """Write the next migration: *up* has the changed files of db/functions, *down* their text before."""
    if not re.fullmatch(r"[a-z]+(_[a-z]+)*", name):
        raise MigrationError(
            "name it in lower-case words with _ between them: make migration name=add_subtasks"
        )
    before, after = frozen(root), current(root)
    up = transition(before, after)
    if not up:
        raise MigrationError("nothing in db/functions differs from its copy in the migrations")
    folder = root / "db" / "migrations"
    number = 1 + max((int(path.name[:4]) for path in folder.glob("*.sql")), default=0)
    path = folder / f"{number:04}_{name}.sql"
    path.write_text(f"{_UP}\n{up}{_DOWN}\n{transition(after, before)}")
    return path


def room_migrations(root: Path = ROOT) -> dict[Path, str]:
    """The migration of each room as db/functions would have it."""
    folder = root / "db" / "migrations"
    sources = current(root)
    order = ordered(sources)
    if [ROOMS.index(source.room) for source in order] != sorted(ROOMS.index(source.room) for source in order):
        raise MigrationError("a room refers to a later one; the order is " + ", ".join(ROOMS))
    result = {}
    for room in ROOMS:
        [path] = folder.glob(f"[0-9][0-9][0-9][0-9]_{room}_functions.sql")
        mine = {source.path: source for source in order if source.room == room}
        header = f"-- A copy of db/functions/{room}, written by make functions: change it there.\n"
        result[path] = f"{_UP}\n{header}\n{transition({}, mine)}{_DOWN}\n{transition(mine, {})}"
    return result


def digests(root: Path = ROOT) -> dict[str, str]:
    """The SHA-256 of each released migration, by file name; empty before the first release."""
    path = root / FROZEN
    if not path.exists():
        return {}
    return {name: digest for digest, name in (line.split() for line in path.read_text().splitlines())}


def changed(root: Path = ROOT) -> list[str]:
    """The released migrations that are not as they were released, or are gone."""
    folder = root / "db" / "migrations"
    return [name for name, digest in digests(root).items() if _digest(folder / name) != digest]


def freeze(root: Path = ROOT) -> list[str]:
    """Note the digests of the migrations that are new since the last release; returns their names.

    Raises:
        MigrationError: a released one was changed, or db/functions holds what no migration has.
    """
    if broken := changed(root):
        raise MigrationError(f"released migrations were changed: {', '.join(broken)}")
    if frozen(root) != current(root):
        raise MigrationError("db/functions differs from the migrations: make migration name=…")
    known = digests(root)
    paths = sorted((root / "db" / "migrations").glob("*.sql"))
    lines = [f"{_digest(path)}  {path.name}\n" for path in paths]
    (root / FROZEN).write_text("".join(lines))
    return [path.name for path in paths if path.name not in known]


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ""


def main() -> int:
    """The commands of the Makefile."""
    parser = argparse.ArgumentParser(prog="python -m app.dev.migrations")
    parser.add_argument("command", choices=["migration", "functions", "freeze"])
    parser.add_argument("name", nargs="?", default="")
    arguments = parser.parse_args()
    try:
        if arguments.command == "migration":
            print(new_migration(arguments.name).relative_to(ROOT))
        elif arguments.command == "freeze":
            new = freeze()
            print(f"{len(new)} migrations are frozen from now on" if new else "All were frozen already")
        elif digests():
            raise MigrationError("the migrations are released and frozen: make migration name=what_changes")
        else:
            for path, text in room_migrations().items():
                path.write_text(text)
    except MigrationError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
