"""What linters do not see in our Python."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted([*(ROOT / "app").rglob("*.py"), *(ROOT / "tests").rglob("*.py")])


def lost_strings(source: str) -> Iterator[int]:
    """The lines of strings that are statements and no docstrings: the ends of strings that broke off."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant | ast.JoinedStr):
            text = ast.get_source_segment(source, node) or ""
            if text != "..." and not text.startswith('"""'):
                yield node.lineno


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_string_ends_before_its_next_line(path):
    assert list(lost_strings(path.read_text())) == []


def test_a_string_that_ends_too_early_is_seen():
    assert list(lost_strings('POLICY = "one; "\n"two"\n')) == [2]
    assert list(lost_strings('POLICY = "one; "\nf"{two}"\n')) == [2]
    assert list(lost_strings('LIMIT = 1\n"""Seconds."""\n')) == []


MAX_WIDTH = 110
TEXTS = {".md", ".sql", ".yml", ".yaml", ".toml", ".sh", ".mjs", ".lua", ".java", ".service", ""}
# Written by programs: pg_dump, make schema, make bench.
GENERATED = ("db/schema.sql", "db/audit/baseline.sql", "db/audit/spread.sql", "tests/bench/results/")
FILES = [
    path
    for top in ("app", "db", "tests", ".github", ".ci", ".")
    for path in sorted((ROOT / top).glob("*" if top == "." else "**/*"))
    if path.is_file()
    and path.suffix in TEXTS
    and not path.name.startswith(".coverage")
    and not path.relative_to(ROOT).as_posix().startswith(GENERATED)
    and not {"node_modules", ".venv", ".postgres"} & set(path.relative_to(ROOT).parts)
]


def long_lines(text: str, *, tables: bool = False) -> list[int]:
    """The numbers of the lines that are too long; a row of a table in Markdown can't be broken."""
    return [
        number
        for number, line in enumerate(text.splitlines(), 1)
        if len(line) > MAX_WIDTH and not (tables and line.startswith("|"))
    ]


def test_no_line_is_longer_than_110_characters():
    wide = {
        path.relative_to(ROOT).as_posix(): lines
        for path in FILES
        if (lines := long_lines(path.read_text(), tables=path.suffix == ".md"))
    }
    assert wide == {}


def test_a_line_that_is_too_long_is_seen():
    assert {path.name for path in FILES} >= {
        "Makefile",
        "README.md",
        "0012_policies.sql",
        "docker-compose.yml",
    }
    assert long_lines("x" * 110 + "\n" + "é" * 111) == [2]
    assert long_lines("| " + "x" * 111 + "\n" + "x" * 111, tables=True) == [2]
