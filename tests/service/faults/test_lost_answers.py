"""PostgreSQL has committed and nobody was told: the moment in which a retry would make a second task."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx2 as httpx
import pytest

from tests.processes import Service, wait_until
from tests.service.faults.load import headers
from tests.service.faults.proxy import Proxy


def create(service, user, key):
    body = {"title": "Once"}
    return httpx.post(
        f"{service.address}/tasks", json=body, headers=headers(user) | {"Idempotency-Key": key}, timeout=30
    )


def count(cluster, user):
    return cluster.execute("select count(*) from app.tasks where user_id = $1", user)[0][0]


@contextmanager
def unanswered(cluster, proxy, service, user):
    """A request whose task is made and whose answer does not get through."""
    with ThreadPoolExecutor(1) as thread:
        # The statement is prepared now, so that nothing but its answer is missing.
        assert create(service, user, "before").status_code == 201
        proxy.freeze(answers_only=True)
        request = thread.submit(create, service, user, "once")
        wait_until(lambda: count(cluster, user) == 2)
        yield request
    proxy.thaw()


def verify_retry(cluster, service, user):
    wait_until(lambda: service.answers("/health/ready"))
    answer = create(service, user, "once")
    assert answer.status_code == 201
    assert answer.headers["idempotency-replayed"] == "true"
    assert count(cluster, user) == 2


def test_the_worker_is_killed(cluster):
    user = "a killed worker's"
    with Proxy(cluster.port) as proxy:
        with (
            Service(cluster.url("task_api", proxy.port), POOL_SIZE=1) as service,
            unanswered(cluster, proxy, service, user) as request,
        ):
            os.kill(service.process.pid, signal.SIGKILL)
            with pytest.raises(httpx.TransportError):
                request.result()
        with Service(cluster.url("task_api", proxy.port)) as service:
            verify_retry(cluster, service, user)


def test_postgresql_is_killed(cluster):
    user = "a killed database's"
    with (
        Proxy(cluster.port) as proxy,
        Service(cluster.url("task_api", proxy.port), POOL_SIZE=1, DATABASE_TIMEOUT=2) as service,
    ):
        with unanswered(cluster, proxy, service, user) as request:
            cluster.kill()
            assert request.result().status_code == 503
            cluster.start()
        verify_retry(cluster, service, user)
