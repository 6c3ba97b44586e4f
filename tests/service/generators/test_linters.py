"""Linters of OpenAPI find nothing in the document, whatever is set."""

import dataclasses
import json
from pathlib import Path

import openapi_spec_validator
import pytest

from app.docs.openapi import describe
from tests.service.generators import npm


@pytest.fixture(
    params=[{}, {"passes": False}, {"metrics": True, "require_if_match": True, "unknown_fields": "ignore"}]
)
def folder(request, settings, as_superuser, tmp_path) -> Path:
    """A folder with a document in it, under the usual settings and under others."""
    tasks = json.loads(as_superuser.value("select api.describe_tasks()"))
    document = describe(dataclasses.replace(settings, **request.param), tasks)
    openapi_spec_validator.validate(document)
    (tmp_path / "openapi.json").write_text(json.dumps(document))
    return tmp_path


def test_redocly_finds_nothing(folder):
    done = npm.run("redocly", "lint", "openapi.json", "--format", "json", folder=folder)
    totals = json.loads(done.stdout[done.stdout.index("{") :])["totals"]
    assert totals == {"errors": 0, "warnings": 0, "ignored": 0}, done.stdout


def test_spectral_finds_nothing(folder):
    (folder / ".spectral.json").write_text('{"extends": ["spectral:oas"]}')
    done = npm.run(
        "spectral", "lint", "openapi.json", "--format", "json", "--output", "found.json", folder=folder
    )
    assert json.loads((folder / "found.json").read_text()) == [], done.stderr
    assert done.returncode == 0, done.stdout + done.stderr
