"""Several users at once, at random, against a dictionary for each: 12 runs, or 200."""

import itertools
import uuid

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.app.attack.test_search import TWINS
from tests.client import Client, make_token
from tests.conftest import SECRET
from tests.thorough import examples

# None is the beginning or a form of another, so that a word is in a text or is not.
WORDS = ["apple", "brick", "cloud", "dozen"]
TAGS = ["home", "work", "it's", "100%"]
PRIORITIES = ["High", "Medium", "Low"]
DUES = [None, "2030-01-01T00:00:00Z", "2030-01-02T12:30:00Z", "2031-06-15T23:59:59.5Z"]

texts = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join)
fields = {
    "title": texts,
    "description": st.none() | texts,
    "completed": st.booleans(),
    "priority": st.sampled_from(PRIORITIES),
    "tags": st.lists(st.sampled_from(TAGS), max_size=3, unique=True),
    "due_date": st.sampled_from(DUES),
}
new_tasks = st.fixed_dictionaries(
    {"title": fields["title"]}, optional={name: of for name, of in fields.items() if name != "title"}
)
patches = st.fixed_dictionaries({}, optional=fields)
filters = st.fixed_dictionaries(
    {},
    optional={
        "q": st.sampled_from(WORDS),
        "tags": st.lists(st.sampled_from(TAGS), min_size=1, max_size=2, unique=True).map(",".join),
        "tags_match": st.sampled_from(["any", "all"]),
        "status": st.sampled_from(["complete", "incomplete"]),
        "priority": st.lists(st.sampled_from(PRIORITIES), min_size=1, max_size=2, unique=True).map(",".join),
        "due_date_from": st.sampled_from(["2030-01-01", "2030-01-02T12:30:00Z"]),
        "due_date_to": st.sampled_from(["2030-01-02", "2031-06-15T23:59:59Z"]),
    },
)
orders = st.fixed_dictionaries(
    {
        "sort_by": st.sampled_from(["title", "priority", "due_date", "created_at", "updated_at"]),
        "sort_order": st.sampled_from(["asc", "desc"]),
    }
)
users = st.integers(0, 2)
places = st.integers(0, 50)


def matches(task, query):
    """Whether a filter lets a task through."""
    wanted = query.get("tags", "").split(",") if "tags" in query else []
    has = [tag in task["tags"] for tag in wanted]
    due = task["due_date"]
    # Bare dates: from its beginning, to its end.
    lowest, highest = query.get("due_date_from", ""), query.get("due_date_to", "9999")
    highest = highest if "T" in highest else highest + "T~"
    return (
        query.get("q", "") in f"{task['title']} {task['description'] or ''}"
        and (not wanted or (all(has) if query.get("tags_match") == "all" else any(has)))
        and query.get("status", "complete" if task["completed"] else "incomplete")
        == ("complete" if task["completed"] else "incomplete")
        and task["priority"] in query.get("priority", task["priority"]).split(",")
        and ("due_date_from" not in query or (due is not None and due >= lowest))
        and (
            "due_date_to" not in query
            or (due is not None and due.replace("Z", "") <= highest.replace("Z", ""))
        )
    )


def in_order(tasks, order):
    """The tasks in an order. Ties by id (priority: by created_at, then id), in the same direction; without a
    due date last in both.
    """
    key = order["sort_by"]
    descending = order["sort_order"] == "desc"

    def value(task):
        if key == "priority":
            return PRIORITIES.index(task[key]), task["created_at"].replace("Z", "")
        # A fraction comes after none: "Z" would come after ".".
        return (task[key] or "").replace("Z", "")

    known = sorted(
        (task for task in tasks if task[key] is not None),
        key=lambda task: (value(task), task["id"]),
        reverse=descending,
    )
    return known + sorted(
        (task for task in tasks if task[key] is None), key=lambda task: task["id"], reverse=descending
    )


class Users(RuleBasedStateMachine):
    """Three users, two of whom share all keys of the search index.

    What they have is known from the answers.
    """

    http = None
    number = itertools.count(1)

    @initialize()
    def arrive(self):
        names = [*TWINS, f"somebody {next(self.number)}"]
        self.names = names
        self.clients = [Client(self.http, make_token(name, SECRET)) for name in names]
        self.tasks = [{} for _ in names]
        for client in self.clients[:2]:
            while page := client.page(limit=100)["items"]:
                for task in page:
                    client.delete(f"/tasks/{task['id']}")

    def pick(self, user, place):
        """The id of one of a user's tasks."""
        return list(self.tasks[user])[place % len(self.tasks[user])]

    def ids_of_others(self, user):
        return [
            identifier
            for other, tasks in enumerate(self.tasks)
            if other != user
            for identifier in tasks
            if identifier not in self.tasks[user]
        ]

    def save(self, user, response, status):
        assert response.status_code == status, response.text
        task = response.json()
        assert task["user_id"] == self.names[user]
        self.tasks[user][task["id"]] = task
        return task

    @rule(user=users, body=new_tasks)
    def create(self, user, body):
        before = set(self.tasks[user])
        task = self.save(user, self.clients[user].post("/tasks", body), 201)
        assert task["id"] not in before
        assert task | body == task

    @rule(user=users, place=places, body=new_tasks)
    def create_under_an_id_that_another_has(self, user, place, body):
        others = self.ids_of_others(user)
        identifier = others[place % len(others)] if others else str(uuid.uuid4())
        task = self.save(
            user, self.clients[user].put(f"/tasks/{identifier}", body, headers={"If-None-Match": "*"}), 201
        )
        assert task["id"] == identifier

    @precondition(lambda self: any(self.tasks))
    @rule(user=users, place=places, body=patches)
    def patch(self, user, place, body):
        if self.tasks[user]:
            identifier = self.pick(user, place)
            before = self.tasks[user][identifier]
            task = self.save(user, self.clients[user].patch(f"/tasks/{identifier}", body), 200)
            assert task == before | body | {"updated_at": task["updated_at"]}
            # What changes nothing is no change.
            assert (task["updated_at"] == before["updated_at"]) == (before | body == before)

    @precondition(lambda self: any(self.tasks))
    @rule(user=users, place=places)
    def toggle(self, user, place):
        if self.tasks[user]:
            identifier = self.pick(user, place)
            response = self.clients[user].post(f"/tasks/{identifier}/toggle")
            assert response.json()["new_task"] is None
            assert response.json()["task"]["completed"] is not self.tasks[user][identifier]["completed"]
            self.tasks[user][identifier] = response.json()["task"]

    @precondition(lambda self: any(self.tasks))
    @rule(user=users, place=places)
    def delete(self, user, place):
        if self.tasks[user]:
            identifier = self.pick(user, place)
            assert self.clients[user].delete(f"/tasks/{identifier}").status_code == 204
            assert self.clients[user].get(f"/tasks/{identifier}").status_code == 404
            del self.tasks[user][identifier]

    @rule(user=users, place=places, body=patches)
    def touch_anothers(self, user, place, body):
        others = self.ids_of_others(user)
        if others:
            path = f"/tasks/{others[place % len(others)]}"
            client = self.clients[user]
            answers = [
                client.get(path),
                client.patch(path, body),
                client.post(f"{path}/toggle"),
                client.delete(path),
            ]
            assert [answer.status_code for answer in answers] == [404] * 4

    @rule(user=users, query=filters, order=orders, limit=st.integers(1, 4), by_cursor=st.booleans())
    def list(self, user, query, order, limit, by_cursor):
        expected = in_order([task for task in self.tasks[user].values() if matches(task, query)], order)
        found, parameters = [], {**query, **order, "limit": limit}
        while True:
            page = self.clients[user].page(**parameters)
            assert page["total"] == len(expected)
            found += page["items"]
            if page["next_cursor"] is None:
                break
            assert len(page["items"]) == limit
            parameters = {"cursor": page["next_cursor"]} if by_cursor else parameters | {"offset": len(found)}
        assert found == expected

    @invariant()
    def everybody_has_what_is_theirs(self):
        for client, tasks in zip(self.clients, self.tasks, strict=True) if hasattr(self, "clients") else []:
            page = client.page(limit=100)
            assert page["total"] == len(tasks)
            assert {task["id"]: task for task in page["items"]} == tasks


@pytest.mark.thorough
@pytest.mark.usefixtures("as_superuser")
def test_users_at_random_have_what_a_dictionary_each_would_hold(twins_http):
    class TheirUsers(Users):
        pass

    TheirUsers.http = twins_http
    run_state_machine_as_test(
        TheirUsers,
        settings=settings(
            max_examples=examples(12, 60),
            stateful_step_count=25,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
