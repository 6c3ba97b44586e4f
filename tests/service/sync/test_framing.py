"""GET /events and GET /changes by hand, as an attacker would send them, and by curl."""

import contextlib
import shutil
import subprocess
import time

import httpx2 as httpx
import pytest

from tests.client import make_token
from tests.processes import Service, environment, wait_until
from tests.service.clients import connections
from tests.service.clients.connections import authorization, exchange, head


class Raw:
    """A connection on which bytes are sent, and whatever has come back until now."""

    def __init__(self, address):
        self._socket = connections.connect(address, timeout=0.05)
        self.received = b""

    def send(self, data):
        """Send as much as is taken."""
        with contextlib.suppress(TimeoutError):
            self._socket.sendall(data)

    def wait_for(self, text, count=1):
        wait_until(lambda: self._read().count(text) >= count, 20)

    def _read(self):
        try:
            while data := self._socket.recv(65_536):
                self.received += data
        except TimeoutError:
            pass
        return self.received

    def close(self):
        self._socket.close()


@pytest.fixture
def own(settings):
    """A service of the test's own."""
    with Service(settings.database_url, settings.jwt_secret) as service:
        yield service


@pytest.fixture
def connect(service):
    made = []

    def run(address=service):
        made.append(Raw(address))
        return made[-1]

    yield run
    for connection in made:
        connection.close()


def change(as_superuser, user):
    as_superuser.execute("insert into app.tasks (user_id, title) values ($1, 'x')", user)


def test_requests_behind_a_stream_wait_and_cost_no_memory(own, connect, secret, alice, as_superuser):
    raw = connect(own.address)
    raw.send(head("GET", "/events", authorization(alice, secret)))
    raw.wait_for(b"event: changed")
    before = own.memory()
    raw.send(head("GET", "/health") * 1_000_000)
    assert own.answers()
    assert own.memory() - before < 20_000_000
    change(as_superuser, alice)
    raw.wait_for(b"event: changed", 2)
    # No answer stands in the middle of the stream.
    assert raw.received.count(b"HTTP/1.1 ") == 1


def test_a_stream_over_http_1_0_ends_with_the_connection(connect, secret, alice, as_superuser):
    raw = connect()
    field = authorization(alice, secret)
    raw.send(f"GET /events HTTP/1.0\r\nHost: x\r\n{field}\r\nConnection: keep-alive\r\n\r\n".encode())
    raw.wait_for(b"event: changed")
    change(as_superuser, alice)
    raw.wait_for(b"event: changed", 2)
    lines = raw.received.lower().partition(b"\r\n\r\n")[0]
    assert b"transfer-encoding" not in lines
    assert b"content-length" not in lines
    assert b"connection: close" in lines


@pytest.mark.parametrize(("method", "status"), [("GET", 200), ("HEAD", 200), ("POST", 405)])
def test_an_answer_over_http_1_0_has_its_length_and_closes(service, secret, alice, method, status):
    request = head(method, "/changes", authorization(alice, secret)).replace(b"HTTP/1.1", b"HTTP/1.0")
    [answer] = exchange(service, request)
    assert (answer.status, answer.headers["connection"]) == (status, "close")
    assert "transfer-encoding" not in answer.headers
    assert len(answer.body) == (0 if method == "HEAD" else int(answer.headers["content-length"]))


@pytest.mark.parametrize(
    "known", ["", " ", "x", "0" * 6000, "\xe9\xff", "00000000-0", "-", "3f2a91c0-1; drop", '"', "a, b"]
)
def test_a_last_event_that_is_no_token_is_as_none(connect, secret, alice, known):
    raw = connect()
    raw.send(head("GET", "/events", authorization(alice, secret), f"Last-Event-ID: {known}"))
    raw.wait_for(b"event: changed")


@pytest.mark.parametrize(
    "body",
    [("Content-Length: 5", b"GET /"), ("Transfer-Encoding: chunked", b"5\r\nGET /\r\n0\r\n\r\n")],
    ids=["length", "chunked"],
)
def test_a_body_of_a_request_for_events_is_dropped(connect, secret, alice, as_superuser, body):
    framing, data = body
    raw = connect()
    raw.send(head("GET", "/events", authorization(alice, secret), framing) + data)
    raw.wait_for(b"event: changed")
    change(as_superuser, alice)
    raw.wait_for(b"event: changed", 2)
    assert raw.received.count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize("path", ["/events", "/events/", "/changes", "/changes/"])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_another_method_is_405(service, secret, alice, path, method):
    request = head(method, path, authorization(alice, secret), "Content-Length: 0", "Connection: close")
    [answer] = exchange(service, request)
    assert (answer.status, set(answer.headers["allow"].split(", ")) >= {"GET", "HEAD"}) == (405, True)


def test_pages_of_changes_in_one_packet_are_answered_in_their_order(service, secret, alice):
    me = httpx.Client(base_url=service, headers={"Authorization": f"Bearer {make_token(alice, secret)}"})
    for _ in range(3):
        me.post("/tasks", json={"title": "x"})
    requests = [head("GET", f"/changes?limit={n}", authorization(alice, secret)) for n in (1, 2, 3)]
    requests.append(head("HEAD", "/changes", authorization(alice, secret), "Connection: close"))
    found = exchange(service, b"".join(requests))
    assert [answer.status for answer in found] == [200] * 4
    assert [answer.body.count(b'"title"') for answer in found] == [1, 2, 3, 0]
    me.close()


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize("version", ["--http1.0", "--http1.1", "--http2"])
def test_curl_reads_events_of_any_version(own, secret, alice, as_superuser, version):
    command = ["curl", "-sSN", version, "-H", authorization(alice, secret), f"{own.address}/events"]
    curl = subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, text=True)
    try:
        lines = iter(curl.stdout.readline, "")
        assert "event: changed\n" in lines
        time.sleep(0.2)
        change(as_superuser, alice)
        assert "event: changed\n" in lines
        own.process.terminate()
        assert list(lines)[-1:] == ["\n"]
        assert curl.wait(15) == 0
    finally:
        curl.kill()
        curl.communicate(timeout=15)


def test_a_web_page_of_an_allowed_origin_reads_both(service, secret, alice):
    fields = ["Origin: http://localhost:3000", authorization(alice, secret), "Prefer: return=minimal"]
    for path in ("/changes", "/events"):
        request = head("HEAD", path, *fields, "Last-Event-ID: x", "Connection: close")
        [answer] = exchange(service, request)
        assert answer.status == 200
        assert answer.headers["access-control-allow-origin"] == "http://localhost:3000"
        assert "Origin" in answer.headers["vary"]
        assert "etag" in answer.headers["access-control-expose-headers"].lower()
