"""Clients that are many, slow or silent."""

import asyncio
import contextlib
import resource
import select
import socket
import time

import pytest

from tests.processes import Service, wait_until
from tests.service.faults.load import POOL_SIZE, headers

_HEAD = "POST /tasks HTTP/1.1\r\nHost: localhost\r\n" + "".join(
    f"{name}: {value}\r\n" for name, value in headers().items()
)


@pytest.fixture
def impatient(cluster):
    with Service(cluster.url("task_api"), CLIENT_TIMEOUT=1) as service:
        yield service


def send(service, data):
    connection = socket.create_connection(("127.0.0.1", service.port), timeout=10)
    connection.sendall(data.encode())
    return connection


def send_until_refused(connection, data, pause, times):
    """The other end closes before so many pieces are sent."""
    try:
        for _ in range(times):
            connection.sendall(data)
            time.sleep(pause)
    except ConnectionError:
        return
    pytest.fail("it was all taken")


def read_to_end(connection):
    received = b""
    with connection:
        while data := connection.recv(65_536):
            received += data
    return received


@pytest.mark.parametrize(
    "sent",
    ["", "G", "GET /health HTTP/1.1\r\nHost: x\r\nX-Slow: "],
    ids=["nothing", "a letter", "half a head"],
)
def test_a_request_that_does_not_come_is_not_waited_for(impatient, sent):
    with contextlib.suppress(ConnectionResetError):
        assert read_to_end(send(impatient, sent)) == b""


def test_a_body_that_does_not_come_is_408(impatient):
    answer = read_to_end(send(impatient, _HEAD + 'Content-Length: 100\r\n\r\n{"title": '))
    assert answer.startswith(b"HTTP/1.1 408 Request Timeout\r\n")
    assert b"content-type: application/problem+json" in answer
    assert b'"type":"/problems/request-timeout"' in answer


@pytest.mark.parametrize(
    "begun",
    ["GET /health HTTP/1.1\r\nX-Slow: ", _HEAD + "Content-Length: 10000\r\n\r\n"],
    ids=["head", "body"],
)
def test_a_request_that_comes_letter_by_letter_is_not_waited_for(impatient, begun):
    with send(impatient, begun) as connection:
        send_until_refused(connection, b"x", pause=0.1, times=300)


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_a_body_that_makes_progress_is_waited_for(impatient, framing):
    """It takes longer than two looks at the connection, which are a second apart."""
    body = '{"title":"slow"}'
    length = f"Content-Length: {len(body)}" if framing == "length" else "Transfer-Encoding: chunked"
    with send(impatient, f"{_HEAD}{length}\r\nConnection: close\r\n\r\n") as connection:
        for letter in body:
            time.sleep(0.25)
            connection.sendall((letter if framing == "length" else f"1\r\n{letter}\r\n").encode())
        if framing == "chunked":
            connection.sendall(b"0\r\n\r\n")
        assert connection.recv(65_536).startswith(b"HTTP/1.1 201 ")


def test_a_body_that_stops_in_the_middle_is_408(impatient):
    with send(impatient, _HEAD + "Content-Length: 100\r\n\r\n") as connection:
        for _ in range(12):
            time.sleep(0.25)
            connection.sendall(b" ")
        assert connection.recv(65_536).startswith(b"HTTP/1.1 408 ")


def test_a_body_of_single_letters_is_408_in_the_end(impatient):
    with send(impatient, _HEAD + "Content-Length: 10000\r\n\r\n") as connection:
        connection.settimeout(0.2)
        for _ in range(150):
            connection.sendall(b" ")
            with contextlib.suppress(TimeoutError):
                assert connection.recv(65_536).startswith(b"HTTP/1.1 408 ")
                return
    pytest.fail("it was waited for")


def test_an_answer_that_is_taken_slowly_arrives_whole(cluster):
    """For more than two looks at the connection, a second apart, the client reads, and too little for
    more.
    """
    cluster.execute(
        "insert into app.tasks (user_id, title, description) "
        "select 'slow', 'Task', repeat('字', 2000) from generate_series(1, 100)"
    )
    token = headers("slow")["Authorization"]
    request = f"GET /tasks?limit=100 HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\n"
    with Service(cluster.url("task_api"), CLIENT_TIMEOUT=1) as service, socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", service.port))
        connection.sendall((15 * f"{request}\r\n" + f"{request}Connection: close\r\n\r\n").encode())
        received = 0
        while data := connection.recv(65_536):
            received += len(data)
            if received < 400_000:
                time.sleep(len(data) / 100_000)
    assert received > 16 * 600_000


def test_an_idle_connection_is_kept_for_longer_than_uvicorn_would(service):
    """For 75 seconds, of which six are tried: uvicorn's own are five."""
    request = "GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
    with send(service, request) as connection:
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200 ")
        time.sleep(6)
        connection.sendall(request.encode())
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200 ")


def test_keep_alive_ends_an_idle_connection(cluster):
    with Service(cluster.url("task_api"), KEEP_ALIVE=1) as service:
        answer = read_to_end(send(service, "GET /health HTTP/1.1\r\nHost: x\r\n\r\n"))
    assert answer.startswith(b"HTTP/1.1 200 ")


def test_a_body_without_end_is_413_and_not_read_on(impatient):
    before = impatient.memory()
    chunk = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
    with send(impatient, _HEAD + "Transfer-Encoding: chunked\r\n\r\n") as connection:
        connection.sendall(2 * chunk)
        assert connection.recv(65_536).startswith(b"HTTP/1.1 413 ")
        send_until_refused(connection, chunk, pause=0.01, times=3000)
    assert impatient.memory() - before < 50_000_000


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
    assert impatient.answers("/health/ready")
    assert impatient.memory() - before < 100_000_000
    wait_until(lambda: impatient.files() < 100)
    for connection in slow:
        connection.close()


def test_clients_that_ask_and_do_not_read_hold_nobody_up_and_cost_little(cluster, capfd):
    """Each asks for 20 MB, of which the system's buffers hold a few."""
    cluster.execute(
        "insert into app.tasks (user_id, title, description) select 'deaf', 'Task', repeat('字', 2000) "
        "from generate_series(1, 100)"
    )
    request = (
        "GET /tasks?limit=100 HTTP/1.1\r\nHost: x\r\nAuthorization: "
        + headers("deaf")["Authorization"]
        + "\r\n\r\n"
    )
    with Service(cluster.url("task_api"), CLIENT_TIMEOUT=1) as service:
        memory, files = service.memory(), service.files()
        deaf = [send(service, 33 * request) for _ in range(2 * POOL_SIZE)]
        wait_until(lambda: service.files() >= files + len(deaf))
        assert service.answers("/health/ready")
        assert service.memory() - memory < 100_000_000
        # What is left are connections to the database.
        wait_until(lambda: service.files() <= files + POOL_SIZE)
    for connection in deaf:
        connection.close()
    assert "ERROR" not in capfd.readouterr().err


async def storm(service, clients, requests):
    """So many connections at once, each with its own; the statuses of all answers."""
    request = (_HEAD.replace("POST", "GET").replace("/tasks", "/tasks?limit=1") + "\r\n").encode()

    async def client():
        statuses = []
        reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
        for _ in range(requests):
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(
                next(
                    line.split(b":")[1] for line in head.split(b"\r\n") if line.startswith(b"content-length")
                )
            )
            await reader.readexactly(length)
            statuses.append(int(head.split(b" ")[1]))
        writer.close()
        return statuses

    async with asyncio.timeout(120):
        return [
            status
            for statuses in await asyncio.gather(*(client() for _ in range(clients)))
            for status in statuses
        ]


@pytest.fixture
def many_files():
    """Each connection is one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_more_than_a_thousand_connections_are_all_served_and_cost_little(cluster, many_files):
    """They are also more than many systems allow a process that does not ask for more."""
    # However slow the machine is that runs this: it is about connections.
    with Service(cluster.url("task_api"), files=256, DATABASE_TIMEOUT=60) as service:
        asyncio.run(storm(service, 32, 5))
        before = service.memory()
        assert set(asyncio.run(storm(service, 1500, 3))) == {200}
        assert service.memory() - before < 100_000_000


def test_beyond_the_queue_503_comes_at_once(cluster):
    """At once: while all who came before still wait."""
    request = _HEAD + 'Connection: close\r\nContent-Length: 13\r\n\r\n{"title":"x"}'
    with Service(cluster.url("task_api"), POOL_SIZE=1, POOL_QUEUE=5) as service:
        assert service.answers("/health/ready")
        with cluster.locked():
            crowd = [send(service, request) for _ in range(20)]
            answered = lambda: select.select(crowd, [], [], 0)[0]  # noqa: E731
            wait_until(lambda: len(answered()) >= 14)
            refused = answered()
        waited = [connection for connection in crowd if connection not in refused]
        assert {read_to_end(connection)[9:12] for connection in refused} == {b"503"}
        assert [read_to_end(connection)[9:12] for connection in waited] == [b"201"] * 6
