"""The worker, with a receiver on loopback: what arrives, how often, in which order, and signed by whom."""

import asyncio
import json
import re
import socket
import threading
import time
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError
from starlette.testclient import TestClient

from app.database.baseline import worker_functions
from app.database.calls import Database
from app.main import create_app
from app.settings import Settings, SettingsError
from app.worker.metrics import Metrics
from app.worker.sender import Sender
from app.worker.worker import MAX_FAILING, Worker, check_role
from tests.app.worker.receiver import receiver
from tests.client import SECRET, WEBHOOK_KEY, Client, make_token
from tests.processes import wait_until
from tests.sql import Session

LOOPBACK = ("127.0.0.0/8",)


@pytest.fixture
def fresh(new_database):
    """A database of its own: a worker takes what is due of all users."""
    return new_database()


@pytest.fixture
def worker_settings(server, fresh):
    return Settings(database_url=server.worker_url(fresh), webhook_key=(WEBHOOK_KEY,), webhook_allow=LOOPBACK)


@pytest.fixture
def http(server, fresh):
    settings = Settings(
        database_url=server.service_url(fresh),
        jwt_secret=SECRET,
        webhook_key=(WEBHOOK_KEY,),
        webhook_allow=LOOPBACK,
    )
    with TestClient(create_app(settings)) as http:
        yield http


@pytest.fixture
def owner(server, fresh):
    session = Session(server.superuser_url(fresh))
    yield session
    session.close()


@pytest.fixture
def here():
    with receiver() as made:
        yield made


@contextmanager
def working(settings):
    """A worker, in a thread of its own, until the end of the context."""
    started = threading.Event()
    ends = []

    async def run():
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        ends.append(lambda: loop.call_soon_threadsafe(stop.set))
        async with Database(settings) as database, Sender(settings) as sender:
            started.set()
            await Worker(database, sender, Metrics(settings)).run(stop)

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    try:
        assert started.wait(30)
        yield
    finally:
        ends[0]()
        thread.join()


def overdue(owner):
    owner.execute("update app.reminders set remind_at = now() - interval '1 second'")
    owner.execute("update app.task_counts set remind_at = now() - interval '1 second'")


def test_events_arrive_signed_and_the_standard_library_verifies_them(http, alice, here, worker_settings):
    her = Client(http, make_token(alice))
    made = her.post("/webhooks", {"url": f"{here.url}/path?x=1", "headers": {"Authorization": "Bearer t"}})
    webhook = made.json()
    task = her.create(title="Größe, « prix » 🎂")
    with working(worker_settings):
        wait_until(lambda: here.received)
        rotated = her.post(f"/webhooks/{webhook['id']}/secret").json()["secret"]
        her.post(f"/webhooks/{webhook['id']}/test")
        wait_until(lambda: len(here.received) == 2)
    first, second = here.received
    assert (first.path, first.headers["authorization"]) == ("/path?x=1", "Bearer t")
    assert first.headers["content-type"] == "application/json"
    assert first.headers["user-agent"].startswith("Duly/")
    assert Webhook(webhook["secret"]).verify(first.body, first.headers)["data"] == task
    with pytest.raises(WebhookVerificationError):
        Webhook(rotated).verify(first.body, first.headers)
    # After a rotation both sign.
    for secret in (webhook["secret"], rotated):
        assert Webhook(secret).verify(second.body, second.headers)["type"] == "test"
    with pytest.raises(WebhookVerificationError):
        Webhook(rotated).verify(second.body + b" ", second.headers)
    listed = her.get(f"/webhooks/{webhook['id']}/deliveries?state=delivered").json()["items"]
    assert [(each["status"], each["attempts"]) for each in listed] == [(204, 1)] * 2
    assert first.id == f"msg_{listed[1]['id']}"


def test_the_old_and_the_new_key_of_the_service_sign(http, alice, here, worker_settings, server, fresh):
    her = Client(http, make_token(alice))
    webhook = her.post("/webhooks", {"url": here.url}).json()
    her.post(f"/webhooks/{webhook['id']}/test")
    changed = Settings(
        database_url=worker_settings.database_url, webhook_key=("n" * 32, WEBHOOK_KEY), webhook_allow=LOOPBACK
    )
    with working(changed):
        wait_until(lambda: here.received)
    [request] = here.received
    assert len(request.headers["webhook-signature"].split()) == 2
    assert Webhook(webhook["secret"]).verify(request.body, request.headers)


def test_a_body_of_ones_own_reaches_the_receiver(http, alice, here, worker_settings, owner):
    her = Client(http, make_token(alice))
    body = {"topic": "alice", "title": "{title}", "message": "Due {due}"}
    her.post("/webhooks", {"url": here.url, "events": ["task.reminder"], "body": body})
    her.create(title='"Rent"', due_date="2999-01-01T10:00:00Z", reminder_at="2999-01-01T09:00:00Z")
    overdue(owner)
    with working(worker_settings):
        wait_until(lambda: here.received)
    assert here.received[0].event == {
        "topic": "alice", "title": '"Rent"', "message": "Due Tue 01 Jan 2999, 10:00",
    }  # fmt: skip


def test_a_body_that_is_too_large_is_not_sent(http, alice, here, worker_settings, owner):
    her = Client(http, make_token(alice))
    body = {"text": "{description}" * 20}
    hook = her.post("/webhooks", {"url": here.url, "events": ["task.created"], "body": body}).json()["id"]
    her.create(description="🙂" * 2000)
    her.create(description="short")
    with working(worker_settings):
        wait_until(lambda: owner.value("select count(*) from app.deliveries where state = 'waiting'") == 0)
    states = {
        (each["state"], each["error"]) for each in her.get(f"/webhooks/{hook}/deliveries").json()["items"]
    }
    assert states == {("failed", "too large"), ("delivered", None)}
    assert [request.event for request in here.received] == [{"text": "short" * 20}]


def test_a_reminder_comes_when_it_is_due(http, alice, here, worker_settings):
    her = Client(http, make_token(alice))
    her.post("/webhooks", {"url": here.url, "events": ["task.reminder"]})
    with working(worker_settings):
        soon = datetime.now(UTC) + timedelta(seconds=2)
        her.create(reminder_at=soon.isoformat())
        wait_until(lambda: here.received)
        assert datetime.now(UTC) >= soon
        assert here.received[0].event["type"] == "task.reminder"


def test_of_three_workers_each_due_reminder_is_sent_once(http, alice, here, worker_settings, owner):
    users = [f"{alice} {number}" for number in range(50)]
    for user in users:
        her = Client(http, make_token(user))
        her.post("/webhooks", {"url": f"{here.url}/{users.index(user)}", "events": ["task.reminder"]})
        for _ in range(12):
            her.create(reminder_at="2999-01-01")
    overdue(owner)
    began = time.monotonic()
    with ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(working(worker_settings))
        wait_until(lambda: len(here.received) >= 600)
        print(f"600 reminders in {time.monotonic() - began:.1f} s")
        wait_until(
            lambda: owner.value("select count(*) from app.deliveries where state = 'delivered'") == 600
        )
    assert len({request.id for request in here.received}) == len(here.received) == 600
    assert owner.value("select max(attempts) from app.deliveries") == 1
    assert owner.value("select count(*) from app.reminders") == 0


def test_the_events_of_a_task_keep_their_order_under_failures(http, alice, here, worker_settings, owner):
    her = Client(http, make_token(alice))
    her.post("/webhooks", {"url": here.url})
    paths = [f"/tasks/{her.create()['id']}" for _ in range(3)]
    for number in range(8):
        for path in paths:
            her.patch(path, {"title": f"{number}"})
    seen = {}

    def fail_first(request):
        seen[request.id] = seen.get(request.id, 0) + 1
        return 204 if seen[request.id] > 1 else 500

    here.answer = fail_first
    with working(worker_settings), working(worker_settings):

        def all_delivered():
            # Rather than wait five seconds.
            owner.execute(
                "update app.deliveries set due_at = now()"
                " where state = 'waiting' and not claimed and attempts = 1"
                " and due_at > now() + interval '3 s'"
            )
            owner.execute("update app.webhooks set due_at = now() where due_at > now() + interval '3 s'")
            return owner.value("select count(*) from app.deliveries where state <> 'delivered'") == 0

        wait_until(all_delivered)
    versions = {}
    for request in here.received:
        if seen[request.id] == 2:
            versions.setdefault(request.event["data"]["id"], []).append(request.event["version"])
    assert len(versions) == 3
    for each in versions.values():
        # Each event twice, in a row: the next one begins when it has arrived.
        assert each == sorted(each)
        assert len(each) == 18


def test_an_endpoint_that_does_not_answer_delays_nobody_else(http, alice, bob, here, worker_settings, owner):
    gate = threading.Event()
    here.answer = lambda request: gate.wait(30) and 204 if request.path == "/dead" else 204
    try:
        her, his = (Client(http, make_token(user)) for user in (alice, bob))
        her.post("/webhooks", {"url": f"{here.url}/dead"})
        for _ in range(40):
            her.create()
        with working(worker_settings):
            wait_until(lambda: len(here.received) == 5)
            his.post("/webhooks", {"url": f"{here.url}/living"})
            his.create()
            wait_until(lambda: any(request.path == "/living" for request in here.received))
            # No more than five of hers are being sent meanwhile.
            assert sum(request.path == "/dead" for request in here.received) == 5
            gate.set()
    finally:
        gate.set()


def test_endpoints_that_fail_leave_half_of_the_worker_to_the_others(
    http, alice, here, worker_settings, owner
):
    gate = threading.Event()
    here.answer = lambda request: gate.wait(60) and 500 if request.path == "/dead" else 204
    users = [f"{alice} {number}" for number in range(60)]
    try:
        for user in users:
            her = Client(http, make_token(user))
            her.post("/webhooks", {"url": f"{here.url}/dead"})
            for _ in range(3):
                her.create()
        owner.execute("update app.webhooks set failing_since = now()")
        owner.execute("update app.deliveries set due_at = now() - interval '1 hour'")
        her = Client(http, make_token(alice))
        her.post("/webhooks", {"url": f"{here.url}/living"})
        with working(worker_settings):
            wait_until(lambda: len(here.received) == MAX_FAILING)
            for number in range(20):
                her.create()
                wait_until(lambda number=number: len(here.received) == MAX_FAILING + number + 1)
            # To each of the others there is one request at a time.
            assert owner.value("select max(attempts) from app.deliveries where state = 'waiting'") == 1
            claimed = "select count(*), count(distinct user_id) from app.deliveries where claimed"
            # The last one that arrived may not have been noted yet.
            wait_until(lambda: tuple(owner.rows(claimed)[0]) == (MAX_FAILING, MAX_FAILING))
            assert {request.path for request in here.received[MAX_FAILING:]} == {"/living"}
            gate.set()
    finally:
        gate.set()


def test_name_servers_that_do_not_answer_delay_nobody_else(
    http, alice, bob, here, worker_settings, owner, monkeypatch
):
    gate, asked = threading.Event(), []
    real = socket.getaddrinfo

    def look_up(host, *arguments, **keywords):
        if "slow.example" in str(host):
            asked.append(host)
            gate.wait(60)
        return real("127.0.0.1" if "example" in str(host) else host, *arguments, **keywords)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    port = here.url.rpartition(":")[2]
    her, his = (Client(http, make_token(user)) for user in (alice, bob))
    for number in range(10):
        her.post("/webhooks", {"url": f"http://{number}.slow.example:{port}/hers"})
    for _ in range(10):
        her.create()
    his.post("/webhooks", {"url": f"http://fast.example:{port}/his"})
    try:
        with working(worker_settings):
            wait_until(lambda: asked)
            for number in range(20):
                his.create()
                wait_until(lambda number=number: len(here.received) == number + 1)
            assert {request.path for request in here.received} == {"/his"}
            gate.set()
    finally:
        gate.set()


@pytest.mark.parametrize(
    ("answer", "state", "status", "error"),
    [
        (200, "delivered", 200, None),
        (299, "delivered", 299, None),
        ((302, {"location": "/other"}), "waiting", 302, None),
        (404, "waiting", 404, None),
        (410, "failed", 410, None),
        ((503, {"retry-after": "7200"}), "waiting", 503, None),
    ],
)
def test_what_an_answer_means(answer, state, status, error, http, alice, here, worker_settings, owner):
    her = Client(http, make_token(alice))
    hook = her.post("/webhooks", {"url": here.url, "events": ["task.created"]}).json()["id"]
    here.answer = lambda request: answer
    her.create()
    with working(worker_settings):
        wait_until(lambda: owner.value("select attempts = 1 and not claimed from app.deliveries"))
    [delivery] = her.get(f"/webhooks/{hook}/deliveries").json()["items"]
    assert (delivery["state"], delivery["status"], delivery["error"]) == (state, status, error)
    assert [request.path for request in here.received] == ["/"]
    if status == 503:
        assert owner.value("select due_at > now() + interval '1 hour 59 minutes' from app.deliveries")


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("http://10.0.0.1/", "refused"),
        ("http://[::1]:8080/", "refused"),
        ("https://169.254.169.254/latest/meta-data", "refused"),
        ("https://localhost:22/", "refused"),
        ("http://127.0.0.1:1/", "refused"),
        ("https://name.invalid/", "connect"),
        ("http://name.invalid/", "connect"),
    ],
)
def test_what_may_not_be_reached_is_told_as_an_error(url, error, http, alice, worker_settings, owner):
    her = Client(http, make_token(alice))
    hook = her.post("/webhooks", {"url": url, "events": ["task.created"]}).json()["id"]
    her.create()
    with working(worker_settings):
        wait_until(lambda: owner.value("select attempts = 1 and not claimed from app.deliveries"))
    [delivery] = her.get(f"/webhooks/{hook}/deliveries").json()["items"]
    assert (delivery["state"], delivery["status"], delivery["error"]) == ("waiting", None, error)


def test_loopback_is_not_reached_without_the_setting(http, alice, here, worker_settings, owner):
    her = Client(http, make_token(alice))
    her.post("/webhooks", {"url": here.url})
    her.create()
    with working(Settings(database_url=worker_settings.database_url, webhook_key=(WEBHOOK_KEY,))):
        wait_until(lambda: owner.value("select attempts = 1 and not claimed from app.deliveries"))
    assert here.received == []
    assert owner.value("select error from app.deliveries") == "refused"


def test_a_proxy_gets_every_request_and_resolves_the_name_itself(http, alice, here, worker_settings, owner):
    her = Client(http, make_token(alice))
    her.post("/webhooks", {"url": "http://ntfy.invalid/topic"})
    her.create()
    with working(replace(worker_settings, webhook_proxy=here.url)):
        wait_until(lambda: owner.value("select state = 'delivered' from app.deliveries"))
    assert [request.path for request in here.received] == ["http://ntfy.invalid/topic"]
    assert here.received[0].headers["host"] == "ntfy.invalid"


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("https://169.254.169.254/latest/meta-data", "refused"),
        ("https://localhost/", "refused"),
        ("https://2130706433/", "refused"),
        ("http://[::1]:8080/", "refused"),
        ("http://10.0.0.1/", "refused"),
        ("http://8.8.8.8/", "refused"),
        ("https://8.8.8.8:22/", "refused"),
        ("https://name.invalid:25/", "refused"),
    ],
)
def test_a_proxy_is_not_asked_for_what_is_refused_anyway(
    url, error, http, alice, here, worker_settings, owner
):
    her = Client(http, make_token(alice))
    her.post("/webhooks", {"url": url})
    her.create()
    with working(replace(worker_settings, webhook_allow=("127.9.0.0/16",), webhook_proxy=here.url)):
        wait_until(lambda: owner.value("select attempts = 1 and not claimed from app.deliveries"))
    assert here.received == []
    assert owner.value("select error from app.deliveries") == error


def test_a_proxy_is_asked_for_names_that_lead_to_what_is_allowed(http, alice, here, worker_settings, owner):
    her = Client(http, make_token(alice))
    her.post("/webhooks", {"url": "http://localhost:8080/topic"})
    her.create()
    allowed = ("127.0.0.0/8", "::1/128")
    with working(replace(worker_settings, webhook_allow=allowed, webhook_proxy=here.url)):
        wait_until(lambda: owner.value("select state = 'delivered' from app.deliveries"))
    assert [request.path for request in here.received] == ["http://localhost:8080/topic"]


def test_what_waited_while_no_worker_ran_is_sent_once(http, alice, here, worker_settings, owner):
    her = Client(http, make_token(alice))
    her.post("/webhooks", {"url": here.url})
    for _ in range(10):
        her.create(reminder_at="2999-01-01")
    for table in ("reminders", "task_counts"):
        owner.execute(f"update app.{table} set remind_at = now() - interval '1 hour'")
    owner.execute("update app.deliveries set due_at = now() - interval '1 hour', created_at = due_at")
    with working(worker_settings):
        wait_until(lambda: len(here.received) == 20)
    types = [json.loads(request.body)["type"] for request in here.received]
    assert (types.count("task.created"), types.count("task.reminder")) == (10, 10)
    assert len({request.id for request in here.received}) == 20


FUNCTIONS = ("api.finish_delivery", "app.fill_template", "app.lock_user", "porter.find_due")


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("revoke execute on function {} from task_worker", "task_worker may not execute function {}"),
        ("alter function {} rename to lost", "function {} is missing: run duly migrate"),
    ],
)
def test_a_worker_that_lacks_a_function_does_not_start(name, fault, said, worker_settings, owner):
    function = owner.value("select $1::regproc::regprocedure::text", name)
    assert function in worker_functions()
    owner.execute(fault.format(function))
    with pytest.raises(SettingsError, match=re.escape(said.format(function))):
        asyncio.run(check(worker_settings))


def test_a_worker_starts_with_all_that_it_needs_and_not_as_another_role(
    worker_settings, server, fresh, owner
):
    asyncio.run(check(worker_settings))
    with pytest.raises(SettingsError, match="must log in as task_worker"):
        asyncio.run(check(replace(worker_settings, database_url=server.service_url(fresh))))
    # A database that does not answer may come later.
    asyncio.run(check(replace(worker_settings, database_url="postgresql://task_worker@127.0.0.1:1/none")))
    owner.execute("drop function api.check_worker")
    with pytest.raises(SettingsError, match="migrations are pending"):
        asyncio.run(check(worker_settings))


async def check(settings):
    async with Database(settings) as database:
        await check_role(database)
