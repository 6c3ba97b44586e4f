"""``duly``: what an operator runs, in a process of its own."""

import re
import secrets
import subprocess
import sys

import jwt
import pytest

from app.admin.healthcheck import is_healthy
from app.admin.migrate import set_passwords
from app.admin.tokens import make_token
from app.dev import postgres
from app.dev.project import ROOT
from app.settings import Settings, SettingsError
from tests.client import SECRET, Client
from tests.processes import environment, free_port, run_module

COMMANDS = ("serve", "worker", "migrate", "rollback", "audit", "token", "pass", "forget-user", "healthcheck")


def test_help_lists_every_command():
    told = run_module("app", "--help").stdout
    assert [name for name in COMMANDS if re.search(rf"^ +{name}\b", told, re.MULTILINE)] == list(COMMANDS)


@pytest.mark.usefixtures("template")  # It makes the owner.
def test_migrate_says_what_it_applied_and_the_audit_is_sound(server, tmp_path):
    name = f"duly_admin_{secrets.token_hex(6)}"
    server.create_database(name)
    try:
        owner = {"DATABASE_OWNER_URL": server.owner_url(name)}
        done = run_module("app", "migrate", **owner)
        assert done.returncode == 0, done.stderr
        files = sorted(path.name for path in (ROOT / "db" / "migrations").glob("*.sql"))
        assert re.findall(r"^Applied: (\S+) in", done.stdout, re.MULTILINE) == files
        assert done.stdout.endswith(f"{len(files)} migrations applied: the database is up to date\n")
        programs = f"{postgres.BINARIES}:/usr/bin:/bin"
        page = tmp_path / "audit.html"
        audited = run_module("app", "audit", "--full", "--page", str(page), PATH=programs, **owner)
        assert audited.returncode == 0, audited.stdout
        assert "4. PRIVILEGES" in audited.stdout
        assert "Nothing is off" in page.read_text()
        assert run_module("app", "rollback", **owner).stdout.count("Rolled back: ") == 1
    finally:
        server.execute(f"drop database {name} with (force)")


def test_a_password_that_is_not_given_is_not_set(server, database):
    assert set_passwords(server.owner_url(database), {"TASK_API_PASSWORD": ""}) == []


def test_a_token_is_one_that_the_service_accepts(http, settings, alice):
    assert Client(http, make_token(settings, alice)).create()["user_id"] == alice


@pytest.mark.parametrize(
    ("settings", "claims"),
    [
        ({"jwt_secret": SECRET}, {"sub": "x"}),
        ({"jwt_secrets": {"2026": SECRET}, "jwt_user_claim": ("uid",)}, {"uid": "x"}),
        ({"jwt_secret": SECRET, "jwt_audience": ("a", "b"), "jwt_issuer": ("i",)}, {"aud": "a", "iss": "i"}),
        ({"jwt_secret": SECRET, "jwt_algorithm": ("RS256", "HS384")}, {"scope": "tasks:read tasks:write"}),
    ],
)
def test_a_token_has_the_claims_that_the_settings_ask_for(settings, claims):
    token = make_token(Settings(database_url="postgresql:///", **settings), "x")
    decoded = jwt.decode(token, SECRET, ["HS256", "HS384"], options={"verify_aud": False})
    assert claims.items() <= decoded.items()
    if "jwt_secrets" in settings:
        assert jwt.get_unverified_header(token)["kid"] == "2026"


def test_no_token_is_made_where_an_issuer_signs():
    with pytest.raises(SettingsError, match="your issuer signs"):
        make_token(Settings(database_url="postgresql:///", jwt_jwks_url="https://issuer/keys"), "x")


@pytest.mark.parametrize("command", ["migrate", "rollback", "audit", "forget-user", "pass"])
@pytest.mark.parametrize("url", ["", "foo", "postgresql://owner@127.0.0.1:1/duly"])
def test_a_url_that_does_not_work_is_explained_without_a_stack(command, url):
    user = ["alice"] if command in ("forget-user", "pass") else []
    variable = "DATABASE_URL" if command == "pass" else "DATABASE_OWNER_URL"
    programs = f"{postgres.BINARIES}:/usr/bin:/bin"
    done = run_module("app", command, *user, PATH=programs, **{variable: url})
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    assert any(word in done.stderr for word in ("refused", "nothing listens", variable))


def test_an_audit_without_psql_says_what_is_missing(server, database):
    done = run_module("app", "audit", PATH="/nowhere", DATABASE_OWNER_URL=server.owner_url(database))
    assert done.returncode == 1
    assert done.stderr.startswith("psql is missing: ")


def test_a_health_check_fails_where_nothing_answers():
    port = str(free_port())
    assert not is_healthy({"PORT": port})
    assert not is_healthy({"WORKER_PORT": port}, worker=True)
    assert is_healthy({"WORKER_PORT": "0"}, worker=True)
    assert run_module("app", "healthcheck", PORT=port).returncode == 1


def test_a_health_check_imports_neither_the_service_nor_a_driver():
    program = (
        "import sys; sys.argv[1:] = ['healthcheck']; import app.__main__ as duly; duly.main();"
        "print([name for name in ('starlette', 'asyncpg', 'uvicorn') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment(PORT=free_port()),
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("missing", ["migrations", "audit/baseline.sql"])
def test_a_service_without_its_files_does_not_start(missing, monkeypatch, tmp_path):
    """Else its readiness would find nothing pending."""
    from app.api import health

    monkeypatch.setattr(health, "MIGRATIONS" if missing == "migrations" else "BASELINE", tmp_path / missing)
    with pytest.raises(SettingsError, match="readiness can't be judged"):
        health.Health(Settings(database_url="postgresql:///", jwt_secret=SECRET), None)
