"""GET /events over real connections: an event on connecting, then one after each change of one's own."""

import contextlib
import dataclasses
import json
import socket
import threading
import time
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

import httpx2 as httpx
import pytest

from app.api.events import TOKEN_CHECK
from app.api.hub import MAX_STREAMS
from tests.client import Client, make_token
from tests.processes import serve

PATIENCE = 10.0


class Stream:
    """The events of a stream, collected by a thread."""

    def __init__(self, address, token, **headers):
        self.events: list[dict[str, str]] = []
        self.lines: list[str] = []
        self.ended = threading.Event()
        self._came = threading.Condition()
        parts = urlsplit(address)
        self._connection = HTTPConnection(parts.hostname, parts.port, timeout=60)
        self._connection.request("GET", "/events", headers={"Authorization": f"Bearer {token}", **headers})
        self.response = self._connection.getresponse()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self):
        event: dict[str, str] = {}
        with contextlib.suppress(OSError, HTTPException):
            while line := self.response.readline().decode():
                line = line.removesuffix("\n")
                with self._came:
                    self.lines.append(line)
                    if line:
                        name, _, value = line.partition(":")
                        event[name] = value.strip()
                    else:
                        if "data" in event:
                            self.events.append(event)
                        event = {}
                    self._came.notify_all()
        self.ended.set()

    def wait_for(self, count):
        """The events, once there are so many."""
        with self._came:
            assert self._came.wait_for(lambda: len(self.events) >= count, PATIENCE), self.lines
            return list(self.events)

    def close(self):
        """Leave, while the thread still reads."""
        if self._connection.sock is not None:
            with contextlib.suppress(OSError):
                self._connection.sock.shutdown(socket.SHUT_RDWR)
        self._thread.join(PATIENCE)
        self._connection.close()


@pytest.fixture
def listen(service, secret):
    """``listen(alice)``: a stream of alice's."""
    streams = []

    def connect(user, address=service, headers=None, **claims):
        streams.append(Stream(address, make_token(user, secret, **claims), **(headers or {})))
        return streams[-1]

    yield connect
    for stream in streams:
        stream.close()


def since(client):
    return client.get("/changes").json()["next"]


def test_the_present_token_is_told_at_once_in_a_form_that_browsers_read(listen, over_http, alice):
    over_http(alice).create()
    stream = listen(alice)
    assert stream.response.status == 200
    assert stream.response.headers["content-type"] == "text/event-stream"
    assert stream.response.headers["cache-control"] == "no-store, no-transform"
    assert stream.response.headers["x-accel-buffering"] == "no"
    assert "content-encoding" not in stream.response.headers
    (event,) = stream.wait_for(1)
    assert 1000 <= int(event.pop("retry")) <= 5000
    token = since(over_http(alice))
    assert event == {
        "event": "changed",
        "id": token,
        "data": json.dumps({"since": token}, separators=(",", ":")),
    }


def test_each_change_by_http_is_told_with_the_token_that_tells_it(listen, over_http, alice):
    me = over_http(alice)
    stream = listen(alice)
    stream.wait_for(1)
    task = me.create()
    assert stream.wait_for(2)[-1]["id"] == since(me)
    me.post(f"/tasks/{task['id']}/toggle")
    assert stream.wait_for(3)[-1]["id"] == since(me)
    me.delete(f"/tasks/{task['id']}")
    assert stream.wait_for(4)[-1]["id"] == since(me)
    assert len({event["id"] for event in stream.events}) == 4


def test_a_change_that_this_process_did_not_make_is_told_too(listen, as_superuser, alice):
    stream = listen(alice)
    stream.wait_for(1)
    as_superuser.execute("insert into app.tasks (user_id, title) values ($1, 'elsewhere')", alice)
    stream.wait_for(2)


def test_a_client_that_knows_the_present_token_is_told_only_what_is_new(listen, over_http, alice):
    me = over_http(alice)
    me.create()
    token = since(me)
    stream = listen(alice, headers={"Last-Event-ID": token})
    old = listen(alice, headers={"Last-Event-ID": "00000000-1"})
    old.wait_for(1)
    me.create()
    assert stream.wait_for(1)[0]["id"] == since(me) != token


def test_another_users_changes_wake_nobody(listen, over_http, alice, bob):
    # One's id is the beginning of the other's.
    names = (alice, f"{alice}\n{bob}", f"{alice} ")
    streams = [listen(name) for name in names]
    for stream in streams:
        stream.wait_for(1)
    over_http(names[1]).create()
    streams[1].wait_for(2)
    over_http(names[0]).create()
    streams[0].wait_for(2)
    assert [len(stream.events) for stream in streams] == [2, 2, 1]


def test_a_stream_ends_with_its_token(listen, alice):
    stream = listen(alice, exp=time.time() + 2)
    stream.wait_for(1)
    assert stream.ended.wait(2 + TOKEN_CHECK + PATIENCE)


def test_without_a_token_there_is_no_stream(service):
    assert httpx.get(f"{service}/events").status_code == 401


def test_head_answers_the_headers_and_ends(over_http, alice):
    head = over_http(alice).request("HEAD", "/events")
    assert (head.status_code, head.headers["content-type"]) == (200, "text/event-stream")


def test_a_user_may_have_ten_streams_and_then_others_still_may(listen, service, secret, alice, bob):
    streams = [listen(alice) for _ in range(MAX_STREAMS)]
    refused = httpx.get(f"{service}/events", headers={"Authorization": f"Bearer {make_token(alice, secret)}"})
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "15")
    listen(bob).wait_for(1)
    streams.pop().close()
    deadline = time.monotonic() + PATIENCE
    while listen(alice).response.status != 200:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_the_process_has_a_limit_and_ends_its_streams_with_sigterm(settings, secret, alice, bob):
    variables = {"EVENTS_LIMIT": "1", "LOG_LEVEL": "error"}
    with serve(settings.database_url, secret, **variables) as address:
        stream = Stream(address, make_token(alice, secret))
        stream.wait_for(1)
        refused = httpx.get(
            f"{address}/events", headers={"Authorization": f"Bearer {make_token(bob, secret)}"}
        )
        assert refused.status_code == 503
        assert refused.headers["retry-after"]
    assert stream.ended.wait(PATIENCE)
    # It ended in order: the last chunk was there.
    assert stream.lines[-1] == ""
    stream.close()


def test_no_last_number_is_lost_while_many_changes_come(listen, over_http, alice):
    streams = [listen(alice) for _ in range(MAX_STREAMS)]
    for stream in streams:
        stream.wait_for(1)
    me = over_http(alice)
    for number in range(50):
        me.create(title=f"Task {number}")
    token = since(me)
    for stream in streams:
        deadline = time.monotonic() + PATIENCE
        while stream.events[-1]["id"] != token:
            assert time.monotonic() < deadline
            time.sleep(0.02)


def test_where_the_limit_is_0_there_is_no_such_path(settings, alice, secret):
    from starlette.testclient import TestClient

    from app.main import create_app

    with TestClient(create_app(dataclasses.replace(settings, events_limit=0))) as http:
        assert Client(http, make_token(alice, secret)).get("/events").status_code == 404
