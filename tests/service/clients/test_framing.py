"""Where a request begins and ends (RFC 9112): offers to upgrade, trailers, Host, malformed requests."""

import contextlib
import itertools
import json
import uuid

import pytest

from tests.processes import serve
from tests.service.clients.connections import PIECES, authorization, connect, exchange, head, read_to_end

CLOSE = "Connection: close"
END = head("GET", "/health", CLOSE)
OFFERS = {
    "h2c": ("Connection: Upgrade", "Upgrade: h2c"),
    "websocket": ("connection: upgrade", "upgrade: WebSocket", "Sec-WebSocket-Version: 13"),
    "with settings": (
        "Connection: keep-alive, Upgrade, HTTP2-Settings",
        "Upgrade: h2c",
        "HTTP2-Settings: AAMAAABk",
    ),
    "several protocols": ("Upgrade: TLS/1.2, foo/7", "Connection: upgrade"),
    "in several lines": ("Upgrade: a", "Connection: foo", "Upgrade: b", "Connection: upgrade"),
    "unknown": ("Connection: UPGRADE", "Upgrade: nonsense"),
    "without Connection": ("Upgrade: h2c",),
}


def framed(body: bytes, framing: str) -> tuple[str, bytes]:
    """The header that frames a body, and the body as it is sent."""
    if framing == "length":
        return f"Content-Length: {len(body)}", body
    chunks = b"".join(b"%x;ext=1\r\n%s\r\n" % (len(part), part) for part in (body[:5], body[5:]) if part)
    return "Transfer-Encoding: chunked", chunks + b"0\r\n\r\n"


@pytest.fixture
def made(over_http, alice):
    """The path of a task of alice's."""
    return f"/tasks/{over_http(alice).create(title='before')['id']}"


@pytest.mark.parametrize("pieces", PIECES.values(), ids=PIECES)
@pytest.mark.parametrize("framing", ["length", "chunked"])
@pytest.mark.parametrize("offer", OFFERS.values(), ids=OFFERS)
def test_a_request_that_offers_an_upgrade_has_its_body(service, secret, alice, made, offer, framing, pieces):
    field, sent = framed(b'{"title":"after"}', framing)
    fields = (authorization(alice, secret), "Content-Type: application/json", field)
    answered = exchange(service, head("PATCH", made, *offer, *fields) + sent + END, pieces)
    assert [answer.status for answer in answered] == [200, 200]
    assert json.loads(answered[0].body)["title"] == "after"
    assert "upgrade" not in answered[0].headers


@pytest.mark.parametrize("pieces", PIECES.values(), ids=PIECES)
@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_a_body_behind_an_offer_is_never_a_request(service, secret, alice, made, framing, pieces):
    inner = head("DELETE", made, authorization(alice, secret))
    field, sent = framed(inner, framing)
    outer = head("POST", "/tasks", *OFFERS["h2c"], authorization(alice, secret), field)
    read = head("GET", made, authorization(alice, secret), CLOSE)
    answered = exchange(service, outer + sent + read, pieces)
    assert [answer.status for answer in answered] == [400, 200]


def test_pipelined_requests_may_each_offer_an_upgrade(service, secret, alice, over_http):
    body = b'{"title":"one of them"}'
    fields = (authorization(alice, secret), f"Content-Length: {len(body)}")
    request = head("POST", "/tasks", *OFFERS["h2c"], *fields) + body
    answered = exchange(service, 3 * request + head("GET", "/health", *OFFERS["h2c"]) + END)
    assert [answer.status for answer in answered] == [201, 201, 201, 200, 200]
    assert over_http(alice).page()["total"] == 3


def test_toggle_behind_an_offer_sets_the_state(service, secret, alice, made):
    body = b'{"completed":true}'
    fields = (authorization(alice, secret), f"Content-Length: {len(body)}")
    request = head("POST", f"{made}/toggle", *OFFERS["h2c"], *fields) + body
    answered = exchange(service, request + request + END)
    states = [json.loads(answer.body)["task"]["completed"] for answer in answered[:2]]
    assert states == [True, True]


def test_a_continuation_is_sent_behind_an_offer(service, secret, alice):
    body = b'{"title":"x"}'
    fields = (authorization(alice, secret), f"Content-Length: {len(body)}", "Expect: 100-continue", CLOSE)
    answered = exchange(service, head("POST", "/tasks", *OFFERS["h2c"][1:], *fields) + body, 0)
    assert [answer.status for answer in answered] == [201]


@pytest.mark.parametrize("target", ["localhost:80", "/tasks"])
def test_connect_is_a_wrong_method(service, target):
    (answer,) = exchange(service, head("CONNECT", target) + END)
    assert (answer.status, "GET" in answer.headers["allow"]) == (405, True)


@pytest.mark.parametrize("pieces", PIECES.values(), ids=PIECES)
@pytest.mark.parametrize(
    "trailer",
    ["Host: other", "Upgrade: h2c\r\nConnection: upgrade", "X-Request-ID: mine", "Expect: 100-continue",
    "Prefer: x"],
)  # fmt: skip
def test_fields_in_a_trailer_are_dropped(service, secret, alice, trailer, pieces):
    sent = b'd\r\n{"title":"x"}\r\n0\r\n' + trailer.encode() + b"\r\n\r\n"
    fields = ("Transfer-Encoding: chunked", authorization(alice, secret))
    answered = exchange(service, head("POST", "/tasks", *fields) + sent + END, pieces)
    assert [answer.status for answer in answered] == [201, 200]
    assert "mine" not in [answer.headers["x-request-id"] for answer in answered]


@pytest.mark.parametrize("pieces", PIECES.values(), ids=PIECES)
def test_a_token_in_a_trailer_is_none(service, secret, alice, pieces):
    trailer = f"{authorization(alice, secret)}\r\nConnection: keep-alive\r\n\r\n".encode()
    sent = b'd\r\n{"title":"x"}\r\n0\r\n' + trailer
    request = head("POST", "/tasks", "Transfer-Encoding: chunked") + sent
    answered = exchange(service, request + head("GET", "/tasks", CLOSE), pieces)
    assert [answer.status for answer in answered] == [401, 401]


@pytest.mark.parametrize(
    "field",
    [
        "Content-Length: 5",
        "Transfer-Encoding: chunked",
        "Transfer-Encoding: x",
        "transfer-encoding: chunked\t",
    ],
)
def test_framing_in_a_trailer_is_refused_and_nothing_done(service, secret, alice, over_http, field):
    sent = b'd\r\n{"title":"x"}\r\n0\r\n' + field.encode() + b"\r\n\r\n"
    fields = ("Transfer-Encoding: chunked", authorization(alice, secret))
    (answer,) = exchange(service, head("POST", "/tasks", *fields) + sent + END)
    assert (answer.status, over_http(alice).page()["total"]) == (400, 0)


def test_a_connection_that_a_trailer_closes_is_closed(service, secret, alice):
    sent = b'd\r\n{"title":"x"}\r\n0\r\nConnection: close\r\n\r\n'
    fields = ("Transfer-Encoding: chunked", authorization(alice, secret))
    (answer,) = exchange(service, head("POST", "/tasks", *fields) + sent)
    assert (answer.status, answer.headers["connection"]) == (201, "close")


@pytest.mark.parametrize(
    "host",
    [
        "", "Host:", "Host: ", "Host: a\r\nHost: a", "Host: a\r\nX-Y: z\r\nhost: b", "Host: a b",
        "Host: user@x", "Host: u:p@x",
        "Host: http://x", "Host: x/", "Host: x?y", "Host: x#y", "Host: a, b", "Host: x:y", "Host: x:80:80",
        "Host: [::1", "Host: ::1",
        "Host: [1::2::3]", "Host: [fe80::1%25eth0]", "Host: [v1]", "Host: x%zz", "Host: \xe9", "Host: <x>",
        "Host: a\\b", "Host: []",
        "Host: :80", 'Host: "x"', "Host: [::1]x", "Host: x\ty",
    ],
)  # fmt: skip
def test_a_request_without_one_valid_host_is_400(service, host):
    (answer,) = exchange(service, head("GET", "/health", host=host) + END)
    problem = json.loads(answer.body)
    assert (answer.status, "Host" in problem["detail"]) == (400, True)
    assert problem["request_id"] == answer.headers["x-request-id"]
    assert answer.headers["connection"] == "close"


@pytest.mark.parametrize(
    "host",
    [
        "localhost", "localhost:8000", "a.example.", "sub_domain.example", "127.0.0.1:80", "[::1]",
        "[::1]:8000", "[v1.x:y]",
        "[::ffff:1.2.3.4]", "x:", "xn--bcher-kva.example", "b%C3%BCcher.example", "EXAMPLE.org",
    ],
)  # fmt: skip
def test_a_valid_host_is_served(service, host):
    (answer,) = exchange(service, head("GET", "/health", CLOSE, host=f"Host: {host}"))
    assert answer.status == 200


@pytest.mark.parametrize("space", [" ", "\t", " \t "])
def test_white_space_behind_a_value_is_no_part_of_it(service, secret, alice, space):
    fields = ("Content-Length: 13", authorization(alice, secret), "X-Request-ID: mine", CLOSE)
    padded = [f"{field}{space}" for field in fields]
    request = head("POST", "/tasks", *padded, host=f"Host: localhost{space}")
    (answer,) = exchange(service, request + b'{"title":"x"}')
    assert (answer.status, answer.headers["x-request-id"]) == (201, "mine")


SPACES = [" ", "\t", " \t", "\t ", "\t\t"]
CHUNKS = b'd\r\n{"title":"x"}\r\n0\r\n\r\n'


@pytest.mark.parametrize("pieces", PIECES.values(), ids=PIECES)
@pytest.mark.parametrize("coding", ["chunked", "Chunked", "\tchunked"])
@pytest.mark.parametrize("space", SPACES)
def test_white_space_around_the_transfer_coding_is_no_part_of_it(
    service, secret, alice, over_http, coding, space, pieces
):
    fields = (f"Transfer-Encoding: {coding}{space}", authorization(alice, secret))
    request = head("POST", "/tasks", *fields) + CHUNKS
    answered = exchange(service, request + request + END, pieces)
    assert [answer.status for answer in answered] == [201, 201, 200]
    assert [task["title"] for task in over_http(alice).page()["items"]] == ["x", "x"]


@pytest.mark.parametrize("pieces", PIECES.values(), ids=PIECES)
@pytest.mark.parametrize("offer", OFFERS.values(), ids=OFFERS)
def test_a_tab_behind_the_coding_of_an_offer_is_no_part_of_it(service, secret, alice, offer, pieces):
    fields = (*offer, "Transfer-Encoding: chunked\t", authorization(alice, secret))
    answered = exchange(service, head("POST", "/tasks", *fields) + CHUNKS + END, pieces)
    assert [answer.status for answer in answered] == [201, 200]


@pytest.mark.parametrize("pieces", PIECES.values(), ids=PIECES)
def test_a_body_behind_a_padded_coding_is_never_a_request(service, secret, alice, made, pieces):
    inner = head("DELETE", made, authorization(alice, secret))
    sent = b"%x\r\n%s\r\n0\r\n\r\n" % (len(inner), inner)
    outer = head("POST", "/tasks", authorization(alice, secret), "Transfer-Encoding: chunked\t")
    read = head("GET", made, authorization(alice, secret), CLOSE)
    answered = exchange(service, outer + sent + read, pieces)
    assert [answer.status for answer in answered] == [400, 200]


@pytest.fixture(scope="module")
def impatient(settings, secret):
    """The address of a service that waits a second for the rest of a refused body."""
    with serve(settings.database_url, secret, KEEP_ALIVE=60, CLIENT_TIMEOUT=1) as address:
        yield address


def endless(*fields):
    """A body that is larger than any may be, and does not end."""
    return head("POST", "/tasks", *fields) + 2 * (b"10000\r\n" + 65_536 * b"x" + b"\r\n")


@pytest.mark.parametrize("pieces", PIECES.values(), ids=PIECES)
def test_a_body_behind_a_padded_coding_has_its_bound(impatient, secret, alice, pieces):
    sent = endless("Transfer-Encoding: chunked\t", authorization(alice, secret))
    answered = exchange(impatient, sent, pieces and 0)
    assert [answer.status for answer in answered] == [413]


def test_the_rest_of_a_refused_body_is_not_waited_for(impatient):
    """Whatever it was refused for, however much of it came before the answer, and after it."""
    chunk = b"10000\r\n" + 65_536 * b"x" + b"\r\n"
    refused = [(("POST", "/tasks"), 401), (("POST", "/nothing"), 404), (("DELETE", "/tasks"), 405)]
    cases = itertools.product(refused, [b"", b"1\r\n{\r\n", 2 * chunk], [b"", b"1\r\nx\r\n"])
    with contextlib.ExitStack() as stack:
        connections = []
        for (line, status), before, after in cases:
            connection = stack.enter_context(connect(impatient, timeout=20))
            connections.append(connection)
            connection.sendall(head(*line, "Transfer-Encoding: chunked") + before)
            assert connection.recv(65_536).startswith(b"HTTP/1.1 %d " % status)
            connection.sendall(after)
        for connection in connections:
            read_to_end(connection)


@pytest.mark.parametrize("rest", [b"", b"1\r\nx\r\n"], ids=["nothing", "something"])
def test_a_refused_body_that_never_ends_keeps_no_connection_open(impatient, secret, alice, rest):
    with connect(impatient, timeout=20) as connection:
        connection.sendall(endless("Transfer-Encoding: chunked", authorization(alice, secret)))
        assert connection.recv(65_536).startswith(b"HTTP/1.1 413 ")
        connection.sendall(rest)
        read_to_end(connection)


@pytest.mark.parametrize("space", SPACES)
def test_white_space_behind_an_expectation_is_no_part_of_it(service, secret, alice, space):
    fields = (f"Expect: 100-continue{space}", "Content-Length: 13", authorization(alice, secret))
    with connect(service, timeout=20) as connection:
        connection.sendall(head("POST", "/tasks", *fields))
        assert connection.recv(65_536).startswith(b"HTTP/1.1 100 ")
        connection.sendall(b'{"title":"x"}')
        assert connection.recv(65_536).startswith(b"HTTP/1.1 201 ")


@pytest.mark.parametrize("space", SPACES)
def test_white_space_behind_a_wish_to_close_is_no_part_of_it(service, space):
    (answer,) = exchange(service, head("GET", "/health", f"Connection: close{space}"))
    assert (answer.status, answer.headers["connection"]) == (200, "close")


@pytest.mark.parametrize("space", [" ", "\t"])
def test_white_space_behind_an_origin_is_no_part_of_it(service, space):
    fields = ("Origin: http://localhost:3000", "Access-Control-Request-Method: PATCH", CLOSE)
    (answer,) = exchange(service, head("OPTIONS", "/tasks", *[f"{field}{space}" for field in fields]))
    assert (answer.status, answer.headers["access-control-allow-origin"]) == (200, "http://localhost:3000")


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"GET /health HTTP/1.0\r\n\r\n", 200),
        (b"GET /health HTTP/1.0\r\nHost: x\r\n\r\n", 200),
        (b"GET /health HTTP/1.0\r\nHost: x\r\nHost: x\r\n\r\n", 400),
        (b"GET /health HTTP/1.0\r\nHost: a b\r\n\r\n", 400),
        (b"POST /tasks HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"POST /tasks HTTP/1.0\r\nTransfer-Encoding: chunked\t\r\n\r\n0\r\n\r\n", 400),
        (b"GET /health HTTP/2.0\r\nHost: x\r\n\r\n", 400),
        (b"GET /health HTTP/0.9\r\nHost: x\r\n\r\n", 400),
        (b"GET /health HTTP/1.2\r\nHost: x\r\n\r\n", 400),
        (b"GET /health\r\n\r\n", 400),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    ],
)
def test_versions_other_than_1_0_and_1_1_are_400(service, request_bytes, status):
    (answer,) = exchange(service, request_bytes)
    assert answer.status == status


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("http://localhost/health", 200), ("HTTP://other.example:81/health?x", 200),
        ("https://localhost/health", 200),
        ("http://localhost/tasks%2Fx", 404), ("http://localhost//health", 404),
        ("ftp://localhost/health", 400),
        ("http://user@localhost/health", 400), ("http:///health", 400), ("health", 400), ("/health#x", 400),
        ("http://localhost/health#x", 400),
        ("//health", 404), ("/./health", 404), ("/x/../health", 404), ("/health/", 200), ("/health//", 404),
        ("/%68ealth", 404),
        ("/health%2F", 404), ("/health;x", 404), ("/health%3Fx", 404), ("/health/.", 404),
        ("/health%00", 404), ("*", 404), ("/h%zzealth", 404),
        ("/\\health", 404), ("/HEALTH", 404), ("/health%20", 404), ("/problems/not%2Dfound", 404),
        ("/problems/./not-found", 404),
    ],
)  # fmt: skip
def test_a_path_has_one_spelling(service, target, status):
    (answer,) = exchange(service, head("GET", target, CLOSE))
    assert answer.status == status


@pytest.mark.parametrize(
    "spelling",
    [
        "/tasks%2F{id}", "/tasks%2f{id}", "//tasks/{id}", "/tasks//{id}", "/tasks/./{id}",
        "/x/../tasks/{id}", "/tasks/%2e/{id}",
        "/%74asks/{id}", "/tasks/{id};v=1", "/tasks/{id}%3Bv", "/tasks/{id}//", "/tasks/{id}/.",
        "/tasks/{id}%2F", "/tasks\\{id}",
        "/tasks%5C{id}", "/tasks/{id}/..", "/tasks/{id}%2Ftoggle", "/tasks/{escaped}",
    ],
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "DELETE", "POST"])
def test_another_spelling_of_a_task_is_404(service, secret, alice, made, over_http, method, spelling):
    identifier = made.removeprefix("/tasks/")
    target = spelling.format(id=identifier, escaped=identifier.replace("-", "%2D"))
    (answer,) = exchange(service, head(method, target, authorization(alice, secret), CLOSE))
    assert answer.status == 404
    assert over_http(alice).get(made).json()["completed"] is False


MALFORMED = {
    "two lengths": "Content-Length: 13\r\nContent-Length: 13",
    "two other lengths": "Content-Length: 13\r\nContent-Length: 2",
    "a list of lengths": "Content-Length: 13, 13",
    "a signed length": "Content-Length: +13",
    "a negative length": "Content-Length: -1",
    "a hexadecimal length": "Content-Length: 0xd",
    "an empty length": "Content-Length:",
    "a huge length": "Content-Length: 99999999999999999999999",
    "length and chunks": "Content-Length: 13\r\nTransfer-Encoding: chunked",
    "chunks and length": "Transfer-Encoding: chunked\r\nContent-Length: 13",
    "chunks twice": "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
    "chunks twice in a list": "Transfer-Encoding: chunked, chunked",
    "chunks twice, a tab first": "Transfer-Encoding: chunked\t\r\nTransfer-Encoding: chunked",
    "chunks twice, a tab last": "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\t",
    "chunks behind a comma": "Transfer-Encoding: ,chunked",
    "chunks before a comma": "Transfer-Encoding: chunked,",
    "chunks, a tab and a length": "Transfer-Encoding: chunked\t\r\nContent-Length: 13",
    "a length, chunks and a tab": "Content-Length: 13\r\nTransfer-Encoding: chunked\t",
    "another coding below and a tab": "Transfer-Encoding: gzip, chunked\t",
    "an unknown coding and a tab": "Transfer-Encoding: xchunked\t",
    "a tab alone": "Transfer-Encoding: \t",
    "another coding": "Transfer-Encoding: gzip",
    "another coding below": "Transfer-Encoding: gzip, chunked",
    "an unknown coding": "Transfer-Encoding: xchunked",
    "identity": "Transfer-Encoding: identity",
    "no coding": "Transfer-Encoding:",
    "a vertical tab": "Transfer-Encoding: \x0bchunked",
    "a folded line": "X-Y: a\r\n b",
    "a folded coding": "Transfer-Encoding:\r\n chunked",
    "NUL": "X-Y: a\0b",
    "a control": "X-Y: a\x01b",
    "a bare LF": "X-Y: a\nX-Z: b",
    "a bare CR": "X-Y: a\rX-Z: b",
    "a blank before the colon": "Content-Length : 13",
    "a name with a blank": "Content Length: 13",
    "no colon": "Content-Length",
    "no name": ": 13",
}


@pytest.mark.parametrize("fields", MALFORMED.values(), ids=MALFORMED)
@pytest.mark.parametrize("method", ["DELETE", "PATCH"])
def test_a_malformed_head_is_400_ends_the_connection_and_does_nothing(
    service, secret, alice, made, over_http, method, fields
):
    request = head(method, made, authorization(alice, secret), fields) + b'{"title":"x"}'
    answered = exchange(service, request + END)
    assert [answer.status for answer in answered] == [400]
    assert json.loads(answered[0].body)["type"] == "/problems/validation-error"
    assert over_http(alice).get(made).json()["title"] == "before"


@pytest.mark.parametrize(
    "chunks",
    [
        b'd \r\n{"title":"x"}\r\n0\r\n\r\n', b'0xd\r\n{"title":"x"}\r\n0\r\n\r\n',
        b'd\n{"title":"x"}\n0\n\n', b'd\r\n{"title":"x"}0\r\n\r\n',
        b'-1\r\n{"title":"x"}\r\n0\r\n\r\n', b'e\r\n{"title":"x"}\r\n0\r\n\r\n',
        b'd;a="\n"\r\n{"title":"x"}\r\n0\r\n\r\n', b"\r\n0\r\n\r\n",
        b'fffffffffffffffff\r\n{"title":"x"}\r\n0\r\n\r\n', b'd\r\n{"title":"x"}\r\n0\r\nBad Name: x\r\n\r\n',
    ],
)  # fmt: skip
@pytest.mark.parametrize("method", ["DELETE", "PATCH"])
def test_malformed_chunks_are_400_end_the_connection_and_do_nothing(
    service, secret, alice, made, over_http, method, chunks
):
    request = head(method, made, authorization(alice, secret), "Transfer-Encoding: chunked") + chunks
    assert [answer.status for answer in exchange(service, request + END)] == [400]
    assert over_http(alice).get(made).json()["title"] == "before"


@pytest.mark.parametrize(
    "broken", [b"nonsense\r\n\r\n", head("GET", "/health", host=""), head("CONNECT", "/x")]
)
def test_requests_before_a_malformed_one_are_answered_first(service, secret, alice, over_http, broken):
    body = b'{"title":"x"}'
    request = head("POST", "/tasks", authorization(alice, secret), f"Content-Length: {len(body)}") + body
    answered = exchange(service, 3 * request + head("HEAD", "/health") + broken + request)
    statuses = [answer.status for answer in answered]
    assert statuses[:4] == [201, 201, 201, 200]
    assert statuses[4:] in ([400], [405])
    assert over_http(alice).page()["total"] == 3


def test_the_answer_to_a_malformed_request_follows_those_before(service):
    answered = exchange(service, 2 * head("OPTIONS", "/health") + head("GET", "/health", host=""))
    assert [answer.status for answer in answered] == [204, 204, 400]


def test_requests_in_one_packet_are_answered_in_their_order(service, secret, alice):
    ids = [uuid.uuid4().hex for _ in range(20)]
    fields = [(authorization(alice, secret), f"X-Request-ID: {identifier}") for identifier in ids]
    data = b"".join(head("GET", "/tasks", *each) for each in fields)
    answered = exchange(service, data + END)
    assert [answer.headers["x-request-id"] for answer in answered[:-1]] == ids
