"""``/``: where everything is."""

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from app import __version__

INDEX = {
    "name": "Duly",
    "version": __version__,
    "docs": "/docs",
    "openapi": "/openapi.json",
    "tasks": "/tasks",
    "occurrences": "/occurrences",
    "health": "/health",
    "ready": "/health/ready",
}
_HEADERS = {
    "cache-control": "public, no-cache",
    "vary": "Accept",
    # RFC 8631.
    "link": '</openapi.json>; rel="service-desc", </docs>; rel="service-doc", </health>; rel="status"',
}


async def show_index(request: Request) -> Response:
    """``GET /``: 200, the paths of the service; 303 to ``/docs`` for a browser."""
    if request.scope["media_type"] == "text/html":
        return RedirectResponse("/docs", 303, _HEADERS)
    return JSONResponse(INDEX, headers=_HEADERS)
