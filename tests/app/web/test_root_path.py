"""ROOT_PATH: a proxy shows the service below a path, and every path that the service tells leads there."""

import dataclasses
import re

import pytest
from starlette.testclient import TestClient

from app.main import create_app
from app.settings import Settings
from tests.client import Client, make_token

ROOT = "/apps/duly"


@pytest.fixture
def below(settings):
    """HTTP, as a browser sees it: all requests below the root."""
    app = create_app(dataclasses.replace(settings, root_path=ROOT))
    with TestClient(app, raise_server_exceptions=False, follow_redirects=False) as http:
        yield http


@pytest.mark.parametrize("sent", [ROOT, ""], ids=["left by the proxy", "taken away by the proxy"])
def test_a_new_task_is_where_location_says(below, alice, sent):
    client = Client(below, make_token(alice))
    made = client.post(f"{sent}/tasks", {"title": "x"})
    assert made.headers["location"] == f"{ROOT}/tasks/{made.json()['id']}"
    assert client.get(made.headers["location"]).json() == made.json()


def test_the_links_of_a_page_lead_to_the_others(below, alice):
    client = Client(below, make_token(alice))
    for title in "ab":
        client.create(title=title)
    page = client.get(f"{ROOT}/tasks?limit=1&offset=1&sort_by=title")
    links = {name: url for url, name in re.findall(r'<([^>]+)>; rel="(\w+)"', page.headers["link"])}
    assert set(links) == {"first", "prev"}
    for url in links.values():
        assert url.startswith(f"{ROOT}/tasks?")
        assert client.get(url).json()["items"][0]["title"] == "a"


def test_the_pages_load_what_is_below_the_root(below):
    sent = below.get(f"{ROOT}/", headers={"Accept": "text/html"})
    assert (sent.status_code, sent.headers["location"]) == (303, f"{ROOT}/docs")
    problem = f"{ROOT}/problems/not-found"
    for path in (f"{ROOT}/docs", problem):
        page = below.get(path, headers={"Accept": "text/html"})
        loaded = re.findall(r'(?:src|href)="([^"#]+)', page.text)
        assert len(loaded) >= 2
        for url in loaded:
            assert url.startswith(f"{ROOT}/docs")
            assert below.get(url).status_code == 200, url
    assert f'data-root="{ROOT}"' in below.get(f"{ROOT}/docs").text


def test_the_description_and_the_index_name_the_root(below):
    document = below.get(f"{ROOT}/openapi.json").json()
    assert document["servers"][0]["url"] == ROOT
    links = re.findall(r"\]\((/[^)]+)\)", document["info"]["description"] + str(document["paths"]))
    assert links
    assert all(link.startswith(f"{ROOT}/") for link in links)
    index = below.get(ROOT)
    assert index.json()["docs"] == f"{ROOT}/docs"
    assert f'<{ROOT}/openapi.json>; rel="service-desc"' in index.headers["link"]


@pytest.mark.parametrize("path", ["/apps/dulyx/tasks", "/apps", f"{ROOT}//tasks", f"{ROOT}{ROOT}/tasks"])
def test_what_only_looks_like_the_root_is_404(below, path):
    assert below.get(path).status_code == 404


def test_a_slash_at_the_end_of_the_root_does_not_count():
    given = {"DATABASE_URL": "postgresql:///duly", "ROOT_PATH": "/duly/"}
    assert Settings.from_environment(given).root_path == "/duly"
