"""A connection keeps its statements prepared, whatever is changed under it."""

import asyncio

import asyncpg
import pytest

from app.database.connection import Connection, Connector
from tests.wire import tap


@pytest.fixture
def url(server, new_database):
    return server.superuser_url(new_database())


def connect(url):
    return asyncpg.connect(url, connection_class=Connection, statement_cache_size=0)


def test_a_statement_is_prepared_once(url):
    async def main():
        connection = await connect(url)
        await connection.recognise()
        for number in range(3):
            assert await connection.fetchval("select $1::integer", number) == number
        prepared = "select array_agg(name) from pg_prepared_statements where statement = 'select $1::integer'"
        assert len(await connection.fetchval(prepared)) == 1
        await connection.close()

    asyncio.run(main())


def test_a_new_connection_costs_one_statement(url):
    """It asks the catalog about no type: on Citus that takes a second."""

    async def main(wire):
        connection = await Connector(wire.url, 5).connect()
        assert wire.statements == 1
        await connection.close()

    with tap(url) as wire:
        asyncio.run(main(wire))


def test_a_migration_that_changes_what_a_function_returns_costs_no_error(url):
    async def main():
        owner = await asyncpg.connect(url)
        await owner.execute(
            "create function app.answer_now() returns integer language sql as $$ select 42 $$"
        )
        connection = await connect(url)
        await connection.recognise()
        assert await connection.fetchval("select app.answer_now()") == 42
        await owner.execute("drop function app.answer_now()")
        await owner.execute(
            "create function app.answer_now() returns text language sql as $$ select 'forty-two' $$"
        )
        for _ in range(2):
            assert await connection.fetchval("select app.answer_now()") == "forty-two"
        await connection.close()
        await owner.close()

    asyncio.run(main())


def test_no_statement_has_a_name_until_no_pooler_is_known_to_be_there(url):
    async def main():
        connection = await connect(url)
        for number in range(3):
            assert await connection.fetchval("select $1::integer", number) == number
        named = "select count(*) from pg_prepared_statements where name <> ''"
        assert await connection.fetchval(named) == 0
        await connection.recognise()
        await connection.fetchval("select $1::integer", 1)
        assert await connection.fetchval(named) == 2
        await connection.close()

    asyncio.run(main())


@pytest.mark.parametrize(
    ("state", "text", "answer"),
    [
        ("XX000", "cache lookup failed for function 34447", "asked again"),
        ("22P07", "using outdated tuple descriptor when deforming row type", "asked again"),
        ("XX000", "could not read block 1", None),
        ("22P02", "invalid input syntax for type json", None),
    ],
)
def test_what_is_replaced_while_a_statement_runs_is_called_again(state, text, answer, url):
    """In between, PostgreSQL knows a function neither as it was nor as it is going to be, and a row of a
    table is of no type that is left.
    """
    error = asyncpg.PostgresError.new({"C": state, "M": text})

    class Interrupted:
        async def fetchval(self):
            raise error

    async def main():
        connection = await connect(url)
        query = "select 'asked again'"
        connection._prepared[query] = Interrupted()
        if answer:
            assert await connection.fetchval(query) == answer
        else:
            with pytest.raises(asyncpg.PostgresError, match=text):
                await connection.fetchval(query)
        await connection.close()

    asyncio.run(main())
