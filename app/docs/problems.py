"""The pages that explain the problem types, for programs and for people."""

from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from app.web.problem_types import PROBLEM_TYPES, TYPE_PREFIX
from app.web.problems import Problem

_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{title}</title>
<h1>{status} {title}</h1><p>{detail}.</p><p>{about}</p>
"""


async def show_problem(request: Request) -> Response:
    """``GET /problems/{name}``: 200, what the type means and what to do about it."""
    name = request.path_params["name"]
    problem_type = PROBLEM_TYPES.get(name)
    if problem_type is None:
        raise Problem("not-found", f"The types of problems are {', '.join(PROBLEM_TYPES)}")
    about = {
        "title": problem_type.title,
        "status": problem_type.status,
        "detail": problem_type.detail,
        "about": problem_type.about,
    }
    headers = {"cache-control": "public, max-age=3600", "vary": "Accept"}
    if request.scope["media_type"] == "text/html":
        return HTMLResponse(
            _PAGE.format(**{member: escape(str(value)) for member, value in about.items()}), headers=headers
        )
    return JSONResponse({"type": TYPE_PREFIX + name, **about}, headers=headers)
