"""A database server and a service that a test may break."""

import tempfile
from pathlib import Path

import pytest

from tests.processes import Service
from tests.service.faults.cluster import Cluster
from tests.service.faults.load import SUMMARIES


@pytest.fixture(scope="session")
def shared_cluster():
    with tempfile.TemporaryDirectory(prefix="duly-") as folder:
        cluster = Cluster(Path(folder))
        yield cluster
        if cluster.runs():
            cluster.stop()


@pytest.fixture
def cluster(shared_cluster):
    """A server that runs."""
    if not shared_cluster.runs():
        shared_cluster.start()
    return shared_cluster


@pytest.fixture
def service(cluster):
    """One process."""
    with Service(cluster.url("task_api"), DATABASE_TIMEOUT=4) as service:
        yield service


def pytest_terminal_summary(terminalreporter):
    """The counts, for whoever wants to see more than a dot."""
    for summary in SUMMARIES:
        terminalreporter.write_line(summary)
