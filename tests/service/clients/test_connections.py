"""What only real connections show: HEAD, requests that the server itself refuses, clients that leave."""

import json
import socket
from urllib.parse import urlsplit

import httpx2 as httpx
import pytest

from tests.client import make_token

ORIGIN = "http://localhost:3000"


@pytest.mark.parametrize(
    "path",
    [
        "/tasks",
        "/tasks/{id}",
        "/tasks/{id}/occurrences",
        "/health",
        "/problems/not-found",
        "/openapi.json",
        "/docs",
    ],
)
def test_head_is_get_without_the_body(over_http, alice, path):
    alices = over_http(alice)
    path = path.format(id=alices.create()["id"])
    read, head = alices.get(path), alices.request("HEAD", path)
    assert (head.status_code, head.content) == (200, b"")
    for name in ("content-type", "content-length", "etag", "vary", "cache-control"):
        if "timestamp" not in read.text or name != "content-length":
            assert head.headers.get(name) == read.headers.get(name), name
    assert alices.get("/health").status_code == 200


def raw(address: str, request: bytes) -> bytes:
    """What the server answers to these bytes."""
    parts = urlsplit(address)
    with socket.create_connection((parts.hostname, parts.port), timeout=10) as connection:
        connection.sendall(request)
        answer = b""
        while chunk := connection.recv(65_536):
            answer += chunk
            head, _, body = answer.partition(b"\r\n\r\n")
            length = next(
                (
                    int(line[15:])
                    for line in head.lower().split(b"\r\n")
                    if line.startswith(b"content-length:")
                ),
                None,
            )
            if length is not None and len(body) >= length:
                break
    return answer


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nBad Header: y\r\n\r\n", 400),
        (b"GET /tasks HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n", 400),
        (b"POST /tasks HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX-Large: " + b"x" * 70_000 + b"\r\n\r\n", 431),
        (b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 431),
        (b"GET /%ff HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 404),
        (b"GET /tasks HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", 401),
        (b"BREW /tasks HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"TRACE /tasks HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 405),
    ],
)  # fmt: skip
def test_what_the_server_itself_refuses_is_a_problem_too(service, request_bytes, status):
    answer = raw(service, request_bytes)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert int(head.split()[1]) == status
    assert b"application/problem+json" in head.lower()
    problem = json.loads(body)
    assert (problem["status"], bool(problem["request_id"])) == (status, True)


def test_a_large_body_is_refused_before_it_is_sent(service, secret, alice):
    head = (
        "POST /tasks HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
        f"{make_token(alice, secret)}\r\nContent-Type: application/json\r\n"
    )
    answer = raw(service, head.encode() + b"Content-Length: 70000\r\nExpect: 100-continue\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 413 ")


def test_a_client_that_leaves_in_the_middle_is_no_fault_of_ours(service, secret, alice, http):
    parts = urlsplit(service)
    head = (
        "POST /tasks HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
        f"{make_token(alice, secret)}\r\nContent-Length: 100\r\n\r\n{{"
    )
    with socket.create_connection((parts.hostname, parts.port)) as connection:
        connection.sendall(head.encode())
    assert httpx.get(f"{service}/health").status_code == 200
