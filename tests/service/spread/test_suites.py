"""The suites of the API and of the worker on a database that has db/citus/spread.sql, without Citus."""

import os
import subprocess
import sys

import pytest

from app.dev.project import ROOT

SPREAD = {"TEST_SPREAD": "1"}
# There an error, and no empty list.
EMPTY = "tests/db/test_worker.py::test_without_a_user_the_worker_sees_nothing_and_its_functions_refuse"
SUITE = ["tests/app/api", "tests/db/test_worker.py"]
SUITE += ["--deselect", EMPTY]


@pytest.mark.skipif(os.environ.items() >= SPREAD.items(), reason="this is that run")
def test_the_suites_pass_on_a_database_with_twins():
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--numprocesses", "2", *SUITE],
        cwd=ROOT, env={**os.environ, **SPREAD}, capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout[-10_000:]
