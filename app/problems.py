"""The pages that explain the kinds of problems, for programs and for people."""

from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from app.errors import Problem
from app.kinds import KINDS, TYPE_PREFIX

_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{title}</title>
<h1>{status} {title}</h1><p>{detail}.</p><p>{about}</p>
"""


async def show_problem(request: Request) -> Response:
    """``GET /problems/{name}``: 200, what the type means and what to do about it."""
    name = request.path_params["name"]
    kind = KINDS.get(name)
    if kind is None:
        raise Problem("not-found", f"The types of problems are {', '.join(KINDS)}")
    about = {"title": kind.title, "status": kind.status, "detail": kind.detail, "about": kind.about}
    headers = {"cache-control": "public, max-age=3600", "vary": "Accept"}
    if request.scope["media_type"] == "text/html":
        return HTMLResponse(_PAGE.format(**{member: escape(str(value)) for member, value in about.items()}), headers=headers)
    return JSONResponse({"type": TYPE_PREFIX + name, **about}, headers=headers)
