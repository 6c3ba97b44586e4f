"""Settings of the server, the database or the role change no answer: a connection brings the service's
own.
"""

import asyncio

import asyncpg
import pytest
from starlette.testclient import TestClient

from app.database.calls import Database
from app.main import create_app
from app.settings import Settings
from tests.client import Client, make_token
from tests.conftest import SECRET
from tests.service.pooler.pgbouncer import PROGRAM, pgbouncer

PINNED = {
    "TimeZone": ("America/New_York", "UTC"),
    "DateStyle": ("German, DMY", "ISO, YMD"),
    "IntervalStyle": ("iso_8601", "postgres"),
    "row_security": ("off", "on"),
    "extra_float_digits": ("-3", "1"),
    "transform_null_equals": ("on", "off"),
    "default_transaction_isolation": ("serializable", "read committed"),
    "default_transaction_deferrable": ("on", "off"),
}


@pytest.fixture
def altered(server, new_database):
    """The URL of a database whose role, here, has other settings; the server's other databases keep
    theirs.
    """
    name = new_database()
    for setting, (other, _) in PINNED.items():
        server.execute(f"alter role task_api in database {name} set {setting} = '{other}'")
    return server.service_url(name)


def found(url, names):
    async def main():
        async with Database(Settings(database_url=url, jwt_secret=SECRET)) as database:
            return [await database.fetch_value(f"select current_setting('{name}')") for name in names]

    return asyncio.run(main())


def test_each_setting_of_the_role_is_overridden(altered):
    assert found(altered, PINNED) == [own for _, own in PINNED.values()]


def test_the_settings_of_the_role_would_be_in_force_otherwise(altered):
    async def main():
        connection = await asyncpg.connect(altered)
        try:
            return [await connection.fetchval(f"select current_setting('{name}')") for name in PINNED]
        finally:
            await connection.close()

    assert asyncio.run(main()) == [other for other, _ in PINNED.values()]


@pytest.mark.skipif(PROGRAM is None, reason="PgBouncer is not installed: apt-get install pgbouncer")
def test_a_pooler_that_was_not_configured_takes_the_clock_and_the_dates(altered):
    with pgbouncer(altered, connections=2) as pooled:
        assert found(pooled, ["TimeZone", "DateStyle"]) == ["UTC", "ISO, YMD"]


def test_answers_are_the_same_whatever_the_role_has(altered, alice):
    with TestClient(create_app(Settings(database_url=altered, jwt_secret=SECRET))) as http:
        client = Client(http, make_token(alice, SECRET))
        task = client.create(due_date="2026-03-29T23:30:00Z")
        assert task["due_date"] == "2026-03-29T23:30:00Z"
        page = client.get(
            "/tasks", params={"due_date_from": "2026-03-29", "due_date_to": "2026-03-29"}
        ).json()
        assert [item["id"] for item in page["items"]] == [task["id"]]


def test_a_database_that_a_dba_froze_stays_frozen(server, new_database):
    name = new_database()
    server.execute(f"alter database {name} set default_transaction_read_only = on")
    assert found(server.service_url(name), ["transaction_read_only"]) == ["on"]
