"""A client walks GET /changes while others write, and what serves it is killed between its pages."""

import contextlib
import threading

import httpx2 as httpx
import pytest

from tests.client import Client, make_token
from tests.processes import Service, wait_until

TASKS = 300
_OUTAGE = (httpx.TransportError, AssertionError)


def kill_postgresql(cluster, service):
    cluster.kill()
    cluster.start()


def kill_service(cluster, service):
    service.process.kill()
    service.process.wait()
    service.start()


class Writer(threading.Thread):
    """Creates, changes and deletes the user's tasks until it is stopped, whatever answers are lost."""

    def __init__(self, client):
        super().__init__()
        self._client = client
        self._left = threading.Event()

    def run(self):
        number = 0
        while not self._left.wait(0.005):
            number += 1
            with contextlib.suppress(*_OUTAGE, KeyError, IndexError):
                task = self._client.get("/tasks?limit=1&sort_by=updated_at&sort_order=asc").json()["items"][0]
                if number % 3 == 0:
                    self._client.delete(f"/tasks/{task['id']}")
                elif number % 3 == 1:
                    self._client.patch(f"/tasks/{task['id']}", {"title": f"Changed {number}"})
                else:
                    self._client.post("/tasks", {"title": f"Made {number}"})

    def stop(self):
        self._left.set()
        self.join()


@pytest.mark.parametrize("kill", [kill_postgresql, kill_service])
def test_a_walk_goes_on_after_a_kill_and_ends_equal_to_the_server(cluster, kill, alice):
    with (
        Service(cluster.url("task_api"), DATABASE_TIMEOUT=4) as service,
        httpx.Client(base_url=service.address, timeout=20) as http,
        httpx.Client(base_url=service.address, timeout=20) as others,
    ):
        client = Client(http, make_token(alice))
        for number in range(TASKS):
            client.create(title=f"Task {number}")
        writer = Writer(Client(others, make_token(alice)))
        writer.start()
        copy: dict[str, object] = {}
        since, pages, kills = None, 0, 0

        def page(limit):
            """One page of changes; an outage is waited for, as clients do."""
            nonlocal since, pages
            answer = None

            def answered():
                nonlocal answer
                with contextlib.suppress(httpx.TransportError):
                    answer = client.get(
                        "/changes", params={"limit": limit} | ({"since": since} if since else {})
                    )
                return answer is not None and answer.status_code != 503

            wait_until(answered)
            assert answer.status_code == 200, answer.text
            told = answer.json()
            copy.update((task["id"], task) for task in told["changed"])
            for task in told["deleted"]:
                copy.pop(task, None)
            since, pages = told["next"], pages + 1
            return told["has_more"]

        try:
            while kills < 4:
                page(20)
                if pages % 4 == 0:
                    kills += 1
                    kill(cluster, service)
        finally:
            writer.stop()
        while page(100):
            pass
        present = {}
        cursor = None
        while True:
            listed = client.get(
                "/tasks", params={"limit": 100} | ({"cursor": cursor} if cursor else {})
            ).json()
            present |= {task["id"]: task for task in listed["items"]}
            cursor = listed["next_cursor"]
            if cursor is None:
                break
    assert copy == present
    print(f"{pages} pages, {kills} kills, {len(present)} tasks")
