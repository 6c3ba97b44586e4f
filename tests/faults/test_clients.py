"""Clients that are many, slow or silent."""

import asyncio
import contextlib
import os
import socket

import pytest

from tests.faults.service import Service, headers, wait_until

_HEAD = "POST /tasks HTTP/1.1\r\nHost: localhost\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers().items())


@pytest.fixture
def impatient(cluster):
    with Service(cluster.url("task_api"), CLIENT_TIMEOUT=1) as service:
        yield service


def send(service, data):
    connection = socket.create_connection(("127.0.0.1", service.port), timeout=10)
    connection.sendall(data.encode())
    return connection


def read_to_end(connection):
    received = b""
    with connection:
        while data := connection.recv(65_536):
            received += data
    return received


@pytest.mark.parametrize(
    "sent", ["", "G", "GET /health HTTP/1.1\r\nHost: x\r\nX-Slow: "], ids=["nothing", "a letter", "half a head"]
)
def test_a_request_that_does_not_come_is_not_waited_for(impatient, sent):
    with contextlib.suppress(ConnectionResetError):
        assert read_to_end(send(impatient, sent)) == b""


def test_a_body_that_does_not_come_is_408(impatient):
    answer = read_to_end(send(impatient, _HEAD + 'Content-Length: 100\r\n\r\n{"title": '))
    assert answer.startswith(b"HTTP/1.1 408 Request Timeout\r\n")
    assert b"content-type: application/problem+json" in answer
    assert b'"type":"/problems/request-timeout"' in answer


def test_a_head_without_end_is_431(service):
    connection = send(service, "GET /health HTTP/1.1\r\nHost: x\r\n")
    answer = b""
    try:
        for _ in range(1000):
            connection.sendall(b"X-More: " + b"x" * 1000 + b"\r\n")
    except OSError:
        pass
    with contextlib.suppress(OSError):  # It was refused while it was still being sent.
        answer = read_to_end(connection)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 431 ")
    assert service.answers()


def test_what_is_not_http_is_a_problem_too(service):
    answer = read_to_end(send(service, "Hello, world!\r\n\r\n"))
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b'"type":"/problems/validation-error"' in answer


def test_slow_clients_hold_nobody_up_and_cost_little(impatient):
    before = impatient.memory()
    slow = [send(impatient, _HEAD + "Content-Length: 100\r\n\r\n{") for _ in range(500)]
    slow += [send(impatient, "GET /health HTTP/1.1\r\nX-Slow: ") for _ in range(500)]
    assert impatient.answers()
    assert impatient.memory() - before < 100_000_000
    open_files = lambda: len(os.listdir(f"/proc/{impatient.process.pid}/fd"))  # noqa: E731
    wait_until(lambda: open_files() < 100)
    for connection in slow:
        connection.close()


async def storm(service, clients, requests):
    """So many connections at once, each with its own; the statuses of all answers."""
    request = (_HEAD.replace("POST", "GET").replace("/tasks", "/tasks?limit=1") + "\r\n").encode()

    async def client():
        statuses = []
        reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
        for _ in range(requests):
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(next(line.split(b":")[1] for line in head.split(b"\r\n") if line.startswith(b"content-length")))
            await reader.readexactly(length)
            statuses.append(int(head.split(b" ")[1]))
        writer.close()
        return statuses

    async with asyncio.timeout(120):
        return [status for statuses in await asyncio.gather(*(client() for _ in range(clients))) for status in statuses]


def test_a_thousand_connections_are_all_served(cluster):
    # However slow the machine is that runs this: it is about connections.
    with Service(cluster.url("task_api"), DATABASE_TIMEOUT=60) as service:
        assert set(asyncio.run(storm(service, 1000, 5))) == {200}


def test_beyond_the_queue_503_comes_at_once(cluster):
    with Service(cluster.url("task_api"), POOL_SIZE=1, POOL_QUEUE=5) as service:
        statuses = asyncio.run(storm(service, 200, 5))
        assert set(statuses) == {200, 503}
        assert service.answers("/health/ready")
