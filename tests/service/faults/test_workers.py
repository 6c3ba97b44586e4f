"""Workers that are killed, replaced and stopped under load."""

import os
import signal

import pytest

from tests.processes import Service, wait_until
from tests.service.faults.load import POOL_SIZE, Load


@pytest.fixture
def pair(cluster):
    """Two workers and their supervisor."""
    with Service(cluster.url("task_api"), DATABASE_TIMEOUT=4, WORKERS=2) as service:
        wait_until(lambda: len(service.workers()) == 2)
        yield service


def test_a_worker_is_killed_and_replaced(cluster, pair):
    with Load(pair.address) as load:
        load.wait_for_more()
        for _ in range(3):
            killed = pair.workers()[0]
            os.kill(killed, signal.SIGKILL)
            recovery = load.wait_for_more(20)
            wait_until(lambda killed=killed: killed not in pair.workers() and len(pair.workers()) == 2)
        wait_until(lambda: cluster.connections()[0] <= 2 * POOL_SIZE)
    load.verify(cluster, "SIGKILL of a worker, 3 times", recovery)


def test_a_rolling_restart_fails_no_request(cluster, pair):
    with Load(pair.address) as load:
        load.wait_for_more()
        before = pair.workers()
        pair.process.send_signal(signal.SIGHUP)
        wait_until(lambda: len(pair.workers()) == 2 and not set(before) & set(pair.workers()))
        load.wait_for_more()
    load.verify(cluster, "rolling restart of 2 workers")
    pair.process.terminate()
    assert pair.process.wait(15) == 0
    assert set(load.answers) == {"201"}


def test_sigterm_finishes_what_runs_and_refuses_what_is_new(cluster, service):
    with Load(service.address) as load:
        load.wait_for_more()
        service.process.terminate()
        assert service.process.wait(15) == 0
        wait_until(lambda: load.answers["ConnectError"] > 0)
    load.verify(cluster, "SIGTERM")
    assert cluster.connections()[0] == 0
    # A connection is refused, but no request is left without an answer.
    assert set(load.answers) == {"201", "ConnectError"}


def test_workers_end_when_their_supervisor_is_killed(cluster, pair):
    workers = pair.workers()
    pair.process.kill()
    pair.process.wait(10)
    wait_until(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in workers))
    assert cluster.connections()[0] == 0
