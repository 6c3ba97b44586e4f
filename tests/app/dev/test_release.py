"""What ``make check-release`` demands of a tree before it is released."""

import re
import shutil

import pytest

from app import __version__
from app.dev import migrations
from app.dev.project import ROOT
from app.dev.release import find_faults

FILES = ("app/__init__.py", "app/CHANGES.md", "app/server/kubernetes.yaml")


@pytest.fixture
def root(tmp_path):
    """A copy of what a release consists of, with frozen migrations."""
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    for room in ("migrations", "functions"):
        shutil.copytree(ROOT / "db" / room, tmp_path / "db" / room)
    migrations.freeze(tmp_path)
    return tmp_path


def test_a_whole_release_has_no_faults(root):
    assert find_faults(f"v{__version__}", root) == []


@pytest.mark.parametrize("tag", ["", __version__, "v9.9.9"])
def test_another_tag_is_refused(root, tag):
    [fault] = find_faults(tag, root)
    assert f"app/__init__.py says {__version__}" in fault


def test_each_place_must_name_the_release(root):
    for name in FILES[1:]:
        path = root / name
        path.write_text(path.read_text().replace(__version__, "0.0.9"))
    changes, manifest = find_faults(f"v{__version__}", root)
    assert changes == f"app/CHANGES.md begins with 0.0.9, not with {__version__}"
    assert manifest == f"app/server/kubernetes.yaml runs 0.0.9, not {__version__}"


def test_migrations_must_be_frozen_and_as_they_were(root):
    folder = root / "db" / "migrations"
    first = sorted(folder.glob("*.sql"))[0]
    first.write_text(first.read_text() + "-- changed\n")
    (folder / "0999_new.sql").write_text("-- migrate:up\n")
    assert find_faults(f"v{__version__}", root) == [
        "migrations are not frozen: 0999_new.sql; run make freeze",
        f"released migrations were changed: {first.name}",
    ]


def test_the_workflow_of_a_release_checks_tests_and_publishes():
    """What it does is GitHub's; that the parts are there, and in order, can be seen here."""
    text = (ROOT / ".github" / "workflows" / "release.yml").read_text()
    assert text.index("make check-release") < text.index("make lint") < text.index("make test-all")
    assert text.count("needs: test") == 2
    for part in ("file: app/Dockerfile", "push: true", "sbom: true", "provenance: mode=max"):
        assert part in text
    assert not re.search(r"^permissions: write-all|contents: write(?!\n      id-token)", text, re.MULTILINE)
