"""Workers that are killed at random lose no event, and the process ends as it should."""

import random
import signal
import time
from urllib.request import urlopen

from tests.app.worker.receiver import receiver
from tests.processes import free_port, wait_until
from tests.service.webhooks.parts import END_CLAIMS, WAITING

EVENTS = 300


def test_workers_that_are_killed_lose_no_event(start, alices, owner):
    with receiver() as here:
        here.answer = lambda request: time.sleep(0.02) or 204
        alices.post("/webhooks", {"url": here.url})
        for _ in range(EVENTS):
            alices.create()
        workers = [start() for _ in range(3)]
        kills = 0

        def done():
            nonlocal kills
            time.sleep(0.4)
            if kills < 8:
                kills += 1
                place = random.randrange(3)
                workers[place].kill()
                workers[place] = start()
            owner.execute(END_CLAIMS)
            return owner.value(WAITING) == 0

        wait_until(done, 90)
        sent = [f"msg_{identifier}" for identifier in owner.column("select id from app.deliveries")]
        arrived = [request.id for request in here.received]
        bodies = {(request.id, request.body) for request in here.received}
    assert len(sent) == EVENTS
    assert set(arrived) == set(sent)
    assert len(bodies) == EVENTS
    print(f"{EVENTS} events, {kills} kills, {len(arrived) - EVENTS} sent again")


def test_a_worker_ends_what_it_has_begun(start, alices, owner):
    with receiver() as here:
        here.answer = lambda request: time.sleep(1) or 204
        alices.post("/webhooks", {"url": here.url})
        alices.create()
        worker = start()
        wait_until(lambda: here.received)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(30) == 0
    assert owner.value("select state from app.deliveries") == "delivered"


def test_its_metrics_and_its_log_tell_of_attempts_and_of_no_secret(start, alices):
    port = free_port()
    with receiver() as here:
        alices.post("/webhooks", {"url": f"{here.url}/secret-path", "headers": {"X": "secret-value"}})
        worker = start(WORKER_PORT=port, LOG_LEVEL="info", LOG_FORMAT="json")
        alices.create(title="secret title")
        wait_until(lambda: here.received)

        def counted():
            text = urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10).read().decode()
            return 'duly_webhook_attempts_total{outcome="delivered"} 1.0' in text and text

        wait_until(counted)
        text = counted()
        assert "duly_webhook_waiting " in text
        assert "duly_webhook_oldest_seconds " in text
        worker.send_signal(signal.SIGTERM)
        _, log = worker.communicate(timeout=30)
    assert '"outcome":"delivered"' in log.replace('": "', '":"')
    assert "secret" not in log + text


def test_a_worker_needs_its_key_and_says_so(start):
    worker = start(WEBHOOK_KEY="")
    _, said = worker.communicate(timeout=30)
    assert worker.returncode == 1
    assert "WEBHOOK_KEY is not set" in said


def test_a_worker_that_connects_as_the_service_says_why_it_cannot_work(start, server, fresh):
    worker = start(DATABASE_URL=server.service_url(fresh), LOG_LEVEL="info")
    _, said = worker.communicate(timeout=30)
    assert worker.returncode == 1
    assert "task_worker" in said
