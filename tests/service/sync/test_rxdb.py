"""RxDB's replication as a client: it pulls GET /changes, pushes batches, and is woken by GET /events."""

import uuid

import pytest

from tests.client import make_token
from tests.processes import wait_until


class Copy:
    """The tasks in RxDB, beside those of the server."""

    def __init__(self, program, client):
        self._program, self._client = program, client

    def do(self, command, **rest):
        return {task["id"]: task for task in self._program.ask(command=command, **rest)}

    def server(self):
        return {task["id"]: task for task in self._client.page(limit=100)["items"]}

    def wait_until_equal(self):
        """Until both are equal; nothing but events wakes RxDB."""
        wait_until(lambda: self.do("dump") == self.server())


@pytest.fixture
def copy(start, service, over_http, secret, alice):
    """RxDB with the tasks of alice, who has 30."""
    me = over_http(alice)
    for number in range(30):
        me.create(title=f"Task {number}", tags=["a"])
    copy = Copy(start("rxdb.mjs", service, make_token(alice, secret)), me)
    copy.wait_until_equal()
    assert len(copy.server()) == 30
    return copy


def test_rxdb_pulls_what_is_created_changed_and_deleted_elsewhere(copy, over_http, alice):
    me = over_http(alice)
    tasks = list(copy.server())
    for task in tasks[:10]:
        me.delete(f"/tasks/{task}")
    for task in tasks[10:20]:
        me.patch(f"/tasks/{task}", {"title": "changed", "description": "new"})
    me.create(title="repeats", is_recurring=True, recurrence_rule="FREQ=DAILY", due_date="2026-01-01")
    copy.wait_until_equal()
    repeating = next(task for task in copy.server().values() if task["is_recurring"])
    me.post(f"/tasks/{repeating['id']}/toggle")
    copy.wait_until_equal()
    assert len(copy.server()) == 22


def test_rxdb_pushes_what_is_created_changed_and_deleted_there(copy):
    first, second, third, *_ = copy.do("dump")
    made = str(uuid.uuid4())
    copy.do("insert", task={"id": made, "title": "made offline", "priority": "Low"})
    copy.do("patch", id=first, fields={"title": "changed offline"})
    copy.do("patch", id=second, fields={"completed": True})
    copy.do("remove", id=third)
    wait_until(lambda: made in copy.server() and third not in copy.server())
    wait_until(lambda: copy.server()[second]["completed"])
    copy.wait_until_equal()
    server = copy.server()
    assert server[made]["title"] == "made offline"
    assert server[first]["title"] == "changed offline"
    assert len(server) == 30


def test_rxdb_and_another_device_change_the_same_tasks_and_end_equal(copy, over_http, alice):
    me = over_http(alice)
    tasks = list(copy.server())
    for number, task in enumerate(tasks):
        if number % 3:
            me.patch(f"/tasks/{task}", {"title": f"elsewhere {number}"})
        else:
            me.delete(f"/tasks/{task}")
        copy.do("patch", id=task, fields={"priority": "High"})
    copy.do("sync")
    copy.wait_until_equal()
    # Nobody's change of the title is lost to a push that did not know it.
    assert {task["title"] for task in copy.server().values()} == {
        f"elsewhere {number}" for number in range(30) if number % 3
    }
