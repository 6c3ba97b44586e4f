"""A machine that is killed and users that are moved, while they write: nothing is lost."""

import signal
import subprocess
import sys
from contextlib import ExitStack

import httpx2 as httpx
import pytest

from app.admin.spread import rebalance
from app.dev.project import ROOT
from app.dev.spread import spread as apply_file
from tests.client import Client, make_token
from tests.processes import Service, environment, wait_until
from tests.service.faults.load import Load
from tests.sql import Session
from tests.thorough import examples

WRITES = examples(1_000, 10_000)
USERS = 12
OPEN = "select rolcanlogin or rolbypassrls from pg_roles where rolname = 'task_owner'"
MOVES = """
  select count(*) from pg_stat_activity
  where query ~ 'citus_(drain_node|move_shard_placement)' and state = 'active' and pid <> pg_backend_pid()
"""


class Coordinator:
    """What Load asks of a server, through the coordinator."""

    def __init__(self, url):
        self._url = url

    def execute(self, sql, *arguments):
        session = Session(self._url)
        try:
            return session.rows(sql, *arguments)
        finally:
            session.close()


@pytest.fixture
def service(cluster, spread):
    with Service(cluster.service_url(spread), DATABASE_TIMEOUT=10) as service:
        yield service


@pytest.fixture
def coordinator(cluster, spread):
    return Coordinator(cluster.superuser_url(spread))


def acknowledged(loads):
    return sum(len(load.acknowledged) for load in loads)


def verify(loads, coordinator, name):
    for load in loads:
        load.verify(coordinator, f"{name}, {load.user}")
    # Totals and search entries say the same as the tasks, for each user.
    assert not coordinator.execute(
        """
        select counts.user_id from app.task_counts as counts
        where counts.open_high + counts.open_medium + counts.open_low
            <> (select count(*) from app.tasks as task where task.user_id = counts.user_id)
          or (select count(*) from app.search_entries as entry where entry.user_id = counts.user_id)
            <> (select count(*) from app.tasks as task where task.user_id = counts.user_id)
        """
    )


def test_users_move_under_load_and_nothing_is_lost(cluster, spread, service, coordinator):
    """Those of one worker go to the other, and as many come back."""
    place = cluster.machines()[-1].place
    with ExitStack() as stack:
        loads = [stack.enter_context(Load(service.address, clients=2)) for _ in range(USERS)]
        wait_until(lambda: acknowledged(loads) > WRITES / 10)
        rebalance(cluster.superuser_url(spread), drain=place)
        assert not coordinator.execute(
            "select from citus_shards where concat(nodename, ':', nodeport) = $1 "
            "and table_name = 'app.tasks'::regclass",
            place,
        )
        coordinator.execute(
            "select citus_set_node_property(nodename, nodeport, 'shouldhaveshards', true) from pg_dist_node "
            "where concat(nodename, ':', nodeport) = $1",
            place,
        )
        rebalance(cluster.superuser_url(spread))
        wait_until(lambda: acknowledged(loads) >= WRITES, patience=240)
    verify(loads, coordinator, "users moved")
    for machine in cluster.machines():
        assert not machine.execute(OPEN)


def test_a_worker_is_killed_and_its_users_alone_are_asked_to_wait(
    cluster, spread, service, coordinator, worker
):
    with ExitStack() as stack:
        loads = [stack.enter_context(Load(service.address, clients=2)) for _ in range(USERS)]
        wait_until(lambda: acknowledged(loads) > WRITES / 10)
        theirs = [load for load in loads if cluster.home_of(load.user, spread).place == worker.place]
        others = [load for load in loads if load not in theirs]
        assert theirs
        assert others
        worker.kill()
        wait_until(lambda: all(load.answers["503"] > 5 for load in theirs))
        before, refused = acknowledged(others), sum(load.answers["503"] for load in others)
        wait_until(lambda: acknowledged(others) > before + WRITES / 10)
        assert sum(load.answers["503"] for load in others) == refused
        worker.start()
        wait_until(lambda: acknowledged(loads) >= WRITES, patience=240)
    verify(loads, coordinator, "a worker killed")


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_the_window_of_a_rebalance_is_closed_however_it_ends(cluster, spread, ending):
    """By itself, but for SIGKILL: then by spread."""
    superuser = cluster.superuser_url(spread)
    command = [sys.executable, "-m", "app", "rebalance", "--drain", cluster.machines()[-1].place]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment(DATABASE_OWNER_URL=superuser), stdout=subprocess.PIPE
    ) as process:
        wait_until(lambda: cluster.execute(OPEN))
        wait_until(lambda: cluster.execute(MOVES, spread))
        process.send_signal(ending)
        process.communicate(timeout=60)
    if ending == signal.SIGKILL:
        assert cluster.execute(OPEN)
        wait_until(lambda: not cluster.execute(MOVES, spread))
        apply_file(superuser)
    for machine in cluster.machines():
        assert not machine.execute(OPEN)


def test_an_answer_for_a_machine_that_is_down_says_when_to_come_again(cluster, spread, service, worker):
    users = (f"user {number}" for number in range(100))
    theirs = next(user for user in users if cluster.home_of(user, spread).place == worker.place)
    with httpx.Client(base_url=service.address, timeout=30) as http:
        client = Client(http, make_token(theirs))
        client.create()
        worker.kill()
        refused = client.get("/tasks")
        assert (refused.status_code, "retry-after" in refused.headers) == (503, True)
        assert client.get("/health/ready").status_code == 200  # It serves the users of the others.
        worker.start()
        wait_until(lambda: client.get("/tasks").status_code == 200)
        assert client.titles() == ["A task"]
