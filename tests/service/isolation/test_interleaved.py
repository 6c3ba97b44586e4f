"""Many users, few connections, real processes."""

import asyncio

from tests.conftest import SECRET
from tests.processes import serve
from tests.service.isolation.interleaved import interleave


def test_forty_users_at_once_on_four_connections_never_see_each_other(database_url):
    users = [f"one of forty, number {number}" for number in range(40)]
    with serve(database_url, SECRET, WORKERS="2", POOL_SIZE="2") as address:
        asyncio.run(interleave(address, users, SECRET, rounds=4))
