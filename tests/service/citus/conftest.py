"""A real cluster: a coordinator and two workers or more, of which a test may kill one."""

import pytest

from tests.servers import CitusCluster
from tests.service.citus.worker import find_worker
from tests.sql import Session


@pytest.fixture(scope="session")
def cluster(server) -> CitusCluster:
    """The cluster of the run; tests are skipped where there is none."""
    if not isinstance(server, CitusCluster):
        pytest.skip("no cluster of Citus: TEST_CITUS_URL or TEST_CITUS_IMAGE is needed")
    return server


@pytest.fixture
def coordinator(cluster, database):
    """SQL as a superuser of the coordinator."""
    session = Session(cluster.superuser_url(database))
    yield session
    session.close()


@pytest.fixture
def spread(cluster, new_database) -> str:
    """The name of a database of the cluster, of the test's own."""
    return new_database()


@pytest.fixture
def worker(cluster):
    """The first worker, which the test may kill; it runs again afterwards."""
    worker = find_worker(cluster.machines()[1])
    if worker is None:
        pytest.skip("the worker runs on another machine")
    yield worker
    if not worker.runs():
        worker.start()


@pytest.fixture
def workers(cluster, database):
    """SQL as a superuser of each worker, which sees its shards, too."""
    sessions = [Session(machine.superuser_url(database)) for machine in cluster.machines()[1:]]
    for session in sessions:
        session.execute("set citus.override_table_visibility = off")
    yield sessions
    for session in sessions:
        session.close()
