"""The pages that explain the types of problems."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.errors import KINDS, Problem, type_prefix


async def show_problem(request: Request) -> Response:
    """``GET /problems/{name}``: 200, what the type means and what to do about it."""
    name = request.path_params["name"]
    kind = KINDS.get(name)
    if kind is None:
        raise Problem("not-found", f"The types of problems are {', '.join(KINDS)}")
    return JSONResponse(
        {"type": type_prefix + name, "title": kind.title, "status": kind.status, "detail": kind.detail, "about": kind.about},
        headers={"cache-control": "public, max-age=3600"},
    )
