"""The documentation page and its files, and how they may be cached."""

import shutil

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip

in_a_browser = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed: apt install chromium")


def test_a_token_is_not_handed_out_but_in_development(http):
    assert http.post("/docs/token").status_code in (404, 405)


def test_the_page_and_what_it_loads_say_how_they_may_be_kept(http):
    page = http.get("/docs", headers={"Accept": "text/html"})
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'; script-src 'self'" in page.headers["content-security-policy"]
    for name in ("swagger-ui-bundle.js", "swagger-ui.css", "favicon-32x32.png", "page.js"):
        asset = http.get(f"/docs/{name}")
        assert (asset.status_code, bool(asset.headers["etag"])) == (200, True)
        assert http.get(f"/docs/{name}", headers={"If-None-Match": asset.headers["etag"]}).status_code == 304
    assert (
        http.get("/docs/swagger-ui-bundle.js", headers={"Accept-Encoding": "br"}).headers["content-encoding"]
        == "br"
    )
    assert http.get("/docs/..%2Fcore.py").status_code == 404


def test_the_assets_are_of_swagger_ui_5_which_knows_openapi_3_1(http):
    assert 'PACKAGE_VERSION:"5.' in http.get("/docs/swagger-ui-bundle.js").text
