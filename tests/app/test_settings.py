"""A wrong setting is refused at the start, with a message that says what is right; .env.example lists
them.
"""

import dataclasses
import re
import subprocess

import pytest

from app.dev.project import ROOT
from app.settings import Settings, SettingsError, variable_of
from tests.processes import run_module

SOUND = {"DATABASE_URL": "postgresql://task_api@localhost/duly", "JWT_SECRET": "s" * 32}


def refusal(**environment):
    with pytest.raises(SettingsError) as error:
        Settings.from_environment(SOUND | environment)
    return str(error.value)


def test_two_settings_are_enough():
    settings = Settings.from_environment(SOUND)
    assert (settings.port, settings.workers, settings.rate_limit, settings.metrics) == (8000, 1, None, False)


@pytest.mark.parametrize(
    ("variable", "wrong"),
    [
        ("DATABASE_URL", "mysql://localhost/duly"),
        ("DATABASE_URL", "localhost"),
        ("DATABASE_URL", "foo"),
        ("DATABASE_URL", "postgresql:foo"),
        ("DATABASE_URL", "postgresql://user:half/way@localhost/duly"),
        ("DATABASE_URL", "postgresql://user:half#way@localhost/duly"),
        ("DATABASE_URL", "postgresql://user@localhost:port/duly"),
        ("DATABASE_URL", "postgresql://user:[x@localhost/duly"),
        ("DATABASE_URL", "postgresql://user@[::1/duly"),
        ("JWT_SECRETS", "secret"),
        ("JWT_SECRETS", '["secret"]'),
        ("JWT_SECRETS", '{"kid": 5}'),
        ("JWT_LEEWAY", "301"),
        ("JWT_REQUIRE_SCOPE", "maybe"),
        ("PORT", "http"),
        ("PORT", "65536"),
        ("PORT", "-1"),
        ("PORT", "٨٠٠٠"),
        ("ROOT_PATH", "duly"),
        ("ROOT_PATH", "/"),
        ("ROOT_PATH", "/a//b"),
        ("ROOT_PATH", '/"><script>'),
        ("ROOT_PATH", "/" + "a" * 100),
        ("WORKERS", "0"),
        ("WORKERS", "1.5"),
        ("POOL_SIZE", "0"),
        ("POOL_QUEUE", "many"),
        ("DATABASE_TIMEOUT", "0"),
        ("CLIENT_TIMEOUT", "0"),
        ("SHUTDOWN_TIMEOUT", "1h"),
        ("RATE_LIMIT", "100"),
        ("RATE_LIMIT", "0/60"),
        ("RATE_LIMIT", "100/0"),
        ("RATE_LIMIT", "100/minute"),
        ("LOG_LEVEL", "verbose"),
        ("LOG_FORMAT", "xml"),
        ("METRICS", "2"),
        ("UNKNOWN_FIELDS", "accept"),
        ("REQUIRE_IF_MATCH", "sometimes"),
        ("DEVELOPMENT", "nein"),
    ],
)
def test_a_wrong_setting_is_refused_by_its_name(variable, wrong):
    assert re.search(rf"^{variable} must be ", refusal(**{variable: wrong}), re.MULTILINE)


def test_all_wrong_settings_are_told_at_once():
    assert [line.split()[0] for line in refusal(DATABASE_URL="", PORT="x", WORKERS="y").splitlines()] == [
        "DATABASE_URL",
        "PORT",
        "WORKERS",
    ]


def test_a_wrong_value_is_not_repeated_because_it_may_be_a_secret():
    assert "hunter2" not in refusal(DATABASE_URL="hunter2", JWT_SECRETS="hunter2")


@pytest.mark.parametrize(
    ("text", "flag"),
    [("true", True), ("YES", True), ("1", True), ("off", False), ("False", False), ("", False)],
)
def test_a_flag_has_many_spellings(text, flag):
    assert Settings.from_environment(SOUND | {"METRICS": text}).metrics is flag


def test_a_rate_is_requests_and_seconds():
    assert Settings.from_environment(SOUND | {"RATE_LIMIT": "100/60"}).rate_limit == (100, 60)


def test_blanks_around_a_value_do_not_count():
    assert Settings.from_environment(
        SOUND | {"PORT": " 8001\n", "CORS_ORIGINS": " https://a.example , ,https://b.example"}
    ) == (
        Settings.from_environment(
            SOUND | {"PORT": "8001", "CORS_ORIGINS": "https://a.example,https://b.example"}
        )
    )


def test_keys_for_different_purposes_differ_and_stay_the_same():
    settings = Settings.from_environment(SOUND)
    assert settings.derive_key("log") == Settings.from_environment(SOUND).derive_key("log")
    assert settings.derive_key("log") != settings.derive_key("cursor")
    assert settings.derive_key("log") != Settings.from_environment(
        SOUND | {"JWT_SECRET": "t" * 32}
    ).derive_key("log")


def test_env_example_lists_every_setting_with_its_default():
    text = (ROOT / ".env.example").read_text()
    listed = re.findall(r"^# (.+)\n(#?)([A-Z_]+)=(.*)$", text, re.MULTILINE)
    assert listed == [
        (
            setting.metadata["about"],
            "" if setting.default is dataclasses.MISSING else "#",
            variable_of(setting),
            default_text(setting.default),
        )
        for setting in dataclasses.fields(Settings)
    ]


def test_the_defaults_in_env_example_mean_the_defaults():
    text = (ROOT / ".env.example").read_text()
    listed = dict(re.findall(r"^#([A-Z_]+)=(.*)$", text, re.MULTILINE))
    plain = {"DATABASE_URL": SOUND["DATABASE_URL"]}
    assert Settings.from_environment(plain | listed) == Settings.from_environment(plain)


def test_the_service_does_not_start_with_a_wrong_setting_and_says_why():
    service = run_module("app", JWT_SECRET="short", DATABASE_URL=SOUND["DATABASE_URL"])
    assert service.returncode == 1
    assert "Duly can't start:\nJWT_SECRET" in service.stderr
    assert ".env.example" in service.stderr
    assert "Traceback" not in service.stderr


def default_text(default):
    if default is dataclasses.MISSING or default is None:
        return ""
    if isinstance(default, bool):
        return str(default).lower()
    return ",".join(default) if isinstance(default, tuple) else str(default)


@pytest.mark.parametrize(
    "url",
    [
        "postgres://task_api@localhost/duly",
        "postgresql://task_api:p%40ss@db.example:6432/duly?sslmode=verify-full",
        "postgresql://task_api@[::1]:5432/duly",
        "postgresql://task_api@one:5432,two:5433/duly",
        "postgresql://task_api@/duly?host=/var/run/postgresql",
        "postgresql:///duly",
    ],
)
def test_a_url_of_postgresql_is_taken(url):
    assert Settings.from_environment(SOUND | {"DATABASE_URL": url}).database_url == url


def test_a_mode_of_tls_that_does_not_exist_is_refused():
    assert "sslmode: disable, allow" in refusal(DATABASE_URL=f"{SOUND['DATABASE_URL']}?sslmode=on")


EMBEDDED = "postgresql://task_api@/duly?host=/home/alice/duly/.postgres"


@pytest.mark.parametrize(
    ("host", "url", "holds"),
    [
        ("127.0.0.1", EMBEDDED, True),
        ("localhost", EMBEDDED, True),
        ("::1", EMBEDDED, True),
        ("", EMBEDDED, True),
        ("0.0.0.0", EMBEDDED, False),
        ("192.168.1.2", EMBEDDED, False),
        ("duly.example", EMBEDDED, False),
        ("127.0.0.1", "postgresql://task_api@localhost/duly", False),
        ("127.0.0.1", "postgresql://task_api:x@db.example/duly", False),
        ("127.0.0.1", "postgresql://task_api@db.example/duly?host=/tmp", False),
        ("127.0.0.1", "postgresql:///duly", False),
    ],
)
def test_development_holds_only_on_loopback_with_the_embedded_database(host, url, holds):
    asked = SOUND | {"DEVELOPMENT": "true", "HOST": host, "DATABASE_URL": url}
    assert Settings.from_environment(asked).development is holds
    assert Settings.from_environment(asked | {"DEVELOPMENT": ""}).development is False


def test_the_start_says_that_development_is_off_and_refuses_a_short_secret():
    variables = {**SOUND, "JWT_SECRET": "short", "DEVELOPMENT": "true"}
    done = run_module("app", **variables)
    assert done.returncode == 1
    assert done.stderr.startswith("DEVELOPMENT is off: ")
    assert "JWT_SECRET" in done.stderr


def test_secrets_as_they_are_documented_survive_a_shell(tmp_path):
    text = (ROOT / ".env.example").read_text()
    printed = re.search(r"^# several secrets .*?: (\S.*)$\n#JWT_SECRETS=", text, re.MULTILINE)[1]
    (tmp_path / ".env").write_text(f"JWT_SECRETS={printed}\n")
    shell = ["sh", "-c", 'set -a; . ./.env; printf %s "$JWT_SECRETS"']
    value = subprocess.run(shell, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert Settings.from_environment(SOUND | {"JWT_SECRETS": value}).jwt_secrets == {"kid": "secret"}
