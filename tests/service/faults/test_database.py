"""The database fails under load.

Answers stay bounded and honest, the service recovers by itself, no write is lost or doubled.
"""

import asyncio
import subprocess

import asyncpg
import pytest

from tests.processes import Service, wait_until
from tests.service.faults.load import Load
from tests.service.faults.proxy import Proxy


def test_postgresql_is_killed_and_started_again(cluster, service):
    with Load(service.address) as load:
        load.wait_for_more()
        cluster.kill()
        wait_until(lambda: load.answers["503"] > 20)
        cluster.start()
        recovery = load.recover(cluster)
    load.verify(cluster, "SIGKILL of PostgreSQL", recovery)


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_postgresql_is_restarted(cluster, service, mode):
    with Load(service.address) as load:
        load.wait_for_more()
        cluster.stop(mode)
        cluster.start()
        recovery = load.recover(cluster)
    load.verify(cluster, f"restart of PostgreSQL, {mode}", recovery)


def cut(cluster):
    """How many connections of the service were there, and are no more."""
    command = [cluster.binaries / "psql", cluster.url("postgres"), "-XAtc"]
    sql = "select count(pg_terminate_backend(pid)) from pg_stat_activity where usename = 'task_api'"
    return int(subprocess.run([*command, sql], check=True, capture_output=True, text=True).stdout)


def test_connections_are_cut(cluster, service):
    with Load(service.address) as load:
        for _ in range(5):
            load.wait_for_more(20)
            cut(cluster)
        recovery = load.recover(cluster)
    load.verify(cluster, "connections cut, 5 times", recovery)


def test_there_are_too_many_connections(cluster, service):
    """Another application takes every connection that there is, and the service has to make new ones."""
    held = []

    async def crowd():
        try:
            while cut(cluster) or len(held) < 30:
                try:
                    while True:
                        held.append(await asyncpg.connect(cluster.url("duly_owner")))
                except asyncpg.TooManyConnectionsError:
                    pass
            await asyncio.to_thread(wait_until, lambda: load.answers["503"] > 20)
        finally:
            await asyncio.gather(*(connection.close() for connection in held))

    with Load(service.address) as load:
        load.wait_for_more()
        asyncio.run(crowd())
        recovery = load.recover(cluster)
    load.verify(cluster, "too many connections", recovery)


def test_a_dba_holds_a_lock(cluster, service):
    with Load(service.address) as load:
        load.wait_for_more()
        with cluster.locked():
            wait_until(lambda: load.answers["503"] > 5)
        recovery = load.recover(cluster)
    load.verify(cluster, "a DBA's lock", recovery)


def test_a_statement_takes_too_long(cluster):
    cluster.execute("alter role task_api set lock_timeout = 0")
    cluster.execute("alter role task_api set statement_timeout = '1s'")
    try:
        with Service(cluster.url("task_api"), DATABASE_TIMEOUT=4) as service, Load(service.address) as load:
            load.wait_for_more()
            with cluster.locked():
                wait_until(lambda: load.answers["503"] > 5)
            recovery = load.recover(cluster)
        load.verify(cluster, "a slow statement", recovery)
    finally:
        cluster.execute("alter role task_api set lock_timeout = '2s'")
        cluster.execute("alter role task_api set statement_timeout = '5s'")


def test_the_network_hangs(cluster):
    with (
        Proxy(cluster.port) as proxy,
        Service(cluster.url("task_api", proxy.port), DATABASE_TIMEOUT=2) as service,
    ):
        with Load(service.address) as load:
            load.wait_for_more()
            proxy.freeze()
            wait_until(lambda: load.answers["503"] > 20)
            assert service.answers("/health")
            proxy.thaw()
            recovery = load.recover(cluster)
        load.verify(cluster, "a network that hangs", recovery)


def test_the_service_starts_before_the_database(cluster):
    cluster.stop()
    with Service(cluster.url("task_api"), DATABASE_TIMEOUT=2) as service:
        assert not service.answers("/health/ready")
        cluster.start()
        wait_until(lambda: service.answers("/health/ready"), patience=5)
