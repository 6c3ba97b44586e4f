"""The audit is the difference from db/audit/baseline.sql: none on a fresh database; every planted fault."""

import json
import re
from collections.abc import Iterator

import asyncpg
import pytest

from app.database.baseline import read_baseline
from app.dev.baseline import write_baseline
from app.dev.project import ROOT
from tests.db.planted import GROUPS, SINCE
from tests.servers import Server
from tests.sql import Session

BASELINE = ROOT / "db" / "audit" / "baseline.sql"


@pytest.fixture(scope="module")
def fresh(new_database) -> str:
    """The name of a database without a row, on which no index or constraint can fail."""
    return new_database()


@pytest.fixture(scope="module")
def connection(server: Server, fresh: str) -> Iterator[Session]:
    """One for all tests: it plans the queries of the audit, which takes as long as they do, once."""
    session = Session(server.superuser_url(fresh))
    yield session
    session.close()


@pytest.fixture
def session(connection: Session) -> Iterator[Session]:
    """As the superuser, in a transaction that is rolled back: roles are the whole server's."""
    connection.execute("begin")
    yield connection
    connection.execute("rollback")


def review(session: Session, accepted: str = "[]") -> list[asyncpg.Record]:
    """What the audit finds, as task_auditor."""
    session.execute("set local role task_auditor; set local search_path = ''")
    query = "select * from audit.review($1, $2)"
    found = session.rows(query, json.dumps(read_baseline(BASELINE)), accepted)
    session.execute("reset role; set local search_path = default")
    return found


def test_a_fresh_database_does_not_differ_from_the_baseline(session):
    assert review(session) == []


def test_the_baseline_is_what_make_schema_writes(server, new_database, tmp_path):
    if int(server.execute("show server_version_num")) < 180000:
        pytest.skip("the baseline is written by PostgreSQL 18")
    write_baseline(server.owner_url(new_database()), tmp_path / "baseline.sql")
    assert (tmp_path / "baseline.sql").read_text() == BASELINE.read_text(), "run make schema"


def plant(session: Session, statements: dict[str, str]) -> list[str]:
    """Do all of it; returns the sentences to be found. What this release does not know is left out."""
    expected = []
    release = session.value("select current_setting('server_version_num')::integer / 10000")
    for statement, words in statements.items():
        if any(statement.startswith(begin) and release < since for begin, since in SINCE.items()):
            continue
        session.execute("savepoint planted")
        try:
            session.execute(statement)
        except asyncpg.FeatureNotSupportedError:
            session.execute("rollback to planted")
            continue
        if words:
            expected.append(words)
    return expected


@pytest.mark.parametrize("role", ["task_owner", "task_api", "task_auditor"])
def test_a_database_that_a_role_of_duly_owns_is_one_fault(role, session):
    session.execute(f"alter database {session.value('select current_database()')} owner to {role}")
    first, *rest = review(session)
    assert first["fault"] == f"database this differs: owner is {role} instead of the role that migrates"
    assert first["remedy"].endswith(" owner to duly_owner")
    # The new owner's own privilege became one of an owner.
    assert [row["fault"] for row in rest if "privilege connect on database" not in row["fault"]] == []
    assert mend(session, [first, *rest]) == []


def test_the_membership_of_a_login_of_the_service_is_told_once(session):
    session.execute("create role bob login in role task_api; grant task_owner to bob")
    for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
        session.execute(f"alter role bob set {name} = '1s'")
    # PostgreSQL 15 knows no options of a membership.
    found = review(session)
    told = [row["fault"].split(":")[0] for row in found if "task_owner" in row["fault"]]
    assert sorted(told) == [
        "membership bob in task_owner is not one of those that Duly makes",
        "role bob is a member of task_owner, and has or may take its rights",
    ]
    assert [row["fault"] for row in found if "app.tasks" in row["fault"]] == []


MENDED = {
    "alter role task_porter login": "alter role task_porter nologin",
    "alter role task_porter valid until '2099-01-01'": "alter role task_porter valid until 'infinity'",
    "alter function finder.find_tasks security invoker":
        "alter function finder.find_tasks(text,text[],boolean,boolean) security definer",
    "alter table app.tasks cluster on tasks_pkey": "alter table app.tasks set without cluster",
    "create role root2 superuser": "alter role root2 nosuperuser",
    "alter function pg_catalog.lower(text) security definer": "alter function lower(text) security invoker",
}  # fmt: skip


@pytest.mark.parametrize("fault", MENDED)
def test_a_fault_has_one_remedy_that_mends_it(fault, session):
    session.execute(fault)
    assert {row["remedy"] for row in review(session)} == {MENDED[fault]}
    session.execute(MENDED[fault])
    assert review(session) == []


def test_a_rule_that_was_dropped_is_none(session):
    session.execute("create rule copied as on insert to app.tasks do also nothing")
    session.execute("drop rule copied on app.tasks")
    assert session.value("select relhasrules from pg_class where oid = 'app.tasks'::regclass")
    assert review(session) == []


def mend(session: Session, found: list[asyncpg.Record]) -> list[asyncpg.Record]:
    """Paste the remedies of what was found until they change nothing; returns what is left for a person.

    A statement may need another remedy first, or have become needless by it; but each is SQL.
    """
    for _ in range(6):
        if all(is_left_to_a_person(row["remedy"]) for row in found):
            break
        for row in found:
            session.execute("savepoint remedy; set local search_path = ''")
            try:
                paste(session, row["remedy"])
            except asyncpg.PostgresSyntaxError:
                raise
            except asyncpg.PostgresError:
                session.execute("rollback to remedy")
        before, found = found, review(session)
        if found == before:
            break
    return found


FILE = re.compile(r"as (\w+), apply the file of db/functions that creates (\S+)")


def is_left_to_a_person(remedy: str) -> bool:
    return remedy.startswith("by hand: ") and not FILE.search(remedy)


def paste(session: Session, remedy: str) -> None:
    """Do what a remedy says; of those by hand, the files of db/functions that are to be applied."""
    if not remedy.startswith("by hand: "):
        session.execute(remedy)
    elif told := FILE.search(remedy):
        role, name = told.groups()
        if dropped := re.search(r"drop routine [^;]+", remedy):
            session.execute(dropped[0])
        creates = re.compile(rf"^create or replace (function|view) {re.escape(name)}\b", re.M)
        texts = [path.read_text() for path in (ROOT / "db" / "functions").rglob("*.sql")]
        (text,) = [text for text in texts if creates.search(text)]
        session.execute(f"set local role {role}; {text}; reset role")


# What a person looks at: nothing in the database says how it was, or whether it is meant.
BY_HAND = re.compile(
    r"function app\.(require_)?user_id\(\) |extension (unaccent|pg_trgm) |domain app\.tag |security label "
    r"|large objects |\d+ large objects |column app\.tasks\.title_key "
)


@pytest.mark.parametrize("group", GROUPS)
def test_each_planted_fault_is_found_in_a_sentence_and_its_remedy_mends_it(group, session):
    expected = plant(session, GROUPS[group])
    found = review(session)
    sentences = [row["fault"] for row in found]
    missed = [words for words in expected if not any(words in sentence for sentence in sentences)]
    assert not missed, "\n".join(sentences)
    assert all(row["remedy"] and row["severity"] for row in found), found
    # No remedy takes away what Duly makes, unless it creates it again.
    made = {entry["name"] for entry in read_baseline(BASELINE)}
    drops = re.compile(r"\bdrop (?:table|view|routine|type|domain|schema|policy|trigger|index) ([^;]+)")
    for row in found:
        for name in drops.findall(row["remedy"]):
            assert name not in made or "create" in row["remedy"].lower(), row["remedy"]
    # With these no remedy can be believed: each is by hand.
    if group == "built-in functions":
        return
    for row in mend(session, found):
        # Its remedy needs the column, which is created by hand.
        if row["fault"] != "index app.tasks_by_title is missing":
            assert BY_HAND.match(row["fault"]), (row["fault"], row["remedy"])
            assert row["remedy"].startswith("by hand: ")


def test_the_settings_of_the_log_are_no_difference_and_others_are(session):
    for role in ("task_api", "task_worker"):
        session.execute(f"alter role {role} set log_error_verbosity = terse")
        session.execute(f"alter role {role} set log_min_error_statement = panic")
    assert review(session) == []
    session.execute("alter role task_api set log_error_verbosity = verbose")
    (found,) = review(session)
    assert "log_error_verbosity of task_api in every database differs: value is verbose" in found["fault"]
    assert found["remedy"] == "alter role task_api set log_error_verbosity = 'terse'"


def test_the_planted_faults_are_at_least_150():
    assert sum(bool(words) for group in GROUPS.values() for words in group.values()) >= 150


def test_the_more_dangerous_faults_come_first(session):
    session.execute(
        "create index spare on app.tasks (title); alter table app.tasks drop constraint tasks_title_length;"
        "alter function app.render_task strict; create policy everything on app.tasks using (true)"
    )
    severities = [row["severity"] for row in review(session)]
    assert severities == sorted(severities, key=["critical", "high", "medium", "low"].index)
    assert {"critical", "high", "low"} <= set(severities)


def test_an_accepted_fault_is_shown_as_such_until_it_changes(session):
    session.execute("create role seer login bypassrls")
    (found,) = review(session)
    accepted = json.dumps([{"id": found["id"], "reason": "backups", "name": "Ada"}])
    (again,) = review(session, accepted)
    assert (again["accepted_by"], again["accepted_because"]) == ("Ada", "backups")
    session.execute("alter role seer replication")
    (changed,) = review(session, accepted)
    assert changed["accepted_by"] is None


def test_ids_are_stable_and_say_what_kind_of_fault_it_is(session):
    session.execute("create policy everything on app.tasks using (true); grant select on app.tasks to public")
    ids = [row["id"] for row in review(session)]
    assert ids == [row["id"] for row in review(session)]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"(rule-\w+|[a-z-]+-(added|changed|missing)):[0-9a-f]{8}", id_) for id_ in ids), (
        ids
    )
    assert any(id_.startswith("policy-added:") for id_ in ids)
