"""The page of make audit in a browser: light and dark, on a desktop and on a phone; it loads nothing."""

from pathlib import Path

import pytest

from app.dev.audit import audit
from tests.service.browser.pages import CHROMIUM, DESKTOP, PHONE

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed: apt install chromium")

# Of the elements that hold text: the least contrast of a text to the background behind it (WCAG 2.2, 1.4.3).
CONTRAST = """() => {
  const parse = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (colour) => {
    const [red, green, blue] = parse(colour).map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const behind = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const colour = getComputedStyle(each).backgroundColor;
      if (parse(colour).length === 3) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const texts = [...document.querySelectorAll("body *")].filter(
    (element) => !element.closest("svg") && [...element.childNodes].some(
      (node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim()));
  return Math.min(...texts.map((element) => {
    const pair = [light(getComputedStyle(element).color), light(behind(element))].sort((a, b) => b - a);
    return (pair[0] + 0.05) / (pair[1] + 0.05);
  }));
}"""


@pytest.fixture(scope="module")
def text(server, new_database, tmp_path_factory) -> str:
    """The page of a database with faults of several severities."""
    database, page = new_database(), tmp_path_factory.mktemp("audit") / "audit.html"
    for fault in (
        "create policy everything on app.tasks for select to task_api using (true)",
        "alter table app.tasks drop constraint tasks_title_length",
        "create index spare on app.tasks (title)",
        "alter function api.list_tasks set search_path = public",
    ):
        server.execute(fault, database)
    assert audit(server.owner_url(database), page=page) == 1
    return Path(page).read_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_the_page_of_the_audit_fits_and_can_be_read(size, scheme, text, open_page):
    page = open_page("about:blank", size, scheme)
    page.set_content(text)
    assert page.get_by_role("heading", name="Not passed").is_visible()
    assert page.get_by_text("alter table app.tasks add constraint tasks_title_length").is_visible()
    # Tables and pictures scroll in themselves, where they must.
    assert page.evaluate("document.documentElement.scrollWidth") == size[0]
    assert page.evaluate(CONTRAST) >= 4.5


def test_the_whole_matrix_fits_on_a_desktop(text, open_page):
    page = open_page("about:blank", DESKTOP)
    page.set_content(text)
    table = page.locator(".scroll:has(table)")
    assert table.evaluate("element => element.scrollWidth <= element.clientWidth")
    assert page.locator("td.wrong").count() == 2
    assert page.locator("td.wrong").first.get_attribute("class") == "done wrong"
