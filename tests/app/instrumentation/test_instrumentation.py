"""What an operator sees: logs, metrics, traces. Never a token, a title or a body."""

import asyncio
import json
import logging
import logging.config
import platform
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager

import pytest
from prometheus_client import generate_latest
from starlette.testclient import TestClient

from app import __version__
from app.auth.passes import digest_of
from app.dev.project import ROOT
from app.instrumentation.logs import JsonFormatter, TextFormatter, log_config
from app.instrumentation.middleware import Measure
from app.main import create_app
from app.process import Processes
from app.settings import Settings, SettingsError
from app.worker.metrics import Metrics
from tests.client import Client, make_token
from tests.conftest import SECRET
from tests.processes import environment

ALERTS = ROOT / "app" / "instrumentation" / "alerts.yml"
# Nine in ten requests fail for ten minutes, and the service answers Prometheus.
FIRING = """\
rule_files: [alerts.yml]
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series:
      - series: 'up{job="duly"}'
        values: 1x20
      - series: 'http_requests_total{job="duly",method="GET",route="/tasks",status="503"}'
        values: 0+540x20
      - series: 'http_requests_total{job="duly",method="GET",route="/tasks",status="200"}'
        values: 0+60x20
    alert_rule_test:
      - alertname: DulyFails
        eval_time: 10m
        exp_alerts:
          - exp_labels: {severity: critical}
            exp_annotations:
              summary: "90% of the requests to Duly are answered with 5xx"
              action: "Look at the log of duly.database; GET /health/ready says whether it answers"
      - alertname: DulyIsDown
        eval_time: 10m
        exp_alerts: []
"""
TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.fixture
def watched(server, database, alice):
    """HTTP as alice, with everything on that can be."""
    settings = Settings(
        database_url=server.service_url(database),
        jwt_secret=SECRET,
        log_level="info",
        log_format="json",
        metrics=True,
    )
    with TestClient(create_app(settings), raise_server_exceptions=False) as http:
        yield Client(http, make_token(alice, SECRET))


@pytest.fixture
def lines(caplog):
    """The log as it is written, line by line."""
    caplog.set_level("INFO", "duly")
    return lambda: [
        json.loads(JsonFormatter().format(record))
        for record in caplog.records
        if record.name.startswith("duly")
    ]


def test_each_request_is_one_line(watched, lines):
    task = watched.create(title="A secret title")
    watched.get(f"/tasks/{task['id']}", headers={"traceparent": TRACEPARENT, "x-request-id": "mine"})
    watched.get("/nowhere/A secret title")
    made, read, lost = lines()
    assert made["route"] == "/tasks"
    assert (made["method"], made["status"]) == ("POST", 201)
    assert (read["route"], read["request_id"], read["traceparent"]) == ("/tasks/{id}", "mine", TRACEPARENT)
    assert (lost["route"], lost["status"]) == ("-", 404)
    assert re.fullmatch(r"[0-9a-f]{16}", made["user"])
    assert made["user"] == read["user"]
    assert made["ms"] > 0
    assert set(read) - set(made) == {"traceparent", "trace_id"}
    assert read["trace_id"] == TRACEPARENT.split("-")[1]
    assert lost["path"] == "/nowhere/A%20secret%20title"
    assert set(made) == {"time", "level", "logger", "request_id", "method", "route", "status", "ms", "user"}


def test_no_line_has_what_is_a_users_own(watched, lines, alice, caplog):
    watched.create(title="A secret title", description="A secret description")
    watched.post("/tasks", {"title": "A secret title", "priority": "A secret value"})
    text = json.dumps(lines()) + caplog.text
    assert "secret" not in text
    assert alice not in text
    assert make_token(alice, SECRET)[:20] not in text


def test_a_pass_is_in_no_log_and_no_metric(server, database, caplog, capfd, alice):
    """It is shown once, in one answer."""
    caplog.set_level("DEBUG")
    settings = Settings(
        database_url=server.service_url(database), jwt_secret=SECRET, log_level="debug", metrics=True
    )
    with TestClient(create_app(settings), raise_server_exceptions=False) as http:
        made = Client(http, make_token(alice, SECRET)).post("/passes", {"label": "x"}).json()
        script = Client(http, made["token"])
        assert [script.get("/tasks").status_code, script.post("/tasks", {}).status_code] == [200, 403]
        Client(http, made["token"] + "x").get("/tasks")
        metrics = script.get("/metrics").text
    records = json.dumps([JsonFormatter().format(record) for record in caplog.records])
    everything = records + caplog.text + metrics + "".join(capfd.readouterr())
    assert '"route": "/passes"' in records.replace("\\", "")
    assert made["token"][5:] not in everything
    assert digest_of(made["token"].encode()).hex() not in everything


@pytest.mark.parametrize(
    ("path", "told"),
    [
        (
            "/tasks/018f4e2a-6c1b-4d3e-9f00-2a5b8c7d6e1f?q=secret",
            "/tasks/018f4e2a-6c1b-4d3e-9f00-2a5b8c7d6e1f",
        ),
        ("/a%0Ab", "/a%0Ab"),
        ("/duly_" + "x" * 43 + "/tasks", "/…/tasks"),
        ("/x/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln", "/x/…"),
        ("/" + "a" * 300, "/" + "a" * 198 + "…"),
    ],
)
def test_the_path_of_a_404_is_told_and_no_token_in_it(path, told, watched, lines):
    watched.get(path)
    assert lines()[-1]["path"] == told


def test_a_line_for_a_terminal_has_the_path_and_the_trace(watched, caplog):
    caplog.set_level("INFO", "duly")
    watched.get("/nowhere", headers={"traceparent": TRACEPARENT})
    assert re.search(
        r"GET - 404 [\d.]+ ms path=/nowhere trace_id=4bf92f3577b34da6a3ce929d0e0e4736", caplog.text
    )


@pytest.mark.parametrize("formatter", [TextFormatter(), JsonFormatter()])
def test_an_exception_is_written_without_its_text(formatter):
    title, body = "A secret title", "A secret body"
    try:
        try:
            int(title)
        except ValueError as error:
            raise LookupError(body) from error
    except LookupError as error:
        record = logging.LogRecord(
            "duly",
            logging.ERROR,
            __file__,
            1,
            "request %s",
            ("x",),
            (LookupError, error, error.__traceback__),
        )
    line = formatter.format(record)
    assert "A secret" not in line
    assert "LookupError" in line
    assert "ValueError" in line
    assert "test_instrumentation.py" in line


def test_logs_are_off_where_the_level_is_warning(client, alice, caplog):
    caplog.set_level("INFO", "duly")
    client(alice).get("/tasks")
    assert not caplog.records


@pytest.mark.parametrize("form", ["text", "json"])
def test_the_configuration_of_logging_is_sound(form):
    settings = Settings(
        database_url="postgresql://localhost/x", jwt_secret=SECRET, log_format=form, log_level="debug"
    )
    logging.config.DictConfigurator(log_config(settings)).configure_formatter(
        log_config(settings)["formatters"]["chosen"]
    )


def test_metrics_are_off_unless_wanted(http):
    assert http.get("/metrics").status_code == 404


def test_metrics_count_by_route_and_never_by_address(watched, alice):
    task = watched.create()
    watched.get(f"/tasks/{task['id']}")
    watched.get("/tasks/018f4e2a-6c1b-4d3e-9f00-2a5b8c7d6e1f")
    watched.get(f"/{alice}")
    watched.request("BREW", "/tasks")
    text = watched.get("/metrics").text
    for line in (
        'http_requests_total{method="POST",route="/tasks",status="201"} 1.0',
        'http_requests_total{method="GET",route="/tasks/{id}",status="200"} 1.0',
        'http_requests_total{method="GET",route="/tasks/{id}",status="404"} 1.0',
        'http_requests_total{method="GET",route="-",status="404"} 1.0',
        'http_requests_total{method="other",route="/tasks",status="405"} 1.0',
        'http_request_duration_seconds_count{method="POST",route="/tasks"} 1.0',
        'duly_database_errors_total{sqlstate_class="DT"} 1.0',
        "duly_pool_in_use 0.0",
        "duly_pool_waiting 0.0",
        "duly_pool_size 10.0",
        "duly_token_cache_misses_total 1.0",
        "duly_token_cache_hits_total 2.0",
    ):
        assert line in text.splitlines()
    assert alice not in text
    assert task["id"] not in text


def measured_in(text):
    """The names of the series in the text of Prometheus."""
    measured = set(re.findall(r"^# TYPE (\w+)", text, re.MULTILINE))
    return measured | {f"{name}_bucket" for name in measured}


def test_the_process_and_what_was_built_are_measured(watched):
    of_worker = generate_latest(Metrics(Settings(database_url="postgresql://nowhere/x")).registry).decode()
    for text in (watched.get("/metrics").text, of_worker):
        values = dict(re.findall(r"^(process_\w+) (\S+)$", text, re.MULTILINE))
        assert float(values["process_resident_memory_bytes"]) > 10_000_000
        assert 0 < float(values["process_open_fds"]) < float(values["process_max_fds"])
        assert f'duly_build_info{{python="{platform.python_version()}",version="{__version__}"}} 1.0' in text


def test_processes_are_measured_together():
    def measure(*pids):
        return {each.name: each.samples[0].value for each in Processes(lambda: pids).collect()}

    one, two = measure("self"), measure("self", "self")
    assert two["process_virtual_memory_bytes"] > 1.9 * one["process_virtual_memory_bytes"]
    assert two["process_start_time_seconds"] == one["process_start_time_seconds"]
    assert list(measure(0)) == ["duly_build_info"]


def test_the_alerts_ask_only_for_what_is_measured(watched):
    watched.create()
    of_worker = generate_latest(Metrics(Settings(database_url="postgresql://nowhere/x")).registry).decode()
    expressions = re.findall(r"^ +expr: (.*(?:\n {12,}.*)*)", ALERTS.read_text(), re.MULTILINE)
    asked = {name for each in expressions for name in re.findall(r"\b(?:http|duly|process)_\w+", each)}
    assert len(expressions) >= 8
    assert asked <= measured_in(watched.get("/metrics").text + of_worker)


def test_promtool_finds_nothing_wrong_with_the_alerts(tmp_path):
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed")
    done = subprocess.run(["promtool", "check", "rules", ALERTS], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (tmp_path / "alerts.yml").write_text(ALERTS.read_text())
    (tmp_path / "test.yml").write_text(FIRING)
    done = subprocess.run(
        ["promtool", "test", "rules", "test.yml"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_dashboard_asks_only_for_what_is_measured(watched):
    watched.create()
    of_worker = generate_latest(Metrics(Settings(database_url="postgresql://nowhere/x")).registry).decode()
    text = watched.get("/metrics").text + of_worker
    measured = measured_in(text)
    dashboard = json.loads((ROOT / "app" / "instrumentation" / "grafana.json").read_text())
    asked = {
        name
        for panel in dashboard["panels"]
        for target in panel["targets"]
        for name in re.findall(r"\b(?:http|duly)_\w+", target["expr"])
    }
    assert asked
    assert asked <= measured


@pytest.fixture
def spans(monkeypatch):
    """``spans()``: the spans that were sent."""
    trace = pytest.importorskip("opentelemetry.sdk.trace")
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    from app.instrumentation import tracing

    exporter = InMemorySpanExporter()
    provider = trace.TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(tracing, "_tracer", provider.get_tracer("duly"))
    monkeypatch.setattr(tracing, "start_tracing", lambda: provider)
    return exporter.get_finished_spans


def test_spans_have_the_route_and_follow_the_client(server, database, alice, spans):
    settings = Settings(database_url=server.service_url(database), jwt_secret=SECRET, tracing=True)
    with TestClient(create_app(settings)) as http:
        task = Client(http, make_token(alice, SECRET)).create(title="A secret title")
        Client(http, make_token(alice, SECRET)).get(
            f"/tasks/{task['id']}", headers={"traceparent": TRACEPARENT}
        )
    sent = spans()
    assert [span.name for span in sent] == [
        "api.create_task",
        "POST /tasks",
        "api.get_task",
        "GET /tasks/{id}",
    ]
    assert {f"{span.context.trace_id:032x}" for span in sent[2:]} == {TRACEPARENT.split("-")[1]}
    assert "secret" not in "".join(span.to_json() for span in sent)


def test_a_pass_is_in_no_span(server, database, alice, spans):
    settings = Settings(database_url=server.service_url(database), jwt_secret=SECRET, tracing=True)
    with TestClient(create_app(settings)) as http:
        made = Client(http, make_token(alice, SECRET)).post("/passes", {"label": "x"}).json()
        Client(http, made["token"]).get("/tasks")
    assert {"api.create_pass", "api.open_pass", "api.use_pass"} <= {span.name for span in spans()}
    sent = "".join(span.to_json() for span in spans())
    assert made["token"][5:] not in sent
    assert digest_of(made["token"].encode()).hex() not in sent


def test_the_trace_of_a_request_is_in_its_line(server, database, alice, spans, lines):
    url = server.service_url(database)
    settings = Settings(database_url=url, jwt_secret=SECRET, tracing=True, log_level="info")
    with TestClient(create_app(settings)) as http:
        Client(http, make_token(alice, SECRET)).get("/tasks")
    assert lines()[-1]["trace_id"] == f"{spans()[-1].context.trace_id:032x}"


@pytest.mark.parametrize(
    ("variables", "name"),
    [
        ({}, "duly"),
        ({"OTEL_SERVICE_NAME": "tasks"}, "tasks"),
        ({"OTEL_RESOURCE_ATTRIBUTES": "service.name=mine,team=a"}, "mine"),
        ({"OTEL_RESOURCE_ATTRIBUTES": "team=a"}, "duly"),
    ],
)
def test_spans_come_from_duly_unless_a_variable_says_another(variables, name, monkeypatch):
    pytest.importorskip("opentelemetry.sdk.resources")
    from app.instrumentation.tracing import describe_service

    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    attributes = describe_service().attributes
    assert (attributes["service.name"], attributes["service.version"]) == (name, __version__)
    assert "telemetry.sdk.name" in attributes


def test_tracing_without_opentelemetry_is_refused_at_the_start(monkeypatch):
    monkeypatch.setitem(sys.modules, "app.instrumentation.tracing", None)
    with pytest.raises(SettingsError, match="requirements-otel"):
        create_app(Settings(database_url="postgresql://localhost/x", jwt_secret=SECRET, tracing=True))


@pytest.mark.parametrize("level", ["warning", "error"])
def test_what_is_off_is_neither_imported_nor_called(level):
    program = (
        "import sys; from app.main import create_app; from app.settings import Settings\n"
        "app = create_app(Settings(database_url='postgresql://localhost/x', jwt_secret='s' * 32, "
        f"log_level='{level}'))\n"
        "print([each.cls.__name__ for each in app.user_middleware])\n"
        "print([name for name in sys.modules if name.split('.')[0] in ('prometheus_client', "
        "'opentelemetry')])\n"
        "print('app.instrumentation.metrics' in sys.modules, 'app.instrumentation.tracing' in sys.modules)"
    )
    printed = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment(), capture_output=True, text=True,
        check=True
    ).stdout.splitlines()  # fmt: skip
    assert "Measure" not in printed[0]
    assert printed[1:] == ["[]", "False False"]


def test_one_middleware_measures_for_all_that_is_on(watched):
    names = [each.cls.__name__ for each in watched._http.app.user_middleware]
    assert names.count("Measure") == 1


def test_an_exchange_that_fails_is_measured_as_500():
    seen = []

    @contextmanager
    def observe(exchange):
        assert exchange.seconds == 0
        try:
            yield
        finally:
            seen.append((exchange.status, exchange.seconds > 0))

    async def fail(scope, receive, send):
        raise LookupError

    with pytest.raises(LookupError):
        asyncio.run(Measure(fail, [observe, observe])({"type": "http"}, None, None))
    assert seen == [(500, True), (500, True)]


def test_a_database_that_is_not_reached_counts_as_class_08(alice):
    settings = Settings(database_url="postgresql://x@127.0.0.1:1/x", jwt_secret=SECRET, metrics=True)
    with TestClient(create_app(settings)) as http:
        client = Client(http, make_token(alice, SECRET))
        assert client.get("/tasks").status_code == 503
        assert (
            'duly_database_errors_total{sqlstate_class="08"} 1.0' in client.get("/metrics").text.splitlines()
        )
