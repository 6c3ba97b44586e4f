"""The pool of connections: bounded, in order, and rid of what is lost, slow or old."""

import asyncio

import asyncpg
import pytest

from app.database import pool
from app.database.pool import Pool


@pytest.fixture
def run(server, database):
    """``run(work)``: a coroutine function with a pool of two connections, and the list of all that it
    made.
    """

    def run(work, size=2, timeout=5.0):
        made = []

        async def connect():
            made.append(await asyncpg.connect(server.service_url(database)))
            return made[-1]

        async def main():
            async with Pool(connect, size, timeout) as opened:
                result = await work(opened, made)
            assert all(connection.is_closed() for connection in made)
            return result

        return asyncio.run(main())

    return run


def test_connections_are_made_when_they_are_needed_and_no_more_than_the_size(run):
    async def work(opened, made):
        assert made == []
        await opened.fetchval("select 1")
        await opened.fetchval("select 1")
        assert len(made) == 1
        numbers = await asyncio.gather(
            *(opened.fetchval("select $1::integer", number) for number in range(50))
        )
        assert numbers == list(range(50))
        assert len(made) == 2

    run(work)


def test_who_finds_no_place_in_time_is_told(run):
    async def work(opened, made):
        slow = asyncio.create_task(opened.fetchval("select pg_sleep(1)"))
        await asyncio.sleep(0)
        with pytest.raises(TimeoutError):
            await opened.fetchval("select 1")
        slow.cancel()

    run(work, size=1, timeout=0.3)


def test_who_waits_is_served_in_order_and_a_place_given_up_is_not_lost(
    run,
):
    async def work(opened, made):
        served = []

        async def ask(number):
            served.append(await opened.fetchval("select $1::integer from pg_sleep(0.02)", number))

        asked = [asyncio.create_task(ask(number)) for number in range(8)]
        await asyncio.sleep(0.01)
        for number in (3, 5):
            asked[number].cancel()
        await asyncio.gather(*asked, return_exceptions=True)
        assert served == [0, 1, 2, 4, 6, 7]
        assert await asyncio.wait_for(opened.fetchval("select 1"), 1) == 1

    run(work, size=1)


def test_each_of_those_who_wait_in_vain_is_told_at_its_own_time(run):
    async def work(opened, made):
        slow = asyncio.create_task(opened.fetchval("select pg_sleep(2)"))
        await asyncio.sleep(0)
        loop = asyncio.get_running_loop()

        async def wait(delay):
            await asyncio.sleep(delay)
            begun = loop.time()
            with pytest.raises(TimeoutError):
                await opened.fetchval("select 1")
            return loop.time() - begun

        for waited in await asyncio.gather(*(wait(delay) for delay in (0, 0.05, 0.1))):
            assert waited >= 0.29
        slow.cancel()

    run(work, size=1, timeout=0.3)


def test_what_postgresql_refuses_costs_no_connection(run):
    async def work(opened, made):
        for _ in range(3):
            with pytest.raises(asyncpg.DivisionByZeroError):
                await opened.fetchval("select 1 / 0")
        assert len(made) == 1

    run(work)


def test_a_lost_connection_is_replaced(run):
    async def work(opened, made):
        await opened.fetchval("select 1")
        made[0].terminate()
        assert await opened.fetchval("select 2") == 2
        assert len(made) == 2

    run(work, size=1)


def test_a_cancelled_statement_takes_its_connection_along(run):
    async def work(opened, made):
        slow = asyncio.create_task(opened.fetchval("select pg_sleep(30)"))
        await asyncio.sleep(0.2)
        slow.cancel()
        with pytest.raises(asyncio.CancelledError):
            await slow
        assert await opened.fetchval("select 1") == 1
        assert (made[0].is_closed(), len(made)) == (True, 2)

    run(work, size=1)


def test_a_statement_that_takes_too_long_is_ended(run, monkeypatch):
    monkeypatch.setattr(pool, "_LOOK", 0.05)

    async def work(opened, made):
        with pytest.raises((asyncpg.PostgresConnectionError, asyncpg.InterfaceError)):
            await opened.fetchval("select pg_sleep(4)")
        assert await opened.fetchval("select 1") == 1

    run(work, timeout=0.3)


def test_connections_that_nobody_needs_are_closed(run, monkeypatch):
    monkeypatch.setattr(pool, "_LOOK", 0.05)
    monkeypatch.setattr(pool, "MAX_IDLE", 0.2)

    async def work(opened, made):
        await asyncio.gather(*(opened.fetchval("select pg_sleep(0.1)") for _ in range(2)))
        for _ in range(100):
            await asyncio.sleep(0.05)
            if all(connection.is_closed() for connection in made):
                break
        assert await opened.fetchval("select 1") == 1
        assert len(made) == 3

    run(work)


def test_a_place_is_given_back_where_no_connection_can_be_made():
    async def refuse():
        raise ConnectionRefusedError

    async def main():
        async with Pool(refuse, 1, 1.0) as opened:
            for _ in range(3):
                with pytest.raises(ConnectionRefusedError):
                    await opened.fetchval("select 1")

    asyncio.run(main())
