"""PostgreSQL is killed while the worker sends: nothing is lost, and the worker goes on by itself."""

import time
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from app.main import create_app
from app.settings import Settings
from tests.app.worker.receiver import receiver
from tests.client import SECRET, WEBHOOK_KEY, Client, make_token
from tests.processes import wait_until
from tests.service.faults.cluster import Cluster

EVENTS = 200


@pytest.fixture
def cluster(folder: Path):
    cluster = Cluster(folder)
    yield cluster
    if cluster.runs():
        cluster.stop()


def test_a_killed_postgresql_costs_no_event(cluster, start, alice):
    settings = Settings(
        database_url=cluster.url("task_api"),
        jwt_secret=SECRET,
        webhook_key=(WEBHOOK_KEY,),
        webhook_allow=("127.0.0.0/8",),
    )
    with receiver() as here:
        here.answer = lambda request: time.sleep(0.02) or 204
        with TestClient(create_app(settings)) as http:
            user = Client(http, make_token(alice))
            user.post("/webhooks", {"url": here.url})
            created = {user.create()["id"] for _ in range(EVENTS)}
        worker = start(DATABASE_URL=cluster.url("task_worker"), DATABASE_TIMEOUT=4)
        for share in (0.2, 0.5):
            wait_until(lambda share=share: len(here.received) >= share * EVENTS)
            cluster.kill()
            cluster.start()
            # The claims that were cut off would end after a minute.
            cluster.execute("update app.deliveries set due_at = now() where claimed")
        wait_until(
            lambda: (
                cluster.execute("update app.deliveries set due_at = now() where claimed and due_at > now()")
                is not None
                and cluster.execute("select count(*) from app.deliveries where state <> 'delivered'")[0][0]
                == 0
            ),
            60,
        )
        assert worker.poll() is None
        bodies = {request.id: request.body for request in here.received}
        tasks = {request.event["data"]["id"] for request in here.received}
    assert tasks == created
    assert len(bodies) == EVENTS
    print(f"{EVENTS} events, 2 kills, {len(here.received) - EVENTS} sent again")
