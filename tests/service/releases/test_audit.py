"""The audit on each release of PostgreSQL: nothing is off in a fresh database, and every fault is found.

A transaction can't take back the faults of a whole server: they are planted here, on servers of their own.
"""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from app.database.baseline import read_baseline
from app.dev import postgres
from app.dev.audit import audit
from tests.processes import run_suite
from tests.service.faults.cluster import Cluster
from tests.service.releases.programs import RELEASES, find_programs
from tests.sql import Session

SUITES = ["tests/db/test_baseline.py"]
# The report asks the same of each release: the oldest tells as much as all, and make test has the newest.
ON_THE_OLDEST = ["tests/db/test_audit.py"]

# Another value than PostgreSQL's own, and the sentence.
SETTINGS = {
    "array_nulls": "off", "default_transaction_read_only": "on", "ignore_checksum_failure": "on",
    "lo_compat_privileges": "on", "log_min_duration_statement": "1000",
    "log_parameter_max_length_on_error": "-1", "log_statement": "all", "password_encryption": "md5",
    "row_security": "off", "session_replication_role": "replica", "standard_conforming_strings": "off",
    "transform_null_equals": "on", "zero_damaged_pages": "on", "allow_system_table_mods": "on",
}  # fmt: skip


@pytest.fixture(scope="module", params=RELEASES)
def release(request: pytest.FixtureRequest) -> int:
    return request.param


@pytest.fixture(scope="module")
def cluster(release: int) -> Iterator[Cluster]:
    """A server of each release, with a fresh database."""
    with tempfile.TemporaryDirectory(prefix="duly-") as name:
        folder = Path(name)
        cluster = Cluster(folder, find_programs(release, folder))
        assert cluster.execute("select current_setting('server_version_num')")[0][0].startswith(str(release))
        yield cluster
        cluster.stop()


def review(cluster: Cluster) -> list[asyncpg.Record]:
    """What the audit finds, as make audit asks it: as the owner of the database, who becomes task_auditor.

    A login as task_auditor does not show the server's default_transaction_read_only: it has its own.
    """
    session = Session(cluster.url(postgres.OWNER))
    session.execute("set role task_auditor; set search_path = ''; set standard_conforming_strings = on")
    found = session.rows("select * from audit.review($1, '[]')", json.dumps(read_baseline()))
    session.close()
    return found


def test_a_fresh_database_has_no_difference(cluster, capfd):
    url = cluster.url(postgres.OWNER)
    assert audit(url, page=cluster.folder / "audit.html") == 0, capfd.readouterr().out


def test_the_tests_of_the_audit_pass(cluster, release):
    if cluster.binaries == postgres.BINARIES:
        pytest.skip("make test runs them on this release")
    suites = SUITES + (ON_THE_OLDEST if release == RELEASES[0] else [])
    run_suite(*suites, TEST_DATABASE_URL=cluster.url("postgres", database="postgres"))


def test_settings_of_the_server_are_found_and_their_remedies_mend_them(cluster):
    for name, value in SETTINGS.items():
        cluster.execute(f"alter system set {name} = '{value}'")
    cluster.stop()
    cluster.start()
    try:
        found = review(cluster)
        sentences = {row["fault"].split(" is ")[0]: row["fault"] for row in found}
        for name, value in SETTINGS.items():
            # PostgreSQL has no other value for some any more.
            sentence = sentences.pop(f"server setting {name} differs: value")
            assert sentence.startswith(f"server setting {name} differs: value is {value} instead of "), (
                sentence
            )
        assert not sentences
        assert audit(cluster.url(postgres.OWNER), page=cluster.folder / "audit.html") == 1
        for row in found:
            for step in row["remedy"].split("; "):
                cluster.execute(step)
        cluster.stop()
        cluster.start()
        assert review(cluster) == []
    finally:
        cluster.execute("alter system reset all")
        cluster.stop()
        cluster.start()


def test_replication_slots_are_found_and_their_remedies_drop_them(cluster):
    cluster.execute("alter system set wal_level = logical")
    cluster.stop()
    cluster.start()
    cluster.execute("select pg_create_physical_replication_slot('copy')")
    cluster.execute("select pg_create_logical_replication_slot('changes', 'pgoutput')")
    found = review(cluster)
    assert [row["fault"] for row in found] == [
        "replication slot changes is not one of those that Duly makes: plugin pgoutput, type logical",
        "replication slot copy is not one of those that Duly makes: type physical",
    ]
    assert {row["severity"] for row in found} == {"critical"}
    for row in found:
        cluster.execute(row["remedy"])
    assert review(cluster) == []
    cluster.execute("alter system reset all")
