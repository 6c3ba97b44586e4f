"""Preflights (https://fetch.spec.whatwg.org/#http-cors-protocol), and the settings that decide them."""

import dataclasses
import subprocess

import pytest
from starlette.testclient import TestClient

from app.dev import service
from app.main import create_app
from app.settings import Settings, SettingsError

ORIGIN = "http://localhost:3000"


def preflight(http, *fields, origin=ORIGIN, method="PATCH"):
    headers = [("Origin", origin), ("Access-Control-Request-Method", method), *fields]
    return http.options("/tasks", headers=headers)


def asking(*lines):
    return [("Access-Control-Request-Headers", line) for line in lines]


@pytest.mark.parametrize(
    "lines",
    [[""], [" "], [","], [", ,"], ["content-type,"], [",content-type"], ["content-type,,prefer"],
     ["content-type , \tprefer"], ["content-type", "prefer"], ["", "prefer"], ["CONTENT-TYPE"]],
)  # fmt: skip
def test_a_preflight_may_have_empty_elements_and_several_lines(http, lines):
    response = preflight(http, *asking(*lines))
    assert (response.status_code, response.headers["access-control-allow-origin"]) == (200, ORIGIN)


@pytest.mark.parametrize(
    "name",
    ["traceparent", "tracestate", "baggage", "sentry-trace", "cache-control", "pragma", "x-requested-with",
     "last-event-id", "authorization", "content-type", "if-match", "if-none-match", "idempotency-key",
     "prefer", "x-request-id", "accept", "accept-language"],
)  # fmt: skip
def test_a_web_page_may_send_what_pages_usually_send(http, name):
    response = preflight(http, *asking(name))
    allowed = response.headers["access-control-allow-headers"].lower().split(", ")
    assert (response.status_code, name in allowed) == (200, True)


@pytest.mark.parametrize(
    ("lines", "named"),
    [(["x-evil"], "x-evil"), (["content-type, X-Evil"], "x-evil"), (["prefer", "x-b, x-a, x-b"], "x-b, x-a")],
)
def test_a_refused_header_is_named_with_its_setting(http, lines, named):
    response = preflight(http, *asking(*lines), ("X-Request-ID", "mine"))
    problem = response.json()
    assert (response.status_code, problem["type"]) == (400, "/problems/validation-error")
    assert f"the header {named} is not allowed" in problem["detail"]
    assert ("CORS_HEADERS" in problem["detail"], "CORS_ORIGINS" in problem["detail"]) == (True, False)
    assert problem["request_id"] == response.headers["x-request-id"] == "mine"


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://localhost:3001", "HTTP://LOCALHOST:3000"]
)
def test_a_refused_origin_is_named_with_its_setting(http, origin):
    response = preflight(http, origin=origin)
    problem = response.json()
    assert (response.status_code, f"the origin {origin} is not one of CORS_ORIGINS" in problem["detail"]) == (
        400,
        True,
    )
    assert problem["request_id"] == response.headers["x-request-id"]
    assert "access-control-allow-origin" not in response.headers


def test_all_reasons_of_a_refusal_are_told_and_long_ones_are_cut(http):
    response = preflight(http, *asking("x" * 30_000), origin="http://" + "o" * 290, method="M" * 5000)
    detail = response.json()["detail"]
    assert all(text in detail for text in ("the origin http://ooo", "the method MMM", "the header xxx"))
    assert len(response.content) < 2000


def test_a_preflight_of_a_private_network_is_answered_where_the_origin_is_allowed(http):
    private = ("Access-Control-Request-Private-Network", "true")
    allowed = preflight(http, private)
    assert (allowed.status_code, allowed.headers["access-control-allow-private-network"]) == (200, "true")
    assert "access-control-allow-private-network" not in preflight(http).headers
    refused = preflight(http, private, origin="http://evil.example")
    assert (refused.status_code, "access-control-allow-private-network" in refused.headers) == (400, False)


def test_what_a_preflight_depends_on_is_in_vary(http):
    for response in (preflight(http), preflight(http, origin="http://evil.example")):
        assert "Access-Control-Request-Headers" in response.headers["vary"]


def test_cors_headers_adds_headers(settings):
    added = Settings.from_environment(
        {"DATABASE_URL": settings.database_url, "CORS_HEADERS": " X-Tenant, ,x-app-version"}
    )
    app = create_app(dataclasses.replace(settings, cors_headers=added.cors_headers))
    with TestClient(app) as http:
        assert preflight(http, *asking("x-tenant, x-app-version, prefer")).status_code == 200
        assert preflight(http, *asking("x-other")).status_code == 400


@pytest.mark.parametrize("value", ["a b", "x:y", "é", '"x"', "x" * 1001, "a\r\nb"])
def test_cors_headers_takes_names_only(settings, value):
    with pytest.raises(SettingsError, match="CORS_HEADERS"):
        Settings.from_environment({"DATABASE_URL": settings.database_url, "CORS_HEADERS": value})


@pytest.mark.parametrize("given", [None, "", "https://a.example"])
def test_make_run_allows_the_ports_of_next_and_vite(monkeypatch, given):
    """Up to where the service would be started."""
    seen = {}

    def start(*arguments, env, **keywords):
        seen.update(env)
        raise KeyboardInterrupt

    monkeypatch.setenv("DATABASE_URL", "postgresql://task_api@localhost/duly")
    monkeypatch.setenv("PORT", "0")
    monkeypatch.setenv("JWT_SECRET", "x" * 32)
    if given is None:
        monkeypatch.delenv("CORS_ORIGINS", raising=False)
    else:
        monkeypatch.setenv("CORS_ORIGINS", given)
    monkeypatch.setattr(subprocess, "Popen", start)
    with pytest.raises(KeyboardInterrupt):
        service.run()
    origins = Settings.from_environment(seen).cors_origins
    assert origins == ((given,) if given else ("http://localhost:3000", "http://localhost:5173"))
