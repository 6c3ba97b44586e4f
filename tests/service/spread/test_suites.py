"""The suites of the worker on a database that has db/citus/spread.sql, without Citus. Those of the API and of
the attacks pass on one in tests/service/upgrade.
"""

import os

import pytest

from tests.processes import run_suite

SPREAD = {"TEST_SPREAD": "1"}
# There an error, and no empty list.
EMPTY = "tests/db/test_worker.py::test_without_a_user_the_worker_sees_nothing_and_its_functions_refuse"
SUITE = ["tests/app/worker", "tests/db/test_worker.py", "--deselect", EMPTY]


@pytest.mark.skipif(os.environ.items() >= SPREAD.items(), reason="this is that run")
def test_the_suites_pass_on_a_database_with_twins():
    run_suite(*SUITE, **SPREAD)
