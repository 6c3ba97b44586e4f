"""The pages, what they load, and how they may be cached."""

import re

import pytest
from starlette.testclient import TestClient

from app import __version__
from app.docs.pages import ASSET_TYPES
from app.main import create_app
from app.settings import Settings
from app.web.problem_types import PROBLEM_TYPES
from tests.client import SECRET, Client

ASSETS = ("scalar.js", "page.js", "page.css", "favicon.svg")


def test_a_token_is_not_handed_out_but_in_development(http):
    assert http.post("/docs/token").status_code in (404, 405)
    assert "Be alice" not in http.get("/docs").text


def test_the_page_and_what_it_loads_say_how_they_may_be_kept(http):
    page = http.get("/docs", headers={"Accept": "text/html"})
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'; script-src 'self'" in page.headers["content-security-policy"]
    for name, media_type in zip(ASSETS, ASSET_TYPES, strict=True):
        asset = http.get(f"/docs/{name}")
        assert (asset.status_code, bool(asset.headers["etag"])) == (200, True)
        assert asset.headers["content-type"].partition(";")[0] == media_type
        assert http.get(f"/docs/{name}", headers={"If-None-Match": asset.headers["etag"]}).status_code == 304
    assert http.get("/docs/scalar.js", headers={"Accept-Encoding": "br"}).headers["content-encoding"] == "br"
    for name in ("..%2Fcore.py", "page.html", "guides.md", "pages.py"):
        assert http.get(f"/docs/{name}").status_code == 404, name


def test_the_reference_is_made_by_scalar_without_a_network(http):
    assert "createApiReference" in http.get("/docs/scalar.js").text
    settings = http.get("/docs/page.js").text
    for setting in ("withDefaultFonts: false", "telemetry: false", 'proxyUrl: ""', "persistAuth: false"):
        assert setting in settings


def test_the_page_names_what_it_loads_and_nothing_else(http):
    loaded = re.findall(r'(?:src|href)="([^"]+)"', http.get("/docs").text)
    assert sorted(loaded) == sorted(f"/docs/{name}" for name in ASSETS)


def test_every_link_of_the_guides_leads_somewhere(http):
    document = http.get("/openapi.json").json()
    guides = document["info"]["description"]
    headings = {
        re.sub(r"[^a-z]+", "-", heading.lower()) for heading in re.findall(r"^## (.+)$", guides, re.MULTILINE)
    }
    links = re.findall(r"\]\(([^)]+)\)", guides + str(document["paths"]))
    assert len(links) > len(PROBLEM_TYPES)
    for link in links:
        if link.startswith("#description/"):
            assert link.removeprefix("#description/") in headings, link
        else:
            assert http.get(link).status_code == 200, link
    assert {
        "first-steps", "tokens", "passes", "paging", "search", "safe-retries-and-preconditions",
        "recurrence-and-time-zones", "synchronising", "errors",
    } <= headings  # fmt: skip


@pytest.mark.parametrize("name", PROBLEM_TYPES)
def test_a_problem_page_renders_its_code_and_links_to_the_others(http, name):
    page = http.get(f"/problems/{name}", headers={"Accept": "text/html"})
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    text = page.text
    assert "`" not in text
    assert text.count("<code>") == text.count("</code>")
    about = PROBLEM_TYPES[name].about
    for code in re.findall(r"`([^`]+)`", about):
        assert f"<code>{code}</code>" in text
    assert 'href="/docs"' in text
    # The page is laid out by a style sheet of this service; the policy allows no other, and no script.
    assert "default-src 'none'; style-src 'self'" in page.headers["content-security-policy"]
    assert page.headers["content-security-policy"].endswith("frame-ancestors 'none'")
    assert 'href="/docs/page.css"' in text


def test_the_root_tells_programs_where_everything_is(http):
    answer = http.get("/")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    index = answer.json()
    assert (index["name"], index["version"]) == ("Duly", __version__)
    for relation in ("docs", "openapi", "health", "ready"):
        assert http.get(index[relation]).status_code == 200, relation
    for relation in ("tasks", "changes", "events", "passes", "webhooks"):
        assert http.get(index[relation]).status_code == 401, relation
    for relation in ("batch", "occurrences"):
        assert http.post(index[relation]).status_code == 401, relation
    links = answer.headers["link"]
    assert f'<{index["openapi"]}>; rel="service-desc"' in links
    assert f'<{index["docs"]}>; rel="service-doc"' in links


@pytest.mark.parametrize(
    ("switched", "relation"),
    [
        ({"passes": False}, "passes"),
        ({"events_limit": 0}, "events"),
        ({"webhook_key": ()}, "webhooks"),
        ({"metrics": False}, "metrics"),
    ],
)
def test_the_root_names_no_resource_that_is_switched_off(switched, relation):
    on = {"database_url": "postgresql://localhost/x", "jwt_secret": SECRET}
    on |= {"webhook_key": ("k" * 32,), "metrics": True}
    everything = TestClient(create_app(Settings(**on))).get("/").json()
    less = TestClient(create_app(Settings(**on | switched)))
    assert everything.keys() - less.get("/").json().keys() == {relation}
    assert less.get(everything[relation]).status_code == 404


@pytest.mark.parametrize(
    "accept",
    ["text/html", "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"],
)
def test_the_root_sends_a_browser_to_the_docs(http, accept):
    answer = http.get("/", headers={"Accept": accept})
    assert (answer.status_code, answer.headers["location"]) == (303, "/docs")
    assert "Accept" in answer.headers["vary"]


def test_the_root_has_no_other_method(http):
    refused = http.post("/")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD, OPTIONS")


def test_the_token_of_the_page_has_the_claims_that_the_settings_name(server, database, alice):
    settings = Settings(
        database_url=server.service_url(database),
        jwt_secret=SECRET,
        development=True,
        jwt_user_claim=("email",),
        jwt_audience=("duly",),
        jwt_issuer=("https://issuer.example",),
        jwt_require_scope=True,
        jwt_scope_claim=("permissions",),
    )
    with TestClient(create_app(settings)) as http:
        token = http.post("/docs/token", params={"user": alice}).json()["token"]
        assert Client(http, token).create()["user_id"] == alice
