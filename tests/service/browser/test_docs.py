"""/docs in a browser: nothing is loaded from elsewhere, and what it shows can be tried."""

import shutil
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, sync_playwright

from tests.client import make_token
from tests.processes import serve

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip

in_a_browser = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed: apt install chromium")


@pytest.fixture(scope="module")
def development(settings) -> Iterator[str]:
    """The address of a service in development."""
    if "@/" not in settings.database_url:
        pytest.skip("DEVELOPMENT holds only with a database behind a Unix socket, as the embedded one")
    with serve(settings.database_url, settings.jwt_secret, DEVELOPMENT="true") as address:
        yield address


@pytest.fixture
def page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser.new_page(viewport={"width": 1280, "height": 1600})
        browser.close()


def open_docs(page: Page, address: str) -> list[str]:
    """Open the page; returns what went wrong in it, and where it asked for anything that isn't on
    loopback.
    """
    faults: list[str] = []
    page.on(
        "console",
        lambda message: faults.append(message.text) if message.type in ("error", "warning") else None,
    )
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", lambda request: None if is_here(request.url) else faults.append(request.url))
    page.goto(f"{address}/docs")
    page.wait_for_selector(".opblock")
    return faults


def is_here(url: str) -> bool:
    return urlsplit(url).hostname == "127.0.0.1" or url.startswith(("data:", "blob:"))


def try_list(page: Page) -> str:
    """Execute GET /tasks in the page; returns the status that it shows."""
    operation = page.locator(".opblock", has_text="List, search and filter tasks")
    operation.locator(".opblock-summary-control").click()
    operation.locator("button.execute").click()
    status = operation.locator(".live-responses-table .response-col_status").last
    status.wait_for()
    return status.inner_text().split()[0]


@in_a_browser
def test_the_page_shows_all_operations_and_loads_nothing_from_elsewhere(page, service, http):
    faults = open_docs(page, service)
    paths = http.get("/openapi.json").json()["paths"]
    assert page.locator(".opblock").count() == sum(len(methods) for methods in paths.values())
    assert page.locator("#token").count() == 0
    assert faults == []


@in_a_browser
def test_an_operation_can_be_tried_with_a_pasted_token(page, service, secret, alice):
    faults = open_docs(page, service)
    page.locator(".auth-wrapper .authorize").first.click()
    page.locator(".auth-container input").fill(make_token(alice, secret))
    page.locator(".auth-btn-wrapper .authorize").click()
    page.locator(".auth-btn-wrapper .btn-done").click()
    assert try_list(page) == "200"
    assert faults == []


@in_a_browser
def test_in_development_a_token_is_one_click_away(page, development, tmp_path):
    faults = open_docs(page, development)
    page.locator("#token").click()
    page.get_by_text("You are alice").wait_for()
    assert try_list(page) == "200"
    page.evaluate("scrollTo(0, 0)")
    page.screenshot(path=tmp_path / "docs.png")
    assert faults == []
