"""A client that keeps a copy of its tasks and works offline, at random: 10 runs, or 150.

Some tasks are recurring; the queue is sent one by one or as a batch. Answers are lost, another device changes
the same tasks meanwhile, and deletions are forgotten. In the end the copy is equal to the server.
"""

import itertools
import uuid

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.client import Client, make_token
from tests.thorough import examples

places = st.integers(0, 20)
limits = st.sampled_from([1, 2, 3, 100])
losses = st.lists(st.booleans(), max_size=6)
bodies = st.fixed_dictionaries(
    {},
    optional={
        "title": st.sampled_from(["one", "two", "three"]),
        "priority": st.sampled_from(["High", "Low"]),
        "completed": st.booleans(),
    },
)
RECURRING = {
    "is_recurring": True,
    "recurrence_rule": "FREQ=DAILY;COUNT=4",
    "due_date": "2026-01-01T09:00:00Z",
}
new_bodies = st.tuples(bodies, st.sampled_from([{}, RECURRING])).map(
    lambda parts: {"title": "new"} | parts[0] | parts[1]
)


class Offline:
    """A copy of a user's tasks, its token, and a queue of one operation for each task."""

    def __init__(self, client):
        self.client = client
        self.copy = {}
        self.since = None
        self.walk = None
        self.queue = {}
        self.losses = []
        self.resyncs = 0

    @property
    def tasks(self):
        """The tasks as the user of this client sees them: the copy, and on top of it the queue."""
        shown = dict(self.copy)
        for task, (operation, body) in self.queue.items():
            if operation == "delete":
                shown.pop(task, None)
            elif operation == "create" or task in shown:
                shown[task] = shown.get(task, {"id": task}) | body
        return shown

    def create(self, body):
        self.queue[str(uuid.uuid4())] = ("create", body)

    def change(self, task, body):
        operation, before = self.queue.get(task, ("update", {}))
        self.queue[task] = (operation, before | body)

    def delete(self, task):
        # A create may have arrived although its answer was lost, so its delete is sent too.
        self.queue[task] = ("delete", {})

    def send(self, *arguments, **keywords):
        """An answer; where it is lost, the same request is sent once more, after it was executed."""
        answer = self.client.request(*arguments, **keywords)
        if self.losses and self.losses.pop(0):
            answer = self.client.request(*arguments, **keywords)
        return answer

    def push(self):
        """Send each operation of the queue; what met another state stays in it. A lost answer is retried."""
        for task, (operation, body) in list(self.queue.items()):
            if self._push(task, operation, body):
                del self.queue[task]

    def _push(self, task, operation, body):
        path = f"/tasks/{task}"
        if operation == "create":
            answer = self.send("PUT", path, json=body, headers={"If-None-Match": "*"})
            assert answer.status_code in (201, 412), answer.text
            return True
        status, etag = self.state(task)
        if status != 200:
            return status == 404
        condition = {"If-Match": etag}
        if operation == "delete":
            answer = self.send("DELETE", path, headers=condition)
            assert answer.status_code in (204, 404), answer.text
        elif set(body) == {"completed"}:
            answer = self.send("POST", f"{path}/toggle", json=body, headers=condition)
            assert answer.status_code in (200, 412), answer.text
        else:
            answer = self.send("PATCH", path, json=body, headers=condition)
            assert answer.status_code in (200, 412), answer.text
        return answer.status_code != 412

    def state(self, task):
        """The status of the task, and the ETag of the state that an operation was put on top of.

        The copy names that state by updated_at, GET by its ETag; 412 where they differ.
        """
        present = self.client.get(f"/tasks/{task}")
        if present.status_code == 404:
            return 404, None
        if task not in self.copy or present.json()["updated_at"] != self.copy[task]["updated_at"]:
            return 412, None
        return 200, present.headers["etag"]

    def push_batch(self):
        """Send the queue as one batch, in which each operation stands by itself."""
        operations = []
        for task, (operation, body) in list(self.queue.items()):
            if operation == "create":
                operations.append({"op": "create", "id": task, "body": body})
                continue
            status, etag = self.state(task)
            if status == 200:
                change = {"op": operation, "id": task, "if_match": etag}
                if set(body) == {"completed"} and operation == "update":
                    change["op"] = "toggle"
                operations.append(change if operation == "delete" else change | {"body": body})
            elif status == 404:
                del self.queue[task]
        if not operations:
            return
        preference = {"Prefer": "handling=lenient, return=minimal"}
        answer = self.send("POST", "/tasks/batch", json={"operations": operations}, headers=preference)
        assert answer.status_code == 200, answer.text
        results = answer.json()["results"]
        for operation, result in zip(operations, results, strict=True):
            assert result["status"] in (200, 201, 204, 404, 412), result
            assert "body" not in result
            # A task that is there has been created: an answer was lost.
            if result["status"] != 412 or operation["op"] == "create":
                del self.queue[operation["id"]]

    def pull(self, limit):
        """Take one page; returns whether there are more. The token is stored only with its page."""
        parameters = {"limit": limit} | ({"since": self.since} if self.since else {})
        answer = self.client.get("/changes", params=parameters)
        if answer.status_code == 410:
            assert answer.json()["type"] == "/problems/resync-required"
            assert self.since is not None
            self.since, self.walk, self.resyncs = None, set(), self.resyncs + 1
            return True
        assert answer.status_code == 200, answer.text
        page = answer.json()
        changed = {task["id"]: task for task in page["changed"]}
        assert not changed.keys() & set(page["deleted"])
        self.copy |= changed
        for task in page["deleted"]:
            self.copy.pop(task, None)
        if self.walk is not None:
            self.walk = (self.walk | changed.keys()) - set(page["deleted"])
            if not page["has_more"]:
                # A resync is over: what it did not tell is gone.
                self.copy = {task: of for task, of in self.copy.items() if task in self.walk}
                self.walk = None
        self.since = page["next"]
        return page["has_more"]


class Devices(RuleBasedStateMachine):
    """The offline client and another device of the same user."""

    http = None
    superuser = None
    number = itertools.count(1)

    @initialize()
    def arrive(self):
        self.user = f"offline {next(self.number)}"
        self.other = Client(self.http, make_token(self.user))
        self.offline = Offline(Client(self.http, make_token(self.user)))

    def pick(self, place):
        # Not in the order of the random ids: Hypothesis tells a story twice, and it must be the same.
        tasks = list(self.offline.tasks)
        return tasks[place % len(tasks)]

    @rule(body=new_bodies)
    def create(self, body):
        self.offline.create(body)

    @precondition(lambda self: self.offline.tasks)
    @rule(place=places, body=bodies)
    def change(self, place, body):
        if body:
            self.offline.change(self.pick(place), body)

    @precondition(lambda self: self.offline.tasks)
    @rule(place=places)
    def delete(self, place):
        self.offline.delete(self.pick(place))

    @rule(lost=losses)
    def push(self, lost):
        self.offline.losses = lost
        self.offline.push()

    @rule(lost=losses)
    def push_a_batch(self, lost):
        self.offline.losses = lost
        self.offline.push_batch()

    @rule(limit=limits)
    def pull_a_page(self, limit):
        self.offline.pull(limit)

    @rule(body=new_bodies)
    def another_device_creates(self, body):
        self.other.create(**body)

    @precondition(lambda self: self.offline.tasks)
    @rule(place=places, body=bodies)
    def another_device_changes_the_same(self, place, body):
        if body:
            assert self.other.patch(f"/tasks/{self.pick(place)}", body).status_code in (200, 404)

    @precondition(lambda self: self.offline.tasks)
    @rule(place=places)
    def another_device_toggles_the_same(self, place):
        answer = self.other.post(f"/tasks/{self.pick(place)}/toggle")
        assert answer.status_code in (200, 404)

    @precondition(lambda self: self.offline.tasks)
    @rule(place=places, again=st.booleans())
    def another_device_deletes_the_same(self, place, again):
        task = self.pick(place)
        assert self.other.delete(f"/tasks/{task}").status_code in (204, 404)
        if again:
            made = self.other.put(f"/tasks/{task}", {"title": "again"}, headers={"If-None-Match": "*"})
            assert made.status_code == 201

    @rule()
    def deletions_are_forgotten(self):
        self.superuser.execute("delete from app.deleted_tasks where user_id = $1", self.user)
        self.superuser.execute("update app.task_counts set forgotten = version where user_id = $1", self.user)

    def teardown(self):
        if not hasattr(self, "offline"):
            return
        self.offline.losses = []
        for push in (self.offline.push, self.offline.push_batch, self.offline.push):
            push()
            for _ in range(200):
                if not self.offline.pull(2):
                    break
            else:
                raise AssertionError("the pages do not end")
        assert self.offline.queue == {}
        assert self.offline.copy == {task["id"]: task for task in self.other.page(limit=100)["items"]}


@pytest.mark.thorough
def test_an_offline_client_ends_equal_to_the_server(http, as_superuser):
    Devices.http, Devices.superuser = http, as_superuser
    run_state_machine_as_test(
        Devices,
        settings=settings(
            max_examples=examples(10, 150), stateful_step_count=30, deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
