"""What streams of GET /events cost: statements a second, and the memory of a reader that stalls."""

import socket
import threading
import time
from pathlib import Path

import httpx2 as httpx

from tests.client import make_token
from tests.processes import Service, wait_until
from tests.service.clients.test_events import Stream
from tests.wire import tap

USERS = 30
SECONDS = 5


def test_streams_of_all_users_cost_one_statement_a_second(server, database, secret, alice):
    """Up to 500 users share one; without a stream there is none."""
    with tap(server.service_url(database)) as wire, Service(wire.url, secret) as service:

        def rests():
            wire.reset()
            time.sleep(2)
            return wire.statements == 0

        # What the service asks at its start comes first.
        wait_until(rests)
        streams = [Stream(service.address, make_token(f"{alice} {n}", secret)) for n in range(USERS)]
        for stream in streams:
            stream.wait_for(1)
        wire.reset()
        begun = time.monotonic()
        time.sleep(SECONDS)
        looks, seconds = wire.statements, time.monotonic() - begun
        for stream in streams:
            stream.close()
    assert 1 <= looks <= seconds + 1


def test_a_reader_that_stalls_is_cut_off_and_others_go_on(settings, secret, alice):
    """It asks for lists until the system's buffers are full, then for events, and reads nothing."""
    headers = {"Authorization": f"Bearer {make_token(alice, secret)}"}
    with (
        Service(settings.database_url, secret, CLIENT_TIMEOUT=2) as service,
        httpx.Client(base_url=service.address, headers=headers, timeout=30) as http,
    ):
        for _ in range(10):
            task = http.post("/tasks", json={"title": "x", "description": "y" * 2000}).json()["id"]
        reader = Stream(service.address, make_token(alice, secret))
        reader.wait_for(1)
        memory = service.memory()
        stalled = Stalled(service.port, headers["Authorization"])
        stalled.fill()
        stalled.ask("/events")
        # Nothing is to be sent, so nothing is late.
        time.sleep(7)
        assert not stalled.is_cut_off()
        done = threading.Event()

        def write():
            with httpx.Client(base_url=service.address, headers=headers, timeout=30) as http:
                while not done.is_set():
                    http.post(f"/tasks/{task}/toggle")

        writer = threading.Thread(target=write)
        writer.start()
        try:
            wait_until(stalled.is_cut_off, 120)
        finally:
            done.set()
            writer.join()
        assert service.memory() - memory < 20_000_000
        present = http.get("/changes").json()["next"]
        wait_until(lambda: reader.events[-1]["id"] == present)
        reader.close()
        stalled.close()


class Stalled:
    """A client that asks, and does not read."""

    def __init__(self, port, authorization):
        self._port, self._authorization = port, authorization
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        self._socket.connect(("127.0.0.1", port))
        self._own = self._socket.getsockname()[1]

    def ask(self, path):
        self._socket.sendall(
            f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: {self._authorization}\r\n\r\n".encode()
        )

    def unsent(self):
        """Bytes that the system holds for this client on the side of the service; None once it is gone."""
        ends = f":{self._port:04X}", f":{self._own:04X}"
        for line in Path("/proc/net/tcp").read_text().splitlines():
            _, local, remote, state, queues, *_ = line.split()
            if local.endswith(ends[0]) and remote.endswith(ends[1]) and state == "01":  # ESTABLISHED
                return int(queues.split(":")[0], 16)
        return None

    def fill(self):
        """Ask for lists of about 25 KB, until one stays in the service."""
        for _ in range(600):
            held = self.unsent()
            self.ask("/tasks?limit=10")
            # A busy machine takes a while to answer.
            deadline = time.monotonic() + 3
            while (now := self.unsent()) == held and time.monotonic() < deadline:
                time.sleep(0.02)
            if now == held:
                break
        assert held > 100_000

    def is_cut_off(self):
        return self.unsent() is None

    def close(self):
        self._socket.close()
