"""The pages that explain the problem types, for programs and for people."""

import re
from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from app.settings import Settings
from app.web.problem_types import PROBLEM_TYPES, TYPE_PREFIX
from app.web.problems import Problem

_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_PAGE = """\
<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>{title} · Duly</title>
  <link rel="icon" href="/docs/favicon.svg">
  <link rel="stylesheet" href="/docs/page.css">
</head>
<body>
  <article>
    <h1>{status} {title}</h1>
    <p>{detail}.</p>
    <p>{about}</p>
    <p><a href="/docs#description/errors">All errors</a> · <a href="/docs">Documentation</a></p>
  </article>
</body>
</html>
"""


class ProblemPages:
    """The handler of ``/problems/{name}``."""

    def __init__(self, settings: Settings) -> None:
        self._page = _PAGE.replace('href="/', f'href="{settings.root_path}/')

    async def show(self, request: Request) -> Response:
        """``GET /problems/{name}``: 200, what the type means and what to do."""
        name = request.path_params["name"]
        problem_type = PROBLEM_TYPES.get(name)
        if problem_type is None:
            raise Problem("not-found", f"The problem types are {', '.join(PROBLEM_TYPES)}")
        members = {
            "title": problem_type.title,
            "status": problem_type.status,
            "detail": problem_type.detail,
            "about": problem_type.about,
        }
        headers = {"cache-control": "public, max-age=3600", "vary": "Accept"}
        if request.scope["media_type"] == "text/html":
            page = self._page.format(**{member: _render(str(value)) for member, value in members.items()})
            return HTMLResponse(page, headers=headers | {"content-security-policy": _POLICY})
        return JSONResponse({"type": TYPE_PREFIX + name, **members}, headers=headers)


def _render(text: str) -> str:
    """Text as HTML; what is between backticks is code."""
    return re.sub("`([^`]+)`", r"<code>\1</code>", escape(text))
