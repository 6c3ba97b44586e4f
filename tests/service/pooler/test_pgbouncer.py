"""Through PgBouncer in transaction mode: every transaction may run on another server connection than the
one before.
"""

import asyncio
import contextlib
import json
import os
import subprocess
import sys

import asyncpg
import pytest

from app.database.calls import Database
from app.dev.project import ROOT
from app.identity import Identity
from app.settings import Settings
from tests.conftest import SECRET
from tests.processes import run_suite, serve
from tests.service.isolation.interleaved import interleave
from tests.service.pooler.crowd import create_task
from tests.service.pooler.pgbouncer import POOLED, PROGRAM, pgbouncer
from tests.wire import tap

pytestmark = pytest.mark.skipif(
    PROGRAM is None, reason="PgBouncer is not installed: apt-get install pgbouncer"
)

# Those of the API and of the attacks pass through it in tests/service/upgrade. Where a request begins and
# ends is seen before any database.
SUITE = ["tests/service/clients", "tests/service/isolation", "--ignore=tests/service/clients/test_framing.py"]


@pytest.fixture
def url(server, database):
    """The URL of the database, past any pooler."""
    return server.service_url(database)


def service(url, **settings):
    return Database(Settings(database_url=url, jwt_secret=SECRET, **settings))


async def make_task(database, user):
    made = await create_task(database, user, '{"title": "x"}')
    return json.loads(made.body)["id"]


async def get_task(database, user, task):
    return await database.call("get_task", user, id=task, if_none_match=None)


@pytest.mark.skipif(os.environ.items() >= POOLED.items(), reason="this is that run")
def test_the_suite_passes_through_pgbouncer_while_others_use_it_too():
    run_suite(*SUITE, **POOLED)


def test_forty_users_at_once_on_two_server_connections_never_see_each_other(url):
    users = [f"one of forty, number {number}, pooled" for number in range(40)]
    with (
        pgbouncer(url, connections=2) as pooled,
        serve(pooled, SECRET, WORKERS="2", POOL_SIZE="10") as address,
    ):
        asyncio.run(interleave(address, users, SECRET, rounds=4))


def test_nothing_of_a_user_is_left_on_the_server_connection(url, alice):
    async def run(pooled):
        async with service(pooled) as database:
            await make_task(database, Identity(alice, read_only=False))
            stranger = await asyncpg.connect(pooled, statement_cache_size=0)
            backend = await database.fetch_value("select pg_backend_pid()")
            assert await stranger.fetchval("select pg_backend_pid()") == backend
            left = await stranger.fetchrow(
                "select current_setting('app.user_id', true) as setting, app.user_id(), count(*) as tasks,"
                " current_setting('transaction_read_only') as read_only from app.tasks"
            )
            assert (left["user_id"], left["tasks"], left["read_only"]) == (None, 0, "off")
            assert left["setting"] in (None, "")
            with pytest.raises(asyncpg.PostgresError):
                await stranger.execute("insert into app.tasks (title) values ('nobody''s')")
            await stranger.close()

    with pgbouncer(url, connections=1) as pooled:
        asyncio.run(run(pooled))


def test_a_read_only_token_leaves_nobody_else_read_only(url, alice, bob):
    async def run(pooled):
        async with service(pooled) as database:
            for _ in range(3):
                task = await make_task(database, Identity(alice, read_only=False))
                with pytest.raises(asyncpg.PostgresError) as refused:
                    await make_task(database, Identity(bob, read_only=True))
                assert refused.value.sqlstate == "25006"
                assert (await get_task(database, Identity(alice, read_only=True), task)).status == 200

    with pgbouncer(url, connections=1) as pooled:
        asyncio.run(run(pooled))


READER = """
import asyncio, sys
from app.identity import Identity
from app.database.calls import Database
from app.settings import Settings

async def main(url, user, function, conditions, *tasks):
    conditions = dict.fromkeys(conditions.split())
    async with Database(Settings(database_url=url, jwt_secret="", pool_size=2)) as database:
        async def each():
            for task in tasks:
                try:
                    status = (await database.call(function, Identity(user, read_only=False), id=task,
                      **conditions)).status
                except Exception as error:
                    status = error.sqlstate
                print(status)
        await asyncio.gather(each(), each())

asyncio.run(main(*sys.argv[1:]))
"""


def test_a_get_never_runs_the_delete_that_another_worker_prepared(url, alice):
    """Both workers of a service number their prepared statements from 1; the pooler would mix them up."""

    async def make_tasks():
        async with service(url) as database:
            return [await make_task(database, Identity(alice, read_only=False)) for _ in range(100)]

    theirs = asyncio.run(make_tasks())
    free = [f"00000000-0000-4000-8000-{number:012}" for number in range(100)]
    with pgbouncer(url, connections=3) as pooled:
        workers = [
            subprocess.Popen(
                [sys.executable, "-c", READER, pooled, alice, *arguments],
                cwd=ROOT,
                stdout=subprocess.PIPE,
                text=True,
            )
            for arguments in (
                ["get_task", "if_none_match", *theirs],
                ["delete_task", "if_match if_none_match", *free],
            )
        ]
        read, deleted = (worker.communicate(timeout=60)[0].split() for worker in workers)
    assert read == ["200"] * 200
    assert deleted == ["DT404"] * 200


@pytest.mark.parametrize("through", ["a pooler", "nothing"])
def test_a_call_is_one_statement_in_one_round_trip(url, alice, through):
    async def run(wire):
        async with service(wire.url, pool_size=1) as database:
            user = Identity(alice, read_only=False)
            task = await make_task(database, user)
            await get_task(database, user, task)
            wire.reset()
            for calls in (1, 2, 3):
                await get_task(database, user, task)
                assert (wire.statements, wire.round_trips) == (calls, calls)

    with contextlib.ExitStack() as stack:
        server = url if through == "nothing" else stack.enter_context(pgbouncer(url, connections=1))
        asyncio.run(run(stack.enter_context(tap(server))))
