"""A stream without a network: what it holds for a reader that stops reading."""

import asyncio
import dataclasses

from app.api.events import Stream
from app.api.hub import Hub


class Anybody:
    """An authenticator that lets everybody in."""

    async def authenticate(self, headers):
        return None


def test_a_reader_that_stops_costs_one_token_and_is_told_the_last(settings):
    sent = []

    async def run():
        hub = Hub(dataclasses.replace(settings, events_interval=3600), database=None)
        reads = asyncio.Event()
        last = asyncio.Event()
        gone = asyncio.Event()

        async def send(message):
            sent.append(message.get("body", b"").decode())
            if "id: a-1\n" in sent[-1]:
                await reads.wait()
            if "id: a-1000\n" in sent[-1]:
                last.set()

        async def receive():
            await gone.wait()
            return {"type": "http.disconnect"}

        stream = Stream(Anybody(), hub, "alice", None)
        task = asyncio.create_task(stream({"method": "GET", "headers": []}, receive, send))
        await asyncio.sleep(0)
        [subscription] = hub._subscriptions["alice"]
        for number in range(1, 1001):
            subscription.tell(f"a-{number}")
            await asyncio.sleep(0)
        reads.set()
        await last.wait()
        gone.set()
        await task
        assert hub._subscriptions == {}

    asyncio.run(asyncio.wait_for(run(), 30))
    events = [text for text in sent if "event: " in text]
    assert len(events) == 2
    assert '"since":"a-1000"' in events[1]
