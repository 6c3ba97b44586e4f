"""The database refuses the service: clients get 503, and the log one warning with the reason, and never a
stack.
"""

import pytest
from starlette.testclient import TestClient

from app.database import outages
from app.main import create_app
from app.settings import Settings
from tests.client import Client, make_token
from tests.conftest import SECRET

_HBA = """
host all only_with_tls 127.0.0.1/32 reject
host all wrong_password 127.0.0.1/32 scram-sha-256
"""


@pytest.fixture(scope="module")
def refusing(shared_cluster):
    """A cluster with roles and databases that refuse the service, each for another reason."""
    if not shared_cluster.runs():
        shared_cluster.start()
    path = shared_cluster.folder / "data" / "pg_hba.conf"
    before = path.read_text()
    path.write_text(_HBA + before)
    shared_cluster.execute("select pg_reload_conf()")
    for role in ("only_with_tls", "wrong_password", "stranger"):
        shared_cluster.execute(f"create role {role} login password 'right'")
    shared_cluster.execute("create role may_not_log_in nologin")
    shared_cluster.execute("create role one_connection login connection limit 0")
    shared_cluster.execute("create database unmigrated")
    shared_cluster.execute("create database closed allow_connections false")
    yield shared_cluster
    path.write_text(before)
    shared_cluster.execute("select pg_reload_conf()")


@pytest.fixture
def warnings(caplog):
    """What was written to the log."""
    caplog.set_level("INFO", "duly")
    return lambda: [record for record in caplog.records if record.name.startswith("duly")]


def ask(url, times=5, **settings):
    """The statuses of this many requests of every kind to a service with this database."""
    settings = Settings(database_url=url, jwt_secret=SECRET, database_timeout=2, **settings)
    with TestClient(create_app(settings), raise_server_exceptions=False) as http:
        client = Client(http, make_token("alice", SECRET))
        answers = [client.get("/tasks") for _ in range(times)]
        answers += [client.post("/tasks", {"title": "x"}) for _ in range(times)]
        ready = http.get("/health/ready")
        assert (ready.status_code, http.get("/health").status_code) == (503, 200)
    for answer in answers:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["retry-after"] == "1"
        assert "SQLSTATE" not in answer.text
    return {answer.status_code for answer in answers}


def password(url):
    return url.replace("wrong_password@", "wrong_password:not-right@")


REFUSALS = {
    "the password is wrong": (
        lambda at: password(at.url("wrong_password")),
        "the password of wrong_password",
    ),
    "the role does not exist": (lambda at: at.url("nobody_at_all"), "the role is unknown or may not log in"),
    "the role may not log in": (lambda at: at.url("may_not_log_in"), "the role is unknown or may not log in"),
    "the server demands TLS": (lambda at: at.url("only_with_tls"), "pg_hba.conf has no entry"),
    "the server has no TLS": (
        lambda at: at.url("task_api") + "?sslmode=require",
        "it does not offer TLS, which sslmode",
    ),
    "there is no such database": (
        lambda at: at.url("task_api", database="missing"),
        "there is no database missing",
    ),
    "it takes no connections": (
        lambda at: at.url("task_api", database="closed"),
        "closed takes no connections",
    ),
    "it has no connection to spare": (lambda at: at.url("one_connection"), "no connection to spare"),
    "it was not migrated": (
        lambda at: at.url("task_api", database="unmigrated"),
        "run duly migrate",
    ),
    "the role is a stranger": (lambda at: at.url("stranger"), "connect as task_api"),
    "nothing listens": (lambda at: at.url("task_api", port=1), "nothing listens there"),
    "no socket is there": (lambda at: "postgresql://x@/x?host=/tmp/no-such-folder", "nothing listens there"),
    "the host is unknown": (
        lambda at: "postgresql://task_api@nowhere.invalid/x",
        "name of the host is not known",
    ),
}


@pytest.mark.parametrize("refusal", REFUSALS)
def test_it_is_503_and_one_warning_where(refusal, refusing, warnings):
    url, words = REFUSALS[refusal]
    assert ask(url(refusing)) == {503}
    (record,) = warnings()
    assert (record.name, record.levelname, record.exc_info) == ("duly.database", "WARNING", None)
    assert words in record.getMessage()
    assert "right" not in record.getMessage()


@pytest.mark.parametrize(
    "setting",
    [
        "database duly set default_transaction_read_only = on",
        "role task_api set default_transaction_read_only = on",
    ],
)
def test_a_read_only_database_is_503_for_writes_and_reads_go_on(setting, refusing, warnings):
    refusing.execute(f"alter {setting}", database="postgres")
    try:
        settings = Settings(database_url=refusing.url("task_api"), jwt_secret=SECRET)
        with TestClient(create_app(settings), raise_server_exceptions=False) as http:
            client = Client(http, make_token("alice", SECRET))
            for _ in range(3):
                refused = client.post("/tasks", {"title": "x"})
                assert (refused.status_code, refused.json()["detail"]) == (
                    503, "The database is read-only just now; nothing can be changed"
                )  # fmt: skip
                assert client.get("/tasks").status_code == 200
        # The start says it, and the first write.
        proof, outage = (record.getMessage() for record in warnings())
        assert proof == "Not ready: default_transaction_read_only is 'on': it must be off"
        assert "it is read-only" in outage
    finally:
        refusing.execute(
            f"alter {setting.partition(' set ')[0]} reset default_transaction_read_only", database="postgres"
        )


def test_a_token_that_may_only_read_is_still_403(refusing, warnings):
    settings = Settings(database_url=refusing.url("task_api"), jwt_secret=SECRET, jwt_require_scope=True)
    with TestClient(create_app(settings)) as http:
        client = Client(http, make_token("alice", SECRET, scope="tasks:read"))
        assert client.post("/tasks", {"title": "x"}).status_code == 403
    assert warnings() == []


def test_it_says_when_the_database_is_well_again(cluster, warnings, monkeypatch):
    monkeypatch.setattr(outages, "CALM", 0)
    settings = Settings(database_url=cluster.url("task_api"), jwt_secret=SECRET, database_timeout=2)
    with TestClient(create_app(settings), raise_server_exceptions=False) as http:
        client = Client(http, make_token("alice", SECRET))
        assert client.get("/tasks").status_code == 200
        cluster.stop("immediate")
        assert {client.get("/tasks").status_code for _ in range(5)} == {503}
        cluster.start()
        assert {client.get("/tasks").status_code for _ in range(5)} == {200}
    *away, well = [record.getMessage() for record in warnings()]
    assert 1 <= len(away) <= 2
    assert "it answers again" in well


def test_a_standby_is_not_ready_and_its_tasks_can_be_read(cluster):
    signal = cluster.folder / "data" / "standby.signal"
    cluster.stop()
    signal.touch()
    cluster.start()
    try:
        settings = Settings(
            database_url=cluster.url("task_api"), jwt_secret=SECRET, health_details=True, events_limit=0
        )
        with TestClient(create_app(settings)) as http:
            response = http.get("/health/ready")
            assert response.status_code == 503
            assert response.json()["reasons"] == [
                "the server is a standby, where nothing can be written: connect to the primary"
            ]
            alice = Client(http, make_token("alice", SECRET))
            assert alice.get("/tasks").status_code == 200
            assert alice.post("/tasks", {"title": "x"}).status_code == 503
    finally:
        cluster.stop()
        signal.unlink()
        cluster.start()
