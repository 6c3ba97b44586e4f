"""PostgreSQL is killed while the worker sends: nothing is lost, and the worker goes on by itself."""

import time

from tests.app.worker.receiver import receiver
from tests.processes import wait_until
from tests.service.webhooks.parts import END_CLAIMS, WAITING, client_of

EVENTS = 200


def test_a_killed_postgresql_costs_no_event(cluster, start, alice):
    with receiver() as here:
        here.answer = lambda request: time.sleep(0.02) or 204
        with client_of(cluster.url("task_api"), alice) as user:
            user.post("/webhooks", {"url": here.url})
            created = {user.create()["id"] for _ in range(EVENTS)}
        worker = start(DATABASE_URL=cluster.url("task_worker"), DATABASE_TIMEOUT=4)
        for share in (0.2, 0.5):
            wait_until(lambda share=share: len(here.received) >= share * EVENTS)
            cluster.kill()
            cluster.start()
            cluster.execute(END_CLAIMS)

        def done():
            cluster.execute(END_CLAIMS)
            return cluster.execute(WAITING)[0][0] == 0

        wait_until(done)
        assert worker.poll() is None
        bodies = {request.id: request.body for request in here.received}
        tasks = {request.event["data"]["id"] for request in here.received}
    assert tasks == created
    assert len(bodies) == EVENTS
    print(f"{EVENTS} events, 2 kills, {len(here.received) - EVENTS} sent again")
