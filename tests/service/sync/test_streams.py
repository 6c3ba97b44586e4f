"""GET /events with many streams, through restarts, and read by clients that others wrote."""

import asyncio
import json
import os
import signal
import time

import httpx as classic_httpx
import httpx2 as httpx
import httpx_sse

from tests.client import Client, make_token
from tests.processes import Service, wait_until
from tests.service.clients.test_events import Stream, since

USERS = 100
STREAMS = 10
"""Of each user: 1,000 in all."""
CHANGES = 100


class Crowd:
    """Many streams at once, each of which keeps the last token that it was told."""

    def __init__(self, address, users):
        self.last: dict[tuple[str, int], str] = {}
        self._address = httpx.URL(address)
        self._users = users

    async def __aenter__(self):
        places = [(user, number) for user in self._users for number in range(STREAMS)]
        self._tasks = [asyncio.create_task(self._read(*place)) for place in places]
        return self

    async def __aexit__(self, *exception):
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _read(self, user, number):
        reader, writer = await asyncio.open_connection(self._address.host, self._address.port)
        try:
            head = f"GET /events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {make_token(user)}\r\n\r\n"
            writer.write(head.encode())
            while line := await reader.readline():
                if line.startswith(b"id: "):
                    self.last[user, number] = line[4:].strip().decode()
        finally:
            writer.close()

    async def until(self, done):
        """Wait for it."""
        async with asyncio.timeout(60):
            while not done():  # noqa: ASYNC110 - what is waited for happens in a hundred places
                await asyncio.sleep(0.05)


def test_a_thousand_streams_lose_no_last_change(settings, alice, capsys):
    users = [f"{alice} {number}" for number in range(USERS)]

    async def watch(service):
        before = service.memory()
        async with Crowd(service.address, users) as crowd:
            await crowd.until(lambda: len(crowd.last) == USERS * STREAMS)
            during = service.memory()
            async with httpx.AsyncClient(base_url=service.address) as http:
                begun = time.monotonic()
                for number in range(CHANGES):
                    token = make_token(users[number * 7 % USERS])
                    answer = await http.post(
                        "/tasks", json={"title": "x"}, headers={"Authorization": f"Bearer {token}"}
                    )
                    assert answer.status_code == 201
                    await asyncio.sleep(max(0, begun + number / 10 - time.monotonic()))
                tokens = {}
                for user in users:
                    headers = {"Authorization": f"Bearer {make_token(user)}"}
                    tokens[user] = (await http.get("/changes", headers=headers)).json()["next"]
            await crowd.until(lambda: all(crowd.last[place] == tokens[place[0]] for place in crowd.last))
            return (during - before) / 2**20

    with Service(settings.database_url, files=4096, EVENTS_LIMIT=1000, LOG_LEVEL="error") as service:
        grown = asyncio.run(watch(service))
    assert grown < 100
    with capsys.disabled():
        print(f"\n{USERS * STREAMS} streams need {grown:.0f} MB; {CHANGES} changes at 10/s, none lost")


def test_streams_outlive_a_restart_of_postgresql(cluster, alice):
    with (
        Service(cluster.url("task_api"), DATABASE_TIMEOUT=4, LOG_LEVEL="error") as service,
        httpx.Client(base_url=service.address) as http,
    ):
        client = Client(http, make_token(alice))
        stream = Stream(service.address, make_token(alice))
        stream.wait_for(1)
        for end in (cluster.stop, cluster.kill):
            end()
            cluster.start()
            wait_until(lambda: client.post("/tasks", {"title": "x"}).status_code == 201)
            token = since(client)
            wait_until(lambda token=token: stream.events[-1]["id"] == token)
        assert not stream.ended.is_set()
        stream.close()


def test_a_rolling_restart_ends_streams_in_order_and_a_client_that_returns_misses_nothing(settings, alice):
    with (
        Service(settings.database_url, WORKERS=2, LOG_LEVEL="error") as service,
        httpx.Client(base_url=service.address) as http,
    ):
        client = Client(http, make_token(alice))
        streams = [Stream(service.address, make_token(alice)) for _ in range(6)]
        known = [stream.wait_for(1)[-1]["id"] for stream in streams]
        os.kill(service.process.pid, signal.SIGHUP)
        for stream in streams:
            assert stream.ended.wait(40)
            # The last chunk: not a connection that was cut.
            assert stream.lines[-1] == ""
            stream.close()
        wait_until(lambda: client.post("/tasks", {"title": "Meanwhile"}).status_code == 201)
        token = since(client)
        for told in known:
            again = Stream(service.address, make_token(alice), **{"Last-Event-ID": told})
            assert again.wait_for(1)[0]["id"] == token
            again.close()


def test_eventsource_of_npm_reads_on_after_the_service_was_restarted(start, settings, alice):
    with Service(settings.database_url, LOG_LEVEL="error") as service:
        reader = start("eventsource.mjs", f"{service.address}/events", make_token(alice))
        first = reader.next()
        assert json.loads(first["data"]) == {"since": first["id"]}
        service.end()
        service.start()
        with httpx.Client(base_url=service.address) as http:
            client = Client(http, make_token(alice))
            client.create()
            token = since(client)
        while reader.next()["id"] != token:
            pass


def test_httpx_sse_reads_the_events(settings, alice):
    with Service(settings.database_url, LOG_LEVEL="error") as service:
        headers = {"Authorization": f"Bearer {make_token(alice)}"}
        with classic_httpx.Client(base_url=service.address, headers=headers, timeout=20) as http:
            with httpx_sse.connect_sse(http, "GET", "/events") as source:
                events = source.iter_sse()
                first = next(events)
                http.post("/tasks", json={"title": "x"})
                second = next(events)
            token = http.get("/changes").json()["next"]
    assert [event.event for event in (first, second)] == ["changed", "changed"]
    assert second.json() == {"since": token}
    assert second.id == token
