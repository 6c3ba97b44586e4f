"""Lookups of names: those of a user whose name servers do not answer delay nobody else."""

import asyncio
import socket
import threading
from contextlib import suppress

import pytest

from app.worker.resolver import MAX_OF_USER, Resolver, user


class Names:
    """A lookup that blocks for names in .slow until the gate opens, and notes what is asked."""

    def __init__(self):
        self.gate = threading.Event()
        self.asked = []

    def look_up(self, host, port):
        self.asked.append(host)
        if host.endswith(".slow"):
            self.gate.wait(60)
        if host.endswith(".none"):
            raise socket.gaierror(socket.EAI_NONAME, "not known")
        return ["8.8.8.8"]


@pytest.fixture
def names():
    made = Names()
    yield made
    made.gate.set()


async def resolve(resolver, name, host):
    user.set(name)
    return await resolver.resolve(host, 443)


async def some_threads_of_asyncio():
    """Use all threads that asyncio may have by itself."""
    await asyncio.gather(*(asyncio.to_thread(lambda: None) for _ in range(100)))


def test_names_that_do_not_answer_delay_no_other_user(names):
    async def run():
        resolver = Resolver(names.look_up, timeout=60)
        hers = [asyncio.create_task(resolve(resolver, "alice", f"{n}.slow")) for n in range(50)]
        for number in range(20):
            assert await asyncio.create_task(resolve(resolver, "bob", f"{number}.fast")) == ["8.8.8.8"]
        await some_threads_of_asyncio()
        assert sum(name.endswith(".slow") for name in names.asked) == MAX_OF_USER
        assert not any(task.done() for task in hers)
        names.gate.set()
        assert await asyncio.gather(*hers) == [["8.8.8.8"]] * 50

    asyncio.run(run())


def test_a_lookup_keeps_its_place_until_it_ends_also_when_nobody_waits(names):
    async def run():
        resolver = Resolver(names.look_up, timeout=0.05)
        for number in range(5):
            with pytest.raises(TimeoutError):
                await resolve(resolver, "alice", f"{number}.slow")
        assert names.asked == ["0.slow", "1.slow"]
        # Nor is another name of hers looked up meanwhile.
        with pytest.raises(TimeoutError):
            await resolve(resolver, "alice", "x.fast")
        names.gate.set()
        while True:
            with suppress(TimeoutError):
                assert await resolve(resolver, "alice", "x.fast") == ["8.8.8.8"]
                break
        # Users of whom nothing is looked up take no room.
        assert len(resolver._of_user) <= 1

    asyncio.run(run())


def test_a_name_without_an_address_is_told_as_such(names):
    async def run():
        resolver = Resolver(names.look_up)
        for _ in range(10):
            with pytest.raises(socket.gaierror):
                await resolve(resolver, "alice", "x.none")
        assert await resolve(resolver, "alice", "x.fast") == ["8.8.8.8"]

    asyncio.run(run())


def test_the_process_ends_while_a_name_is_looked_up(names):
    async def run():
        with pytest.raises(TimeoutError):
            await resolve(Resolver(names.look_up, timeout=0.01), "alice", "x.slow")

    asyncio.run(run())
    assert not names.gate.is_set()
    lookups = [thread for thread in threading.enumerate() if thread.name == "lookup"]
    assert {thread.daemon for thread in lookups} == {True}
