"""``/``: where everything is."""

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from app import __version__
from app.settings import Settings

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


class Index:
    """The handler of ``/``."""

    def __init__(self, settings: Settings) -> None:
        self._index = {
            name: settings.root_path + text if text.startswith("/") else text for name, text in INDEX.items()
        }

    async def show(self, request: Request) -> Response:
        """``GET /``: 200, the paths of the service; 303 to ``/docs`` for a browser."""
        if request.scope["media_type"] == "text/html":
            return RedirectResponse("/docs", 303, _HEADERS)
        return JSONResponse(self._index, headers=_HEADERS)
