"""/docs in a browser: nothing is loaded from elsewhere, and what it shows can be tried."""

from collections.abc import Callable, Iterator

import httpx2 as httpx
import pytest
from playwright.sync_api import Page

from tests.client import make_token
from tests.processes import serve
from tests.service.browser.pages import CHROMIUM, DESKTOP, PHONE

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed: apt install chromium")

LIST = "[id='api-1/tag/tasks/GET/tasks']"


@pytest.fixture(scope="module")
def development(settings) -> Iterator[str]:
    """The address of a service in development."""
    if "@/" not in settings.database_url:
        pytest.skip("DEVELOPMENT holds only with a database behind a Unix socket, as the embedded one")
    with serve(settings.database_url, settings.jwt_secret, DEVELOPMENT="true") as address:
        yield address


def open_docs(open_page: Callable[..., Page], address: str, *view: object) -> Page:
    page = open_page(f"{address}/docs#tag/tasks/GET/tasks", *view)
    page.locator(LIST).wait_for()
    return page


def try_list(page: Page) -> str:
    """Send GET /tasks from the page; returns the status that it shows."""
    page.locator(LIST).get_by_text("Test Request").first.click()
    page.locator("button:visible", has_text="Send get request to").click()
    status = page.locator("a:visible, span:visible, button:visible").filter(has_text="200 OK")
    status.first.wait_for()
    return status.first.inner_text().strip()


def test_the_page_shows_all_operations_and_once_what_they_share(open_page, service):
    page = open_docs(open_page, service)
    shown = page.locator(LIST).inner_text()
    assert "304" in shown
    assert "503" not in shown
    assert page.get_by_role("link", name="unavailable").count() == 1
    # Outside of development nobody is handed a token.
    assert page.locator("#alice").count() == 0
    document = httpx.get(f"{service}/openapi.json").json()
    for methods in document["paths"].values():
        for operation in methods.values():
            tag = operation["tags"][0]
            # A tag that is folded shows its operations once it is opened.
            if not page.get_by_role("link", name=operation["summary"]).count():
                page.locator("aside, nav").get_by_text(tag, exact=True).first.click()
            page.get_by_role("link", name=operation["summary"]).first.wait_for()


@pytest.mark.parametrize(
    ("size", "scheme"), [(DESKTOP, "light"), (PHONE, "dark")], ids=["desktop, light", "phone, dark"]
)
def test_the_page_fits_its_width_and_follows_the_color_scheme(open_page, service, size, scheme):
    page = open_docs(open_page, service, size, scheme)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (brightness(background) > 600) == (scheme == "light"), background


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_problem_page_can_be_read_in_both_color_schemes(open_page, service, scheme):
    page = open_page(f"{service}/problems/not-found", PHONE, scheme)
    # The canvas has no color of its own: it is the browser's, which follows color-scheme, as the text does.
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "light dark"
    text = page.evaluate("getComputedStyle(document.querySelector('h1')).color")
    assert (brightness(text) > 600) == (scheme == "dark"), text


def brightness(color: str) -> int:
    """The sum of red, green and blue, from 0 to 765."""
    return sum(int(number) for number in color.strip("rgba()").split(",")[:3])


def test_an_operation_can_be_tried_with_a_pasted_token(open_page, service, secret, alice):
    page = open_docs(open_page, service)
    page.locator("#token").fill(f"Bearer {make_token(alice, secret)}")
    page.get_by_role("button", name="Authorize").click()
    assert try_list(page) == "200 OK"


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_in_development_a_token_is_one_click_away(open_page, development, size):
    page = open_docs(open_page, development, size)
    assert "gets a token for the user alice" in page.locator("#state").inner_text()
    page.get_by_role("button", name="Be alice").click()
    page.get_by_text("You are alice").wait_for()
    assert try_list(page) == "200 OK"


def test_a_browser_is_led_from_the_root_to_the_docs_and_the_problems(open_page, service):
    page = open_page(f"{service}/", PHONE)
    assert page.url == f"{service}/docs"
    page.get_by_role("link", name="precondition-failed").first.click()
    page.get_by_role("heading", name="Precondition Failed").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("link", name="Documentation").click()
    page.locator("#token").wait_for()


def test_an_operation_can_be_tried_below_the_root_path(open_page, settings, alice):
    """Requests of the page go below it too."""
    with serve(settings.database_url, settings.jwt_secret, ROOT_PATH="/apps/duly") as address:
        page = open_docs(open_page, f"{address}/apps/duly")
        page.locator("#token").fill(make_token(alice, settings.jwt_secret))
        page.get_by_role("button", name="Authorize").click()
        with page.expect_response("**/apps/duly/tasks*") as answered:
            assert try_list(page) == "200 OK"
        assert answered.value.url.startswith(f"{address}/apps/duly/tasks")
