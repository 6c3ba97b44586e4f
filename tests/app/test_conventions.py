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
