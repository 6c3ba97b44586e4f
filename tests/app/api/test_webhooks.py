"""/webhooks: where reminders and events are sent; and what is enqueued for them."""

import json

import pytest

UNKNOWN = "018f4e2a-6c1b-4d3e-9f00-2a5b8c7d6e1f"
URL = "https://example.com/hook?topic=x"
EVENTS = [
    "task.completed",
    "task.created",
    "task.deleted",
    "task.reminder",
    "task.reopened",
    "task.updated",
]


@pytest.fixture
def hook(client, alice):
    """A webhook of alice's."""
    return client(alice).post("/webhooks", {"url": URL}).json()


def faults(response):
    assert response.status_code == 400, response.text
    return {(error["loc"][-1], error["type"]) for error in response.json()["errors"]}


def test_a_new_webhook_is_answered_with_its_secret_once(client, alice):
    made = client(alice).post("/webhooks", {"url": URL, "headers": {"Authorization": "Bearer x"}})
    assert made.status_code == 201
    assert made.headers["cache-control"] == "no-store"
    webhook = made.json()
    secret = webhook.pop("secret")
    assert secret.startswith("whsec_")
    assert (webhook["events"], webhook["header_names"]) == (EVENTS, ["Authorization"])
    assert (webhook["paused"], webhook["failing_since"], webhook["body"]) == (None, None, None)
    listed = client(alice).get("/webhooks")
    assert listed.json() == {"items": [webhook]}
    assert "Bearer x" not in listed.text
    one = client(alice).get(f"/webhooks/{webhook['id']}")
    assert (one.json(), one.headers["etag"]) == (webhook, made.headers["etag"])
    unchanged = client(alice).get(
        f"/webhooks/{webhook['id']}", headers={"If-None-Match": one.headers["etag"]}
    )
    assert unchanged.status_code == 304


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({}, ("url", "missing")),
        ({"url": None}, ("url", "missing")),
        ({"url": 1}, ("url", "string_type")),
        ({"url": "http://example.com"}, ("url", "url_https")),
        ({"url": "ftp://example.com"}, ("url", "url_form")),
        ({"url": "https://user:secret@example.com/"}, ("url", "url_form")),
        ({"url": "https://example.com/#part"}, ("url", "url_form")),
        ({"url": "https://example.com/ä"}, ("url", "url_form")),
        ({"url": "https://example.com/a b"}, ("url", "url_form")),
        ({"url": "https://"}, ("url", "url_form")),
        ({"url": URL, "body": {"text": "{title}" * 21}}, ("body", "placeholder_count")),
        ({"url": URL, "body": [{"a": ["{title}{due}"]}] * 11}, ("body", "placeholder_count")),
        ({"url": "https://example.com/" + "x" * 2000}, ("url", "string_length")),
        ({"url": URL, "events": []}, ("events", "enum")),
        ({"url": URL, "events": ["task.made"]}, ("events", "enum")),
        ({"url": URL, "events": "task.created"}, ("events", "array_type")),
        ({"url": URL, "events": [1]}, ("events", "array_type")),
        ({"url": URL, "headers": []}, ("headers", "object_type")),
        ({"url": URL, "headers": {"Host": "x"}}, ("headers", "headers_form")),
        ({"url": URL, "headers": {"content-length": "5"}}, ("headers", "headers_form")),
        ({"url": URL, "headers": {"Webhook-Id": "x"}}, ("headers", "headers_form")),
        ({"url": URL, "headers": {"X": "a\r\nY: b"}}, ("headers", "headers_form")),
        ({"url": URL, "headers": {"X Y": "a"}}, ("headers", "headers_form")),
        ({"url": URL, "headers": {"X": 5}}, ("headers", "headers_form")),
        ({"url": URL, "headers": {f"X-{n}": "x" for n in range(11)}}, ("headers", "headers_form")),
        ({"url": URL, "headers": {"X": "x" * 5000}}, ("headers", "object_length")),
        ({"url": URL, "body": "x" * 5000}, ("body", "object_length")),
        ({"url": URL, "timezone": "Mars/Olympus"}, ("timezone", "timezone_unknown")),
        ({"url": URL, "paused": "gone"}, ("paused", "enum")),
        ({"url": URL, "label": ""}, ("label", "string_length")),
        ({"url": URL, "lable": "x"}, ("lable", "unknown_field")),
        ({"url": URL, "generation": 5}, ("generation", "unknown_field")),
    ],
)
def test_a_wrong_webhook_is_refused(client, alice, body, fault):
    assert faults(client(alice).post("/webhooks", body)) == {fault}
    assert client(alice).get("/webhooks").json() == {"items": []}


def test_all_errors_of_a_webhook_are_told_at_once(client, alice):
    body = {"url": "nowhere", "events": ["x"], "headers": 1, "nonsense": 1}
    assert {field for field, _ in faults(client(alice).post("/webhooks", body))} == {*body}


def test_the_fields_of_the_body_change_and_the_others_stay(client, alice, hook):
    path = f"/webhooks/{hook['id']}"
    body = {"label": "Phone", "body": {"topic": "x", "title": "{title}"}, "headers": {"A": "1", "B": "2"}}
    changed = client(alice).patch(path, body)
    assert changed.status_code == 200
    assert (changed.json()["label"], changed.json()["body"]) == ("Phone", body["body"])
    again = client(alice).patch(path, {"headers": {"A": None}, "label": None, "events": ["task.reminder"]})
    assert (again.json()["header_names"], again.json()["label"]) == (["B"], None)
    assert (again.json()["url"], again.json()["events"]) == (URL, ["task.reminder"])
    assert again.headers["etag"] != changed.headers["etag"]
    stale = client(alice).patch(path, {"label": "x"}, headers={"If-Match": changed.headers["etag"]})
    assert stale.status_code == 412
    # What was read can be sent back.
    assert client(alice).put(path, again.json()).json() == again.json()


TEMPLATE = {
    "text": 'A, b: "{title}": \\ , \\" : c',
    "parts": [1, 2.5, None, True, {}, [], {"a": " , : "}],
    "": {"b, c": ["x", ": "]},
}


def test_its_own_body_is_answered_as_compact_json(client, alice):
    mine = client(alice)
    hook = mine.post("/webhooks", {"url": URL, "body": TEMPLATE}).json()
    path = f"/webhooks/{hook['id']}"
    for response in (mine.get(path), mine.get("/webhooks"), mine.patch(path, {"label": "x"})):
        assert response.text == json.dumps(response.json(), ensure_ascii=False, separators=(",", ":"))
    assert mine.get(path).json()["body"] == TEMPLATE


def test_a_user_may_have_ten_webhooks(client, alice, bob):
    for _ in range(10):
        assert client(alice).post("/webhooks", {"url": URL}).status_code == 201
    refused = client(alice).post("/webhooks", {"url": URL})
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/too-many")
    assert client(bob).post("/webhooks", {"url": URL}).status_code == 201
    [first, *_] = client(alice).get("/webhooks").json()["items"]
    assert client(alice).delete(f"/webhooks/{first['id']}").status_code == 204
    assert client(alice).post("/webhooks", {"url": URL}).status_code == 201


def test_another_users_webhook_is_404(client, alice, bob, hook):
    client(alice).create()
    [delivery] = client(alice).get(f"/webhooks/{hook['id']}/deliveries").json()["items"]
    path = f"/webhooks/{hook['id']}"
    for webhook in (path, f"/webhooks/{UNKNOWN}"):
        for method, below, body in (
            ("GET", "", None),
            ("PATCH", "", {"label": "x"}),
            ("DELETE", "", None),
            ("POST", "/secret", None),
            ("POST", "/test", None),
            ("POST", "/replay", {"since": "2020-01-01"}),
            ("GET", "/deliveries", None),
            ("POST", f"/deliveries/{delivery['id']}/retry", None),
        ):
            assert client(bob).request(method, webhook + below, json=body).status_code == 404
    assert client(bob).get("/webhooks").json() == {"items": []}


def test_a_pass_cannot_manage_webhooks(http, client, alice, hook):
    from tests.client import Client

    token = client(alice).post("/passes", {"label": "x", "scope": "tasks:write"}).json()["token"]
    script = Client(http, token)
    for method, path in (("GET", "/webhooks"), ("POST", "/webhooks"), ("DELETE", f"/webhooks/{hook['id']}")):
        assert script.request(method, path, json={"url": URL}).status_code == 403
    # What the script changes is told all the same.
    script.create()
    assert len(client(alice).get(f"/webhooks/{hook['id']}/deliveries").json()["items"]) == 1


def test_a_new_secret_is_another_one(client, alice, hook):
    rotated = client(alice).post(f"/webhooks/{hook['id'].upper()}/secret")
    assert rotated.status_code == 200
    assert rotated.headers["cache-control"] == "no-store"
    assert rotated.json()["secret"].startswith("whsec_")
    assert rotated.json()["secret"] != hook["secret"]


def test_each_change_is_one_event_with_the_task_as_it_became(client, alice, hook):
    her = client(alice)
    task = her.create(title="Rent", due_date="2031-05-05")
    path = f"/tasks/{task['id']}"
    updated = her.patch(path, {"title": "The rent"}).json()
    completed = her.post(f"{path}/toggle").json()["task"]
    reopened = her.post(f"{path}/toggle").json()["task"]
    her.patch(path, {"title": "The rent"})
    her.delete(path)
    deliveries = her.get(f"/webhooks/{hook['id']}/deliveries").json()["items"]
    events = [delivery["payload"] for delivery in reversed(deliveries)]
    assert [event["type"] for event in events] == [
        "task.created",
        "task.updated",
        "task.completed",
        "task.reopened",
        "task.deleted",
    ]
    assert [event["data"] for event in events] == [task, updated, completed, reopened, {"id": task["id"]}]
    versions = [event["version"] for event in events]
    assert versions == sorted(set(versions))
    assert {(each["state"], each["attempts"], each["task_id"]) for each in deliveries} == {
        ("waiting", 0, task["id"])
    }


def test_completing_a_recurring_task_is_completed_and_created(client, alice, hook):
    her = client(alice)
    rule = {"is_recurring": True, "recurrence_rule": "FREQ=DAILY", "due_date": "2031-05-05"}
    task = her.create(**rule)
    toggled = her.post(f"/tasks/{task['id']}/toggle").json()
    deliveries = her.get(f"/webhooks/{hook['id']}/deliveries").json()["items"]
    events = {delivery["type"]: delivery["payload"]["data"] for delivery in deliveries[:2]}
    assert events == {"task.completed": toggled["task"], "task.created": toggled["new_task"]}


def test_only_the_events_that_it_waits_for_are_sent(client, alice):
    her = client(alice)
    made = her.post("/webhooks", {"url": URL, "events": ["task.completed"]}).json()
    task = her.create()
    her.post(f"/tasks/{task['id']}/toggle")
    deliveries = her.get(f"/webhooks/{made['id']}/deliveries").json()["items"]
    assert [delivery["type"] for delivery in deliveries] == ["task.completed"]
    her.patch(f"/webhooks/{made['id']}", {"paused": "user"})
    her.post(f"/tasks/{task['id']}/toggle")
    her.post(f"/tasks/{task['id']}/toggle")
    assert len(her.get(f"/webhooks/{made['id']}/deliveries").json()["items"]) == 1


def test_a_paused_webhook_holds_what_waits_until_it_goes_on(client, alice, hook):
    her, path = client(alice), f"/webhooks/{hook['id']}"
    her.create()
    assert her.patch(path, {"paused": "user"}).json()["paused"] == "user"
    assert her.post(f"{path}/test").status_code == 202
    held = her.get(f"{path}/deliveries").json()["items"]
    assert [(each["state"], each["next_attempt_at"]) for each in held] == [("waiting", None)] * 2
    assert her.patch(path, {"paused": None}).json()["paused"] is None
    assert all(each["next_attempt_at"] for each in her.get(f"{path}/deliveries").json()["items"])


def test_deliveries_are_listed_in_pages_newest_first(client, alice, hook):
    her, path = client(alice), f"/webhooks/{hook['id']}/deliveries"
    for _ in range(5):
        her.create()
    made = [each["id"] for each in her.get(path).json()["items"]]
    times = [each["created_at"] for each in her.get(path).json()["items"]]
    assert (len(made), times) == (5, sorted(times, reverse=True))
    found, cursor = [], ""
    while cursor is not None:
        page = her.get(path, params={"limit": 2, "cursor": cursor}).json()
        found += [each["id"] for each in page["items"]]
        cursor = page["next_cursor"]
    assert found == made
    assert her.get(path, params={"state": "failed"}).json() == {"items": [], "next_cursor": None}
    for parameters in ({"state": "lost"}, {"cursor": "x"}, {"cursor": f"1-{UNKNOWN}x"}, {"limit": 0}):
        assert her.get(path, params=parameters).status_code == 400


def test_one_test_waits_at_most(client, alice, hook, as_superuser):
    her, path = client(alice), f"/webhooks/{hook['id']}"
    first = her.post(f"{path}/test").json()["id"]
    as_superuser.execute(
        "update app.deliveries set due_at = now() + interval '1 day', attempts = 9 where id = $1", first
    )
    her.patch(path, {"paused": "user"})
    assert {her.post(f"{path}/test").json()["id"] for _ in range(3)} == {first}
    her.patch(path, {"paused": None})
    assert her.post(f"{path}/test").json()["id"] == first
    [only] = her.get(f"{path}/deliveries").json()["items"]
    # It is sent now, and not when its next attempt was to be.
    assert as_superuser.value("select due_at <= now() from app.deliveries where id = $1", first)
    assert (only["id"], only["attempts"]) == (first, 9)
    as_superuser.execute(
        "update app.deliveries set state = 'delivered', due_at = null, finished_at = now() where id = $1",
        first,
    )
    assert her.post(f"{path}/test").json()["id"] != first


def test_no_failed_delivery_is_sent_again_where_too_many_wait(client, alice, hook, as_superuser):
    her, path = client(alice), f"/webhooks/{hook['id']}"
    her.create()
    [delivery] = her.get(f"{path}/deliveries").json()["items"]
    as_superuser.execute(
        "update app.deliveries set state = 'failed', due_at = null where id = $1", delivery["id"]
    )
    retries = (
        (f"{path}/deliveries/{delivery['id']}/retry", None),
        (f"{path}/replay", {"since": "2020-01-01"}),
    )
    as_superuser.execute("update app.webhooks set waiting = 20000 where id = $1", hook["id"])
    for below, body in retries:
        assert her.post(below, body).status_code == 409
    as_superuser.execute("update app.webhooks set waiting = 19999 where id = $1", hook["id"])
    assert her.post(*retries[1]).json() == {"count": 1}
    [again] = her.get(f"{path}/deliveries").json()["items"]
    assert again["state"] == "waiting"


@pytest.mark.parametrize(
    "cursor",
    [
        "x", "1", "1-", UNKNOWN, f"-{UNKNOWN}", f"1-{UNKNOWN}x", f"1-{UNKNOWN[:-1]}", f"x-{UNKNOWN}",
        f"-1-{UNKNOWN}", f"1-{UNKNOWN[:-1]}g", f"1-z{UNKNOWN[1:]}", f"1-{UNKNOWN[:-1]}\u0661",
        f"\u0661-{UNKNOWN}", f"1-{UNKNOWN.replace('-', '')}", f"1-{UNKNOWN.replace('-', '--')}",
        f"1234567890123456789-{UNKNOWN}", "1-ABCDEF00-0000-4000-8000-000000000000", f"1-{UNKNOWN}\n2",
    ],
)  # fmt: skip
def test_a_text_that_is_no_cursor_of_deliveries_is_400(client, alice, hook, cursor):
    client(alice).create()
    response = client(alice).get(f"/webhooks/{hook['id']}/deliveries", params={"cursor": cursor})
    assert response.status_code == 400, response.text
    assert faults(response) == {("cursor", "cursor_invalid")}


def test_only_failed_deliveries_are_sent_again(client, alice, hook, as_superuser):
    her, path = client(alice), f"/webhooks/{hook['id']}"
    for _ in range(3):
        her.create()
    made = [each["id"] for each in her.get(f"{path}/deliveries").json()["items"]]
    assert her.post(f"{path}/deliveries/{made[0]}/retry").status_code == 404
    as_superuser.execute(
        "update app.deliveries set state = 'failed', due_at = null, attempts = 10, finished_at = now()"
        " where user_id = $1",
        alice,
    )
    again = her.post(f"{path}/deliveries/{made[0]}/retry")
    assert (again.status_code, again.json()) == (202, {"count": 1})
    assert her.post(f"{path}/replay", {"since": "2999-01-01"}).json() == {"count": 0}
    assert her.post(f"{path}/replay", {"since": "2020-01-01"}).json() == {"count": 2}
    assert faults(her.post(f"{path}/replay", {})) == {("since", "missing")}
    waiting = her.get(f"{path}/deliveries").json()["items"]
    assert {(each["state"], each["attempts"]) for each in waiting} == {("waiting", 0)}
    assert {each["id"] for each in waiting} == set(made)
