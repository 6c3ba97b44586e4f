"""``/``: where everything is."""

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from app import __version__
from app.settings import Settings

_HEADERS = {
    "cache-control": "public, no-cache",
    "vary": "Accept",
    # RFC 8631.
    "link": '</openapi.json>; rel="service-desc", </docs>; rel="service-doc", </health>; rel="status"',
}


def index_of(settings: Settings) -> dict[str, str]:
    """The name and the version of the service, and the paths that the settings switch on."""
    paths = {
        "docs": "/docs",
        "openapi": "/openapi.json",
        "tasks": "/tasks",
        "batch": "/tasks/batch",
        "occurrences": "/occurrences",
        "changes": "/changes",
        **({"events": "/events"} if settings.events_limit else {}),
        **({"passes": "/passes"} if settings.passes else {}),
        **({"webhooks": "/webhooks"} if settings.webhook_key else {}),
        "health": "/health",
        "ready": "/health/ready",
        **({"metrics": "/metrics"} if settings.metrics else {}),
    }
    rooted = {name: settings.root_path + path for name, path in paths.items()}
    return {"name": "Duly", "version": __version__, **rooted}


class Index:
    """The handler of ``/``."""

    def __init__(self, settings: Settings) -> None:
        self._index = index_of(settings)

    async def show(self, request: Request) -> Response:
        """``GET /``: 200, the paths of the service; 303 to ``/docs`` for a browser."""
        if request.scope["media_type"] == "text/html":
            return RedirectResponse("/docs", 303, _HEADERS)
        return JSONResponse(self._index, headers=_HEADERS)
