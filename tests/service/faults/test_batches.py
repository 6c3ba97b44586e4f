"""A batch is there as a whole or not at all, whenever the server or the service dies in the middle of it."""

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import httpx2 as httpx

from tests.processes import Service, wait_until
from tests.service.faults.load import headers

SIZE = 20
BATCHES = 200


class Sender:
    """Four clients that send batches of ``SIZE`` creates, each batch under a name of its own."""

    def __init__(self, service: Service, user: str) -> None:
        self.service = service
        self.user = user
        self.statuses: dict[str, int | None] = {}
        self.stop = False

    def send(self) -> None:
        with httpx.Client(headers=headers(self.user), timeout=30) as http:
            while not self.stop:
                name = str(uuid4())
                self.statuses[name] = None
                body = {"operations": [{"op": "create", "body": {"title": name}}] * SIZE}
                try:
                    response = http.post(f"{self.service.address}/tasks/batch", json=body)
                    self.statuses[name] = response.status_code
                except httpx.TransportError:
                    pass
                if self.statuses[name] != 200:
                    time.sleep(0.05)

    def done(self) -> int:
        return list(self.statuses.values()).count(200)


@contextmanager
def sending(sender: Sender) -> Iterator[None]:
    threads = [threading.Thread(target=sender.send) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        sender.stop = True
        for thread in threads:
            thread.join()


def verify(cluster, sender: Sender) -> None:
    rows = cluster.execute("select title from app.tasks where user_id = $1", sender.user)
    found = Counter(row["title"] for row in rows)
    assert set(found.values()) <= {SIZE}
    assert {name for name, status in sender.statuses.items() if status == 200} <= set(found)
    assert set(found) <= set(sender.statuses)
    totals = cluster.execute("select open_medium from app.task_counts where user_id = $1", sender.user)
    assert totals[0]["open_medium"] == len(rows)


def test_postgresql_is_killed_in_the_middle_of_200_batches(cluster, service):
    sender = Sender(service, f"batches {uuid4()}")
    with sending(sender):
        for goal in range(BATCHES // 5, BATCHES, BATCHES // 5):
            wait_until(lambda goal=goal: sender.done() >= goal)
            cluster.kill()
            cluster.start()
        wait_until(lambda: sender.done() >= BATCHES)
    assert 503 in sender.statuses.values()
    verify(cluster, sender)


def test_the_service_is_killed_in_the_middle_of_batches(cluster):
    user = f"batches {uuid4()}"
    for _ in range(4):
        with Service(cluster.url("task_api"), DATABASE_TIMEOUT=4) as service:
            sender = Sender(service, user + str(uuid4()))
            with sending(sender):
                wait_until(lambda sender=sender: sender.done() >= 10)
                os.kill(service.process.pid, signal.SIGKILL)
        wait_until(
            lambda: (
                not cluster.execute(
                    "select from pg_stat_activity where usename = 'task_api' and state = 'active'"
                )
            )
        )
        verify(cluster, sender)
