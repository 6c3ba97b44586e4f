"""Many at once, over real connections: nothing is done twice, nothing is lost."""

import time
from concurrent.futures import ThreadPoolExecutor

import httpx2 as httpx

from tests.client import Client, make_token
from tests.processes import serve


def at_once(count, send):
    """The answers of ``send(0)`` to ``send(count - 1)``, all sent at the same time."""
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(send, range(count)))


def insist(send):
    """Send again while the answer is 409, as the problem says."""
    for _ in range(200):
        response = send()
        if response.status_code != 409:
            return response
        assert response.headers["retry-after"] == "1"
        time.sleep(0.05)
    raise AssertionError("it is 409 for ever")


def test_100_requests_with_one_key_make_one_task_and_give_one_answer(over_http, alice):
    alices = over_http(alice)
    headers = {"Idempotency-Key": "one"}
    answers = at_once(
        100, lambda _: insist(lambda: alices.post("/tasks", {"title": "once"}, headers=headers))
    )
    assert {response.status_code for response in answers} == {201}
    assert len({response.content for response in answers}) == 1
    assert len({(response.headers["etag"], response.headers["location"]) for response in answers}) == 1
    assert sum("idempotency-replayed" not in response.headers for response in answers) == 1
    assert alices.page()["total"] == 1


def test_100_toggles_with_one_key_toggle_once(over_http, alice):
    alices = over_http(alice)
    task = alices.create(is_recurring=True, recurrence_rule="FREQ=DAILY", due_date="2026-01-10")
    path = f"/tasks/{task['id']}/toggle"
    answers = at_once(100, lambda _: insist(lambda: alices.post(path, headers={"Idempotency-Key": '"t"'})))
    assert {response.content for response in answers} == {answers[0].content}
    assert answers[0].json()["task"]["completed"] is True
    assert alices.page()["total"] == 2


def test_50_writers_with_if_match_lose_nothing(over_http, alice):
    alices = over_http(alice)
    path = f"/tasks/{alices.create(description='')['id']}"

    def append(number):
        while True:
            read = alices.get(path)
            text = read.json()["description"] + f"{number};"
            written = alices.patch(path, {"description": text}, headers={"If-Match": read.headers["etag"]})
            if written.status_code == 200:
                return
            assert written.status_code == 412

    at_once(50, append)
    assert sorted(alices.get(path).json()["description"].split(";")[:-1], key=int) == [
        str(number) for number in range(50)
    ]


def test_of_50_writers_with_one_etag_one_succeeds(over_http, alice):
    alices = over_http(alice)
    made = alices.post("/tasks", {"title": "x"})
    headers = {"If-Match": made.headers["etag"]}
    answers = at_once(
        50, lambda number: alices.put(made.headers["location"], {"title": str(number)}, headers=headers)
    )
    assert sorted(response.status_code for response in answers) == [200] + [412] * 49


def test_concurrent_changes_of_different_fields_all_survive(over_http, alice):
    alices = over_http(alice)
    path = f"/tasks/{alices.create()['id']}"
    fields = {
        "title": "t",
        "description": "d",
        "priority": "Low",
        "tags": ["x"],
        "due_date": "2026-01-10T17:00:00Z",
        "timezone": "Europe/Berlin",
    }
    answers = at_once(6, lambda number: alices.patch(path, dict([list(fields.items())[number]])))
    assert {response.status_code for response in answers} == {200}
    assert alices.get(path).json().items() >= fields.items()


def test_of_20_tasks_made_under_one_chosen_id_one_is_made(over_http, alice):
    alices = over_http(alice)
    path = "/tasks/3f2504e0-4f89-41d3-9a0c-0305e82c3301"
    answers = at_once(
        20, lambda number: alices.put(path, {"title": str(number)}, headers={"If-None-Match": "*"})
    )
    assert sorted(response.status_code for response in answers) == [201] + [412] * 19
    assert alices.page()["total"] == 1


def test_a_key_outlives_the_service(settings, alice):
    """It is in the database with the task itself; another service, made later, answers the same."""
    answers = []
    for _ in range(2):
        with (
            serve(settings.database_url, settings.jwt_secret) as address,
            httpx.Client(base_url=address) as http,
        ):
            client = Client(http, make_token(alice, settings.jwt_secret))
            answers.append(client.post("/tasks", {"title": "once"}, headers={"Idempotency-Key": "k"}))
            total = client.page()["total"]
    assert answers[0].content == answers[1].content
    assert (answers[1].headers.get("idempotency-replayed"), total) == ("true", 1)
